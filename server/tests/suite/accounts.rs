//! The caller's own account: password change and deletion.

use crate::{
    database::{Kind, on_each_database},
    world::{PASSWORD, World, expect_error},
};
use argon2::{Argon2, Params, PasswordHasher};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::json;
use wugan_server::store::{session, user};
use wugan_wire::Code;

/// A hash as other parameters make it, in the place of a user's own.
async fn weaken(world: &World, name: &str) {
    let weak = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let user = user::by_key(world.app.store.reader(), name).await.unwrap().unwrap();
    let hash = weak.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    assert!(user::replace_hash(world.app.store.writer(), &user, &hash).await.unwrap());
}

async fn hash(world: &World, name: &str) -> String {
    user::by_key(world.app.store.reader(), name).await.unwrap().unwrap().password_hash
}

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

    async fn case_14_a_sign_in_replaces_an_old_hash(kind: Kind) {
        let world = World::start(kind).await;
        world.register("ada").await;
        weaken(&world, "ada").await;
        world.login("ada").await;
        let renewed = hash(&world, "ada").await;
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        world.login("ada").await;
        assert_eq!(hash(&world, "ada").await, renewed, "once");
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

#[tokio::test]
async fn case_14_a_right_password_is_right_though_its_old_hash_cannot_be_replaced() {
    let world = World::start(Kind::Sqlite).await;
    world.register("ada").await;
    weaken(&world, "ada").await;
    let refuse = "CREATE TRIGGER keep BEFORE UPDATE OF password_hash ON users BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    world.app.store.writer().execute_unprepared(refuse).await.unwrap();
    let tokens = world.login("ada").await;
    assert!(world.lets_in(&tokens.access_token).await);
    world.stop().await;
}

/// Half an account would keep its name from its owner for ever.
#[tokio::test]
async fn an_account_whose_first_session_fails_is_not_made() {
    let world = World::start(Kind::Sqlite).await;
    let refuse = "CREATE TRIGGER none BEFORE INSERT ON sessions BEGIN SELECT RAISE(ABORT, 'on purpose'); END";
    world.app.store.writer().execute_unprepared(refuse).await.unwrap();
    let failed = world.post("/user/register", &json!({"username": "ada", "password": PASSWORD})).await;
    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    world.app.store.writer().execute_unprepared("DROP TRIGGER none").await.unwrap();
    world.register("ada").await;
    world.stop().await;
}

/// Some engines know foreign keys and do not keep them.
#[tokio::test]
async fn an_account_goes_with_its_sessions_where_no_foreign_key_is_kept() {
    let world = World::start(Kind::Sqlite).await;
    let mine = world.register("ada").await;
    world.app.store.writer().execute_unprepared("PRAGMA foreign_keys = OFF").await.unwrap();
    let deleted = world.post_as(&mine.access_token, "/user/delete", &json!({"password": PASSWORD})).await;
    assert_eq!(deleted.status(), StatusCode::NO_CONTENT);
    assert_eq!(session::Entity::find().count(world.app.store.reader()).await.unwrap(), 0);
    world.stop().await;
}
