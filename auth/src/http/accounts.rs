//! `GET /user/me`, `POST /user/password`, `POST /user/delete`: the caller's own account.

use super::{body::Json, token_response::token_response, user::Caller};
use crate::{auth::Auth, clock::rfc3339, device::Device, error::Error};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use wugan_wire::{DeleteAccount, Me, PasswordChange, routes};

pub(super) fn router() -> Router<Auth> {
    Router::new().route(routes::ME, get(me)).route(routes::PASSWORD, post(password)).route(routes::DELETE, post(delete))
}

async fn me(State(auth): State<Auth>, Caller(user): Caller) -> Result<axum::Json<Me>, Error> {
    let account = auth.accounts().get(user.id).await?;
    Ok(axum::Json(Me { id: account.id, username: account.username, created_at: rfc3339(account.created_at) }))
}

async fn password(
    State(auth): State<Auth>,
    Caller(user): Caller,
    device: Device,
    Json(body): Json<PasswordChange>,
) -> Result<Response, Error> {
    let tokens = auth.accounts().change_password(user.id, &body.current_password, &body.new_password, &device).await?;
    Ok(token_response(StatusCode::OK, tokens))
}

async fn delete(
    State(auth): State<Auth>,
    Caller(user): Caller,
    device: Device,
    Json(body): Json<DeleteAccount>,
) -> Result<StatusCode, Error> {
    auth.accounts().delete(user.id, &body.password, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
