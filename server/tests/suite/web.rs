//! The app's files.

use crate::{
    database::Kind,
    test_server::{TestServer, expect_error},
};
use reqwest::{Response, StatusCode, header};
use std::fs;
use wugan_wire::Code;

const PAGE: &str = "<!doctype html><title>Wugan</title><script type=\"module\">alert('Hello, server.');</script>";

async fn asked(server: &TestServer, path: &str, accept: &str, encoding: &str) -> Response {
    let asking = server.http.get(format!("{}{path}", server.url)).header(header::ACCEPT, accept);
    asking.header(header::ACCEPT_ENCODING, encoding).send().await.unwrap()
}

async fn with_app() -> TestServer {
    let server = TestServer::start(Kind::Sqlite).await;
    let dist = server.folder().join("dist");
    fs::create_dir(&dist).unwrap();
    fs::write(dist.join("index.html"), PAGE).unwrap();
    fs::write(dist.join("app-0123456789abcdef.js"), "plain").unwrap();
    fs::write(dist.join("app-0123456789abcdef.js.br"), "brotli").unwrap();
    fs::write(dist.join("app-0123456789abcdef.js.gz"), "gzip").unwrap();
    fs::write(dist.join("favicon.svg"), "<svg/>").unwrap();
    fs::write(server.folder().join("secret"), "secret").unwrap();
    server
}

#[tokio::test]
async fn case_22_the_page_runs_its_own_scripts_and_no_others() {
    let server = with_app().await;
    for path in ["/", "/index.html", "/sign-in", "/inspector/deep"] {
        let answer = asked(&server, path, "text/html,*/*;q=0.8", "identity").await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-cache");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        assert_eq!(answer.text().await.unwrap(), PAGE);
    }
    let before = asked(&server, "/", "text/html", "identity").await.headers()[header::CONTENT_SECURITY_POLICY].clone();
    let page = server.folder().join("dist/index.html");
    fs::write(&page, PAGE.replace("Hello", "Goodbye")).unwrap();
    fs::File::open(&page).unwrap().set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(2)).unwrap();
    let after = asked(&server, "/", "text/html", "identity").await.headers()[header::CONTENT_SECURITY_POLICY].clone();
    assert_ne!(before, after, "a page built anew has a policy of its own");
    server.stop().await;
}

#[tokio::test]
async fn files_are_precompressed_and_kept_for_ever_by_their_hash() {
    let server = with_app().await;
    for (encoding, text) in [("br, gzip", "brotli"), ("gzip", "gzip"), ("identity", "plain")] {
        let answer = asked(&server, "/app-0123456789abcdef.js", "*/*", encoding).await;
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert!(answer.headers().get_all(header::VARY).iter().any(|vary| vary == "accept-encoding"));
        assert!(answer.headers()[header::CONTENT_TYPE].to_str().unwrap().contains("javascript"));
        assert_eq!(answer.text().await.unwrap(), text);
    }
    assert_eq!(asked(&server, "/favicon.svg", "*/*", "identity").await.headers()[header::CACHE_CONTROL], "no-cache");
    server.stop().await;
}

#[tokio::test]
async fn a_missing_file_is_a_json_404_and_nothing_above_the_folder_is_there() {
    let server = with_app().await;
    for path in ["/app-fedcba9876543210.js", "/%2e%2e/secret", "/..%2fsecret", "/user/nope"] {
        expect_error(asked(&server, path, "*/*", "identity").await, StatusCode::NOT_FOUND, Code::NotFound).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn without_an_app_the_page_says_so() {
    let server = TestServer::start(Kind::Sqlite).await;
    let answer = asked(&server, "/", "text/html", "identity").await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(answer.text().await.unwrap().contains("no app to show"));
    server.stop().await;
}
