//! Several tabs with the inspector open that do the same thing at the same moment, and one more, empty, that gives the word.

use serde_json::{Value, json};

use crate::{Page, Result, Tab, until};

/// What each tab runs: it says when it sees another record in the store than the given one and its last burst is over, and what came
/// of that; at the word, it sends the next.
const PLAYER: &str = r"
    const [tab, requests] = arguments;
    const channel = new BroadcastChannel('e2e');
    const button = () => [...document.querySelectorAll('button')].find(button => button.textContent.trim() === 'Send');
    let waits = null;
    let sent = false;
    const look = () => {
        const summary = document.querySelector('[data-testid=summary]')?.dataset;
        const [answered, failed] = [summary?.answered, summary?.failed].map(figure => Number(figure ?? 0));
        const over = button() && (!sent || answered + failed === requests);
        if (waits && over && localStorage.getItem('wugan.session') !== waits.before) {
            channel.postMessage({ tab, round: waits.round, answered, failed });
            waits = null;
        }
    };
    channel.onmessage = ({ data }) => {
        if (data.send) sent = true, button().click();
        if (data.before !== undefined) waits = data, look();
    };
    addEventListener('storage', look);
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
";

/// What the one runs that gives the word: it collects what the others say.
const CONDUCTOR: &str = "window.said = []; window.channel = new BroadcastChannel('e2e'); channel.onmessage = ({ data }) => said.push(data)";

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
        let mut opened = Vec::new();
        for number in 0..tabs {
            opened.push(page.open_tab("/inspector").await?);
            page.fill("Requests", &requests.to_string()).await?;
            page.driver().execute(PLAYER, vec![json!(number), json!(requests)]).await?;
        }
        let conductor = page.open_tab("/healthz").await?;
        page.script(CONDUCTOR).await?;
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
    pub async fn meet_a_spoiled_token(&mut self) -> Result<Vec<(u64, u64)>> {
        self.page.go_to(&self.conductor).await?;
        let before = self.page.script("return localStorage.getItem('wugan.session')").await?;
        self.page.store(&self.page.record().await?.with_spoiled_access_token()?).await?;
        let came = self.hear(before).await?;
        self.page.script("channel.postMessage({ send: true })").await?;
        Ok(came)
    }

    /// What came of the last requests, as soon as they are over.
    ///
    /// # Errors
    /// If they are not in time.
    pub async fn outcomes(&mut self) -> Result<Vec<(u64, u64)>> {
        self.page.go_to(&self.conductor).await?;
        self.hear(Value::String("none that was ever stored".to_owned())).await
    }

    async fn hear(&mut self, before: Value) -> Result<Vec<(u64, u64)>> {
        self.round += 1;
        let asked = json!({ "before": before, "round": self.round });
        self.page.driver().execute("channel.postMessage(arguments[0])", vec![asked]).await?;
        let all = async || {
            let said = self.page.script("return said").await?;
            let said = said.as_array().into_iter().flatten().filter(|said| said["round"] == self.round);
            let came: Vec<_> = said.map(|said| (said["answered"].as_u64().unwrap_or(0), said["failed"].as_u64().unwrap_or(0))).collect();
            Ok((came.len() == self.tabs.len()).then_some(came))
        };
        until(&format!("{} tabs to be ready for round {}", self.tabs.len(), self.round), all).await
    }
}
