//! `POST /user/refresh` and the tutorial's `GET /user/refresh?refresh_token=…`: from a refresh token to the next pair.

use super::{
    answer,
    body::{Json, missing},
};
use crate::{
    app::App,
    error::Error,
    sessions::{Attempt, Device},
};
use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{Method, StatusCode},
    response::Response,
    routing::post,
};
use serde::Deserialize;
use std::sync::Arc;
use wugan_wire::{RefreshExchange, routes};

/// The tutorial's form, which has no attempt id. A query stands in no log of ours: the access log writes paths alone.
#[derive(Deserialize)]
struct InQuery {
    refresh_token: Option<String>,
}

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(routes::REFRESH, post(in_body).get(in_query))
}

async fn in_body(State(app): State<Arc<App>>, device: Device, Json(sent): Json<RefreshExchange>) -> Result<Response, Error> {
    let attempt = sent.attempt.as_deref().map(Attempt::parse).transpose()?;
    Ok(answer::tokens(StatusCode::OK, app.refresh(&sent.refresh_token, attempt, device).await?))
}

async fn in_query(
    method: Method,
    State(app): State<Arc<App>>,
    device: Device,
    query: Result<Query<InQuery>, QueryRejection>,
) -> Result<Response, Error> {
    // axum answers HEAD by GET; a HEAD that rotates would throw its tokens away.
    if method == Method::HEAD {
        return Err(Error::MethodNotAllowed);
    }
    let Query(sent) = query.map_err(|_| Error::InvalidRequest("The query could not be read."))?;
    let token = sent.refresh_token.ok_or_else(|| Error::InvalidInput(vec![missing("refresh_token")]))?;
    Ok(answer::tokens(StatusCode::OK, app.refresh(&token, None, device).await?))
}
