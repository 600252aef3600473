//! An OAuth 2.0 token endpoint.

use crate::{
    grant::{Exchange, RefreshGrant, RefreshOutcome, TokenResponse, fields::Fields},
    http::{Request, form},
};
use web_sys::RequestCredentials;

/// Refreshes at an OAuth 2.0 token endpoint as a public client (RFC 6749 §6), with revocation (RFC 7009) if there is an endpoint for it.
#[derive(Clone, Debug)]
pub struct OAuth2 {
    token_endpoint: String,
    client_id: String,
    /// The client id, and the parameters that choose for which API the tokens are.
    id: String,
    scope: Option<String>,
    parameters: Vec<(String, String)>,
    revocation_endpoint: Option<String>,
    fields: Fields,
}

impl OAuth2 {
    /// Refreshes at this token endpoint as this client.
    pub fn new(token_endpoint: impl Into<String>, client_id: impl Into<String>) -> OAuth2 {
        let (token_endpoint, client_id, parameters) = (token_endpoint.into(), client_id.into(), Vec::new());
        let (id, fields) = (client_id.clone(), Fields::default());
        OAuth2 { token_endpoint, client_id, id, scope: None, parameters, revocation_endpoint: None, fields }
    }

    /// Requests this scope at each refresh. Without it, the granted scope is kept (RFC 6749 §6).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> OAuth2 {
        self.scope = Some(scope.into());
        self
    }

    /// Sends this parameter with each refresh, such as `resource` (RFC 8707 §2.2). Clients with another `resource` or `audience` have a
    /// session of their own: the tokens of one API are not sent to another. Where the scope chooses the API, set
    /// [`ClientBuilder::storage_key`](crate::ClientBuilder::storage_key).
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> OAuth2 {
        let (name, value) = (name.into(), value.into());
        if matches!(&*name, "resource" | "audience") {
            self.id = self.id + "&" + &name + "=" + &value;
        }
        self.parameters.push((name, value));
        self
    }

    /// Tells this endpoint of a sign-out (RFC 7009 §2.1).
    #[must_use]
    pub fn revoke(mut self, revocation_endpoint: impl Into<String>) -> OAuth2 {
        self.revocation_endpoint = Some(revocation_endpoint.into());
        self
    }

    /// The error codes that end the session, in place of the [known ones](crate::grant).
    #[must_use]
    pub fn rejection_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> OAuth2 {
        self.fields.set_rejection_codes(codes);
        self
    }

    /// A POST of these pairs and the client id. Cookies of the client's default are for the API: a provider at another origin that allows any
    /// origin (`Access-Control-Allow-Origin: *`) is unreachable with them (Fetch standard, CORS check).
    fn post<'a>(&'a self, url: &str, mut pairs: Vec<(&'a str, &'a str)>) -> Request {
        pairs.push(("client_id", &self.client_id));
        Request::post(url).credentials(RequestCredentials::SameOrigin).form_text(form::encode(&pairs))
    }
}

impl RefreshGrant for OAuth2 {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        let mut pairs = vec![("grant_type", "refresh_token"), ("refresh_token", exchange.refresh_token)];
        pairs.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        pairs.extend(self.parameters.iter().map(|(name, value)| (&**name, &**value)));
        self.post(&self.token_endpoint, pairs)
    }

    /// A 401 without a code is no verdict: `invalid_client`, for instance, is about the client (RFC 6749 §5.2).
    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        self.fields.parse(response, false)
    }

    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        let pairs = vec![("token", exchange.refresh_token), ("token_type_hint", "refresh_token")];
        Some(self.post(self.revocation_endpoint.as_ref()?, pairs))
    }

    fn storage_key_suffix(&self) -> Option<&str> {
        Some(&self.id)
    }
}
