//! How a backend renews tokens, and which of its answers end the session.
//!
//! | grant | for | refresh | a rejection is |
//! | --- | --- | --- | --- |
//! | [`Json`] | wugan-server, NestJS, Express, Django SimpleJWT, ASP.NET | POST with JSON | 401 that is not a proxy's; 4xx with a known error code |
//! | [`Query`] | the backend of the NestJS tutorial | GET with a query | the same |
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
//! [`Warning::UnrecognizedResponse`](crate::Warning::UnrecognizedResponse) then gives the reason.

mod cookie;
mod fields;
mod json;
mod oauth2;
mod query;
pub(crate) mod refresh_grant;
pub(crate) mod token_response;

pub use cookie::Cookie;
pub use json::Json;
pub use oauth2::OAuth2;
pub use query::Query;
pub use refresh_grant::{Exchange, RefreshGrant, RefreshOutcome};
pub use token_response::TokenResponse;
