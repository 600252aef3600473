//! Sign-out here and at the provider (OpenID Connect RP-Initiated Logout 1.0 §2).

use crate::oidc::{Oidc, authorize::with_query, browser, error::Error};

impl Oidc {
    /// Ends the session in all tabs, revokes its tokens, and sends the browser to the provider to sign out there. From a provider
    /// without a page for that, and from the provider's page, it goes to [`signed_out_path`](super::Config::signed_out_path).
    ///
    /// # Errors
    /// [`Error::NoBrowser`]; the session has ended anyway.
    pub fn sign_out(&self) -> Result<(), Error> {
        // No guard may send the browser to the sign-in while it is on its way to the sign-out.
        self.set_leaving();
        let id_token = self.id_token();
        self.client().session().sign_out();
        self.forget_id_token();
        let home = self.absolute(&self.config().signed_out_path)?;
        let Some(endpoint) = &self.metadata().end_session_endpoint else { return self.show_signed_out_page() };
        let mut pairs = vec![("client_id", &*self.config().client_id), ("post_logout_redirect_uri", &home)];
        pairs.extend(id_token.as_deref().map(|token| ("id_token_hint", token)));
        browser::go_to(&with_query(endpoint, &pairs))
    }

    /// Loads the page that is shown after a sign-out.
    pub(crate) fn show_signed_out_page(&self) -> Result<(), Error> {
        browser::go_to(&self.absolute(&self.config().signed_out_path)?)
    }
}
