//! Several tabs with the inspector open that do the same thing at the same moment, and one more, empty, that gives the word.

use serde_json::{Value, json};

use crate::{Page, Result, Tab, until};

/// What each tab runs: it says when it sees another record in the store than the given one and its last burst is over, what came of
/// that, and which record it sees; at the word, it sends the next.
const PLAYER: &str = r"
    const [tab, requests] = arguments;
    const channel = new BroadcastChannel('e2e');
    const button = () => [...document.querySelectorAll('button')].find(button => button.textContent.trim() === 'Send');
    let waits = null;
    let sent = false;
    const look = () => {
        if (!waits) return;
        const summary = document.querySelector('[data-testid=summary]')?.dataset;
        const [answered, failed] = [summary?.answered, summary?.failed].map(figure => Number(figure ?? 0));
        const over = summary && (!sent || answered + failed === requests);
        const record = over && localStorage.getItem(`wugan:${location.origin}/user/refresh`);
        if (over && record !== waits.before) {
            channel.postMessage({ tab, round: waits.round, answered, failed, record });
            waits = null;
        }
    };
    channel.onmessage = ({ data }) => {
        if (data.send) sent = true, button().click(), channel.postMessage({ tab, round: data.round });
        if (data.before !== undefined) waits = data, look();
    };
    addEventListener('storage', look);
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
";

/// What the one runs that gives the word: it collects what the others say, and the access tokens that they store.
const CONDUCTOR: &str = r"
    window.said = [];
    window.channel = new BroadcastChannel('e2e');
    channel.onmessage = ({ data }) => said.push(data);
    window.tokens = new Set();
    const note = record => tokens.add(JSON.parse(record).access_token);
    note(localStorage.getItem(`wugan:${location.origin}/user/refresh`));
    addEventListener('storage', ({ key, newValue }) => key === `wugan:${location.origin}/user/refresh` && note(newValue));
";

/// The tabs.
pub struct Ensemble {
    page: Page,
    tabs: Vec<Tab>,
    conductor: Tab,
    round: u64,
}

impl Ensemble {
    /// Opens so many tabs that send so many requests each. The current one stays as it is.
    ///
    /// # Errors
    /// If the browser does not open them.
    pub async fn open(page: &Page, tabs: usize, requests: u64) -> Result<Self> {
        // First, so that it misses no token.
        let conductor = page.open_tab("/healthz").await?;
        page.script(CONDUCTOR).await?;
        let mut opened = Vec::new();
        for number in 0..tabs {
            opened.push(page.open_tab("/inspector?session=own").await?);
            page.fill("Requests", &requests.to_string()).await?;
            page.driver().execute(PLAYER, vec![json!(number), json!(requests)]).await?;
        }
        page.go_to(&conductor).await?;
        Ok(Self { page: page.clone(), tabs: opened, conductor, round: 0 })
    }

    /// The tabs, without the one that gives the word.
    #[must_use]
    pub fn tabs(&self) -> &[Tab] {
        &self.tabs
    }

    /// Spoils the access token, waits until each tab sees that, and lets all send at once. What came of the requests before: of each
    /// tab, how many were answered, and how many failed.
    ///
    /// # Errors
    /// If a tab does not see it in time.
    pub async fn meet_a_corrupt_token(&mut self) -> Result<Vec<(u64, u64)>> {
        self.page.go_to(&self.conductor).await?;
        let before = self.page.script("return localStorage.getItem(`wugan:${location.origin}/user/refresh`)").await?;
        self.page.store(&self.page.record().await?.with_corrupt_access_token()?).await?;
        let came = self.hear(before).await?;
        self.send().await?;
        Ok(outcomes(&came))
    }

    /// Lets all send at once, with whatever token there is, and waits until they have.
    ///
    /// # Errors
    /// If they do not in time.
    pub async fn send(&mut self) -> Result {
        self.page.go_to(&self.conductor).await?;
        self.say(json!({ "send": true })).await.map(drop)
    }

    /// What came of the last requests, as soon as they are over.
    ///
    /// # Errors
    /// If they are not in time.
    pub async fn outcomes(&mut self) -> Result<Vec<(u64, u64)>> {
        Ok(outcomes(&self.hear_at_rest().await?))
    }

    /// Waits until all see the same record in the store, and says how many different access tokens have been there.
    ///
    /// # Errors
    /// If they do not agree in time.
    pub async fn tokens(&mut self) -> Result<u64> {
        until("all tabs to see the same tokens", async || {
            let said = self.hear_at_rest().await?;
            let here = self.page.script("return localStorage.getItem(`wugan:${location.origin}/user/refresh`)").await?;
            Ok(said.iter().all(|said| said["record"] == here).then_some(()))
        })
        .await?;
        self.page.script("return tokens.size").await?.as_u64().ok_or_else(|| "the tokens were not counted".into())
    }

    /// What each says when its requests are over.
    async fn hear_at_rest(&mut self) -> Result<Vec<Value>> {
        self.page.go_to(&self.conductor).await?;
        self.hear(Value::String("none that was ever stored".to_owned())).await
    }

    async fn hear(&mut self, before: Value) -> Result<Vec<Value>> {
        self.say(json!({ "before": before })).await
    }

    /// Says something to all of them, and waits until each has said something to that.
    async fn say(&mut self, mut what: Value) -> Result<Vec<Value>> {
        self.round += 1;
        what["round"] = self.round.into();
        self.page.driver().execute("channel.postMessage(arguments[0])", vec![what]).await?;
        let all = async || {
            let said = self.page.script("return said").await?;
            let said: Vec<_> = said.as_array().into_iter().flatten().filter(|said| said["round"] == self.round).cloned().collect();
            Ok((said.len() == self.tabs.len()).then_some(said))
        };
        until(&format!("{} tabs to be ready for round {}", self.tabs.len(), self.round), all).await
    }
}

/// How many requests were answered and how many failed, of each tab.
fn outcomes(said: &[Value]) -> Vec<(u64, u64)> {
    said.iter().map(|said| (said["answered"].as_u64().unwrap_or(0), said["failed"].as_u64().unwrap_or(0))).collect()
}
