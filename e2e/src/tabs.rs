//! What happens to a tab: it is closed, frozen, cut off from the network; it holds a page of another address than the server's.

use serde_json::{Value, json};

use crate::{Page, Result};

impl Page {
    /// Closes the tab; go to another one then.
    ///
    /// # Errors
    /// If the browser does not close it.
    pub async fn close_tab(&self) -> Result {
        Ok(self.driver().close_window().await?)
    }

    /// Freezes the tab, as browsers do with tabs that nobody has looked at for a while: nothing runs in it, and it keeps what it holds.
    /// Nothing can be asked of it until it is [thawed](Page::thaw).
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn freeze(&self) -> Result {
        self.tell("Page.setWebLifecycleState", json!({ "state": "frozen" })).await
    }

    /// Lets it run again.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn thaw(&self) -> Result {
        self.tell("Page.setWebLifecycleState", json!({ "state": "active" })).await
    }

    /// Cuts the tab off from the network, or connects it again; it is told, as it is when a cable is pulled.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn offline(&self, offline: bool) -> Result {
        self.tell("Network.enable", json!({})).await?;
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.tell("Network.emulateNetworkConditions", conditions).await
    }

    /// Lets pages that are loaded from now on talk to sites that the app's own policy forbids: not the policy is at test.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn without_content_policy(&self) -> Result {
        self.tell("Page.setBypassCSP", json!({ "enabled": true })).await
    }

    async fn tell(&self, command: &str, what: Value) -> Result {
        self.driver().cdp().send_raw(command, what).await?;
        Ok(())
    }
}
