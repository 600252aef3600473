//! The current tab. Fields are found by their labels, buttons and links by their names, and texts as they are rendered.

use std::env;
use std::path::PathBuf;

use serde_json::Value;
use thirtyfour::{By, WebDriver, WebElement};

use crate::browser::{Tab, new_tab};
use crate::{Result, until};

/// The browser's current tab.
#[derive(Clone)]
pub struct Page {
    driver: WebDriver,
    base: String,
}

/// The inspector's statistics of the last burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Requests answered with a 2xx status.
    pub answered: u64,
    /// Requests with any other outcome.
    pub failed: u64,
    /// Refresh requests that this tab sent.
    pub refreshes: u64,
}

impl Page {
    pub(crate) fn new(driver: WebDriver, base: &str) -> Self {
        Self { driver, base: base.to_owned() }
    }

    /// The same tab, for an app at another address, such as a proxy's.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { driver: self.driver.clone(), base: base.to_owned() }
    }

    /// The WebDriver session.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Navigates to a path of the app.
    ///
    /// # Errors
    /// The page cannot be loaded.
    pub async fn open(&self, path: &str) -> Result {
        Ok(self.driver.goto(format!("{}{path}", self.base)).await?)
    }

    /// Reloads the page.
    ///
    /// # Errors
    /// The page cannot be loaded.
    pub async fn reload(&self) -> Result {
        Ok(self.driver.refresh().await?)
    }

    /// The path of the current address, without the query.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn path(&self) -> Result<String> {
        Ok(self.driver.current_url().await?.path().to_owned())
    }

    /// Waits until this is the path of the current address.
    ///
    /// # Errors
    /// It is another path; the error has that path and the page's text.
    pub async fn arrives_at(&self, path: &str) -> Result {
        let found = until(path, async || Ok((self.path().await? == path).then_some(()))).await;
        self.explain(found).await
    }

    /// Waits for the field with this label.
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn field(&self, label: &str) -> Result<WebElement> {
        let labelled = "//input[@id = //label[normalize-space() = {}]/@for or ancestor::label[normalize-space() = {}] or @aria-label = {}]";
        let labelled = labelled.replace("{}", &quoted(label));
        self.find(&labelled, &format!("a field labelled “{label}”")).await
    }

    /// Replaces a field's value.
    ///
    /// # Errors
    /// The field does not appear in time.
    pub async fn fill(&self, label: &str, text: &str) -> Result {
        let field = self.field(label).await?;
        field.clear().await?;
        Ok(field.send_keys(text).await?)
    }

    /// The value of a field.
    ///
    /// # Errors
    /// The field does not appear in time.
    pub async fn field_value(&self, label: &str) -> Result<String> {
        Ok(self.field(label).await?.value().await?.unwrap_or_default())
    }

    /// Waits until a field is marked invalid and its description (`aria-describedby`) contains this text.
    ///
    /// # Errors
    /// It does not in time.
    pub async fn shows_field_error(&self, label: &str, text: &str) -> Result {
        let field = self.field(label).await?;
        let has_error = async || {
            let is_invalid = field.attr("aria-invalid").await?.as_deref() == Some("true");
            let described_by = field.attr("aria-describedby").await?.unwrap_or_default();
            for id in described_by.split_whitespace() {
                let description = self.driver.find(By::Id(id)).await?.text().await?;
                if is_invalid && description.contains(text) {
                    return Ok(Some(()));
                }
            }
            Ok(None)
        };
        let found = until(&format!("“{text}” at the field “{label}”"), has_error).await;
        self.explain(found).await
    }

    /// Clicks a button.
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn press(&self, name: &str) -> Result {
        let named = format!("//button[normalize-space() = {0} or @aria-label = {0}]", quoted(name));
        Ok(self.find(&named, &format!("a button “{name}”")).await?.click().await?)
    }

    /// Clicks a link.
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn follow(&self, name: &str) -> Result {
        let named = format!("//a[normalize-space() = {0} or @aria-label = {0}]", quoted(name));
        Ok(self.find(&named, &format!("a link “{name}”")).await?.click().await?)
    }

    /// Waits until the page's text contains this text.
    ///
    /// # Errors
    /// It does not in time; the error has the page's text.
    pub async fn shows(&self, text: &str) -> Result {
        let found = until(&format!("“{text}”"), async || Ok(self.text().await?.contains(text).then_some(()))).await;
        self.explain(found).await
    }

    /// Waits until the page's text does not contain this text.
    ///
    /// # Errors
    /// It still does after the timeout.
    pub async fn hides(&self, text: &str) -> Result {
        let gone = until(&format!("“{text}” to disappear"), async || Ok((!self.text().await?.contains(text)).then_some(()))).await;
        self.explain(gone).await
    }

    /// The rendered text of the page.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn text(&self) -> Result<String> {
        Ok(self.script("return document.body?.innerText ?? ''").await?.as_str().unwrap_or_default().to_owned())
    }

    /// The text of the element with this test id.
    ///
    /// # Errors
    /// It does not appear in time.
    pub async fn text_of(&self, test_id: &str) -> Result<String> {
        let element = self.find(&format!("//*[@data-testid = {}]", quoted(test_id)), &format!("the element {test_id}")).await?;
        Ok(element.text().await?)
    }

    /// Waits until `requests` requests have ended. Returns the inspector's statistics.
    ///
    /// # Errors
    /// They do not end in time.
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

    /// Runs JavaScript in the page. Returns its result.
    ///
    /// # Errors
    /// The script throws.
    pub async fn script(&self, script: &str) -> Result<Value> {
        Ok(self.driver.execute(script, Vec::<Value>::new()).await?.json().clone())
    }

    /// Opens another tab at this path and makes it the current one.
    ///
    /// # Errors
    /// The browser does not open it.
    pub async fn open_tab(&self, path: &str) -> Result<Tab> {
        let tab = new_tab(&self.driver).await?;
        self.go_to(&tab).await?;
        self.open(path).await?;
        Ok(tab)
    }

    /// The current tab.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn tab(&self) -> Result<Tab> {
        Ok(self.driver.window().await?)
    }

    /// Makes a tab the current one.
    ///
    /// # Errors
    /// The tab was closed.
    pub async fn go_to(&self, tab: &Tab) -> Result {
        Ok(self.driver.switch_to_window(tab.clone()).await?)
    }

    /// Closes the current tab. Another one must be made current before the next command.
    ///
    /// # Errors
    /// The browser does not close it.
    pub async fn close_tab(&self) -> Result {
        Ok(self.driver.close_window().await?)
    }

    /// Takes a screenshot if `WUGAN_TEST_SCREENSHOTS` names a folder.
    ///
    /// # Errors
    /// The file cannot be written.
    pub async fn screenshot(&self, name: &str) -> Result {
        if let Some(folder) = env::var_os("WUGAN_TEST_SCREENSHOTS").map(PathBuf::from) {
            std::fs::create_dir_all(&folder)?;
            self.driver.screenshot(&folder.join(format!("{name}.png"))).await?;
        }
        Ok(())
    }

    async fn find(&self, xpath: &str, what: &str) -> Result<WebElement> {
        let found = until(what, async || {
            for element in self.driver.find_all(By::XPath(xpath)).await? {
                // An element that was replaced meanwhile fails here, and the next round finds the new one.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        });
        self.explain(found.await).await
    }

    /// Adds the page's path and text to an error.
    async fn explain<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(reason) => {
                let (path, text) = (self.path().await.unwrap_or_default(), self.text().await.unwrap_or_default());
                Err(format!("{reason:?}\nThe page is at {path} and shows:\n{text}").into())
            }
        }
    }
}

/// A string literal in XPath, which has no escapes. Double quotes are removed.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', ""))
}
