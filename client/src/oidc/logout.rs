//! Sign-out here and at the provider (OpenID Connect RP-Initiated Logout 1.0 §2).

use crate::oidc::{Oidc, authorize::with_query, browser, config::add, error::Error, id_token::IdToken};

/// An ID token that is older than this many seconds is not sent: a provider that has replaced its keys since shows an error page for it.
/// Without it, the provider asks the user whether to sign out.
const HINT_VALID_FOR: f64 = 86_400.0;

impl Oidc {
    /// Ends the session in all tabs, revokes its refresh token, and sends the browser to the provider to sign out there. From a provider
    /// without a page for that, and from the provider's page, it goes to [`signed_out_path`](super::Config::signed_out_path).
    ///
    /// # Errors
    /// [`Error::NoBrowser`]; the session has ended anyway.
    pub fn sign_out(&self) -> Result<(), Error> {
        // No guard may send the browser to the sign-in while it is on its way to the sign-out.
        self.set_leaving();
        let issued = |token: &str| IdToken::read(token).ok()?.into_claims().number("iat");
        let is_recent = |token: &String| issued(token).is_some_and(|at| self.now() / 1_000.0 - at < HINT_VALID_FOR);
        let id_token = self.id_token().filter(is_recent);
        self.client().session().sign_out();
        let home = self.absolute(&self.config().signed_out_path)?;
        let Some(endpoint) = &self.metadata().end_session_endpoint else { return Ok(browser::go_to(&home, false)?) };
        let mut pairs = vec![("client_id", &*self.config().client_id), ("post_logout_redirect_uri", &home)];
        add(&mut pairs, "id_token_hint", id_token.as_deref());
        Ok(browser::go_to(&with_query(endpoint, &pairs), false)?)
    }

    /// Loads the page that is shown after a sign-out, in place of this one.
    #[cfg(feature = "leptos")]
    pub(crate) fn show_signed_out_page(&self) -> Result<(), Box<Error>> {
        browser::go_to(&self.absolute(&self.config().signed_out_path)?, true)
    }

    /// Whether this is that page.
    pub(crate) fn is_signed_out_page(&self) -> bool {
        let present = browser::window().and_then(|window| window.location().href().ok());
        present.is_some() && present == self.absolute(&self.config().signed_out_path).ok()
    }
}
