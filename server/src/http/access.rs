//! `POST /user/register`, `POST /user/login`: from a name and a password to tokens.

use super::{answer, body::Json, turn::Turn};
use crate::{app::App, error::Error, sessions::Device};
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::post};
use std::sync::Arc;
use wugan_wire::{Credentials, routes};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(routes::REGISTER, post(register)).route(routes::LOGIN, post(login))
}

async fn register(State(app): State<Arc<App>>, _: Turn, device: Device, Json(sent): Json<Credentials>) -> Result<Response, Error> {
    let tokens = app.register(&sent.username, sent.password, device).await?;
    Ok(answer::tokens(StatusCode::CREATED, tokens))
}

async fn login(State(app): State<Arc<App>>, _: Turn, device: Device, Json(sent): Json<Credentials>) -> Result<Response, Error> {
    let tokens = app.login(&sent.username, sent.password, device).await?;
    Ok(answer::tokens(StatusCode::OK, tokens))
}
