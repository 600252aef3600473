//! The database goes away and comes back; the disk is full: case 24.

use crate::{
    database::Kind,
    test_server::{TestServer, expect_error},
};
use reqwest::{StatusCode, header};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    time::sleep,
};
use wugan_wire::Code;

/// A wire to the database that can be cut.
async fn cuttable(target: String) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, cut) = (listener.local_addr().unwrap().port(), Arc::new(AtomicBool::new(false)));
    let is_cut = cut.clone();
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let (target, is_cut) = (target.clone(), is_cut.clone());
            tokio::spawn(async move {
                if is_cut.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut server) = TcpStream::connect(target).await else { return };
                tokio::select! {
                    _ = copy_bidirectional(&mut client, &mut server) => {}
                    () = async { while !is_cut.load(Ordering::SeqCst) { sleep(Duration::from_millis(10)).await } } => {}
                }
            });
        }
    });
    (port, cut)
}

async fn goes_and_comes_back(kind: Kind) {
    // The database is made by the direct way, and used through the wire.
    let direct = TestServer::start(kind).await;
    let url = direct.config.database_url.clone();
    let server = kind.server();
    let host = server.split('@').nth(1).unwrap().split('/').next().unwrap().to_owned();
    let (port, cut) = cuttable(host.clone()).await;
    let through = direct.on(&url.replace(&host, &format!("127.0.0.1:{port}"))).await;
    let tokens = through.register("ada").await;
    assert_eq!(through.get("/readyz").await.status(), StatusCode::OK);

    cut.store(true, Ordering::SeqCst);
    let gone = Instant::now();
    // Each connection of the pool is a wire of its own, and holds the flag: the test and the listener hold it too.
    while Arc::strong_count(&cut) > 2 {
        assert!(gone.elapsed() < Duration::from_secs(60), "all wires are cut");
        sleep(Duration::from_millis(10)).await;
    }
    while through.get("/readyz").await.status() == StatusCode::OK {
        assert!(gone.elapsed() < Duration::from_secs(60), "it is noticed");
    }
    for path in ["/readyz", "/user/me"] {
        let away = through.get_as(&tokens.access_token, path).await;
        assert!(away.headers().contains_key(header::RETRY_AFTER), "{path}: {}", away.status());
        expect_error(away, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    }
    expect_error(through.try_refresh(&tokens.refresh_token).await, StatusCode::SERVICE_UNAVAILABLE, Code::Busy).await;
    assert_eq!(through.get("/healthz").await.status(), StatusCode::OK, "alive, and not ready");

    cut.store(false, Ordering::SeqCst);
    let back = Instant::now();
    while through.get("/readyz").await.status() != StatusCode::OK {
        assert!(back.elapsed() < Duration::from_secs(60), "it recovers by itself");
        sleep(Duration::from_millis(100)).await;
    }
    let next = through.refresh(&tokens.refresh_token).await;
    assert!(through.lets_in(&next.access_token).await, "nothing is lost");
    through.stop().await;
    direct.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
async fn case_24_postgres_goes_away_and_comes_back() {
    goes_and_comes_back(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
async fn case_24_mysql_goes_away_and_comes_back() {
    goes_and_comes_back(Kind::Mysql).await;
}

/// SQLite's file stays, but another process can hold its lock.
#[tokio::test(flavor = "multi_thread")]
async fn case_24_a_locked_sqlite_file_is_waited_for() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    let other = wugan_axum::store::Store::open(&server.config.database_url).await.unwrap();
    let held = other.begin().await.unwrap();
    let refresh = server.refresh(&tokens.refresh_token);
    let release = async {
        sleep(Duration::from_millis(500)).await;
        held.rollback().await.unwrap();
    };
    let (next, ()) = tokio::join!(refresh, release);
    assert!(server.lets_in(&next.access_token).await);
    other.close().await;
    server.stop().await;
}
