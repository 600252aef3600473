//! Builds a client for a provider: discovery, then the OAuth grant with the endpoints found.

use crate::{
    builder::ClientBuilder,
    client::Client,
    error::Error as RequestError,
    grant::OAuth2,
    oidc::{
        Config, Metadata, Oidc,
        authorize::check_parameters,
        error::{Error, invalid},
        return_path::is_path,
    },
};

impl Config {
    /// Reads the provider's metadata and builds the client, whose refresh goes to the provider: [`ClientBuilder::grant`] has no effect.
    /// The provider's origin is allowed to receive the access token, for [`Oidc::user_info`].
    ///
    /// # Errors
    /// [`Error::Discovery`], [`Error::Unavailable`], [`Error::InvalidRequest`] as [`ClientBuilder::build`].
    pub async fn connect(self, client: ClientBuilder) -> Result<Oidc, Error> {
        let metadata = Metadata::fetch(&self.issuer, self.assumes_s256).await?;
        Ok(self.connect_fetched(metadata, client)?)
    }

    /// Builds the client with metadata that the program knows. Sends nothing, so it can be used while a page is rendered on a server.
    ///
    /// # Errors
    /// [`Error::Discovery`] for an endpoint that is not https, or another issuer; [`Error::InvalidRequest`] as
    /// [`ClientBuilder::build`], for a scope without `openid`, and for a parameter that this library sets.
    pub fn connect_with(self, metadata: Metadata, client: ClientBuilder) -> Result<Oidc, Error> {
        Ok(self.connect_fetched(metadata.given(), client)?)
    }

    pub(crate) fn connect_fetched(self, metadata: Metadata, client: ClientBuilder) -> Result<Oidc, Box<Error>> {
        let unusable = |reason| Box::new(Error::Discovery { url: metadata.issuer.clone(), reason });
        metadata.check().map_err(unusable)?;
        if metadata.issuer != self.issuer {
            return Err(unusable(["the metadata is not for “", &self.issuer, "”"].concat()));
        }
        if !self.has_scope("openid") {
            return Err(invalid("the scope must contain openid"));
        }
        if !is_path(&self.redirect_path) || !is_path(&self.signed_out_path) {
            return Err(invalid("redirect_path and signed_out_path must be paths of this origin"));
        }
        check_parameters(&self.parameters)?;
        let mut grant = OAuth2::new(&metadata.token_endpoint, &self.client_id);
        if let Some(scope) = &self.refresh_scope {
            grant = grant.scope(scope);
        }
        let mut resource = Vec::new();
        self.add_resource(&mut resource);
        for (name, value) in resource {
            grant = grant.parameter(name, value);
        }
        if let Some(endpoint) = &metadata.revocation_endpoint {
            grant = grant.revoke(endpoint);
        }
        if let Some(codes) = &self.rejection_codes {
            grant = grant.rejection_codes(codes.iter().map(String::as_str));
        }
        let mut client = client.grant(grant);
        if let Some(endpoint) = &metadata.userinfo_endpoint {
            client = client.allow_origin(endpoint);
        }
        let client: Client = client.build().map_err(|error| match error {
            RequestError::InvalidRequest(reason) => invalid(&reason),
            other => Error::Unavailable(other).into(),
        })?;
        let oidc = Oidc::new(self, metadata, client);
        oidc.check_refresh_token();
        Ok(oidc)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::oidc::SignInOptions;
    use futures::FutureExt;

    fn metadata() -> Metadata {
        Metadata::new("https://a", "https://a/auth", "https://a/token", "https://a/keys")
    }

    fn connect(config: Config, metadata: Metadata) -> Result<Oidc, Error> {
        config.connect_with(metadata, Client::builder("https://api.example.com").storage_key("test.oidc.connect").auto_refresh(false))
    }

    #[test]
    fn a_sign_in_outside_of_a_browser_is_refused() {
        let oidc = connect(Config::new("https://a", "app"), metadata()).unwrap();
        let options = SignInOptions::default;
        assert_eq!(oidc.sign_in(options()).now_or_never(), Some(Err(Error::NoBrowser)));
        assert_eq!(oidc.sign_in_with_popup(options()).now_or_never(), Some(Err(Error::NoBrowser)));
        assert_eq!(oidc.callback().now_or_never(), Some(Err(Error::NoBrowser)));
        assert_eq!(oidc.sign_out(), Err(Error::NoBrowser));
    }

    #[test]
    fn a_client_is_built_and_mistakes_are_named() {
        let config = || Config::new("https://a", "app");
        assert!(connect(config(), metadata()).is_ok());
        let table = [
            (connect(config().scope("profile openidx"), metadata()), "openid"),
            (connect(config().redirect_path("https://evil.example"), metadata()), "redirect_path"),
            (connect(config().signed_out_path("//evil.example"), metadata()), "signed_out_path"),
            (connect(config().parameter("audience", "api"), metadata()), "the parameter audience"),
            (connect(Config::new("https://a/", "app"), metadata()), "not for “https://a/”"),
            (connect(config(), metadata().userinfo_endpoint("http://a/me")), "not an https URL"),
        ];
        for (connected, words) in table {
            let error = connected.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(words), "{error}");
        }
    }
}
