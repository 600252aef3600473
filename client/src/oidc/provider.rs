//! A client at a provider, ready to sign users in.

use crate::{
    SignOutReason, Subscription, Warning,
    client::Client,
    json::Object,
    oidc::{
        Config, Metadata, browser,
        error::Error,
        id_token::IdToken,
        pending::{self, Unanswered},
    },
    platform::{Host, Storage},
    session::{event::Fact, events::Observer},
};
use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
};

/// Signs users in and out at an OpenID provider. Cheap to clone. Made by [`Config::connect`].
#[derive(Clone)]
pub struct Oidc(Rc<Inner>);

struct Inner {
    config: Config,
    metadata: Metadata,
    client: Client,
    /// When the browser left for the provider's sign-out, by the monotonic clock in milliseconds.
    left_at: Cell<f64>,
    /// When the provider refused a renewed access token for user information, by the monotonic clock in milliseconds.
    user_info_refused_at: Cell<f64>,
    unanswered: RefCell<Option<Unanswered>>,
    _subscription: Subscription,
}

/// A page that is still shown after this time has not left for the provider.
#[cfg(feature = "leptos")]
const LEAVING_MS: f64 = 5_000.0;

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc").field("issuer", &self.0.metadata.issuer).finish_non_exhaustive()
    }
}

/// Removes what is stored of a session when it ends.
struct Cleaner {
    storage: Rc<dyn Storage>,
    key: String,
    storage_key: String,
    has_ended: Cell<bool>,
    is_ended_by_user: Cell<bool>,
}

impl Observer for Cleaner {
    fn note(&self, _: f64, fact: &Fact<'_>) {
        if let Fact::SignedOut(reason) = fact {
            // After a sign-out in another tab, that tab has removed the ID token. A tab that was suspended meanwhile would remove the ID token
            // of the next session.
            self.has_ended.set(self.has_ended.get() || *reason != SignOutReason::OtherTab);
            let by_user = matches!(reason, SignOutReason::ByUser | SignOutReason::OtherTab);
            self.is_ended_by_user.set(self.is_ended_by_user.get() || by_user);
        }
    }

    fn deliver(&self) {
        if self.has_ended.take() {
            let _ = self.storage.set(&self.key, "");
        }
        if self.is_ended_by_user.take() {
            pending::forget_completed(&self.storage_key);
        }
    }
}

impl Oidc {
    pub(crate) fn new(config: Config, metadata: Metadata, client: Client) -> Oidc {
        let (storage, key) = (client.session().0.storage.clone(), id_token_key(&client));
        let storage_key = client.session().0.settings.storage_key.clone();
        let cleaner = Cleaner { storage, key, storage_key, has_ended: Cell::default(), is_ended_by_user: Cell::default() };
        let subscription = client.session().0.events.subscribe(Rc::new(cleaner));
        // A provider refuses a token for an API there (OpenID Connect Core §5.3.3).
        let user_info_refused_at = Cell::new(if config.resource.is_some() { f64::INFINITY } else { f64::NEG_INFINITY });
        let left_at = Cell::new(f64::NEG_INFINITY);
        let unanswered = RefCell::default();
        Oidc(Rc::new(Inner { config, metadata, client, left_at, user_info_refused_at, unanswered, _subscription: subscription }))
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
        self.platform().monotonic() - self.0.left_at.get() < LEAVING_MS
    }

    pub(crate) fn set_leaving(&self) {
        self.0.left_at.set(self.platform().monotonic());
    }

    /// The browser shows the page again.
    #[cfg(feature = "leptos")]
    pub(crate) fn clear_leaving(&self) {
        self.0.left_at.set(f64::NEG_INFINITY);
    }

    /// Whether this tab has completed a sign-in a moment ago.
    #[cfg(feature = "leptos")]
    pub(crate) fn has_just_signed_in(&self) -> bool {
        pending::was_completed_just_now(&self.client().session().0.settings.storage_key, self.now())
    }

    pub(crate) fn session_id(&self) -> Option<String> {
        Some(self.client().session().current()?.session.clone())
    }

    pub(crate) fn unanswered(&self) -> &RefCell<Option<Unanswered>> {
        &self.0.unanswered
    }

    pub(crate) fn user_info_refused_at(&self) -> &Cell<f64> {
        &self.0.user_info_refused_at
    }

    /// Warns if a refresh token was asked for and is missing.
    pub(crate) fn check_refresh_token(&self) {
        let session = self.client().session();
        let Some(held) = session.current() else { return };
        if held.tokens.refresh_token.is_some() {
            session.0.warnings.borrow_mut().retain(|warning| *warning != Warning::NoRefreshToken);
        } else if self.config().has_scope("offline_access") {
            session.warn(Warning::NoRefreshToken);
        }
    }

    /// The ID token with which the session began. It is no credential: no API accepts it.
    pub(crate) fn id_token(&self) -> Option<String> {
        let session = self.session_id()?;
        let stored = Object::read(self.storage().get(&id_token_key(self.client())).ok()??.as_bytes())?;
        stored.text("id_token").filter(|_| stored.text("session") == Some(session))
    }

    /// Stores the ID token for the sign-out, for all tabs. The end of the session removes it.
    pub(crate) fn keep_id_token(&self, id_token: &str) {
        if let Some(held) = self.client().session().current() {
            let stored = Object::new().with_text("session", Some(&held.session)).with_text("id_token", Some(id_token));
            // Without it, the provider asks the user whether to sign out.
            let _ = self.storage().set(&id_token_key(self.client()), &stored.write());
        }
    }

    fn storage(&self) -> &dyn Storage {
        &*self.client().session().0.storage
    }

    /// The URL of a path of this origin.
    pub(crate) fn absolute(&self, path: &str) -> Result<String, Box<Error>> {
        let origin = browser::origin().ok_or_else(|| Box::new(Error::NoBrowser))?;
        Ok(origin + path)
    }

    /// Milliseconds since 1970 by the device's clock.
    pub(crate) fn now(&self) -> f64 {
        self.platform().now()
    }

    pub(crate) fn platform(&self) -> &Host {
        &self.client().session().0.transport.platform
    }
}

fn id_token_key(client: &Client) -> String {
    format!("{}.id_token", client.session().0.settings.storage_key)
}
