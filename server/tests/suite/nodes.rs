//! Two processes on one database, as behind a load balancer: cases 4, 7 and 19.

use crate::{
    database::{Kind, on_each_database},
    process::Process,
    test_server::{TestServer, claims, folder, long},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::Barrier,
    task::{JoinSet, spawn_blocking},
};
use wugan_axum::Device;

/// Starts two processes at the same time.
async fn start_two(folder: &Path, database_url: &str) -> [Arc<Process>; 2] {
    let start = || {
        let (folder, url) = (folder.to_owned(), database_url.to_owned());
        spawn_blocking(move || Arc::new(Process::start(&folder, &["--database-url", &url])))
    };
    let (one, other) = (start(), start());
    [one.await.unwrap(), other.await.unwrap()]
}

/// Creates sessions without sign-ins, which would take a hash each.
async fn sessions(maker: &TestServer, many: usize) -> Vec<Value> {
    let mut made = Vec::new();
    for n in 0..many {
        made.push(json!(maker.auth.start_session(&format!("test:{n}"), &Device::default()).await.unwrap()));
    }
    made
}

on_each_database! {
    /// One of them creates the tables and the key; both serve.
    async fn two_processes_start_at_once_on_a_new_database(kind: Kind) {
        let folder = folder();
        let url = kind.create(folder.path()).await;
        let nodes = start_two(folder.path(), &url).await;
        let tokens = nodes[0].register("ada").await;
        assert!(nodes[1].accepts(&tokens["access_token"]).await);
        assert_eq!(nodes[1].refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::OK);
        drop(nodes);
        kind.drop(&url).await;
    }

    async fn case_04_of_many_refreshes_at_two_processes_one_rotates(kind: Kind) {
        const CONCURRENT: usize = 64;
        let rounds = if long() { 200 } else { 4 };
        let maker = TestServer::start(kind).await;
        let nodes = start_two(maker.folder(), &maker.config.database_url).await;
        let mut token = sessions(&maker, 1).await.remove(0)["refresh_token"].clone();
        for round in 1..=rounds {
            let barrier = Arc::new(Barrier::new(CONCURRENT));
            let mut callers = JoinSet::new();
            for n in 0..CONCURRENT {
                let (node, barrier, token) = (nodes[n % 2].clone(), barrier.clone(), token.clone());
                callers.spawn(async move {
                    barrier.wait().await;
                    let (status, tokens) = node.refresh(&token).await.unwrap();
                    assert_eq!(status, StatusCode::OK, "{tokens}");
                    tokens["refresh_token"].as_str().unwrap().to_owned()
                });
            }
            let successors: HashSet<_> = callers.join_all().await.into_iter().collect();
            assert_eq!(successors.len(), 1, "round {round}");
            let successor = successors.into_iter().next().unwrap();
            assert_eq!(claims(&successor)["gen"], round);
            token = json!(successor);
        }
        drop(nodes);
        maker.stop().await;
    }

    async fn case_07_a_revocation_takes_effect_in_another_process_within_five_seconds(kind: Kind) {
        let maker = TestServer::start(kind).await;
        let nodes = start_two(maker.folder(), &maker.config.database_url).await;
        let tokens = sessions(&maker, 1).await.remove(0);
        assert!(nodes[1].accepts(&tokens["access_token"]).await, "cached by the other process");
        let (status, _) = nodes[0].post("/user/logout", json!({"refresh_token": tokens["refresh_token"]})).await.unwrap();
        let revoked = Instant::now();
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(!nodes[0].accepts(&tokens["access_token"]).await, "refused at once by the process that revoked it");
        assert_eq!(nodes[1].refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::UNAUTHORIZED, "refreshes are refused at once, too");
        // The time of sending counts: a busy machine may answer late.
        let mut sent = revoked.elapsed();
        while nodes[1].accepts(&tokens["access_token"]).await {
            assert!(sent < Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(50)).await;
            sent = revoked.elapsed();
        }
        drop(nodes);
        maker.stop().await;
    }

    async fn case_19_two_hundred_refresh_at_two_processes_without_an_error(kind: Kind) {
        let maker = TestServer::start(kind).await;
        let nodes = start_two(maker.folder(), &maker.config.database_url).await;
        let mut callers = JoinSet::new();
        for (n, mut tokens) in sessions(&maker, 200).await.into_iter().enumerate() {
            let nodes = nodes.clone();
            callers.spawn(async move {
                for turn in 0..3 {
                    let (status, next) = nodes[(n + turn) % 2].refresh(&tokens["refresh_token"]).await.unwrap();
                    assert_eq!(status, StatusCode::OK, "{next}");
                    assert!(nodes[n % 2].accepts(&next["access_token"]).await);
                    tokens = next;
                }
            });
        }
        callers.join_all().await;
        drop(nodes);
        maker.stop().await;
    }
}
