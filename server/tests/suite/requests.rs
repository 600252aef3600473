//! Invalid requests: cases 12 and 23, and JSON for API calls.

use crate::{
    database::Kind,
    process::Process,
    test_server::{PASSWORD, TestServer, expect_error},
};
use reqwest::{Client, Method, StatusCode, header};
use sea_orm::ConnectionTrait;
use serde_json::json;
use tempfile::TempDir;
use wugan_wire::{Code, TokenAnswer};

async fn post_body(server: &TestServer, kind: Option<&str>, body: impl Into<reqwest::Body>) -> reqwest::Response {
    let request = server.http.post(format!("{}/user/login", server.url)).body(body);
    let request = match kind {
        Some(kind) => request.header(header::CONTENT_TYPE, kind),
        None => request,
    };
    request.send().await.unwrap()
}

#[tokio::test]
async fn case_23_bodies_that_cannot_be_read_have_their_own_codes() {
    let server = TestServer::start(Kind::Sqlite).await;
    let json = Some("application/json");
    let too_large = " ".repeat(16 * 1024 + 1);
    expect_error(post_body(&server, json, too_large.clone()).await, StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge).await;
    expect_error(post_body(&server, json, too_large[1..].to_owned()).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        expect_error(post_body(&server, kind, "{}").await, StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::UnsupportedMediaType).await;
    }
    for broken in ["", "{", "[]", "{\"username\":\"ada\",}"] {
        expect_error(post_body(&server, json, broken).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    }
    let deep = format!("{{\"username\":{}", "[".repeat(16_000));
    expect_error(post_body(&server, json, deep).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    let body =
        expect_error(post_body(&server, json, "{\"username\":\"ada\"}").await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
    assert_eq!((body.fields[0].field.as_str(), body.fields[0].problem.as_str()), ("password", "missing"));
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn fields_that_are_not_known_are_ignored() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (mut access, mut refresh) = (String::new(), String::new());
    for (path, known, status) in [
        ("/user/register", json!({"username": "ada", "password": PASSWORD}), StatusCode::CREATED),
        ("/user/login", json!({"username": "ada", "password": PASSWORD}), StatusCode::OK),
        ("/user/refresh", json!({"attempt": "an-attempt-of-the-owner"}), StatusCode::OK),
        ("/user/password", json!({"current_password": PASSWORD, "new_password": "a newer password"}), StatusCode::OK),
        ("/user/reset", json!({"code": "", "new_password": PASSWORD}), StatusCode::OK),
        ("/user/logout", json!({}), StatusCode::NO_CONTENT),
        ("/user/login", json!({"username": "ada", "password": PASSWORD}), StatusCode::OK),
        ("/user/delete", json!({"password": PASSWORD}), StatusCode::NO_CONTENT),
    ] {
        let mut body = json!({"unknown": {"deep": [null, 1]}, "": "", "is_admin": true});
        body.as_object_mut().unwrap().extend(known.as_object().unwrap().clone());
        if path == "/user/reset" {
            body["code"] = server.auth.make_reset_code("ada").await.unwrap().into();
        }
        if matches!(path, "/user/refresh" | "/user/logout") {
            body["refresh_token"] = refresh.clone().into();
        }
        let answer = server.post_as(&access, path, &body).await;
        assert_eq!(answer.status(), status, "{path}");
        if status != StatusCode::NO_CONTENT {
            let tokens: TokenAnswer = answer.json().await.unwrap();
            (access, refresh) = (tokens.access_token, tokens.refresh_token);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn case_42_a_broken_forwarding_header_is_logged_once() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &["--trusted-proxy", "127.0.0.0/8", "--forwarded-header", "forwarded"]);
    for header in ["for=unknown", "rubbish", "for=\"[::1\""] {
        let request = Client::new().get(format!("{}/aaa", server.url())).header("forwarded", header);
        assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    }
    let log = server.ended_with_log();
    assert_eq!(log.matches("forwarding header that cannot be read").count(), 1, "{log}");
}

#[tokio::test]
async fn an_api_call_is_never_answered_with_html() {
    let server = TestServer::start(Kind::Sqlite).await;
    for path in ["/nope", "/user/nope", "/user/sessions/1/2", "/user/refresh/", "/../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%00"] {
        expect_error(server.get(path).await, StatusCode::NOT_FOUND, Code::NotFound).await;
    }
    let answer = server.http.post(format!("{}/nope", server.url)).header(header::ACCEPT, "text/html").send().await.unwrap();
    expect_error(answer, StatusCode::NOT_FOUND, Code::NotFound).await;
    for method in [Method::TRACE, Method::PUT] {
        let answer = server.http.request(method, format!("{}/user/login", server.url)).send().await.unwrap();
        expect_error(answer, StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed).await;
    }
    let answer = server.http.patch(format!("{}/user/login", server.url)).send().await.unwrap();
    assert_eq!(answer.headers()[header::ALLOW], "POST");
    expect_error(answer, StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed).await;
    server.stop().await;
}

#[tokio::test]
async fn probes_and_metrics_are_served() {
    let server = TestServer::start(Kind::Sqlite).await;
    assert_eq!(server.get("/healthz").await.text().await.unwrap(), "ok");
    assert_eq!(server.get("/readyz").await.text().await.unwrap(), "ready");
    server.try_login("unknown", "wrong password").await;
    assert_eq!(server.counted("wugan_login_total{outcome=\"refused\"}").await, 1);
    assert_eq!(server.counted("wugan_requests_total{method=\"POST\",route=\"/user/login\",status=\"401\"}").await, 1);
    server.stop().await;
}

#[tokio::test]
async fn case_24_a_database_that_lacks_what_is_needed_is_not_ready() {
    let server = TestServer::start(Kind::Sqlite).await;
    server.auth.store().writer().execute_unprepared("ALTER TABLE sessions RENAME TO elsewhere").await.unwrap();
    expect_error(server.get("/readyz").await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    server.auth.store().writer().execute_unprepared("ALTER TABLE elsewhere RENAME TO sessions").await.unwrap();
    let repaired = std::time::Instant::now();
    while server.get("/readyz").await.text().await.unwrap() != "ready" {
        assert!(repaired.elapsed() < std::time::Duration::from_secs(10), "the probe is repeated");
    }
    server.stop().await;
}

/// Counts hashes instead of measuring time: the hash is what takes the time.
#[tokio::test]
async fn case_14_a_megabyte_of_password_is_refused_before_it_is_hashed() {
    let server = TestServer::start(Kind::Sqlite).await;
    server.register("ada").await;
    let before = server.auth.accounts().passwords().hashed();
    let large = "x".repeat((1 << 20) - 100);
    let refused = server.post("/user/register", &json!({"username": "bob", "password": large})).await;
    expect_error(refused, StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge).await;
    expect_error(server.try_login("ada", &large).await, StatusCode::PAYLOAD_TOO_LARGE, Code::PayloadTooLarge).await;
    let long = "x".repeat(10_000);
    let refused = server.post("/user/register", &json!({"username": "bob", "password": long})).await;
    assert_eq!(expect_error(refused, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await.fields[0].problem, "too_long");
    expect_error(server.try_login("ada", &long).await, StatusCode::UNAUTHORIZED, Code::InvalidCredentials).await;
    assert_eq!(server.auth.accounts().passwords().hashed(), before);
    server.stop().await;
}
