//! The tables: made at start, wherever the making was broken off before.

use crate::{
    database::{Kind, on_each_database},
    world::World,
};
use sea_orm::ConnectionTrait;

on_each_database! {
    async fn case_06_tables_that_were_half_made_are_finished(kind: Kind) {
        let world = World::start(kind).await;
        // As a `kill -9` leaves them in the midst of the first start.
        for statement in ["DELETE FROM seaql_migrations", "DROP TABLE audit", "DROP TABLE sessions"] {
            world.app.store.writer().execute_unprepared(statement).await.unwrap();
        }
        let first = world.another().await;
        let tokens = first.register("ada").await;
        // And later, when all are there and their steps are not written down.
        world.app.store.writer().execute_unprepared("DELETE FROM seaql_migrations").await.unwrap();
        let second = world.another().await;
        second.refresh(&tokens.refresh_token).await;
        for node in [second, first, world] {
            node.stop().await;
        }
    }
}
