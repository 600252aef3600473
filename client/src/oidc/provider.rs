//! A client at a provider, ready to sign users in.

use crate::{
    Warning,
    client::Client,
    json::Object,
    oidc::{Config, Metadata, browser, error::Error, id_token::IdToken},
    platform::{Platform, Storage},
};
use std::{cell::Cell, fmt, rc::Rc};

/// Signs users in and out at an OpenID provider. Cheap to clone. Made by [`Config::connect`].
#[derive(Clone)]
pub struct Oidc(Rc<Inner>);

struct Inner {
    config: Config,
    metadata: Metadata,
    client: Client,
    /// The browser is on its way to the provider or from a sign-out.
    is_leaving: Cell<bool>,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("issuer", &self.0.metadata.issuer).finish_non_exhaustive()
    }
}

impl Oidc {
    pub(crate) fn new(config: Config, metadata: Metadata, client: Client) -> Oidc {
        Oidc(Rc::new(Inner { config, metadata, client, is_leaving: Cell::new(false) }))
    }

    /// The client, whose requests carry the session's access token.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0.client
    }

    /// What the provider publishes about itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// The claims of the ID token with which the session began; `None` without a session.
    #[must_use]
    pub fn claims(&self) -> Option<Object> {
        Some(IdToken::read(&self.id_token()?).ok()?.into_claims())
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    #[cfg(feature = "leptos")]
    pub(crate) fn is_leaving(&self) -> bool {
        self.0.is_leaving.get()
    }

    pub(crate) fn set_leaving(&self) {
        self.0.is_leaving.set(true);
    }

    /// The browser shows the page again.
    #[cfg(feature = "leptos")]
    pub(crate) fn clear_leaving(&self) {
        self.0.is_leaving.set(false);
    }

    /// Warns if a refresh token was asked for and is missing.
    pub(crate) fn check_refresh_token(&self) {
        let session = self.client().session();
        let is_missing = session.current().is_some_and(|held| held.tokens.refresh_token.is_none());
        if is_missing && self.config().has_scope("offline_access") {
            session.warn(Warning::NoRefreshToken);
        }
    }

    /// The ID token with which the session began. It is no credential: no API accepts it.
    pub(crate) fn id_token(&self) -> Option<String> {
        let session = self.client().session().current()?.session.clone();
        let stored = Object::read(self.storage().get(&self.id_token_key()).ok()??.as_bytes())?;
        stored.text("id_token").filter(|_| stored.text("session") == Some(session))
    }

    /// Stores the ID token for the sign-out, for all tabs.
    pub(crate) fn keep_id_token(&self, id_token: &str) {
        if let Some(held) = self.client().session().current() {
            let stored = Object::new().with_text("session", Some(&held.session)).with_text("id_token", Some(id_token));
            // Without it, the provider asks the user whether to sign out.
            let _ = self.storage().set(&self.id_token_key(), &stored.write());
        }
    }

    pub(crate) fn forget_id_token(&self) {
        let _ = self.storage().set(&self.id_token_key(), "");
    }

    fn storage(&self) -> &dyn Storage {
        &*self.client().session().0.storage
    }

    fn id_token_key(&self) -> String {
        format!("{}.id_token", self.client().session().0.settings.storage_key)
    }

    /// The URL of a path of this origin.
    pub(crate) fn absolute(&self, path: &str) -> Result<String, Error> {
        Ok(format!("{}{path}", browser::origin().ok_or(Error::NoBrowser)?))
    }

    /// Milliseconds since 1970 by the device's clock.
    pub(crate) fn now(&self) -> f64 {
        self.platform().now()
    }

    pub(crate) fn platform(&self) -> &Rc<dyn Platform> {
        &self.client().session().0.transport.platform
    }
}
