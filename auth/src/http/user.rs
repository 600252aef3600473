//! The guard: extracts the user of a valid access token (RFC 6750 §2.1).

use crate::{auth::Auth, device::Device, error::Error};
use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use uuid::Uuid;

/// The user of a request. A handler that takes it answers 401 without a valid access token; one that takes `Option<User>` answers 401 only
/// if an invalid one was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// The account's id, which is never reused.
    pub id: i64,
    /// The session's id.
    pub session_id: Uuid,
}

impl<S: Send + Sync> FromRequestParts<S> for User
where
    Auth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let token = bearer_token(&parts.headers)?.ok_or(Error::MissingToken)?.to_owned();
        authenticate(parts, state, &token).await
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User
where
    Auth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Error> {
        let Some(token) = bearer_token(&parts.headers)?.map(str::to_owned) else { return Ok(None) };
        authenticate(parts, state, &token).await.map(Some)
    }
}

async fn authenticate<S: Send + Sync>(parts: &mut Parts, state: &S, token: &str) -> Result<User, Error>
where
    Auth: FromRef<S>,
{
    let Ok(device) = Device::from_request_parts(parts, state).await;
    let claims = Auth::from_ref(state).sessions().authenticate(token, &device).await?;
    Ok(User { id: claims.user_id, session_id: claims.sid })
}

/// The Bearer token; `None` without one, or with credentials of another scheme.
fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::InvalidRequest("There may be only one Authorization header."));
    }
    let value = value.to_str().map_err(|_| Error::InvalidToken)?;
    Ok(value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim()))
}
