//! Migrations: of version 0.1, and after an interruption.

use crate::{
    database::{Kind, on_each_database},
    test_server::TestServer,
};
use sea_orm::{ConnectionTrait, Database, EntityTrait};
use sea_orm_migration::MigratorTrait;
use wugan_axum::store::{migration::Migrator, user};

on_each_database! {
    /// Sessions of version 0.1 stay valid, and are decided by its rule until they are refreshed.
    async fn sessions_of_version_0_1_stay_valid_after_the_migration(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let second = server.refresh(&first.refresh_token).await;
        let other = server.login("ada").await;
        let older = server.create_database().await;
        let db = Database::connect(if kind == Kind::Sqlite { format!("{older}?mode=rwc") } else { older.clone() }).await.unwrap();
        Migrator::up(&db, Some(2)).await.unwrap();
        let ada = user::Entity::find().one(server.auth.store().reader()).await.unwrap().unwrap();
        let (name, hash) = (ada.username, ada.password_hash);
        db.execute_unprepared(&format!(
            "INSERT INTO users (id, username, name_key, password_hash, created_at) VALUES ({}, '{name}', '{name}', '{hash}', {})",
            ada.id, ada.created_at
        ))
        .await
        .unwrap();
        for tokens in [&second, &other] {
            let row = server.row(tokens).await;
            // As version 0.1 writes it. A SQLite file holds the bytes of the id.
            let id = match kind {
                Kind::Postgres => format!("'{}'", row.id),
                Kind::Sqlite | Kind::Mysql => format!("x'{}'", row.id.simple()),
            };
            let columns = "id, user_id, generation, confirmed, rotated_at, created_at, last_used_at, expires_at";
            let numbers = [row.user_id, row.generation, row.last_used_generation, row.rotated_at, row.created_at, row.last_used_at, row.expires_at];
            let numbers = numbers.map(|number| number.to_string()).join(", ");
            db.execute_unprepared(&format!("INSERT INTO sessions ({columns}) VALUES ({id}, {numbers})")).await.unwrap();
        }
        db.close().await.unwrap();

        let migrated = server.on(&older).await;
        assert_eq!(migrated.exchange(&first.refresh_token, "attempt-of-the-owner").await.refresh_token, second.refresh_token, "a lost answer");
        assert!(migrated.accepts(&second.access_token).await);
        let third = migrated.exchange(&second.refresh_token, "another-attempt-id").await;
        assert_eq!(migrated.exchange(&second.refresh_token, "another-attempt-id").await.refresh_token, third.refresh_token);
        migrated.refresh(&other.refresh_token).await;
        migrated.refused(&first.refresh_token).await;
        assert!(!migrated.accepts(&third.access_token).await, "an old token is reuse after the migration, too");
        migrated.stop().await;
        kind.drop(&older).await;
        server.stop().await;
    }

    async fn case_06_an_interrupted_migration_is_completed(kind: Kind) {
        let server = TestServer::start(kind).await;
        // The state after a `kill -9` during the first start.
        for statement in ["DELETE FROM seaql_migrations", "DROP TABLE audit", "DROP TABLE sessions"] {
            server.auth.store().writer().execute_unprepared(statement).await.unwrap();
        }
        let first = server.another().await;
        let tokens = first.register("ada").await;
        // The state after the last step, with the migrations not yet recorded.
        server.auth.store().writer().execute_unprepared("DELETE FROM seaql_migrations").await.unwrap();
        let second = server.another().await;
        second.refresh(&tokens.refresh_token).await;
        for node in [second, first, server] {
            node.stop().await;
        }
    }
}
