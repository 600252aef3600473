//! Standing in for the network: answers that are held back, and answers that this server would not give.

use serde_json::json;

use crate::{Page, Result};

/// The page's own `fetch` stays within reach.
const KEEP: &str = "window.e2eFetch ??= window.fetch;";

impl Page {
    /// Holds back every answer from now on, until [`lets_answers_through`](Page::lets_answers_through) or another page is loaded.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn holds_answers(&self) -> Result {
        let hold = "window.fetch = (...request) => new Promise(go => (window.e2eHeld ??= []).push(() => go(window.e2eFetch(...request))))";
        self.script(&format!("{KEEP}{hold}")).await.map(drop)
    }

    /// Lets go of what was held back, and of all that follows.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn lets_answers_through(&self) -> Result {
        self.script("window.fetch = window.e2eFetch; (window.e2eHeld ?? []).splice(0).forEach(go => go())").await.map(drop)
    }

    /// Answers every request with this status and code, and with `Retry-After` if there is one.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn answers(&self, status: u16, code: &str, retry_after: Option<u32>) -> Result {
        let body = json!({ "statusCode": status, "message": "", "error": "", "code": code });
        let headers = retry_after.map_or_else(|| json!({}), |seconds| json!({ "retry-after": seconds.to_string() }));
        let answer = format!("new Response(JSON.stringify({body}), {{ status: {status}, headers: {headers} }})");
        self.script(&format!("{KEEP}window.fetch = async () => {answer}")).await.map(drop)
    }

    /// Keeps the browser from loading what is named so, such as `*.wasm`; nothing named: from loading nothing.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn blocks(&self, names: &[&str]) -> Result {
        self.command("Network.enable", json!({})).await?;
        self.command("Network.setBlockedURLs", json!({ "urls": names })).await
    }

    /// Runs a script in every page that is loaded from now on, before the page's own. Returns its id.
    ///
    /// # Errors
    /// If the browser refuses.
    pub async fn before_each_page(&self, script: &str) -> Result<String> {
        let added = self.driver().cdp().send_raw("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await?;
        Ok(added["identifier"].as_str().unwrap_or_default().to_owned())
    }

    /// Removes a script that [`before_each_page`](Page::before_each_page) added.
    ///
    /// # Errors
    /// If the browser refuses.
    pub async fn before_no_page(&self, id: &str) -> Result {
        self.command("Page.removeScriptToEvaluateOnNewDocument", json!({ "identifier": id })).await
    }
}
