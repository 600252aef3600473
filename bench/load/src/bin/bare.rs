//! The bare server: one axum route and nothing else, to measure what HTTP alone costs on this machine.

use axum::{Router, routing::get};
use std::{env, io};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let routes = Router::new().route("/aaa", get(async || "aaa")).route("/healthz", get(async || "ok"));
    axum::serve(TcpListener::bind(address).await?, routes).await
}
