//! The guard: extracts the user of a valid access token (RFC 6750 §2.1, RFC 9449 §7.1).

use crate::{auth::Auth, device::Device, dpop::Scheme, error::Error, user::User};
use axum::{
    extract::{FromRef, FromRequestParts, OptionalFromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

impl<S: Send + Sync> FromRequestParts<S> for User
where
    Auth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        authenticate(parts, state).await?.ok_or(Error::MissingToken)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for User
where
    Auth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Error> {
        authenticate(parts, state).await
    }
}

/// The user of a request to one of the library's own guarded routes. These routes query the database, so the requests of a session are limited.
pub(super) struct Caller(pub(super) User);

impl FromRequestParts<Auth> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, auth: &Auth) -> Result<Self, Error> {
        let user = authenticate(parts, auth).await?.ok_or(Error::MissingToken)?;
        auth.sessions().count_query(user.session_id)?;
        Ok(Self(user))
    }
}

/// `None` without an access token.
async fn authenticate<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Option<User>, Error>
where
    Auth: FromRef<S>,
{
    let Ok(device) = Device::from_request_parts(parts, state).await;
    let Some(token) = access_token(&parts.headers)? else { return Ok(None) };
    let claims = Auth::from_ref(state).sessions().authenticate(token, &device).await.map_err(|error| match (token.0, error) {
        // The challenge names the scheme that was used.
        (Scheme::Dpop, Error::InvalidToken) => Error::InvalidBoundToken,
        (_, error) => error,
    })?;
    Ok(Some(User::new(claims.user_id, claims.sid)))
}

/// The access token with its scheme; `None` without one, or with credentials of another scheme.
fn access_token(headers: &HeaderMap) -> Result<Option<(Scheme, &str)>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::InvalidRequest("There may be only one Authorization header."));
    }
    let value = value.to_str().map_err(|_| Error::InvalidToken)?;
    let schemes = [("bearer", Scheme::Bearer), ("dpop", Scheme::Dpop)];
    let scheme = |name: &str| schemes.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, scheme)| scheme);
    Ok(value.split_once(' ').and_then(|(name, token)| Some((scheme(name)?, token.trim()))))
}
