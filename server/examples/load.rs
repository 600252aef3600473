//! How much a running server takes: the bare route, the guarded one and the refresh, from 64 connections each, for five seconds.
//!
//! `cargo run --release -p wugan-server --example load -- http://127.0.0.1:3000 NAME PASSWORD`. Caller and server share the machine, so
//! the ratio between the lines says more than a line does.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use reqwest::Client;
use serde_json::json;
use std::{
    env,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use wugan_wire::TokenAnswer;

const CONNECTIONS: usize = 64;
const TIME: Duration = Duration::from_secs(5);

#[derive(Clone, Copy)]
enum What {
    Bare,
    Guarded,
    Refresh,
}

#[tokio::main]
async fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let [url, name, password] = args.as_slice() else { panic!("URL NAME PASSWORD") };
    let http = Client::builder().no_proxy().build().unwrap();
    let mut sessions = Vec::new();
    for _ in 0..CONNECTIONS {
        let answer = http.post(format!("{url}/user/login")).json(&json!({"username": name, "password": password})).send().await.unwrap();
        sessions.push(answer.error_for_status().unwrap().json::<TokenAnswer>().await.unwrap());
    }
    for (label, what) in [("bare", What::Bare), ("guarded", What::Guarded), ("refresh", What::Refresh)] {
        let mut callers = JoinSet::new();
        for tokens in sessions.drain(..) {
            let (http, url) = (http.clone(), url.clone());
            callers.spawn(async move { call(&http, &url, what, tokens).await });
        }
        let mut times = Vec::new();
        for (tokens, took) in callers.join_all().await {
            sessions.push(tokens);
            times.extend(took);
        }
        times.sort_unstable();
        let at = |share: usize| times[(times.len() - 1) * share / 1000];
        println!("{label:8} {:8.0} a second   p50 {:?}   p99 {:?}", times.len() as f64 / TIME.as_secs_f64(), at(500), at(990));
    }
}

async fn call(http: &Client, url: &str, what: What, mut tokens: TokenAnswer) -> (TokenAnswer, Vec<Duration>) {
    let (mut times, end) = (Vec::new(), Instant::now() + TIME);
    while Instant::now() < end {
        let started = Instant::now();
        let request = match what {
            What::Bare => http.get(format!("{url}/aaa")),
            What::Guarded => http.get(format!("{url}/bbb")).bearer_auth(&tokens.access_token),
            What::Refresh => http.post(format!("{url}/user/refresh")).json(&json!({"refresh_token": tokens.refresh_token})),
        };
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        match what {
            What::Refresh => tokens = answer.json().await.unwrap(),
            _ => drop(answer.bytes().await.unwrap()),
        }
        times.push(started.elapsed());
    }
    (tokens, times)
}
