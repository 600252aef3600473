//! Steps that many scenarios share: signing up and in, sending a burst from the inspector.

use crate::{Page, Result, Summary};

/// A password that the server accepts.
pub const PASSWORD: &str = "correct horse battery";

impl Page {
    /// Creates an account on the sign-up page, which signs the user in.
    ///
    /// # Errors
    /// A field or button is missing, or the user is not signed in in time.
    pub async fn sign_up(&self, name: &str) -> Result {
        self.open("/sign-up").await?;
        self.fill("Username", name).await?;
        self.fill("Password", PASSWORD).await?;
        self.press("Create account").await?;
        self.wait_until_signed_in(name).await
    }

    /// Fills in and sends the form of the open sign-in page.
    ///
    /// # Errors
    /// A field or button is missing.
    pub async fn sign_in_here(&self, name: &str, password: &str) -> Result {
        self.fill("Username", name).await?;
        self.fill("Password", password).await?;
        self.press("Sign in").await
    }

    /// Waits until the page shows "Sign out" and the user's name.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn wait_until_signed_in(&self, name: &str) -> Result {
        self.shows("Sign out").await?;
        self.shows(name).await
    }

    /// Sends requests from the open inspector, all at once, and waits until the last has ended.
    ///
    /// # Errors
    /// They do not end in time.
    pub async fn burst(&self, requests: u64) -> Result<Summary> {
        self.simulate_failures().await?;
        self.fill("Requests", &requests.to_string()).await?;
        self.press("Send").await?;
        self.summary(requests).await
    }

    /// Opens the inspector's section "Simulate failures".
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn simulate_failures(&self) -> Result {
        let open = "const section = document.querySelector('details.simulation'); if (section) section.open = true; return !!section";
        crate::until("the section “Simulate failures”", async || Ok((self.script(open).await? == true).then_some(()))).await
    }

    /// Makes the open inspector use the signed-in user's session.
    ///
    /// # Errors
    /// The section or the link is missing.
    pub async fn choose_own_session(&self) -> Result {
        self.simulate_failures().await?;
        self.follow("Your session").await
    }
}
