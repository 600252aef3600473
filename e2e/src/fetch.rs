//! Replaces the page's `fetch`: holds requests, or answers requests without sending them.

use serde_json::json;

use crate::{Page, Result};

/// Saves the browser's own `fetch`.
const SAVE_FETCH: &str = "window.e2eFetch ??= window.fetch;";

impl Page {
    /// Holds each request from now on, until [`release_requests`](Page::release_requests) or until another page is loaded.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn hold_requests(&self) -> Result {
        let hold = "window.fetch = (...request) => new Promise(go => (window.e2eHeld ??= []).push(() => go(window.e2eFetch(...request))))";
        self.script(&format!("{SAVE_FETCH}{hold}")).await.map(drop)
    }

    /// Sends the held requests and restores `fetch`.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn release_requests(&self) -> Result {
        self.script("window.fetch = window.e2eFetch; (window.e2eHeld ?? []).splice(0).forEach(go => go())").await.map(drop)
    }

    /// Answers each request with this status and error code, and with `Retry-After` if given, without sending it.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn answer_requests(&self, status: u16, code: &str, retry_after: Option<u32>) -> Result {
        let body = json!({ "statusCode": status, "message": "", "error": "", "code": code });
        let headers = retry_after.map_or_else(|| json!({}), |seconds| json!({ "retry-after": seconds.to_string() }));
        let response = format!("new Response(JSON.stringify({body}), {{ status: {status}, headers: {headers} }})");
        self.script(&format!("{SAVE_FETCH}window.fetch = async () => {response}")).await.map(drop)
    }
}
