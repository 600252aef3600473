//! The audit trail: case 29; and the retention of rows: case 18.

use crate::{
    database::{Kind, on_each_database},
    test_server::{PASSWORD, TestServer, claims, long},
};
use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use serde_json::json;
use std::time::Duration;
use wugan_axum::{
    Device, TokenAnswer,
    store::{audit, session},
};

async fn events(server: &TestServer) -> Vec<(String, Option<i64>)> {
    let mut rows = audit::since(server.auth.store().reader(), 0, None, 1000).await.unwrap();
    rows.reverse();
    rows.into_iter().map(|row| (row.event, row.user_id)).collect()
}

/// The size of SQLite's file.
fn size(server: &TestServer, kind: Kind) -> u64 {
    if kind == Kind::Sqlite { std::fs::metadata(server.folder().join("wugan.db")).unwrap().len() } else { 0 }
}

on_each_database! {
    async fn case_29_events_are_recorded(kind: Kind) {
        let server = TestServer::start(kind).await;
        let a = server.register("ada").await;
        let id = claims(&a.access_token)["userId"].as_i64();
        server.try_login("ada", "wrong password").await;
        server.try_login("perhaps-a-password", "wrong password").await;
        server.auth.accounts().flush_refusals().await.unwrap();
        let b = server.login("ada").await;
        let next = server.refresh(&b.refresh_token).await;
        server.refresh(&next.refresh_token).await;
        server.refused(&b.refresh_token).await;
        server.refused(&b.refresh_token).await;
        let guess = json!({"current_password": "wrong password", "new_password": "another password"});
        assert_eq!(server.post_as(&a.access_token, "/user/password", &guess).await.status(), StatusCode::FORBIDDEN);
        let guess = json!({"password": "wrong password"});
        assert_eq!(server.post_as(&a.access_token, "/user/delete", &guess).await.status(), StatusCode::FORBIDDEN);
        server.auth.accounts().flush_refusals().await.unwrap();
        let change = json!({"current_password": PASSWORD, "new_password": "another password"});
        let changed: TokenAnswer = server.post_as(&a.access_token, "/user/password", &change).await.json().await.unwrap();
        for token in [&a.refresh_token, &changed.refresh_token, &changed.refresh_token] {
            server.logout(token, "").await;
        }
        let expected = [
            ("registered", id), ("signed_in", id), ("sign_in_refused", id), ("sign_in_refused", None), ("signed_in", id),
            ("reuse_detected", id), ("sign_in_refused", id), ("password_changed", id), ("signed_in", id), ("sessions_ended", id),
        ];
        assert_eq!(events(&server).await, expected.map(|(event, user)| (event.to_owned(), user)));
        let rows = format!("{:?}", audit::since(server.auth.store().reader(), 0, None, 1000).await.unwrap());
        for secret in [PASSWORD, "another password", "wrong password", "perhaps-a-password", &a.access_token, &b.refresh_token] {
            assert!(!rows.contains(secret), "{rows}");
        }
        assert!(rows.contains("127.0.0.1"));
        server.stop().await;
    }

    /// The address of the reuse and that of the sign-in are both recorded: either may be the thief's.
    async fn case_29_a_reuse_is_recorded_with_its_address(kind: Kind) {
        let server = TestServer::with(kind, &["--trusted-proxy", "127.0.0.0/8"]).await;
        let from = async |ip: &str, path: &str, body: serde_json::Value| {
            let request = server.http.post(format!("{}{path}", server.url)).header("x-forwarded-for", ip).header("user-agent", ip);
            let answer = request.json(&body).send().await.unwrap();
            answer.json::<serde_json::Value>().await.unwrap_or_default()
        };
        let home = "198.51.100.1";
        let first = from(home, "/user/register", json!({"username": "ada", "password": PASSWORD})).await;
        let second = from(home, "/user/refresh", json!({"refresh_token": first["refresh_token"]})).await;
        from(home, "/user/refresh", json!({"refresh_token": second["refresh_token"]})).await;
        from("203.0.113.9", "/user/refresh", json!({"refresh_token": first["refresh_token"]})).await;
        let signed_in = from("198.51.100.2", "/user/login", json!({"username": "ada", "password": PASSWORD})).await;
        from("198.51.100.3", "/user/logout", json!({"refresh_token": signed_in["refresh_token"]})).await;
        let rows = audit::since(server.auth.store().reader(), 0, None, 10).await.unwrap();
        let seen: Vec<_> = rows.iter().rev().map(|row| (row.event.as_str(), row.ip.as_deref().unwrap(), row.user_agent.as_deref().unwrap())).collect();
        let expected = [("registered", home), ("signed_in", home), ("reuse_detected", "203.0.113.9"), ("signed_in", "198.51.100.2"), ("sessions_ended", "198.51.100.3")];
        assert_eq!(seen, expected.map(|(event, ip)| (event, ip, ip)));
        assert!(rows[2].detail.as_ref().unwrap().contains(home), "the address of the sign-in: {:?}", rows[2].detail);
        server.stop().await;
    }

    async fn case_18_refreshes_leave_the_row_count_as_it_was_and_ended_sessions_go(kind: Kind) {
        let server = TestServer::start(kind).await;
        let mut tokens = server.register("ada").await;
        let other = server.login("ada").await;
        let rows = async || session::Entity::find().count(server.auth.store().reader()).await.unwrap();
        let before = size(&server, kind);
        let refreshes = if long() && kind == Kind::Sqlite { 1_000_000 } else { 50 };
        for _ in 0..refreshes {
            tokens = server.auth.sessions().refresh(&tokens.refresh_token, None, &Device::default()).await.unwrap();
        }
        println!("after {refreshes} refreshes: {} sessions, {} more bytes of database", rows().await, size(&server, kind) - before);
        assert_eq!(rows().await, 2);
        assert_eq!(events(&server).await.len(), 3, "registered, signed in twice");
        server.logout(&other.refresh_token, "").await;
        server.auth.purge().await.unwrap();
        assert_eq!(rows().await, 2, "kept for a day");
        server.clock.shift(25 * 3600 * 1000);
        server.auth.purge().await.unwrap();
        assert_eq!(rows().await, 1);
        server.refresh(&tokens.refresh_token).await;
        server.clock.shift(31 * 24 * 3600 * 1000);
        server.auth.purge().await.unwrap();
        assert_eq!(rows().await, 0);
        server.clock.shift(90 * 24 * 3600 * 1000);
        server.auth.purge().await.unwrap();
        assert!(events(&server).await.is_empty(), "old entries are deleted, too");
        server.stop().await;
    }
}

/// A write before the answer would show by its time whether the name is known.
#[tokio::test]
async fn case_15_a_wrong_password_writes_nothing_before_its_answer() {
    let server = TestServer::start(Kind::Sqlite).await;
    server.register("ada").await;
    server.auth.store().writer().execute_unprepared("ALTER TABLE audit RENAME TO elsewhere").await.unwrap();
    for name in ["unknown", "ada", "unknown", "ada"] {
        assert_eq!(server.try_login(name, "wrong password").await.status(), StatusCode::UNAUTHORIZED, "{name}");
    }
    server.auth.store().writer().execute_unprepared("ALTER TABLE elsewhere RENAME TO audit").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn case_18_many_ended_sessions_go_in_batches() {
    let server = TestServer::start(Kind::Sqlite).await;
    server.register("ada").await;
    let row = session::Entity::find().one(server.auth.store().reader()).await.unwrap().unwrap();
    let tx = server.auth.store().begin().await.unwrap();
    for _ in 0..1800 {
        session::insert(&*tx, session::Model { id: uuid::Uuid::new_v4(), created_at: 1, ..row.clone() }).await.unwrap();
    }
    tx.commit().await.unwrap();
    assert_eq!(server.auth.purge().await.unwrap(), 1800);
    assert_eq!(session::Entity::find().count(server.auth.store().reader()).await.unwrap(), 1);
    server.stop().await;
}

#[tokio::test]
async fn case_57_a_cleanup_that_would_delete_most_sessions_waits_for_a_day() {
    const HOUR: Duration = Duration::from_secs(3600);
    let server = TestServer::start(Kind::Sqlite).await;
    server.register("ada").await;
    let row = session::Entity::find().one(server.auth.store().reader()).await.unwrap().unwrap();
    let insert = async |many, created_at| {
        let tx = server.auth.store().begin().await.unwrap();
        for _ in 0..many {
            session::insert(&*tx, session::Model { id: uuid::Uuid::new_v4(), created_at, ..row.clone() }).await.unwrap();
        }
        tx.commit().await.unwrap();
    };
    insert(1200, 1).await;
    for hours in [0, 1, 23] {
        assert_eq!(server.auth.purge_if_clock_is_stable(hours * HOUR).await.unwrap(), 0, "after {hours} hours");
    }
    assert_eq!(server.auth.purge_if_clock_is_stable(24 * HOUR).await.unwrap(), 1200);
    insert(1200, row.created_at).await;
    insert(1100, 1).await;
    assert_eq!(server.auth.purge_if_clock_is_stable(HOUR).await.unwrap(), 1100, "fewer than half");
    insert(900, 1).await;
    assert_eq!(server.auth.purge_if_clock_is_stable(HOUR / 2).await.unwrap(), 0, "in the first hour");
    assert_eq!(server.auth.purge_if_clock_is_stable(HOUR).await.unwrap(), 900);
    server.stop().await;
}
