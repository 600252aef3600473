//! Settings of a client at a provider.

/// A client at an OpenID provider. Register it there as a public client (single-page app) with the redirect URI
/// `https://your.app/callback` and the post-logout redirect URI `https://your.app/`.
#[derive(Clone, Debug)]
#[must_use]
pub struct Config {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) scope: String,
    pub(crate) refresh_scope: Option<String>,
    pub(crate) resource: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) rejection_codes: Option<Vec<String>>,
    pub(crate) redirect_path: String,
    pub(crate) signed_out_path: String,
    pub(crate) assumes_s256: bool,
}

impl Config {
    /// The issuer as the provider writes it, with or without a slash at its end, and the client id.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>) -> Config {
        Config {
            issuer: issuer.into(),
            client_id: client_id.into(),
            scope: "openid profile offline_access".into(),
            refresh_scope: None,
            resource: None,
            audience: None,
            parameters: Vec::new(),
            rejection_codes: None,
            redirect_path: "/callback".into(),
            signed_out_path: "/".into(),
            assumes_s256: false,
        }
    }

    /// Sets the scope. It must contain `openid`. Most providers grant a refresh token for `offline_access` only, and some only with
    /// `.parameter("prompt", "consent")` (OpenID Connect Core §11); see
    /// [`Warning::NoRefreshToken`](crate::Warning::NoRefreshToken). Default: `openid profile offline_access`.
    pub fn scope(mut self, scope: impl Into<String>) -> Config {
        self.scope = scope.into();
        self
    }

    /// Sends this scope with each refresh, for providers such as Entra that do not keep the granted one. By RFC 6749 §6 a refresh without a
    /// scope keeps it, and one with a scope that was not granted is refused, so that is the default.
    pub fn refresh_scope(mut self, scope: impl Into<String>) -> Config {
        self.refresh_scope = Some(scope.into());
        self
    }

    /// Sets the API that the access token is for (RFC 8707).
    pub fn resource(mut self, uri: impl Into<String>) -> Config {
        self.resource = Some(uri.into());
        self
    }

    /// Sets the API that the access token is for, at providers that call it `audience`, such as Auth0.
    pub fn audience(mut self, audience: impl Into<String>) -> Config {
        self.audience = Some(audience.into());
        self
    }

    /// Adds a parameter to each sign-in, such as `prompt`, `kc_idp_hint` or `organization`. One of the same name in
    /// [`SignInOptions`](super::SignInOptions) replaces it.
    pub fn parameter(mut self, name: &str, value: &str) -> Config {
        set_parameter(&mut self.parameters, name, value);
        self
    }

    /// The error codes of a refresh that end the session, in place of the [known ones](crate::grant).
    pub fn rejection_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Config {
        self.rejection_codes = Some(codes.into_iter().map(str::to_owned).collect());
        self
    }

    /// Sets the path of the page that handles the provider's response. Default: `/callback`.
    pub fn redirect_path(mut self, path: impl Into<String>) -> Config {
        self.redirect_path = path.into();
        self
    }

    /// Sets the path of the page to show after a sign-out. It should be an open page: the guard of another one goes to the provider at once,
    /// which is to ask for the password (`prompt=login`). Default: `/`.
    pub fn signed_out_path(mut self, path: impl Into<String>) -> Config {
        self.signed_out_path = path.into();
        self
    }

    /// For a provider that supports PKCE with S256 and does not list it, such as Entra.
    pub fn assume_s256(mut self) -> Config {
        self.assumes_s256 = true;
        self
    }

    pub(crate) fn has_scope(&self, name: &str) -> bool {
        self.scope.as_bytes().split(|byte| *byte == b' ').any(|scope| scope == name.as_bytes())
    }

    /// Adds the parameters that name the API.
    pub(crate) fn add_resource<'a>(&'a self, pairs: &mut Vec<(&'a str, &'a str)>) {
        add(pairs, "resource", self.resource.as_deref());
        add(pairs, "audience", self.audience.as_deref());
    }
}

/// Adds a pair, if it has a value.
pub(crate) fn add<'a>(pairs: &mut Vec<(&'a str, &'a str)>, name: &'a str, value: Option<&'a str>) {
    if let Some(value) = value {
        pairs.push((name, value));
    }
}

/// Sets a parameter in place of an earlier one of its name (RFC 6749 §3.1: none twice).
pub(crate) fn set_parameter(parameters: &mut Vec<(String, String)>, name: &str, value: &str) {
    parameters.retain(|(known, _)| known != name);
    parameters.push((name.to_owned(), value.to_owned()));
}
