//! `POST /user/refresh`, and `GET /user/refresh?refresh_token=…` as clients of the NestJS tutorial send it
//! (`docs/guide/src/tutorial.md`).

use super::{
    body::{Json, missing},
    token_response::token_response,
};
use crate::{attempt::Attempt, auth::Auth, device::Device, error::Error};
use axum::{
    Router,
    extract::{Query, State, rejection::QueryRejection},
    http::{Method, StatusCode},
    response::Response,
    routing::post,
};
use serde::Deserialize;
use wugan_wire::{RefreshExchange, routes};

/// The tutorial's form, which has no attempt id.
#[derive(Deserialize)]
struct InQuery {
    refresh_token: Option<String>,
}

pub(super) fn router(query_refresh: bool) -> Router<Auth> {
    let methods = post(in_body);
    Router::new().route(routes::REFRESH, if query_refresh { methods.get(in_query) } else { methods })
}

async fn in_body(State(auth): State<Auth>, device: Device, Json(body): Json<RefreshExchange>) -> Result<Response, Error> {
    let attempt = body.attempt.as_deref().map(Attempt::parse).transpose()?;
    Ok(token_response(StatusCode::OK, auth.sessions().refresh(&body.refresh_token, attempt, &device).await?))
}

async fn in_query(
    method: Method,
    State(auth): State<Auth>,
    device: Device,
    query: Result<Query<InQuery>, QueryRejection>,
) -> Result<Response, Error> {
    // axum answers HEAD by the handler of GET. A HEAD that rotates would discard the new tokens.
    if method == Method::HEAD {
        return Err(Error::MethodNotAllowed);
    }
    let Query(query) = query.map_err(|_| Error::InvalidRequest("The query could not be read."))?;
    let token = query.refresh_token.ok_or_else(|| Error::InvalidInput(vec![missing("refresh_token")]))?;
    Ok(token_response(StatusCode::OK, auth.sessions().refresh(&token, None, &device).await?))
}
