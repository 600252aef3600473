//! The refresh token in a URL's query.

use crate::{
    grant::{Exchange, RefreshGrant, RefreshOutcome, TokenResponse, fields::Fields},
    http::Request,
};
use web_sys::RequestCache;

/// Sends the refresh token in the query of a GET, as the backend of the NestJS tutorial expects it. URLs end up in logs: prefer
/// [`Json`](crate::grant::Json) where the server allows it.
#[derive(Clone, Debug)]
pub struct Query {
    url: String,
    fields: Fields,
}

impl Default for Query {
    /// The tutorial: `/user/refresh?refresh_token=…`.
    fn default() -> Query {
        Query::new("/user/refresh")
    }
}

impl Query {
    /// Refreshes by a GET of this URL.
    pub fn new(url: impl Into<String>) -> Query {
        Query { url: url.into(), fields: Fields::default() }
    }

    /// Other names for `access_token`, `refresh_token` and `expires_in`, in requests and responses.
    #[must_use]
    pub fn fields(mut self, access_token: &str, refresh_token: &str, expires_in: &str) -> Query {
        self.fields = Fields { rejection_codes: self.fields.rejection_codes, ..Fields::named(access_token, refresh_token, expires_in) };
        self
    }

    /// The error codes that end the session, in place of the [known ones](crate::grant).
    #[must_use]
    pub fn rejection_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Query {
        self.fields.set_rejection_codes(codes);
        self
    }
}

impl RefreshGrant for Query {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        // A cached answer would contain tokens that have been exchanged already.
        Request::get(&self.url).query(&[(&self.fields.refresh_token, exchange.refresh_token)]).cache(RequestCache::NoStore)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        self.fields.parse(response, true)
    }
}
