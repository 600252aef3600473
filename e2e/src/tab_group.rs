//! Several tabs with the inspector that send their requests at the same moment, and an empty tab that controls them by a
//! `BroadcastChannel`.

use serde_json::{Value, json};

use crate::{Page, Result, Tab, until};

/// The script of each sending tab. After a message with `before`, it waits until its last burst has ended and the stored record differs
/// from `before`, and posts the outcome of that burst and the record. After a message with `send`, it sends the next burst.
const SENDER: &str = r"
    const [tab, requests] = arguments;
    const channel = new BroadcastChannel('e2e');
    const button = () => [...document.querySelectorAll('button')].find(button => button.textContent.trim() === 'Send');
    let query = null;
    let sent = false;
    const report = () => {
        if (!query) return;
        const summary = document.querySelector('[data-testid=summary]')?.dataset;
        const [answered, failed] = [summary?.answered, summary?.failed].map(figure => Number(figure ?? 0));
        const ended = summary && (!sent || answered + failed === requests);
        const record = ended && localStorage.getItem(`wugan:${location.origin}/user/refresh`);
        if (ended && record !== query.before) {
            channel.postMessage({ tab, round: query.round, answered, failed, record });
            query = null;
        }
    };
    channel.onmessage = ({ data }) => {
        if (data.send) sent = true, button().click(), channel.postMessage({ tab, round: data.round });
        if (data.before !== undefined) query = data, report();
    };
    addEventListener('storage', report);
    new MutationObserver(report).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
";

/// The script of the controlling tab: it collects the messages of the others, and the access tokens that they store.
const CONTROLLER: &str = r"
    window.messages = [];
    window.channel = new BroadcastChannel('e2e');
    channel.onmessage = ({ data }) => messages.push(data);
    window.tokens = new Set();
    const add = record => tokens.add(JSON.parse(record).access_token);
    add(localStorage.getItem(`wugan:${location.origin}/user/refresh`));
    addEventListener('storage', ({ key, newValue }) => key === `wugan:${location.origin}/user/refresh` && add(newValue));
";

/// The tabs.
pub struct TabGroup {
    page: Page,
    tabs: Vec<Tab>,
    controller: Tab,
    round: u64,
}

impl TabGroup {
    /// Opens this number of tabs, which send this number of requests each, and the controlling tab. The current tab stays open.
    ///
    /// # Errors
    /// The browser does not open them.
    pub async fn open(page: &Page, tabs: usize, requests: u64) -> Result<Self> {
        // First, so that it sees all tokens.
        let controller = page.open_tab("/healthz").await?;
        page.script(CONTROLLER).await?;
        let mut opened = Vec::new();
        for number in 0..tabs {
            opened.push(page.open_tab("/inspector?session=own").await?);
            page.fill("Requests", &requests.to_string()).await?;
            page.driver().execute(SENDER, vec![json!(number), json!(requests)]).await?;
        }
        page.go_to(&controller).await?;
        Ok(Self { page: page.clone(), tabs: opened, controller, round: 0 })
    }

    /// The tabs without the controlling one.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// Corrupts the stored access token, waits until each tab sees it, and makes all tabs send at once. Returns the outcomes of the burst
    /// before: for each tab, how many requests were answered and how many failed.
    ///
    /// # Errors
    /// A tab does not see the token in time.
    pub async fn send_with_corrupt_token(&mut self) -> Result<Vec<(u64, u64)>> {
        self.page.go_to(&self.controller).await?;
        let before = self.page.script("return localStorage.getItem(`wugan:${location.origin}/user/refresh`)").await?;
        self.page.store_record(&self.page.record().await?.with_corrupt_access_token()?).await?;
        let reports = self.reports(before).await?;
        self.send().await?;
        Ok(outcomes(&reports))
    }

    /// Makes all tabs send at once, and waits until they have sent.
    ///
    /// # Errors
    /// They do not in time.
    pub async fn send(&mut self) -> Result {
        self.page.go_to(&self.controller).await?;
        self.post(json!({ "send": true })).await.map(drop)
    }

    /// Waits until the last burst has ended in all tabs, and returns its outcomes.
    ///
    /// # Errors
    /// It does not end in time.
    pub async fn outcomes(&mut self) -> Result<Vec<(u64, u64)>> {
        Ok(outcomes(&self.reports_after_burst().await?))
    }

    /// Waits until all tabs see the same record in the store. Returns the number of different access tokens that were stored.
    ///
    /// # Errors
    /// They see different records after the timeout.
    pub async fn tokens(&mut self) -> Result<u64> {
        until("all tabs to see the same tokens", async || {
            let reports = self.reports_after_burst().await?;
            let stored = self.page.script("return localStorage.getItem(`wugan:${location.origin}/user/refresh`)").await?;
            Ok(reports.iter().all(|report| report["record"] == stored).then_some(()))
        })
        .await?;
        self.page.script("return tokens.size").await?.as_u64().ok_or_else(|| "the tokens were not counted".into())
    }

    /// The reports of all tabs after their last burst.
    async fn reports_after_burst(&mut self) -> Result<Vec<Value>> {
        self.page.go_to(&self.controller).await?;
        self.reports(Value::String("a record that is never stored".to_owned())).await
    }

    async fn reports(&mut self, before: Value) -> Result<Vec<Value>> {
        self.post(json!({ "before": before })).await
    }

    /// Posts a message to all tabs, and waits for the answer of each.
    async fn post(&mut self, mut message: Value) -> Result<Vec<Value>> {
        self.round += 1;
        message["round"] = self.round.into();
        self.page.driver().execute("channel.postMessage(arguments[0])", vec![message]).await?;
        let answers = async || {
            let messages = self.page.script("return messages").await?;
            let answers: Vec<_> =
                messages.as_array().into_iter().flatten().filter(|answer| answer["round"] == self.round).cloned().collect();
            Ok((answers.len() == self.tabs.len()).then_some(answers))
        };
        until(&format!("{} tabs to answer in round {}", self.tabs.len(), self.round), answers).await
    }
}

/// For each tab, how many requests were answered and how many failed.
fn outcomes(reports: &[Value]) -> Vec<(u64, u64)> {
    reports.iter().map(|report| (report["answered"].as_u64().unwrap_or(0), report["failed"].as_u64().unwrap_or(0))).collect()
}
