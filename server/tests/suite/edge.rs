//! Admission, limits, probes and request ids: cases 31, 33, 36 to 40, 42 and 54.

use crate::{
    database::{Kind, on_each_database, on_each_server},
    test_server::{PASSWORD, TestServer, claims, expect_error},
};
use futures::future::join_all;
use reqwest::{StatusCode, header};
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{
    cell::RefCell,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
    time::sleep,
};
use wugan_wire::{Code, SessionItem, TokenAnswer};

const PROXY: [&str; 2] = ["--trusted-proxy", "127.0.0.0/8"];

/// Sign-ins with valid passwords use their own network's permits only.
#[tokio::test(flavor = "multi_thread")]
async fn case_31_sign_ins_of_one_network_leave_room_for_others() {
    let server = Arc::new(TestServer::with(Kind::Sqlite, &[PROXY.as_slice(), &["--name-limit", "1000/1m"]].concat()).await);
    server.register("mallory").await;
    server.register("ada").await;
    let mut flood = JoinSet::new();
    for _ in 0..60 {
        let server = server.clone();
        flood.spawn(async move {
            server.post_from("203.0.113.1", "/user/login", &json!({"username": "mallory", "password": PASSWORD})).await.status()
        });
    }
    for n in 0..5 {
        let login = server.post_from(&format!("198.51.100.{n}"), "/user/login", &json!({"username": "ada", "password": PASSWORD})).await;
        assert_eq!(login.status(), StatusCode::OK);
    }
    let flood = flood.join_all().await;
    assert!(flood.contains(&StatusCode::SERVICE_UNAVAILABLE), "{flood:?}");
    assert!(flood.contains(&StatusCode::OK), "{flood:?}");
    Arc::into_inner(server).unwrap().stop().await;
}

/// Unfinished bodies of many networks keep no permit of those that sign in.
#[tokio::test(flavor = "multi_thread")]
async fn case_31_sign_ins_with_unfinished_bodies_leave_room_for_others() {
    let server = TestServer::with(Kind::Sqlite, &PROXY).await;
    server.register("ada").await;
    let login = async |client| server.post_from(client, "/user/login", &json!({"username": "ada", "password": PASSWORD})).await.status();
    let (full, half) = ("203.0.113.1", "203.0.113.2");
    let unfinished = [fill(&server, "/user/login", full, 256).await, send_unfinished(&server, "/user/login", half, 128).await];
    assert_eq!(login("198.51.100.1").await, StatusCode::OK);
    assert_eq!(login(half).await, StatusCode::OK, "another client of the same address");
    drop(unfinished);
    server.stop().await;
}

/// Sends as many requests with unfinished bodies as a client behind the proxy may have in flight, and waits until they are. A request that
/// asks whether they are takes a permit, too, so that one of them may have been refused: another is sent after each.
async fn fill(server: &TestServer, path: &str, client: &str, limit: usize) -> Vec<TcpStream> {
    let unfinished = RefCell::new(send_unfinished(server, path, client, limit).await);
    until(async || {
        let is_full = server.post_from(client, path, &json!({})).await.status() == StatusCode::SERVICE_UNAVAILABLE;
        if !is_full {
            let more = send_unfinished(server, path, client, 1).await;
            unfinished.borrow_mut().extend(more);
        }
        is_full
    })
    .await;
    unfinished.into_inner()
}

async fn send_unfinished(server: &TestServer, path: &str, client: &str, limit: usize) -> Vec<TcpStream> {
    let mut unfinished = Vec::new();
    for _ in 0..limit {
        let mut stream = connect_from(server, "127.0.0.1").await;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: {client}\r\ncontent-type: application/json\r\n\
            content-length: 100\r\n\r\n{{\"user"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        unfinished.push(stream);
    }
    unfinished
}

async fn until(is_done: impl AsyncFn() -> bool) {
    let waiting = async { while !is_done().await {} };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("it happens within 30 s");
}

#[tokio::test(flavor = "multi_thread")]
async fn case_33_requests_of_one_client_behind_a_proxy_leave_room_for_others() {
    let server = TestServer::with(Kind::Sqlite, &[PROXY.as_slice(), &["--allow-origin", "https://app.example.com"]].concat()).await;
    for (path, limit) in [("/user/login", 256), ("/user/refresh", 256)] {
        let (body, client, other) = (json!({}), "203.0.113.1", "203.0.113.2");
        let unfinished = fill(&server, path, client, limit).await;
        let asking = server.http.post(format!("{}{path}", server.url)).header("x-forwarded-for", client);
        let refused = asking.header(header::ORIGIN, "https://app.example.com").json(&body).send().await.unwrap();
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        assert_eq!(refused.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example.com", "a page reads the refusal");
        expect_error(refused, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
        expect_error(server.post_from(other, path, &body).await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
        let elsewhere = server.post_from(client, "/user/logout", &json!({"refresh_token": "rubbish"})).await;
        let same_class = path == "/user/refresh";
        assert_eq!(elsewhere.status() == StatusCode::SERVICE_UNAVAILABLE, same_class, "a sign-out is of the class of refreshes");
        drop(unfinished);
        until(async || server.post_from(client, path, &body).await.status() == StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    server.stop().await;
}

/// The status of a request that a proxy forwards for this client.
async fn status_for(server: &TestServer, client: &str) -> StatusCode {
    server.http.get(format!("{}/aaa", server.url)).header("x-forwarded-for", client).send().await.unwrap().status()
}

/// Fifty connections send requests without a pause, as one client behind the proxy, while another client sends some.
#[tokio::test(flavor = "multi_thread")]
async fn case_33_a_client_that_floods_gets_no_more_than_its_rate() {
    const RATE: u32 = 100;
    const FLOOD: Duration = Duration::from_secs(2);
    let server = Arc::new(TestServer::with(Kind::Sqlite, &[PROXY.as_slice(), &["--request-limit", &RATE.to_string()]].concat()).await);
    assert_eq!(status_for(&server, "203.0.113.2").await, StatusCode::OK);
    let start = Instant::now();
    let mut flood = JoinSet::new();
    for _ in 0..50 {
        let server = server.clone();
        flood.spawn(async move {
            let mut answered = 0;
            while start.elapsed() < FLOOD {
                assert_eq!(status_for(&server, "203.0.113.1").await, StatusCode::OK);
                answered += 1;
            }
            answered
        });
    }
    while start.elapsed() < FLOOD {
        assert_eq!(status_for(&server, "203.0.113.2").await, StatusCode::OK, "another client");
        sleep(Duration::from_millis(50)).await;
    }
    let answered: u32 = flood.join_all().await.iter().sum();
    let at_the_rate = (start.elapsed().as_secs_f64() * f64::from(RATE)) as u32;
    // With the burst; fewer on a slow machine.
    assert!((RATE..=at_the_rate + 5).contains(&answered), "{answered} were answered, {at_the_rate} at the rate");
    let metrics = server.get_admin("/metrics").await.text().await.unwrap();
    let delayed = metrics.lines().find_map(|line| line.strip_prefix("wugan_delayed_total ")).unwrap().parse::<u32>().unwrap();
    assert!((1..=answered).contains(&delayed), "{delayed}");
    Arc::into_inner(server).unwrap().stop().await;
}

#[tokio::test]
async fn case_31_right_passwords_count_for_their_network() {
    let server = TestServer::with(Kind::Sqlite, &[PROXY.as_slice(), &["--address-limit", "3/1h"]].concat()).await;
    server.register("ada").await;
    let login = async |ip: &str| server.post_from(ip, "/user/login", &json!({"username": "ada", "password": PASSWORD})).await;
    for _ in 0..3 {
        assert_eq!(login("203.0.113.1").await.status(), StatusCode::OK);
    }
    expect_error(login("203.0.113.1").await, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    assert_eq!(login("203.0.113.2").await.status(), StatusCode::OK);
    server.stop().await;
}

async fn connect_from(server: &TestServer, ip: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(ip.parse().unwrap(), 0)).unwrap();
    socket.connect(server.url.trim_start_matches("http://").parse().unwrap()).await.unwrap()
}

/// To the server, other addresses of the loopback network are other networks.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn case_33_connections_of_one_network_leave_room_for_others() {
    let server = TestServer::with(Kind::Sqlite, &["--connection-limit", "50"]).await;
    let mut held = Vec::new();
    for _ in 0..200 {
        let mut stream = connect_from(&server, "127.0.0.2").await;
        let _ = stream.write_all(b"GET /aaa HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
        held.push(stream);
    }
    assert_eq!(server.get("/aaa").await.status(), StatusCode::OK, "a connection of another network is served");
    let mut closed = 0;
    for stream in &mut held {
        let read = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut [0; 16])).await;
        closed += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert_eq!(closed, 150, "those above the limit");
    drop(held);
    server.stop().await;
}

/// A hundred half-sent heads: the next request is answered when one of them has ended by its time limit.
#[tokio::test(flavor = "multi_thread")]
async fn case_38_the_admin_listener_limits_connections_and_their_time() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "2s"]).await;
    let mut held = Vec::new();
    for _ in 0..100 {
        let mut stream = TcpStream::connect(server.admin_url.trim_start_matches("http://")).await.unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
        held.push(stream);
    }
    assert_eq!(server.get_admin("/healthz").await.status(), StatusCode::OK);
    let mut closed = 0;
    for stream in &mut held {
        let read = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut [0; 16])).await;
        closed += usize::from(matches!(read, Ok(Ok(0) | Err(_))));
    }
    assert!(closed > 0, "it was answered beside a hundred open connections");
    server.stop().await;
}

#[tokio::test]
async fn case_38_a_head_is_bounded() {
    let server = TestServer::start(Kind::Sqlite).await;
    let long = server.http.get(format!("{}/aaa", server.url)).header("x-long", "x".repeat(17_000)).send().await.unwrap();
    assert_eq!(long.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    let usual = server.http.get(format!("{}/aaa", server.url)).header("x-long", "x".repeat(8_000)).send().await.unwrap();
    assert_eq!(usual.status(), StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn case_36_metrics_are_on_the_admin_listener_and_readiness_is_cached() {
    let server = TestServer::start(Kind::Sqlite).await;
    expect_error(server.get("/metrics").await, StatusCode::NOT_FOUND, Code::NotFound).await;
    assert!(server.get_admin("/metrics").await.text().await.unwrap().contains("wugan_refresh_total"));
    assert_eq!(server.get_admin("/healthz").await.text().await.unwrap(), "ok");
    assert_eq!(server.get("/readyz").await.text().await.unwrap(), "ready");
    server.auth.store().writer().execute_unprepared("ALTER TABLE sessions RENAME TO elsewhere").await.unwrap();
    assert_eq!(server.get("/readyz").await.text().await.unwrap(), "ready", "within a second the database is not asked again");
    until(async || server.get("/readyz").await.status() == StatusCode::SERVICE_UNAVAILABLE).await;
    expect_error(server.get_admin("/readyz").await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    server.stop().await;
}

#[tokio::test]
async fn case_37_tokens_of_an_ended_session_cost_no_query() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    server.logout(&tokens.refresh_token, "").await;
    assert!(!server.accepts(&tokens.access_token).await);
    server.auth.store().writer().execute_unprepared("ALTER TABLE sessions RENAME TO elsewhere").await.unwrap();
    assert!(!server.accepts(&tokens.access_token).await, "no query: the table does not exist");
    server.stop().await;
}

on_each_database! {
    async fn case_39_repeated_refusals_are_one_entry_a_minute(kind: Kind) {
        let server = TestServer::with(kind, &PROXY).await;
        server.register("ada").await;
        let guess = json!({"username": "ada", "password": "wrong password"});
        for _ in 0..4 {
            server.post_from("203.0.113.1", "/user/login", &guess).await;
        }
        server.post_from("203.0.113.2", "/user/login", &guess).await;
        let refused = async || {
            let events = server.auth.store().events(0, None, 100).await.unwrap();
            events.into_iter().filter(|row| row.event == "sign_in_refused").map(|row| (row.ip, row.detail)).rev().collect::<Vec<_>>()
        };
        let entry = |ip: &str, detail: Option<&str>| (Some(ip.to_owned()), detail.map(str::to_owned));
        assert_eq!(refused().await, [], "nothing is written before the answer");
        server.auth.store().writer().execute_unprepared("ALTER TABLE audit RENAME TO elsewhere").await.unwrap();
        assert!(server.auth.accounts().flush_refusals().await.is_err());
        server.auth.store().writer().execute_unprepared("ALTER TABLE elsewhere RENAME TO audit").await.unwrap();
        let expected = [entry("203.0.113.1", Some("4 within a minute")), entry("203.0.113.2", None)];
        for _ in 0..2 {
            server.auth.accounts().flush_refusals().await.unwrap();
            assert_eq!(refused().await, expected, "recorded once");
        }
        server.stop().await;
    }

    async fn case_39_a_refresh_from_another_network_is_recorded_and_listed(kind: Kind) {
        let server = TestServer::with(kind, &PROXY).await;
        let refresh = async |ip: &str, tokens: &TokenAnswer| -> TokenAnswer {
            let body = json!({"refresh_token": tokens.refresh_token, "attempt": format!("an-attempt-of-generation-{}", claims(&tokens.refresh_token)["gen"])});
            server.post_from(ip, "/user/refresh", &body).await.json().await.unwrap()
        };
        let home = server.post_from("203.0.113.1", "/user/register", &json!({"username": "ada", "password": PASSWORD})).await;
        let tokens = refresh("203.0.113.1", &home.json().await.unwrap()).await;
        let tokens = refresh("198.51.100.1", &tokens).await;
        let tokens = refresh("198.51.100.1", &tokens).await;
        let events = server.auth.store().events(0, None, 100).await.unwrap();
        let changes: Vec<_> = events.iter().filter(|row| row.event == "network_changed").collect();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].ip.as_deref(), Some("198.51.100.1"));
        assert!(changes[0].detail.as_ref().unwrap().contains("203.0.113.1"));
        let sessions: Vec<SessionItem> = server.get_as(&tokens.access_token, "/user/sessions").await.json().await.unwrap();
        assert_eq!(sessions[0].ip.as_deref(), Some("198.51.100.1"));
        server.stop().await;
    }

    async fn case_39_a_session_that_moves_to_and_fro_writes_ten_entries_an_hour(kind: Kind) {
        let server = TestServer::with(kind, &PROXY).await;
        let home = server.post_from("203.0.113.1", "/user/register", &json!({"username": "ada", "password": PASSWORD})).await;
        let mut tokens: TokenAnswer = home.json().await.unwrap();
        for n in 0..40 {
            let ip = if n % 2 == 0 { "198.51.100.1" } else { "203.0.113.1" };
            let moved = server.post_from(ip, "/user/refresh", &json!({"refresh_token": tokens.refresh_token})).await;
            assert_eq!(moved.status(), StatusCode::OK);
            tokens = moved.json().await.unwrap();
        }
        let events = server.auth.store().events(0, None, 100).await.unwrap();
        assert_eq!(events.iter().filter(|row| row.event == "network_changed").count(), 10);
        assert_eq!(server.row(&tokens).await.last_ip.as_deref(), Some("203.0.113.1"));
        server.stop().await;
    }
}

#[tokio::test]
async fn case_40_a_session_is_refreshed_a_limited_number_of_times() {
    let server = TestServer::with(Kind::Sqlite, &["--session-limit", "3/1m"]).await;
    let (mut tokens, other) = (server.register("ada").await, server.login("ada").await);
    for _ in 0..3 {
        tokens = server.refresh(&tokens.refresh_token).await;
    }
    let limited = server.try_refresh(&tokens.refresh_token).await;
    assert_eq!(limited.headers()[header::RETRY_AFTER], "20");
    expect_error(limited, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    server.refresh(&other.refresh_token).await;
    server.clock.shift(20_000);
    server.refresh(&tokens.refresh_token).await;
    server.stop().await;
}

/// A sign-out that ends its own session is never limited.
#[tokio::test]
async fn case_40_a_session_ends_the_others_a_limited_number_of_times() {
    let server = TestServer::with(Kind::Sqlite, &["--session-limit", "3/1m"]).await;
    let (tokens, other) = (server.register("ada").await, server.login("ada").await);
    for _ in 0..3 {
        server.logout(&tokens.refresh_token, "?scope=others").await;
    }
    let limited = server.post("/user/logout?scope=others", &json!({"refresh_token": tokens.refresh_token})).await;
    assert_eq!(limited.headers()[header::RETRY_AFTER], "20");
    expect_error(limited, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    server.refused(&other.refresh_token).await;
    let next = server.login("ada").await;
    server.logout(&tokens.refresh_token, "?scope=all").await;
    assert!(!server.accepts(&tokens.access_token).await && !server.accepts(&next.access_token).await);
    server.stop().await;
}

#[tokio::test]
async fn case_40_guarded_routes_that_query_the_database_are_limited_by_session() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (tokens, other) = (server.register("ada").await, server.login("ada").await);
    let mut answered = 0;
    let limited = loop {
        let path = if answered % 2 == 0 { "/user/me" } else { "/user/sessions" };
        match server.get_as(&tokens.access_token, path).await {
            answer if answer.status() == StatusCode::OK && answered < 10_000 => answered += 1,
            answer => break answer,
        }
    };
    assert!(limited.headers().contains_key(header::RETRY_AFTER));
    expect_error(limited, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    assert!(answered >= 1000, "{answered}");
    assert!(server.accepts(&tokens.access_token).await, "a route without a query");
    assert_eq!(server.get_as(&other.access_token, "/user/me").await.status(), StatusCode::OK, "another session");
    server.clock.shift(60_000);
    assert_eq!(server.get_as(&tokens.access_token, "/user/me").await.status(), StatusCode::OK);
    server.stop().await;
}

/// Refreshes beyond the limit are read for reuse on one connection, so that they do not keep those of other requests.
async fn reads_for_reuse_take_one_connection(kind: Kind) {
    let direct = TestServer::with(kind, &["--session-limit", "3/1h"]).await;
    let (proxy, server) = direct.through_proxy().await;
    let mut tokens = server.register("ada").await;
    for _ in 0..3 {
        tokens = server.refresh(&tokens.refresh_token).await;
    }
    let opened = proxy.opened();
    let flood = (0..40).map(|_| server.try_refresh(&tokens.refresh_token));
    for answer in join_all(flood).await {
        expect_error(answer, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    }
    assert_eq!(proxy.opened(), opened, "connections that were opened for these reads");
    server.stop().await;
    direct.stop().await;
}

on_each_server! {
    case_40_reads_for_reuse_take_one_connection: reads_for_reuse_take_one_connection;
    case_40_queries_for_refused_tokens_take_one_connection: queries_for_refused_tokens_take_one_connection;
}

/// A thief uses the limit up, and the owner then uses its access token, which the thief's exchange has superseded.
#[tokio::test]
async fn case_40_a_session_above_its_limit_of_queries_still_detects_the_use_of_a_superseded_access_token() {
    let server = TestServer::start(Kind::Sqlite).await;
    let copied = server.register("ada").await;
    let owner = server.exchange(&copied.refresh_token, "the-attempt-of-the-owner").await;
    let thief = server.exchange(&copied.refresh_token, "the-attempt-of-a-thief").await;
    while server.get_as(&thief.access_token, "/user/me").await.status() != StatusCode::TOO_MANY_REQUESTS {}
    assert!(server.accepts(&thief.access_token).await);
    assert!(!server.accepts(&owner.access_token).await);
    assert!(!server.accepts(&thief.access_token).await, "the session has ended");
    server.stop().await;
}

/// The row of a deleted account's session is looked for each time: beyond the limit, on one connection.
async fn queries_for_refused_tokens_take_one_connection(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, server) = direct.through_proxy().await;
    let (tokens, other) = (server.register("ada").await, server.login("ada").await);
    while server.get_as(&tokens.access_token, "/user/me").await.status() != StatusCode::TOO_MANY_REQUESTS {}
    server.post_as(&other.access_token, "/user/delete", &json!({"password": PASSWORD})).await.error_for_status().unwrap();
    // The limit has some room again, as hashing the password took a moment.
    for _ in 0..40 {
        assert!(!server.accepts(&tokens.access_token).await);
    }
    let opened = proxy.opened();
    let sign_outs = join_all((0..40).map(|_| server.logout(&tokens.refresh_token, "")));
    let (accepted, _) = tokio::join!(join_all((0..40).map(|_| server.accepts(&tokens.access_token))), sign_outs);
    assert!(!accepted.contains(&true));
    // A read within the limit, which gains room meanwhile, runs beside those beyond it.
    assert!(proxy.opened() <= opened + 1, "{} connections were opened for these reads", proxy.opened() - opened);
    server.stop().await;
    direct.stop().await;
}

/// A thief sends requests that change nothing, so that the owner's request would be above the limit.
#[tokio::test]
async fn case_40_a_session_above_its_limit_still_detects_reuse() {
    let (thief_id, owner_id) = ("the-attempt-of-a-thief", "the-attempt-of-the-owner");
    let server = TestServer::with(Kind::Sqlite, &["--session-limit", "3/1m"]).await;
    let owner = server.register("ada").await;
    let stolen = server.exchange(&owner.refresh_token, thief_id).await;
    assert!(server.accepts(&stolen.access_token).await);
    let flood = async || server.try_exchange(&owner.refresh_token, thief_id).await;
    while flood().await.status() != StatusCode::TOO_MANY_REQUESTS {}
    server.exchange_refused(&owner.refresh_token, owner_id).await;
    assert!(!server.accepts(&stolen.access_token).await);
    server.clock.shift(60_000);
    server.exchange_refused(&stolen.refresh_token, thief_id).await;
    server.stop().await;
}

#[tokio::test]
async fn case_42_clients_behind_a_proxy_that_adds_ports_are_told_apart() {
    let server = TestServer::with(Kind::Sqlite, &[PROXY.as_slice(), &["--address-limit", "1/1h"]].concat()).await;
    let login =
        async |ip: &str, name: &str| server.post_from(ip, "/user/login", &json!({"username": name, "password": "x"})).await.status();
    for (n, ip) in ["203.0.113.9:4711", "203.0.113.10:80", "[2001:db8::1]:1234", "2001:db8:0:100::1"].iter().enumerate() {
        assert_eq!(login(ip, &format!("user{n}")).await, StatusCode::UNAUTHORIZED, "{ip}");
    }
    assert_eq!(login("203.0.113.9:4712", "other").await, StatusCode::TOO_MANY_REQUESTS, "the port is not the client");
    server.stop().await;
}

#[tokio::test]
async fn case_54_a_request_id_is_taken_from_trusted_proxies_alone() {
    let id = "an-id-of-the-proxy";
    for (flags, expected) in [(&[] as &[&str], false), (&PROXY, true)] {
        let server = TestServer::with(Kind::Sqlite, flags).await;
        let answer = server.http.get(format!("{}/aaa", server.url)).header("x-request-id", id).send().await.unwrap();
        assert_eq!(answer.headers()["x-request-id"] == id, expected);
        server.stop().await;
    }
}
