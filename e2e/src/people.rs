//! What a visitor does again and again: makes an account, signs in, signs out, sends a burst.

use crate::{Page, Result, Summary};

/// A password that the rules take.
pub const PASSWORD: &str = "correct horse battery";

impl Page {
    /// Makes an account on the sign-up page, and is signed in by it.
    ///
    /// # Errors
    /// If the page does not do its part.
    pub async fn sign_up(&self, name: &str) -> Result {
        self.open("/sign-up").await?;
        self.fill("Username", name).await?;
        self.fill("Password", PASSWORD).await?;
        self.press("Create account").await?;
        self.is_signed_in(name).await
    }

    /// Fills in and sends the form of the sign-in page that is open.
    ///
    /// # Errors
    /// If the page does not do its part.
    pub async fn sign_in_here(&self, name: &str, password: &str) -> Result {
        self.fill("Username", name).await?;
        self.fill("Password", password).await?;
        self.press("Sign in").await
    }

    /// Waits until the page offers to sign out, and names this person.
    ///
    /// # Errors
    /// If it does not in time.
    pub async fn is_signed_in(&self, name: &str) -> Result {
        self.shows("Sign out").await?;
        self.shows(name).await
    }

    /// Sends requests from the inspector that is open, all at once, and waits for the end of the last.
    ///
    /// # Errors
    /// If they do not end in time.
    pub async fn burst(&self, requests: u64) -> Result<Summary> {
        self.simulate_failures().await?;
        self.fill("Requests", &requests.to_string()).await?;
        self.press("Send").await?;
        self.summary(requests).await
    }

    /// Opens the inspector's section "Simulate failures".
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn simulate_failures(&self) -> Result {
        let open = "const lab = document.querySelector('details.lab'); if (lab) lab.open = true; return !!lab";
        crate::until("the section “Simulate failures”", async || Ok((self.script(open).await? == true).then_some(()))).await
    }

    /// Makes the inspector that is open use the signed-in user's own session.
    ///
    /// # Errors
    /// If the page does not do its part.
    pub async fn choose_own_session(&self) -> Result {
        self.simulate_failures().await?;
        self.follow("Your session").await
    }
}
