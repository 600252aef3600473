//! The page as a person has it: fields by their labels, buttons and links by their names, words by reading.

use std::env;
use std::path::PathBuf;

use serde_json::Value;
use thirtyfour::{By, WebDriver, WebElement};

use crate::browser::{Tab, new_tab};
use crate::{Result, until};

/// A browser's current tab at the app's address.
#[derive(Clone)]
pub struct Page {
    driver: WebDriver,
    base: String,
}

/// The inspector's figures about the last burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Requests that got an answer they could use.
    pub answered: u64,
    /// Requests that did not.
    pub failed: u64,
    /// Refreshes that this tab saw.
    pub refreshes: u64,
}

impl Page {
    pub(crate) fn new(driver: WebDriver, base: &str) -> Self {
        Self { driver, base: base.to_owned() }
    }

    /// The same tab, with the app at another address: that of a proxy.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { driver: self.driver.clone(), base: base.to_owned() }
    }

    /// What steers the browser, for what the rest of this does not do.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Loads a path of the app, as typing its address does.
    ///
    /// # Errors
    /// If nothing answers there.
    pub async fn open(&self, path: &str) -> Result {
        Ok(self.driver.goto(format!("{}{path}", self.base)).await?)
    }

    /// Loads the page once more.
    ///
    /// # Errors
    /// If nothing answers there.
    pub async fn reload(&self) -> Result {
        Ok(self.driver.refresh().await?)
    }

    /// The path of the address shown, without the query.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn path(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.path().to_owned())
    }

    /// Waits until the address is this path.
    ///
    /// # Errors
    /// If it does not become that in time; says where it is, and what it shows.
    pub async fn arrives_at(&self, path: &str) -> Result {
        let seen = until(path, async || Ok((self.path().await? == path).then_some(()))).await;
        self.explain(seen).await
    }

    /// The field with this label.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn field(&self, label: &str) -> Result<WebElement> {
        let labelled = "//input[@id = //label[normalize-space() = {}]/@for or ancestor::label[normalize-space() = {}] or @aria-label = {}]";
        let labelled = labelled.replace("{}", &quoted(label));
        self.find(&labelled, &format!("a field labelled “{label}”")).await
    }

    /// Types into a field what shall stand there.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn fill(&self, label: &str, text: &str) -> Result {
        let field = self.field(label).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// What stands in a field.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn typed(&self, label: &str) -> Result<String> {
        Ok(self.field(label).await?.value().await?.unwrap_or_default())
    }

    /// Waits until a field is marked as wrong and the words that describe it (`aria-describedby`) have these in them.
    ///
    /// # Errors
    /// If they do not come in time.
    pub async fn complains_at(&self, label: &str, words: &str) -> Result {
        let field = self.field(label).await?;
        let complaint = async || {
            let marked = field.attr("aria-invalid").await?.as_deref() == Some("true");
            let described_by = field.attr("aria-describedby").await?.unwrap_or_default();
            for id in described_by.split_whitespace() {
                let text = self.driver.find(By::Id(id)).await?.text().await?;
                if marked && text.contains(words) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        };
        let seen = until(&format!("“{words}” at the field “{label}”"), complaint).await;
        self.explain(seen).await
    }

    /// Presses a button.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn press(&self, name: &str) -> Result {
        let named = format!("//button[normalize-space() = {0} or @aria-label = {0}]", quoted(name));
        Ok(self.find(&named, &format!("a button “{name}”")).await?.click().await?)
    }

    /// Follows a link.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn follow(&self, name: &str) -> Result {
        let named = format!("//a[normalize-space() = {0} or @aria-label = {0}]", quoted(name));
        Ok(self.find(&named, &format!("a link “{name}”")).await?.click().await?)
    }

    /// Waits until the page shows these words.
    ///
    /// # Errors
    /// If it does not in time; says what it shows instead.
    pub async fn shows(&self, words: &str) -> Result {
        let seen = until(&format!("“{words}”"), async || Ok(self.text().await?.contains(words).then_some(()))).await;
        self.explain(seen).await
    }

    /// Waits until the page has stopped showing these words.
    ///
    /// # Errors
    /// If it still shows them after a long time.
    pub async fn hides(&self, words: &str) -> Result {
        let gone = until(&format!("“{words}” to go"), async || Ok((!self.text().await?.contains(words)).then_some(()))).await;
        self.explain(gone).await
    }

    /// What can be read on the page.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn text(&self) -> Result<String> {
        Ok(self.script("return document.body?.innerText ?? ''").await?.as_str().unwrap_or_default().to_owned())
    }

    /// What the element with this test id says.
    ///
    /// # Errors
    /// If there is none in time.
    pub async fn text_of(&self, test_id: &str) -> Result<String> {
        let element = self.find(&format!("//*[@data-testid = {}]", quoted(test_id)), &format!("the element {test_id}")).await?;
        Ok(element.text().await?)
    }

    /// The inspector's figures, as soon as `requests` have come to an end.
    ///
    /// # Errors
    /// If they do not in time.
    pub async fn summary(&self, requests: u64) -> Result<Summary> {
        let what = format!("{requests} requests to end");
        let ended = async || Ok(self.summary_now().await?.filter(|summary| summary.answered + summary.failed == requests));
        self.explain(until(&what, ended).await).await
    }

    async fn summary_now(&self) -> Result<Option<Summary>> {
        let script = "const s = document.querySelector('[data-testid=summary]');\
            return s && [s.dataset.answered, s.dataset.failed, s.dataset.refreshes].map(Number)";
        let figures = self.script(script).await?;
        let figure = |n: usize| figures.get(n).and_then(Value::as_u64);
        Ok(match (figure(0), figure(1), figure(2)) {
            (Some(answered), Some(failed), Some(refreshes)) => Some(Summary { answered, failed, refreshes }),
            _ => None,
        })
    }

    /// Runs JavaScript in the page.
    ///
    /// # Errors
    /// If it throws.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.driver.execute(script, Vec::<Value>::new()).await?.json().clone())
    }

    /// Opens another tab at this path and goes there.
    ///
    /// # Errors
    /// If the browser does not open one.
    pub async fn open_tab(&self, path: &str) -> Result<Tab> {
        let tab = new_tab(&self.driver).await?;
        self.go_to(&tab).await?;
        self.open(path).await?;
        Ok(tab)
    }

    /// The tab that everything is done in.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn tab(&self) -> Result<Tab> {
        Ok(self.driver.window().await?)
    }

    /// Goes to a tab: all that follows is done there.
    ///
    /// # Errors
    /// If it has been closed.
    pub async fn go_to(&self, tab: &Tab) -> Result {
        Ok(self.driver.switch_to_window(tab.clone()).await?)
    }

    /// Takes a picture, if `WUGAN_SCREENSHOTS` names a folder.
    ///
    /// # Errors
    /// If it can't be written.
    pub async fn screenshot(&self, name: &str) -> Result {
        if let Some(folder) = env::var_os("WUGAN_SCREENSHOTS").map(PathBuf::from) {
            std::fs::create_dir_all(&folder)?;
            self.driver.screenshot(&folder.join(format!("{name}.png"))).await?;
        }
        Ok(())
    }

    async fn find(&self, xpath: &str, what: &str) -> Result<WebElement> {
        let found = until(what, async || {
            for element in self.driver.find_all(By::XPath(xpath)).await? {
                // One that has just been replaced is looked for again.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        });
        self.explain(found.await).await
    }

    /// Adds to a failure where the page is and what it shows.
    async fn explain<T>(&self, seen: Result<T>) -> Result<T> {
        match seen {
            Ok(seen) => Ok(seen),
            Err(reason) => {
                let (path, text) = (self.path().await.unwrap_or_default(), self.text().await.unwrap_or_default());
                Err(format!("{reason:?}\nThe page is at {path} and shows:\n{text}").into())
            }
        }
    }
}

/// A string in XPath, which knows no escapes: none of ours has a double quote in it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', ""))
}
