//! The server: it renders the page, and forwards `/user/…` to a wugan-server, so that both have one origin. README.md says how to build it.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header::HOST},
    response::{Html, Response},
    routing::{any, get},
};
use leptos::prelude::*;
use std::{env, error::Error};
use tower_http::services::ServeDir;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.into());
    let (api, sender) = (setting("API", "http://127.0.0.1:3000"), reqwest::Client::new());
    let forwarded = any(async move |request| forward(&sender, &api, request).await.map_err(|_| StatusCode::BAD_GATEWAY));
    let files = ServeDir::new(setting("PKG", "examples/ssr/pkg"));
    let app = Router::new().route("/", get(async || Html(page()))).route("/user/{*path}", forwarded).nest_service("/pkg", files);
    let listener = tokio::net::TcpListener::bind(setting("LISTEN", "127.0.0.1:8080")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn forward(sender: &reqwest::Client, api: &str, request: Request) -> Result<Response, Box<dyn Error + Send + Sync>> {
    let (mut head, body) = request.into_parts();
    head.uri = format!("{api}{}", head.uri).parse()?;
    head.headers.remove(HOST);
    let body = to_bytes(body, 16 * 1024).await?;
    let response = sender.execute(axum::http::Request::from_parts(head, body).try_into()?).await?;
    Ok(Response::from(response).map(Body::new))
}

/// The page: the app's HTML, the arrays that Leptos reads while it hydrates, and the script.
fn page() -> String {
    let app = Owner::new().with(|| view! { <wugan_example_ssr::App /> }.to_html());
    format!(
        "<!doctype html><html><head><meta charset=utf-8><title>Wugan</title>\
        <script>__RESOLVED_RESOURCES = []; __SERIALIZED_ERRORS = []; __INCOMPLETE_CHUNKS = [];</script>\
        <script type=module>import init, {{ hydrate }} from '/pkg/wugan_example_ssr.js'; await init(); hydrate();</script>\
        </head><body>{app}</body></html>"
    )
}
