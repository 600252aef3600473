//! Clients that send slowly or nothing: cases 16 and 23.

use crate::{
    database::Kind,
    test_server::{TestServer, long},
};
use reqwest::StatusCode;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

async fn connect(server: &TestServer) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

/// Reads until the server closes the connection.
async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset closes it, too.
    let _ = timeout(Duration::from_secs(60), stream.read_to_end(&mut text)).await.expect("the server closes the connection");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn case_23_a_body_that_does_not_come_is_a_408() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "1s"]).await;
    let mut stream = connect(&server).await;
    let head = "POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"user";
    stream.write_all(head.as_bytes()).await.unwrap();
    let text = read_to_close(&mut stream).await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("request_timeout"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn case_23_a_head_that_does_not_come_ends_the_connection() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "1s"]).await;
    let mut stream = connect(&server).await;
    stream.write_all(b"GET /aaa HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    assert!(!read_to_close(&mut stream).await.contains("200 OK"));
    let mut idle = connect(&server).await;
    read_to_close(&mut idle).await;
    server.stop().await;
}

/// It sends many requests at once and reads no response, so that the server's socket takes no more.
#[tokio::test]
async fn case_23_a_client_that_does_not_read_loses_its_connection() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "1s"]).await;
    let mut stream = connect(&server).await;
    let (request, count) = ("GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n", 2_000);
    let _ = timeout(Duration::from_secs(1), stream.write_all(request.repeat(count).as_bytes())).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let answered = read_to_close(&mut stream).await.matches("HTTP/1.1 200").count();
    assert!(answered < count, "the server has closed the connection before the client read");
    assert!(answered > 0);
    server.stop().await;
}

/// A client that reads slowly, with pauses shorter than the limit, gets the whole response.
#[tokio::test]
async fn case_23_a_client_that_reads_slowly_gets_its_responses() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "2s"]).await;
    let mut stream = connect(&server).await;
    let (request, count) = ("GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n", 400);
    stream.write_all(request.repeat(count).as_bytes()).await.unwrap();
    let mut text = Vec::new();
    for _ in 0..6 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let mut part = vec![0; 1024 * 1024];
        let length = timeout(Duration::from_secs(5), stream.read_exact(&mut part)).await.unwrap().unwrap();
        text.extend_from_slice(&part[..length]);
    }
    text.extend_from_slice(read_to_close(&mut stream).await.as_bytes());
    assert_eq!(String::from_utf8(text).unwrap().matches("HTTP/1.1 200").count(), count);
    server.stop().await;
}

#[tokio::test]
async fn case_23_malformed_http_is_refused() {
    let server = TestServer::start(Kind::Sqlite).await;
    for malformed in
        ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "POST /user/login HTTP/1.1\r\ncontent-length: -1\r\n\r\n"]
    {
        let mut stream = connect(&server).await;
        stream.write_all(malformed.as_bytes()).await.unwrap();
        assert!(read_to_close(&mut stream).await.starts_with("HTTP/1.1 400"), "{malformed:?}");
    }
    let mut stream = connect(&server).await;
    let long = format!("GET /aaa HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(200_000));
    // The server may close the connection before the request is sent completely.
    let _ = stream.write_all(long.as_bytes()).await;
    assert!(!read_to_close(&mut stream).await.contains("200 OK"));
    // Two lengths would allow request smuggling.
    let mut stream = connect(&server).await;
    stream.write_all(b"POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{}").await.unwrap();
    assert!(read_to_close(&mut stream).await.starts_with("HTTP/1.1 400"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn case_23_the_rest_is_served_beside_many_idle_connections() {
    // Both ends are in this process: two file descriptors for each connection.
    let wanted = if long() { 10_000 } else { 1_500 };
    let server = TestServer::with(Kind::Sqlite, &["--connection-limit", "20000"]).await;
    let allowed = rlimit::increase_nofile_limit(2 * wanted + 500).unwrap_or(1024).saturating_sub(500) / 2;
    assert!(allowed >= 200, "this machine allows too few open files for this test: {allowed}");
    let mut idle = Vec::new();
    for n in 0..wanted.min(allowed) {
        let mut stream = connect(&server).await;
        if n % 2 == 0 {
            stream.write_all(b"POST /user/login HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        }
        idle.push(stream);
    }
    let tokens = server.register("ada").await;
    assert!(server.accepts(&tokens.access_token).await);
    server.refresh(&tokens.refresh_token).await;
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    drop(idle);
    server.stop().await;
}

/// On one thread, so that no connection is accepted meanwhile.
#[tokio::test]
async fn case_16_many_may_connect_at_the_same_moment() {
    let server = TestServer::with(Kind::Sqlite, &["--connection-limit", "2000"]).await;
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok().and_then(|most| most.trim().parse().ok()).unwrap_or(128);
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(900)).expect("the backlog is long enough");
    let all: Vec<_> = (0..allowed.min(1000)).map(connect).collect();
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    drop(all);
    server.stop().await;
}
