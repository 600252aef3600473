//! The caller's own account: password change and deletion.

use crate::{
    database::{Kind, on_each_database},
    world::{PASSWORD, World, expect_error},
};
use reqwest::StatusCode;
use serde_json::json;
use wugan_wire::Code;

on_each_database! {
    async fn a_new_password_ends_the_other_sessions(kind: Kind) {
        let world = World::start(kind).await;
        let (mine, other) = (world.register("ada").await, world.login("ada").await);
        let change = json!({"current_password": PASSWORD, "new_password": "a newer password"});
        assert_eq!(world.post_as(&mine.access_token, "/user/password", &change).await.status(), StatusCode::NO_CONTENT);
        assert!(world.lets_in(&mine.access_token).await);
        assert!(!world.lets_in(&other.access_token).await);
        world.refused(&other.refresh_token).await;
        world.refresh(&mine.refresh_token).await;
        assert_eq!(world.try_login("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(world.try_login("ada", "a newer password").await.status(), StatusCode::OK);
        world.stop().await;
    }

    async fn a_password_is_changed_by_those_who_know_it(kind: Kind) {
        let world = World::start(kind).await;
        let mine = world.register("ada").await;
        let wrong = json!({"current_password": "wrong password", "new_password": "a newer password"});
        expect_error(world.post_as(&mine.access_token, "/user/password", &wrong).await, StatusCode::FORBIDDEN, Code::InvalidCredentials).await;
        let short = json!({"current_password": PASSWORD, "new_password": "short"});
        let body = expect_error(world.post_as(&mine.access_token, "/user/password", &short).await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
        assert_eq!((body.fields[0].field.as_str(), body.fields[0].problem.as_str()), ("new_password", "too_short"));
        expect_error(world.post("/user/password", &wrong).await, StatusCode::UNAUTHORIZED, Code::InvalidToken).await;
        world.login("ada").await;
        world.stop().await;
    }

    async fn an_account_goes_with_all_its_sessions(kind: Kind) {
        let world = World::start(kind).await;
        let (mine, other, bob) = (world.register("ada").await, world.login("ada").await, world.register("bob").await);
        let wrong = world.post_as(&mine.access_token, "/user/delete", &json!({"password": "wrong password"})).await;
        expect_error(wrong, StatusCode::FORBIDDEN, Code::InvalidCredentials).await;
        let right = world.post_as(&mine.access_token, "/user/delete", &json!({"password": PASSWORD})).await;
        assert_eq!(right.status(), StatusCode::NO_CONTENT);
        for tokens in [mine, other] {
            assert!(!world.lets_in(&tokens.access_token).await);
            world.refused(&tokens.refresh_token).await;
        }
        assert!(world.lets_in(&bob.access_token).await);
        assert_eq!(world.try_login("ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
        let again = world.register("ada").await;
        assert!(world.lets_in(&again.access_token).await, "the name is free again");
        world.stop().await;
    }
}
