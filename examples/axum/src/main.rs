//! An axum application with accounts by wugan-axum, and notes for each user.

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
    routing::get,
};
use std::{
    collections::HashMap,
    env,
    error::Error,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpListener;
use tower_http::services::ServeDir;
use wugan_axum::{Auth, Options, User};

#[derive(Clone, FromRef)]
struct App {
    auth: Auth,
    notes: Arc<Mutex<HashMap<i64, Vec<String>>>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let setting = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.into());
    let access_ttl = Duration::from_secs(setting("ACCESS_SECONDS", "1800").parse()?);
    let auth = Auth::open(Options::new("sqlite://notes.db").signing_key("notes.key").access_ttl(access_ttl)).await?;
    let page = ServeDir::new(setting("PAGE", "page/dist"));
    let routes = Router::new().route("/notes", get(list).post(add)).merge(auth.routes()).fallback_service(page);
    let app = routes.with_state(App { auth, notes: Arc::default() });
    let listener = TcpListener::bind(setting("LISTEN", "127.0.0.1:3000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

async fn list(State(app): State<App>, user: User) -> Json<Vec<String>> {
    Json(app.notes.lock().unwrap_or_else(PoisonError::into_inner).get(&user.id).cloned().unwrap_or_default())
}

async fn add(State(app): State<App>, user: User, note: String) -> StatusCode {
    app.notes.lock().unwrap_or_else(PoisonError::into_inner).entry(user.id).or_default().push(note);
    StatusCode::CREATED
}
