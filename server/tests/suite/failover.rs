//! Real failovers under load, with two server processes: cases 41 and 60.
//!
//! Clients refresh with attempt ids and use the new tokens. A failed request is sent again with the same token and the same id. No
//! session may end, 503 is the only error, and no process is restarted.

use crate::{
    cluster::{Galera, PostgresPair},
    process::Process,
    proxy::Proxy,
    test_server::{folder, long},
};
use reqwest::StatusCode;
use sea_orm::{Database, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    task::{JoinSet, spawn_blocking},
    time::sleep,
};
use wugan_axum::{Device, store::audit};

const SESSIONS: usize = 24;

/// The responses that the clients got.
#[derive(Default)]
struct Responses {
    refreshes: AtomicU64,
    unavailable: AtomicU64,
    /// Access tokens that were refused. A client refreshes then.
    access_refused: AtomicU64,
}

impl Responses {
    /// Prints the counts. Returns the number of access tokens that were refused.
    fn print(&self, what: &str) -> u64 {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        let (refreshes, unavailable, refused) = (count(&self.refreshes), count(&self.unavailable), count(&self.access_refused));
        println!("{what}: {refreshes} refreshes, {unavailable} requests answered 503, {refused} access tokens refused");
        refused
    }
}

/// Clients that refresh and use their sessions at both processes alternately, until they are stopped.
struct Load {
    running: Arc<AtomicBool>,
    seen: Arc<Responses>,
    clients: JoinSet<()>,
}

impl Load {
    fn start(nodes: &[Arc<Process>; 2], sessions: Vec<Value>) -> Self {
        let (running, seen) = (Arc::new(AtomicBool::new(true)), Arc::new(Responses::default()));
        let mut clients = JoinSet::new();
        for (n, tokens) in sessions.into_iter().enumerate() {
            clients.spawn(client(n, nodes.clone(), tokens, running.clone(), seen.clone()));
        }
        Self { running, seen, clients }
    }

    /// Waits until the clients have made this number of refreshes.
    async fn refreshes(&self, more: u64) {
        let count = || self.seen.refreshes.load(Ordering::SeqCst);
        let (target, started) = (count() + more, Instant::now());
        while count() < target {
            assert!(started.elapsed() < Duration::from_secs(60), "the clients make no progress");
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops the clients. A client that got a wrong response has panicked.
    async fn stop(self) -> Arc<Responses> {
        self.running.store(false, Ordering::SeqCst);
        self.clients.join_all().await;
        self.seen
    }
}

async fn client(n: usize, nodes: [Arc<Process>; 2], mut tokens: Value, running: Arc<AtomicBool>, seen: Arc<Responses>) {
    let mut turn = n;
    while running.load(Ordering::SeqCst) {
        let attempt = format!("attempt-of-client-{n}-{turn}");
        // Until the exchange is answered, also after the load was stopped.
        let next = loop {
            turn += 1;
            let body = json!({"refresh_token": tokens["refresh_token"], "attempt": attempt});
            match nodes[turn % 2].post("/user/refresh", body).await.unwrap() {
                (StatusCode::OK, next) => break next,
                (StatusCode::SERVICE_UNAVAILABLE, _) => {
                    seen.unavailable.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(50)).await;
                }
                (status, body) => panic!("client {n}: {status} {body}"),
            }
        };
        seen.refreshes.fetch_add(1, Ordering::SeqCst);
        tokens = next;
        match nodes[turn % 2].get_as(&tokens["access_token"], "/user/me").await {
            StatusCode::OK => {}
            StatusCode::SERVICE_UNAVAILABLE => drop(seen.unavailable.fetch_add(1, Ordering::SeqCst)),
            StatusCode::UNAUTHORIZED => drop(seen.access_refused.fetch_add(1, Ordering::SeqCst)),
            status => panic!("client {n}: {status}"),
        }
    }
}

async fn start_two(folder: &Path, urls: [String; 2]) -> [Arc<Process>; 2] {
    let start = |url: String| {
        let folder = folder.to_owned();
        spawn_blocking(move || Arc::new(Process::start(&folder, &["--database-url", &url])))
    };
    let [first, second] = urls;
    // One after the other: the first creates the tables and the key.
    let first = start(first).await.unwrap();
    [first, start(second).await.unwrap()]
}

/// Creates sessions without sign-ins, directly in the database.
async fn sessions(folder: &Path, url: &str) -> Vec<Value> {
    let options = wugan_axum::Options::new(url).signing_key(folder.join("wugan.key"));
    let auth = wugan_axum::Auth::open(options).await.unwrap();
    let mut sessions = Vec::new();
    for n in 0..SESSIONS {
        sessions.push(json!(auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap()));
    }
    auth.close().await;
    sessions
}

/// The time until both processes have this readiness at `/readyz`.
async fn until_ready(nodes: &[Arc<Process>; 2], ready: bool) -> Duration {
    let started = Instant::now();
    loop {
        // A request that is sent a second after a change, or later, must be answered accordingly.
        let (asked, mut states) = (started.elapsed(), Vec::new());
        for node in nodes {
            states.push(node.get("/readyz").await == StatusCode::OK);
        }
        if states.iter().all(|state| *state == ready) {
            return asked;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "readiness is {states:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn events(url: &str, event: audit::Event) -> u64 {
    let db = Database::connect(url).await.unwrap();
    let count = audit::Entity::find().filter(sea_orm::ColumnTrait::eq(&audit::Column::Event, event.name())).count(&db).await.unwrap();
    db.close().await.unwrap();
    count
}

fn rounds() -> usize {
    if long() { 5 } else { 1 }
}

/// The primary stops writing, its connections stay open, and the address moves to the standby, which is promoted later.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts PostgreSQL with a standby: `cargo xtask test` installs it"]
async fn case_41_postgres_is_switched_over_under_load() {
    for _ in 0..rounds() {
        let (folder, pair) = (folder(), PostgresPair::start().await);
        let proxy = Proxy::start(&pair.primary.address()).await;
        let url = PostgresPair::database_url(&format!("127.0.0.1:{}", proxy.port));
        let nodes = start_two(folder.path(), [url.clone(), url.clone()]).await;
        let load = Load::start(&nodes, sessions(folder.path(), &url).await);
        load.refreshes(200).await;
        until_ready(&nodes, true).await;

        pair.demote_primary().await;
        let noticed = until_ready(&nodes, false).await;
        assert!(noticed < Duration::from_secs(1), "{noticed:?}");
        // The standby is read-only: the processes are still not ready.
        proxy.redirect(&pair.standby.address());
        sleep(Duration::from_secs(1)).await;
        for node in &nodes {
            assert_eq!(node.get("/readyz").await, StatusCode::SERVICE_UNAVAILABLE);
        }
        pair.promote_standby().await;
        let back = until_ready(&nodes, true).await;
        assert!(back < Duration::from_secs(5), "{back:?}");
        load.refreshes(200).await;
        let refused = load.stop().await.print(&format!("switchover: not ready after {noticed:?}, ready {back:?} after the promotion"));
        assert_eq!(refused, 0, "no commit was lost");
    }
}

/// The primary is killed with commits that the standby never received: rows go back in time.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts PostgreSQL with a standby: `cargo xtask test` has the programs"]
async fn case_60_postgres_fails_over_to_a_standby_that_lags() {
    for _ in 0..rounds() {
        let (folder, mut pair) = (folder(), PostgresPair::start().await);
        let proxy = Proxy::start(&pair.primary.address()).await;
        let url = PostgresPair::database_url(&format!("127.0.0.1:{}", proxy.port));
        let nodes = start_two(folder.path(), [url.clone(), url.clone()]).await;
        let load = Load::start(&nodes, sessions(folder.path(), &url).await);
        load.refreshes(100).await;

        pair.cut_replication().await;
        load.refreshes(200).await;
        pair.primary.kill();
        let noticed = until_ready(&nodes, false).await;
        assert!(noticed < Duration::from_secs(1), "{noticed:?}");
        pair.promote_standby().await;
        proxy.redirect(&pair.standby.address());
        let back = until_ready(&nodes, true).await;
        assert!(back < Duration::from_secs(5), "{back:?}");
        load.refreshes(200).await;
        load.stop().await.print(&format!("failover with lag: not ready after {noticed:?}, ready {back:?} after the promotion"));
        let behind = events(&url, audit::Event::RowBehindToken).await;
        println!("{behind} sessions went on from a token later than its row");
        assert!(behind > 0);
        assert_eq!(events(&url, audit::Event::ReuseDetected).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "starts three Galera nodes: `cargo xtask test` has the programs"]
async fn case_41_a_galera_node_is_killed_under_load() {
    for _ in 0..rounds() {
        a_galera_node_is_killed_under_load().await;
    }
}

/// Each process has a node of its own; one of these nodes is killed, and its address moves to the third.
async fn a_galera_node_is_killed_under_load() {
    let folder = folder();
    let mut cluster = Galera::start().await;
    let first = Proxy::start(&cluster.nodes[0].address()).await;
    let second = Proxy::start(&cluster.nodes[1].address()).await;
    let url = |proxy: &Proxy| Galera::database_url(&format!("127.0.0.1:{}", proxy.port));
    let nodes = start_two(folder.path(), [url(&first), url(&second)]).await;
    let sessions = sessions(folder.path(), &url(&first)).await;

    // The server retries certification conflicts, so that clients get no error.
    let token = sessions[0]["refresh_token"].clone();
    let mut successor = Value::Null;
    for round in 0..if long() { 40 } else { 4 } {
        let token = if round == 0 { token.clone() } else { successor.clone() };
        let mut callers = JoinSet::new();
        for n in 0..48 {
            let (node, token) = (nodes[n % 2].clone(), token.clone());
            callers.spawn(async move {
                let body = json!({"refresh_token": token, "attempt": format!("attempt-of-round-{round}")});
                let (status, next) = node.post("/user/refresh", body).await.unwrap();
                assert_eq!(status, StatusCode::OK, "{next}");
                next["refresh_token"].clone()
            });
        }
        let all = callers.join_all().await;
        assert!(all.iter().all(|next| *next == all[0]), "round {round}: one successor");
        successor = all[0].clone();
    }

    let load = Load::start(&nodes, sessions[1..].to_vec());
    load.refreshes(200).await;
    cluster.nodes[1].kill();
    let killed = Instant::now();
    let mut noticed = Duration::ZERO;
    while nodes[1].get("/readyz").await == StatusCode::OK {
        assert!(noticed < Duration::from_secs(1), "a request that was sent {noticed:?} after the end is answered 200");
        sleep(Duration::from_millis(20)).await;
        noticed = killed.elapsed();
    }
    sleep(Duration::from_secs(1)).await;
    second.redirect(&cluster.nodes[2].address());
    let back = until_ready(&nodes, true).await;
    assert!(back < Duration::from_secs(15), "{back:?}");
    load.refreshes(200).await;
    let refused =
        load.stop().await.print(&format!("a Galera node killed: not ready after {noticed:?}, ready {back:?} after its address moved"));
    assert_eq!(refused, 0, "no commit was lost");
    assert_eq!(events(&url(&first), audit::Event::ReuseDetected).await, 0);
}
