//! CORS and the headers of all responses: cases 21 and 22.

use crate::{
    database::Kind,
    test_server::{TestServer, expect_error},
};
use reqwest::{Method, Response, StatusCode, header};
use sea_orm::ConnectionTrait;
use wugan_wire::Code;

const ALLOWED: &str = "https://app.example.com";

async fn request_from(server: &TestServer, method: Method, origin: &str) -> Response {
    let asking = server.http.request(method, format!("{}/bbb", server.url)).header(header::ORIGIN, origin);
    asking
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn case_21_listed_origins_only() {
    let server = TestServer::with(Kind::Sqlite, &["--allow-origin", ALLOWED]).await;
    let preflight = request_from(&server, Method::OPTIONS, ALLOWED).await;
    assert_eq!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], ALLOWED);
    let allowed = preflight.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_owned();
    assert!(allowed.contains("authorization") && allowed.contains("content-type"), "{allowed}");
    assert!(!preflight.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    let refused = request_from(&server, Method::GET, ALLOWED).await;
    assert_eq!(
        (refused.status(), &refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN]),
        (StatusCode::UNAUTHORIZED, &ALLOWED.parse().unwrap())
    );
    let exposed = refused.headers()[header::ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap().to_ascii_lowercase();
    for name in ["date", "retry-after", "www-authenticate"] {
        assert!(exposed.contains(name), "{exposed}");
    }
    for origin in ["https://evil.example", "null", "https://app.example.com.evil.example", "http://app.example.com", "*"] {
        for method in [Method::OPTIONS, Method::GET] {
            let answer = request_from(&server, method, origin).await;
            assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{origin}");
            assert!(answer.headers()[header::VARY].to_str().unwrap().to_ascii_lowercase().contains("origin"));
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn case_50_tracing_headers_pass_a_preflight_and_others_by_flag() {
    let server = TestServer::with(Kind::Sqlite, &["--allow-origin", "https://app.example.com:443", "--allow-header", "x-tenant"]).await;
    let preflight = request_from(&server, Method::OPTIONS, ALLOWED).await;
    assert_eq!(preflight.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], ALLOWED, "case 49: without the scheme's own port");
    let allowed = preflight.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_owned();
    for name in ["authorization", "content-type", "traceparent", "tracestate", "baggage", "sentry-trace", "x-tenant"] {
        assert!(allowed.split(',').any(|listed| listed.trim() == name), "{name} is not in {allowed}");
    }
    server.stop().await;
}

fn has_the_headers(answer: &Response, status: u16) {
    let headers = answer.headers();
    assert_eq!(answer.status(), status);
    assert!(headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none'"), "{status}");
    assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
    assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
    assert!(!headers.contains_key(header::STRICT_TRANSPORT_SECURITY), "not over plain HTTP");
    assert!(headers.contains_key("x-request-id"));
}

#[tokio::test]
async fn case_22_every_answer_has_the_headers() {
    let server = TestServer::with(Kind::Sqlite, &["--trusted-proxy", "127.0.0.0/8"]).await;
    let tokens = server.register("ada").await;
    let large =
        server.http.post(format!("{}/user/login", server.url)).header(header::CONTENT_TYPE, "application/json").body("x".repeat(2 << 20));
    let answers = [
        (server.get("/aaa").await, 200),
        (server.get("/").await, 404),
        (server.get("/nope").await, 404),
        (server.get("/bbb").await, 401),
        (server.get("/user/login").await, 405),
        (large.send().await.unwrap(), 413),
        (server.http.post(format!("{}/user/login", server.url)).send().await.unwrap(), 415),
    ];
    for (answer, status) in answers {
        has_the_headers(&answer, status);
    }
    server.auth.store().writer().execute_unprepared("DROP TABLE sessions").await.unwrap();
    let broken = server.try_refresh(&tokens.refresh_token).await;
    has_the_headers(&broken, 500);
    let body = expect_error(broken, StatusCode::INTERNAL_SERVER_ERROR, Code::Internal).await;
    assert!(!body.message.to_lowercase().contains("sessions"), "the cause is not sent: {}", body.message);
    let behind_tls = server.http.get(format!("{}/aaa", server.url)).header("x-forwarded-proto", "https").send().await.unwrap();
    assert_eq!(behind_tls.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000", "two years");
    server.stop().await;
}
