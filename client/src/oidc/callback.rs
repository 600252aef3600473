//! Handles the provider's response in the tab that asked for it: once, or again while the token endpoint has not answered.

use crate::oidc::{
    Oidc, browser,
    error::Error,
    exchange::complete,
    pending::{Pending, Unanswered, is_popup},
    popup,
    response::AuthorizationResponse,
};

impl Oidc {
    /// Handles the provider's response on the page of the redirect URI: signs the user in and returns the path to show next. It
    /// removes the response from the address first, so that neither a reload nor the browser's history repeats it.
    ///
    /// If it fails before the token endpoint has answered, a second call on the same page goes on with the same response, unless the
    /// session is another one by then. Should the provider have used the code and its answer have been lost, it refuses the code and
    /// revokes the tokens of that answer (RFC 6749 §4.1.2).
    ///
    /// In a window of [`sign_in_with_popup`](Oidc::sign_in_with_popup) it hands the response to the page that opened the window,
    /// which then closes.
    ///
    /// # Errors
    /// All of [`Error`] but those of starting a sign-in. [`Error::NoResponse`] if there is nothing to handle.
    pub async fn callback(&self) -> Result<String, Error> {
        Ok(self.handle_response().await?)
    }

    async fn handle_response(&self) -> Result<String, Box<Error>> {
        let window = browser::window().ok_or_else(|| Box::new(Error::NoBrowser))?;
        let query = window.location().search().unwrap_or_default();
        let response = match AuthorizationResponse::read(&query) {
            Err(error) if matches!(*error, Error::NoResponse) => {
                let unanswered = self.unanswered().take().filter(|unanswered| unanswered.session == self.session_id());
                let Unanswered { code, pending, .. } = unanswered.ok_or(error)?;
                return complete(self, code, pending).await;
            }
            response => response,
        };
        if let Ok(history) = window.history() {
            let state = history.state().unwrap_or_default();
            // It fails for another origin's URL only.
            let _ = history.replace_state_with_url(&state, "", Some(&self.config().redirect_path));
        }
        let response = response?;
        match Pending::take(&response.state, self.now()) {
            Some(pending) => complete(self, response.code_for(&pending, self.metadata())?, pending).await,
            None if is_popup(&response.state) => popup::hand_over(&response.state, &query, self.platform()).await,
            None => Err(Error::UnknownState.into()),
        }
    }
}
