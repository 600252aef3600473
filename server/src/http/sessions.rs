//! `POST /user/logout`, `GET /user/sessions`, `DELETE /user/sessions/{id}`: where the caller is signed in, and ending it.

use super::{body::Json, guard::SignedIn};
use crate::{
    app::App,
    clock::{Millis, rfc3339},
    error::Error,
    sessions::Device,
    store::session::{self, Which},
};
use axum::{
    Router,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    routing::{delete, get, post},
};
use serde::Deserialize;
use std::sync::Arc;
use uuid::Uuid;
use wugan_wire::{LogoutScope, RefreshRequest, SessionItem, routes};

const MINUTE: Millis = 60_000;

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    scope: LogoutScope,
}

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(routes::LOGOUT, post(logout))
        .route(routes::SESSIONS, get(list))
        .route(&format!("{}/{{id}}", routes::SESSIONS), delete(end))
}

/// RFC 7009 §2.2: a token that is unknown or already revoked is no error.
async fn logout(
    State(app): State<Arc<App>>,
    scope: Result<Query<Scope>, QueryRejection>,
    device: Device,
    Json(sent): Json<RefreshRequest>,
) -> Result<StatusCode, Error> {
    let Query(Scope { scope }) = scope.map_err(|_| Error::InvalidRequest("The scope is this, others or all."))?;
    app.logout(&sent.refresh_token, scope, device).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(State(app): State<Arc<App>>, caller: SignedIn) -> Result<axum::Json<Vec<SessionItem>>, Error> {
    let rows = session::live(app.store.reader(), caller.user_id, app.clock.now()).await?;
    let item = |row: session::Model| SessionItem {
        current: row.id == caller.sid,
        id: row.id.to_string(),
        created_at: rfc3339(row.created_at),
        // To the minute: more exactly it would tell a thief when the owner acts.
        last_used_at: rfc3339((row.last_used_at / MINUTE * MINUTE).max(row.created_at)),
        user_agent: row.user_agent,
        ip: row.ip,
    };
    Ok(axum::Json(rows.into_iter().map(item).collect()))
}

async fn end(State(app): State<Arc<App>>, caller: SignedIn, Path(id): Path<String>, device: Device) -> Result<StatusCode, Error> {
    let id: Uuid = id.parse().map_err(|_| Error::NotFound)?;
    let row = session::by_id(app.store.reader(), id).await?;
    // Somebody else's is no more there than one that never was.
    let mine = row.filter(|row| row.user_id == caller.user_id && row.revoked_at.is_none()).ok_or(Error::NotFound)?;
    app.end_sessions(Which::One(id), &mine, device).await?;
    Ok(StatusCode::NO_CONTENT)
}
