//! `POST /user/logout`, `GET /user/sessions`, `DELETE /user/sessions/{id}`: the caller's sessions.

use super::{body::Json, user::Caller};
use crate::{
    auth::Auth,
    clock::{Millis, rfc3339},
    device::Device,
    error::Error,
    store::session,
};
use axum::{
    Router,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    routing::{delete, get, post},
};
use serde::Deserialize;
use uuid::Uuid;
use wugan_wire::{LogoutScope, RefreshRequest, SessionItem, routes};

const MINUTE: Millis = 60_000;

#[derive(Deserialize)]
struct Scope {
    #[serde(default)]
    scope: LogoutScope,
}

pub(super) fn router() -> Router<Auth> {
    Router::new()
        .route(routes::LOGOUT, post(logout))
        .route(routes::SESSIONS, get(list))
        .route(&format!("{}/{{id}}", routes::SESSIONS), delete(end))
}

async fn logout(
    State(auth): State<Auth>,
    scope: Result<Query<Scope>, QueryRejection>,
    device: Device,
    Json(body): Json<RefreshRequest>,
) -> Result<StatusCode, Error> {
    let Query(Scope { scope }) = scope.map_err(|_| Error::InvalidRequest("The scope is this, others or all."))?;
    auth.sessions().logout(&body.refresh_token, scope, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn list(State(auth): State<Auth>, Caller(user): Caller) -> Result<axum::Json<Vec<SessionItem>>, Error> {
    let item = |row: session::Model| SessionItem {
        current: row.id == user.session_id,
        id: row.id.to_string(),
        created_at: rfc3339(row.created_at),
        // Rounded to minutes: the exact time would show a thief when the owner is active.
        last_used_at: rfc3339((row.last_used_at / MINUTE * MINUTE).max(row.created_at)),
        user_agent: row.last_user_agent.or(row.user_agent),
        ip: row.last_ip.or(row.ip),
    };
    Ok(axum::Json(auth.sessions().list(user.id).await?.into_iter().map(item).collect()))
}

/// By name: a router that these routes are nested in may have parameters of its own.
#[derive(Deserialize)]
struct SessionPath {
    id: Uuid,
}

type InPath = Result<Path<SessionPath>, PathRejection>;

async fn end(State(auth): State<Auth>, Caller(user): Caller, path: InPath, device: Device) -> Result<StatusCode, Error> {
    let Path(SessionPath { id }) = path.map_err(|_| Error::NotFound)?;
    auth.sessions().end_own(user.id, id, &device).await?;
    Ok(StatusCode::NO_CONTENT)
}
