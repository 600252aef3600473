//! `GET /user/me`, `POST /user/password`, `POST /user/delete`: the caller's own account.

use super::{body::Json, guard::SignedIn};
use crate::{app::App, clock::rfc3339, error::Error, sessions::Device, store::user};
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use std::sync::Arc;
use wugan_wire::{DeleteAccount, Me, PasswordChange, routes};

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(routes::ME, get(me)).route(routes::PASSWORD, post(password)).route(routes::DELETE, post(delete))
}

async fn me(State(app): State<Arc<App>>, caller: SignedIn) -> Result<axum::Json<Me>, Error> {
    let user = user::by_id(app.store.reader(), caller.user_id).await?.ok_or(Error::InvalidToken)?;
    Ok(axum::Json(Me { id: user.id, username: user.username, created_at: rfc3339(user.created_at) }))
}

async fn password(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    device: Device,
    Json(sent): Json<PasswordChange>,
) -> Result<StatusCode, Error> {
    app.change_password(caller.user_id, caller.sid, sent.current_password, sent.new_password, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn delete(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    device: Device,
    Json(sent): Json<DeleteAccount>,
) -> Result<StatusCode, Error> {
    app.delete_account(caller.user_id, sent.password, device).await?;
    Ok(StatusCode::NO_CONTENT)
}
