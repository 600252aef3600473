//! The guard: an extractor that lets only a good access token in (RFC 6750 §2.1).

use crate::{app::App, error::Error, sessions::Device, tokens::Claims};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use std::{ops::Deref, sync::Arc};

/// Who calls. A handler that takes it is guarded.
pub(super) struct SignedIn(Claims);

impl Deref for SignedIn {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.0
    }
}

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Error> {
        let mut sent = parts.headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = sent.next() else { return Err(Error::MissingToken) };
        if sent.next().is_some() {
            return Err(Error::InvalidRequest("There may be only one Authorization header."));
        }
        let value = value.to_str().map_err(|_| Error::InvalidToken)?;
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                let token = token.trim().to_owned();
                let Ok(device) = Device::from_request_parts(parts, app).await;
                app.authenticate(&token, device).await.map(Self)
            }
            // No token, or another scheme's credentials, which are none of ours.
            _ => Err(Error::MissingToken),
        }
    }
}
