//! Sends a request to the provider, outside of any session, and reads its answer.

use crate::{
    error::Error,
    http::{Request, Response},
    oidc::Error as OidcError,
    platform::default_platform,
    transport::Transport,
};
use futures::future::LocalBoxFuture;
use std::time::Duration;
use web_sys::{RequestCache, RequestCredentials, RequestRedirect};

pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Fetches a public document, past the browser's cache. Belongs to no client. Boxed, so that its code exists once.
pub(crate) fn get(url: &str) -> LocalBoxFuture<'static, Result<Response, Box<OidcError>>> {
    let request = Request::get(url).cache(RequestCache::NoCache);
    Box::pin(async move {
        let transport = Transport::new(default_platform(), String::new(), String::new(), String::new(), Vec::new());
        fetch(&transport, request).await
    })
}

/// Whether an answer has the document that was asked for. A failure of the provider may pass; any other status is a mistake.
pub(crate) fn check_status(answer: &Response) -> Result<(), Box<OidcError>> {
    Err(Box::new(match answer.status().as_u16() {
        200 => return Ok(()),
        408 | 429 | 500.. => OidcError::Unavailable(answer.status_error()),
        status => {
            let reason = format!("the provider answered {status}: check the issuer and its metadata");
            OidcError::Discovery { url: answer.url(), reason }
        }
    }))
}

/// Follows no redirect, and takes no cookies to another origin. The answer's body has been read. Boxed, so that its code exists once.
pub(crate) fn fetch(transport: &Transport, request: Request) -> LocalBoxFuture<'_, Result<Response, Box<OidcError>>> {
    let request = transport.with_defaults(request.redirect(RequestRedirect::Error).credentials(RequestCredentials::SameOrigin));
    let answer = Box::pin(async move {
        let mut response = transport.fetch_once(&request, &transport.address(&request)?, None).await?;
        response.buffer().await?;
        Ok::<_, Box<Error>>(response)
    });
    Box::pin(async move { transport.within(Some(TIMEOUT), answer).await.map_err(|error| OidcError::of_request(*error)) })
}
