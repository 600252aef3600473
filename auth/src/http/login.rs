//! `POST /user/register`, `POST /user/login`, `POST /user/reset`: from a password or a one-time code to tokens.

use super::{body::Json, token_response::token_response};
use crate::{auth::Auth, device::Device, error::Error};
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::post};
use wugan_wire::{Credentials, PasswordReset, routes};

pub(super) fn router(registration: bool) -> Router<Auth> {
    let router = Router::new().route(routes::LOGIN, post(login)).route(routes::RESET, post(reset));
    if registration { router.route(routes::REGISTER, post(register)) } else { router }
}

async fn register(State(auth): State<Auth>, device: Device, Json(body): Json<Credentials>) -> Result<Response, Error> {
    let tokens = auth.accounts().register(&body.username, &body.password, &device).await?;
    Ok(token_response(StatusCode::CREATED, tokens))
}

async fn login(State(auth): State<Auth>, device: Device, Json(body): Json<Credentials>) -> Result<Response, Error> {
    let tokens = auth.accounts().login(&body.username, &body.password, &device).await?;
    Ok(token_response(StatusCode::OK, tokens))
}

async fn reset(State(auth): State<Auth>, device: Device, Json(body): Json<PasswordReset>) -> Result<Response, Error> {
    let tokens = auth.accounts().reset_password(&body.code, &body.new_password, &device).await?;
    Ok(token_response(StatusCode::OK, tokens))
}
