//! The server: `cargo run -p wugan-example-ssr --features ssr`, with the browser's part in `examples/ssr/pkg`:
//!
//! ```sh
//! RUSTFLAGS= cargo build -p wugan-example-ssr --lib --features hydrate --target wasm32-unknown-unknown
//! wasm-bindgen --target web --out-dir examples/ssr/pkg target/wasm32-unknown-unknown/debug/wugan_example_ssr.wasm
//! ```
//!
//! `RUSTFLAGS=` because `--cfg erase_components`, which this project sets for wasm32, has to be the same for server and browser.

use axum::{Router, response::Html, routing::get};
use std::io;
use tower_http::services::ServeDir;

#[tokio::main]
async fn main() -> io::Result<()> {
    let app =
        Router::new().route("/", get(|| async { Html(wugan_example_ssr::page()) })).nest_service("/pkg", ServeDir::new("examples/ssr/pkg"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await
}
