//! The interface of a grant: requests, and what the answers mean.

use crate::{grant::token_response::TokenResponse, http::Request, tokens::TokenSet};
use std::fmt;

/// Builds the requests of a backend for token renewal and reads its answers. The engine sends them.
///
/// ```
/// use wugan::{Request, TokenSet, grant::{Exchange, RefreshGrant, RefreshOutcome, TokenResponse}};
///
/// struct Custom;
///
/// impl RefreshGrant for Custom {
///     fn refresh(&self, exchange: &Exchange<'_>) -> Request {
///         Request::put("/session").header("x-renew", exchange.refresh_token)
///     }
///     fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
///         match (response.status, response.header("x-access"), response.header("x-renew")) {
///             (204, Some(access), Some(renew)) => RefreshOutcome::Granted(TokenSet::new(access, renew)),
///             (410, ..) => RefreshOutcome::Rejected,
///             (status, ..) => RefreshOutcome::Unavailable(format!("status {status}")),
///         }
///     }
/// }
/// ```
pub trait RefreshGrant: 'static {
    /// The request that exchanges a refresh token for new tokens. It is sent without an access token and follows no redirect.
    fn refresh(&self, exchange: &Exchange<'_>) -> Request;

    /// Reads the answer to a refresh, or to a sign-in.
    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome;

    /// The sign-out request: it tells the server that the session of this refresh token has ended. `None` sends none.
    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        let _ = exchange;
        None
    }

    /// Whether the page has the refresh token. `false`: the browser sends it in a cookie.
    fn needs_refresh_token(&self) -> bool {
        true
    }

    /// Appended to the storage key. Distinguishes the sessions of one token endpoint, such as by client id and API: each has a record of its
    /// own.
    fn storage_key_suffix(&self) -> Option<&str> {
        None
    }
}

/// One exchange of a refresh token. `Debug` shows nothing of it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// Empty if it is in a cookie.
    pub refresh_token: &'a str,
    /// Identifies the exchange: the same for each attempt, from whichever tab. For servers that recognise a repeated request by it.
    pub attempt: &'a str,
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").finish_non_exhaustive()
    }
}

/// What a token endpoint's answer means for the session.
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshOutcome {
    /// New tokens.
    Granted(TokenSet),
    /// The refresh token is no longer valid: the session ends.
    Rejected,
    /// Neither tokens nor a rejection, for this reason: the session is kept and the refresh is tried again.
    Unavailable(String),
}
