//! What is sent and should not be: cases 12 and 23, and JSON for API calls.

use crate::{
    database::Kind,
    world::{World, expect_error},
};
use reqwest::{Method, StatusCode, header};
use sea_orm::ConnectionTrait;
use serde_json::json;
use wugan_wire::Code;

async fn sent(world: &World, kind: Option<&str>, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let request = world.http.post(format!("{}/user/login", world.url)).body(body);
    let request = match kind {
        Some(kind) => request.header(header::CONTENT_TYPE, kind),
        None => request,
    };
    request.send().await.unwrap()
}

#[tokio::test]
async fn case_23_bodies_that_cannot_be_read_have_their_own_codes() {
    let world = World::start(Kind::Sqlite).await;
    let json = Some("application/json");
    let too_large = " ".repeat((1 << 20) + 1);
    expect_error(sent(&world, json, too_large.clone()).await, StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge).await;
    expect_error(sent(&world, json, too_large[1..].to_owned()).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        expect_error(sent(&world, kind, "{}").await, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMediaType).await;
    }
    for broken in ["", "{", "[]", "{\"username\":\"ada\",}"] {
        expect_error(sent(&world, json, broken).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    }
    let deep = format!("{{\"username\":{}", "[".repeat(500_000));
    expect_error(sent(&world, json, deep).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    let body = expect_error(sent(&world, json, "{\"username\":\"ada\"}").await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
    assert_eq!((body.fields[0].field.as_str(), body.fields[0].problem.as_str()), ("password", "missing"));
    assert_eq!(world.get("/healthz").await.status(), StatusCode::OK);
    world.stop().await;
}

#[tokio::test]
async fn an_api_call_is_never_answered_with_html() {
    let world = World::start(Kind::Sqlite).await;
    for path in ["/nope", "/user/nope", "/user/sessions/1/2", "/user/refresh/", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%00"] {
        expect_error(world.get(path).await, StatusCode::NOT_FOUND, Code::NotFound).await;
    }
    let answer = world.http.post(format!("{}/nope", world.url)).header(header::ACCEPT, "text/html").send().await.unwrap();
    expect_error(answer, StatusCode::NOT_FOUND, Code::NotFound).await;
    for method in [Method::TRACE, Method::PUT] {
        let answer = world.http.request(method, format!("{}/user/login", world.url)).send().await.unwrap();
        expect_error(answer, StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed).await;
    }
    let answer = world.http.patch(format!("{}/user/login", world.url)).send().await.unwrap();
    assert_eq!(answer.headers()[header::ALLOW], "POST");
    expect_error(answer, StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed).await;
    world.stop().await;
}

#[tokio::test]
async fn operators_are_told_how_it_is() {
    let world = World::start(Kind::Sqlite).await;
    assert_eq!(world.get("/healthz").await.text().await.unwrap(), "ok");
    assert_eq!(world.get("/readyz").await.text().await.unwrap(), "ready");
    world.try_login("nobody", "wrong password").await;
    assert_eq!(world.counted("wugan_login_total{outcome=\"refused\"}").await, 1);
    assert_eq!(world.counted("wugan_requests_total{method=\"POST\",route=\"/user/login\",status=\"401\"}").await, 1);
    world.stop().await;
}

#[tokio::test]
async fn case_24_a_database_that_lacks_what_is_needed_is_not_ready() {
    let world = World::start(Kind::Sqlite).await;
    world.app.store.writer().execute_unprepared("ALTER TABLE sessions RENAME TO elsewhere").await.unwrap();
    expect_error(world.get("/readyz").await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    world.app.store.writer().execute_unprepared("ALTER TABLE elsewhere RENAME TO sessions").await.unwrap();
    assert_eq!(world.get("/readyz").await.text().await.unwrap(), "ready");
    world.stop().await;
}

/// Not by the clock, which flickers: what would take the time is the hash, and none is made.
#[tokio::test]
async fn case_14_a_megabyte_of_password_is_refused_before_it_is_hashed() {
    let world = World::start(Kind::Sqlite).await;
    world.register("ada").await;
    let before = world.app.passwords.hashed();
    let large = "x".repeat((1 << 20) - 100);
    let refused = world.post("/user/register", &json!({"username": "bob", "password": large})).await;
    assert_eq!(expect_error(refused, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await.fields[0].problem, "too_long");
    expect_error(world.try_login("ada", &large).await, StatusCode::UNAUTHORIZED, Code::InvalidCredentials).await;
    assert_eq!(world.app.passwords.hashed(), before);
    world.stop().await;
}
