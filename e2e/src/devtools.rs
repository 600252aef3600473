//! Commands of the DevTools protocol (Chromium alone): freezing a tab, cutting the network, blocking URLs, adding scripts.

use serde_json::{Value, json};

use crate::{Page, Result};

impl Page {
    /// Freezes the tab, as browsers do with background tabs: no code runs in it, and its memory stays. It answers no commands until it is
    /// [thawed](Page::thaw).
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn freeze(&self) -> Result {
        self.command("Page.setWebLifecycleState", json!({ "state": "frozen" })).await
    }

    /// Ends the freeze.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn thaw(&self) -> Result {
        self.command("Page.setWebLifecycleState", json!({ "state": "active" })).await
    }

    /// Cuts the tab's network, or restores it. The page gets the event `offline` or `online`.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn set_offline(&self, offline: bool) -> Result {
        self.emulate_network(offline, -1).await
    }

    /// Empties the browser's cache, and limits the tab's downloads from now on, in bytes per second; -1 ends the limit.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn limit_downloads(&self, bytes_per_second: i32) -> Result {
        self.command("Network.clearBrowserCache", json!({})).await?;
        self.emulate_network(false, bytes_per_second).await
    }

    async fn emulate_network(&self, offline: bool, downloads: i32) -> Result {
        self.command("Network.enable", json!({})).await?;
        let conditions = json!({ "offline": offline, "latency": 0, "downloadThroughput": downloads, "uploadThroughput": -1 });
        self.command("Network.emulateNetworkConditions", conditions).await
    }

    /// Fails the loading of URLs that match these patterns, such as `*.wasm`. An empty list blocks none.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn block_urls(&self, patterns: &[&str]) -> Result {
        self.command("Network.enable", json!({})).await?;
        self.command("Network.setBlockedURLs", json!({ "urls": patterns })).await
    }

    /// Loads pages without JavaScript from now on.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn disable_scripts(&self) -> Result {
        self.command("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await
    }

    /// Ignores the Content-Security-Policy of pages that are loaded from now on, so that they can call other origins.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn bypass_csp(&self) -> Result {
        self.command("Page.setBypassCSP", json!({ "enabled": true })).await
    }

    /// Runs a script in each page that is loaded from now on, before the page's own scripts. Returns its id.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn add_preload_script(&self, script: &str) -> Result<String> {
        let added = self.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        Ok(added["identifier"].as_str().unwrap_or_default().to_owned())
    }

    /// Removes a script that [`add_preload_script`](Page::add_preload_script) added.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn remove_preload_script(&self, id: &str) -> Result {
        self.command("Page.removeScriptToEvaluateOnNewDocument", json!({ "identifier": id })).await
    }

    /// Sends a command of the DevTools protocol.
    pub(crate) async fn command(&self, name: &str, parameters: Value) -> Result {
        Ok(self.driver().cdp().send_raw(name, parameters).await.map(drop)?)
    }
}
