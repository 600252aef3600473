//! How a backend renews tokens, and which of its answers end the session.
//!
//! | grant | for | refresh | a rejection is |
//! | --- | --- | --- | --- |
//! | [`Json`] | wugan-server, NestJS, Express, Django SimpleJWT, ASP.NET | POST with JSON | 401 that is not a proxy's; 4xx with a known error code |
//! | [`Query`] | the tutorial's backend | GET with a query | the same |
//! | [`OAuth2`] | OAuth 2.0 and OpenID Connect providers | POST with a form | 4xx with a known error code |
//! | [`Cookie`] | a refresh token in an HttpOnly cookie | POST without a body | as [`Json`] |
//!
//! Known error codes, in the members `error`, `code` or `error_code`: `invalid_grant` (RFC 6749 §5.2); `login_required`,
//! `interaction_required`, `consent_required`, `account_selection_required` (OpenID Connect Core §3.1.2.6); `token_not_valid`,
//! `refresh_token_not_found`, `refresh_token_already_used`, `session_not_found`, `session_expired`. `rejection_codes` replaces them.
//!
//! Everything else keeps the session: an HTML page is a proxy's or a captive portal's, and so is a 401 whose `WWW-Authenticate` asks for a
//! password (`Basic`, `Digest`, `Negotiate`, `NTLM`) and whose body is no JSON object; a 400 without such a code is a failed validation, a
//! 5xx or 429 is an outage.
//! [`Warning::NoVerdict`](crate::Warning::NoVerdict) then gives the reason.

mod cookie;
mod fields;
mod json;
mod oauth2;
mod query;

use crate::{
    http::{Request, header::contains, response::Response},
    json::{Object, without_byte_order_mark},
    session::tokens::TokenSet,
};
use std::fmt;

pub use cookie::Cookie;
pub use json::Json;
pub use oauth2::OAuth2;
pub use query::Query;

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

    /// Tells clients of one token endpoint apart, and the APIs that their tokens are for: each has a session of its own.
    fn client_id(&self) -> Option<&str> {
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

/// A token endpoint's answer.
#[non_exhaustive]
pub struct TokenResponse<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    response: &'a Response,
}

impl fmt::Debug for TokenResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl<'a> TokenResponse<'a> {
    /// Of a response whose body has been read.
    pub(crate) fn new(response: &'a Response) -> TokenResponse<'a> {
        TokenResponse { status: response.status().as_u16(), body: response.buffered(), response }
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.header(name)
    }

    /// The body as a JSON object.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        Object::read(self.body)
    }

    /// Whether the member `token_type` is this one (RFC 6749 §7.1).
    #[cfg(any(feature = "dpop", feature = "oidc"))]
    pub(crate) fn is_of_type(&self, name: &str) -> bool {
        self.object().and_then(|answer| answer.text("token_type")).is_some_and(|kind| kind.eq_ignore_ascii_case(name))
    }

    /// Whether the body is an HTML page, as proxies and captive portals send it.
    #[must_use]
    pub fn is_html(&self) -> bool {
        let starts_with_tag = without_byte_order_mark(self.body).trim_ascii_start().starts_with(b"<");
        starts_with_tag || self.header("content-type").is_some_and(|kind| contains(&kind.to_ascii_lowercase(), "html"))
    }

    /// Whether the response asks for a password by a scheme that the page's program cannot answer (RFC 9110 §11.6.1), as a proxy in front
    /// of a test system does (RFC 7617, RFC 7616, RFC 4559).
    fn asks_for_password(&self) -> bool {
        let challenge = self.header("www-authenticate").unwrap_or_default().to_ascii_lowercase();
        ["basic", "digest", "negotiate", "ntlm"].iter().any(|scheme| challenge.starts_with(scheme))
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
    /// No verdict, for this reason: the session is kept and the refresh is tried again.
    Unavailable(String),
}
