//! The refresh token in an HttpOnly cookie.

use crate::{
    grant::{Exchange, RefreshGrant, RefreshOutcome, TokenResponse, fields::Fields},
    http::Request,
    tokens::TokenSet,
};
use web_sys::RequestCredentials;

/// Refreshes with a cookie that the page cannot read; the access token is in the JSON response.
///
/// The sign-in needs cookies too: at another origin, set
/// [`ClientBuilder::credentials`](crate::ClientBuilder::credentials)`(RequestCredentials::Include)`, or the request's own. If the
/// browser has a cookie from an earlier visit and the page no tokens, [`Client::resume`](crate::Client::resume) starts the session.
#[derive(Clone, Debug)]
pub struct Cookie {
    url: String,
    revoke: Option<String>,
    fields: Fields,
}

impl Cookie {
    /// Refreshes by a POST to this URL.
    pub fn new(url: impl Into<String>) -> Cookie {
        Cookie { url: url.into(), revoke: None, fields: Fields::default() }
    }

    /// Tells the server of a sign-out by a POST to this URL, so that it removes the cookie.
    #[must_use]
    pub fn revoke(mut self, url: impl Into<String>) -> Cookie {
        self.revoke = Some(url.into());
        self
    }

    /// Other names for `access_token` and `expires_in`.
    #[must_use]
    pub fn fields(mut self, access_token: &str, expires_in: &str) -> Cookie {
        self.fields = Fields { rejection_codes: self.fields.rejection_codes, ..Fields::named(access_token, "", expires_in) };
        self
    }

    /// The error codes that end the session, in place of the [known ones](crate::grant).
    #[must_use]
    pub fn rejection_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Cookie {
        self.fields.set_rejection_codes(codes);
        self
    }
}

impl RefreshGrant for Cookie {
    fn refresh(&self, _: &Exchange<'_>) -> Request {
        Request::post(&self.url).credentials(RequestCredentials::Include)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        match self.fields.parse(response, true) {
            // A refresh token in the body too is not for the page to keep.
            RefreshOutcome::Granted(tokens) => RefreshOutcome::Granted(TokenSet { refresh_token: None, ..tokens }),
            outcome => outcome,
        }
    }

    fn revoke(&self, _: &Exchange<'_>) -> Option<Request> {
        Some(Request::post(self.revoke.as_ref()?).credentials(RequestCredentials::Include))
    }

    fn needs_refresh_token(&self) -> bool {
        false
    }
}
