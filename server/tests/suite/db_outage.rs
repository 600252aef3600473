//! Outages of the database: case 24.

use crate::{
    database::{Kind, on_each_server},
    proxy::host,
    test_server::{PASSWORD, TestServer, claims, expect_error},
};
use futures::future::join_all;
use reqwest::{StatusCode, header};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use uuid::Uuid;
use wugan_axum::{Auth, Device, Error};
use wugan_wire::Code;

async fn recovers_from_an_outage(kind: Kind) {
    // The schema is created by a direct connection; requests go through the proxy.
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let tokens = through.register("ada").await;
    assert_eq!(through.get("/readyz").await.status(), StatusCode::OK);

    proxy.cut().await;
    let gone = Instant::now();
    loop {
        let asked = gone.elapsed();
        if through.get("/readyz").await.status() != StatusCode::OK {
            break;
        }
        assert!(asked < Duration::from_secs(1), "ready {asked:?} after the outage began");
    }
    for path in ["/readyz", "/user/me"] {
        let away = through.get_as(&tokens.access_token, path).await;
        assert!(away.headers().contains_key(header::RETRY_AFTER), "{path}: {}", away.status());
        expect_error(away, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    }
    expect_error(through.try_refresh(&tokens.refresh_token).await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    assert_eq!(through.get("/healthz").await.status(), StatusCode::OK, "live, but not ready");

    proxy.restore();
    let back = Instant::now();
    while through.get("/readyz").await.status() != StatusCode::OK {
        assert!(back.elapsed() < Duration::from_secs(10), "it recovers by itself");
        sleep(Duration::from_millis(100)).await;
    }
    let next = through.refresh(&tokens.refresh_token).await;
    assert!(through.accepts(&next.access_token).await, "nothing is lost");
    through.stop().await;
    direct.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
async fn case_24_postgres_is_unavailable_and_recovers() {
    recovers_from_an_outage(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
async fn case_24_mysql_is_unavailable_and_recovers() {
    recovers_from_an_outage(Kind::Mysql).await;
}

/// Starts this number of sign-ins without the server's limits, as an application does that uses the library.
fn sign_ins(auth: &Auth, count: usize) -> JoinSet<Result<(), Error>> {
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let auth = auth.clone();
        tasks.spawn(async move { auth.start_session(&format!("google:{n}"), &Device::default()).await.map(drop) });
    }
    tasks
}

/// The address of the database moves to another host, and packets of open connections are lost without an answer.
async fn no_operation_waits_for_lost_packets(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let auth = &through.auth;
    auth.start_session("google:1", &Device::default()).await.unwrap();
    for aborted in [false, true] {
        // Several connections that were used a moment ago, so that they are not pinged before they are used.
        sign_ins(auth, 32).join_all().await.into_iter().for_each(|done| done.unwrap());
        let open = proxy.open();
        assert!(open > 4, "{open}");
        proxy.lose();
        let mut waiting = sign_ins(auth, 16);
        if aborted {
            // The callers have disconnected.
            sleep(Duration::from_millis(100)).await;
            waiting.abort_all();
        }
        let ended = timeout(Duration::from_secs(8), async { while waiting.join_next().await.is_some() {} }).await;
        assert!(ended.is_ok(), "operations wait for lost packets");
        let lost = Instant::now();
        while auth.start_session("google:1", &Device::default()).await.is_err() {
            assert!(lost.elapsed() < Duration::from_secs(6), "connections stay in the pool");
        }
        println!("{kind:?}, aborted {aborted}: a session was started {:?} after the others had ended", lost.elapsed());
    }
    through.stop().await;
    direct.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
async fn case_24_no_operation_waits_for_lost_packets_of_postgres() {
    no_operation_waits_for_lost_packets(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
async fn case_24_no_operation_waits_for_lost_packets_of_mysql() {
    no_operation_waits_for_lost_packets(Kind::Mysql).await;
}

/// A first use whose packets are lost delays the next ones by half a second, not until it fails.
async fn lost_packets_of_a_first_use_delay_no_other(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let mut sessions = Vec::new();
    for n in 0..2 {
        let tokens = through.auth.start_session(&format!("google:{n}"), &Device::default()).await.unwrap();
        // Afterwards the session is cached, so that its first use needs no other query.
        sessions.push(through.refresh(&tokens.refresh_token).await);
    }
    proxy.lose();
    let lost = through.get_as(&sessions[0].access_token, "/bbb");
    let next = async {
        sleep(Duration::from_millis(100)).await;
        let started = Instant::now();
        assert!(through.accepts(&sessions[1].access_token).await);
        started.elapsed()
    };
    let (lost, next) = tokio::join!(lost, next);
    assert_eq!(lost.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(next < Duration::from_millis(2500), "{next:?}");
    through.stop().await;
    direct.stop().await;
}

/// More than the statements in flight take, in a database that neither answers nor ends connections.
async fn first_uses_wait_a_bounded_time(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let tokens = through.register("ada").await;
    let (store, now) = (through.auth.store(), through.clock.now());
    assert!(!store.record_first_use(Uuid::new_v4(), 0, now).await.unwrap());
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.redirect(&silent.local_addr().unwrap().to_string());
    proxy.lose();
    let started = Instant::now();
    let all = (0..1_000).map(|_| store.record_first_use(Uuid::new_v4(), 0, now));
    assert!(join_all(all).await.into_iter().all(|recorded| recorded.is_err()));
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    proxy.redirect(host(&direct.config.database_url));
    let restored = Instant::now();
    while through.get_as(&tokens.access_token, "/bbb").await.status() != StatusCode::OK {
        assert!(restored.elapsed() < Duration::from_secs(11), "first uses that were given up delay the next ones");
    }
    through.stop().await;
    direct.stop().await;
}

/// A firewall has forgotten the connections that were idle.
async fn connections_that_were_idle_are_not_used(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let mut sessions = Vec::new();
    for n in 0..16 {
        sessions.push(through.auth.start_session(&format!("google:{n}"), &Device::default()).await.unwrap());
    }
    let refresh = async || {
        let started = Instant::now();
        let refreshed = join_all(sessions.iter().map(|tokens| through.exchange(&tokens.refresh_token, "an-attempt-of-the-owner"))).await;
        (refreshed, started.elapsed())
    };
    refresh().await;
    assert!(proxy.open() > 4, "{}", proxy.open());
    sleep(Duration::from_secs(16)).await;
    proxy.lose();
    let took = refresh().await.1;
    assert!(took < Duration::from_secs(3), "{took:?}");
    through.stop().await;
    direct.stop().await;
}

/// The account's id names another account after a failover that lost its registration.
async fn a_name_is_read_again_after_an_outage(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let tokens = through.register("ada").await;
    let tokens = through.refresh(&tokens.refresh_token).await;
    assert_eq!(claims(&tokens.access_token)["username"], "ada");
    direct.auth.store().writer().execute_unprepared("UPDATE users SET username = 'eve', name_key = 'eve'").await.unwrap();
    proxy.cut().await;
    proxy.restore();
    let tokens = through.refresh(&tokens.refresh_token).await;
    assert_eq!(claims(&tokens.access_token)["username"], "eve");
    through.stop().await;
    direct.stop().await;
}

async fn a_request_that_finds_the_database_gone_ends_readiness(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    let tokens = through.register("ada").await;
    // Not slower than the lifetime of a probe's result, or the next probe would notice the outage.
    let lost = async || {
        let asked = Instant::now();
        assert_eq!(through.get("/readyz").await.status(), StatusCode::OK);
        proxy.cut().await;
        expect_error(through.try_refresh(&tokens.refresh_token).await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
        let ready = through.get("/readyz").await.status();
        proxy.restore();
        (ready, asked.elapsed())
    };
    let mut seen = lost().await;
    while seen.1 > Duration::from_millis(900) {
        while through.get("/readyz").await.status() != StatusCode::OK {}
        seen = lost().await;
    }
    assert_eq!(seen.0, StatusCode::SERVICE_UNAVAILABLE);
    through.stop().await;
    direct.stop().await;
}

/// Asks without a pause for three seconds.
async fn readiness_costs_one_query_a_second(kind: Kind) {
    let direct = TestServer::start(kind).await;
    let (proxy, through) = direct.through_proxy().await;
    assert_eq!(through.get("/readyz").await.status(), StatusCode::OK);
    sleep(Duration::from_secs(1)).await;
    let (before, started, mut asked) = (proxy.round_trips().await, Instant::now(), 0);
    while started.elapsed() < Duration::from_millis(2900) {
        assert_eq!(through.get("/readyz").await.status(), StatusCode::OK);
        asked += 1;
    }
    let queries = proxy.round_trips().await - before;
    assert!((1..=started.elapsed().as_secs() + 1).contains(&queries), "{queries} queries for {asked} requests");
    through.stop().await;
    direct.stop().await;
}

on_each_server! {
    case_36_readiness_costs_one_query_a_second: readiness_costs_one_query_a_second;
    case_41_a_request_that_finds_the_database_gone_ends_readiness: a_request_that_finds_the_database_gone_ends_readiness;
    case_24_first_uses_wait_a_bounded_time: first_uses_wait_a_bounded_time;
    case_24_connections_that_were_idle_are_not_used: connections_that_were_idle_are_not_used;
    case_24_lost_packets_of_a_first_use_delay_no_other: lost_packets_of_a_first_use_delay_no_other;
    case_60_a_name_is_read_again_after_an_outage: a_name_is_read_again_after_an_outage;
}

/// Requests that arrive while others wait do not wait for those as well.
#[tokio::test(flavor = "multi_thread")]
async fn case_24_a_request_waits_ten_seconds_for_a_locked_sqlite_file() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    let other = wugan_axum::store::Store::open(&server.config.database_url, 2).await.unwrap();
    let held = other.begin().await.unwrap();
    let timed = async |after: u64, path: &str, body: Value| {
        sleep(Duration::from_millis(after)).await;
        let start = Instant::now();
        let status = server.post(path, &body).await.status();
        (status, start.elapsed())
    };
    let refresh = json!({"refresh_token": tokens.refresh_token});
    let login = json!({"username": "ada", "password": PASSWORD});
    let answers = tokio::join!(
        timed(0, "/user/refresh", refresh.clone()),
        timed(500, "/user/login", login.clone()),
        timed(1000, "/user/refresh", refresh),
        timed(3000, "/user/login", login),
    );
    for (status, time) in [answers.0, answers.1, answers.2, answers.3] {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(time < Duration::from_secs(11), "{time:?}");
    }
    drop(held);
    server.refresh(&tokens.refresh_token).await;
    other.close().await;
    server.stop().await;
}

/// SQLite's file stays, but another process can hold its lock.
#[tokio::test(flavor = "multi_thread")]
async fn case_24_a_locked_sqlite_file_is_waited_for() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    let other = wugan_axum::store::Store::open(&server.config.database_url, 2).await.unwrap();
    let held = other.begin().await.unwrap();
    let refresh = server.refresh(&tokens.refresh_token);
    let release = async {
        sleep(Duration::from_millis(500)).await;
        drop(held);
    };
    let (next, ()) = tokio::join!(refresh, release);
    assert!(server.accepts(&next.access_token).await);
    other.close().await;
    server.stop().await;
}
