//! The keyboard alone: where the focus is, and walking it there.

use thirtyfour::{Key, TypingData};

use crate::{Page, Result, until};

/// What has the focus, as it is announced: by its label, or by its own words.
const FOCUSED: &str = "const at = document.activeElement; const label = at.labels?.[0] ?? at; \
    return (at.getAttribute('aria-label') ?? label.innerText ?? '').trim()";

impl Page {
    /// What has the focus, by its name.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn focused(&self) -> Result<String> {
        Ok(self.script(FOCUSED).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Presses Tab until the focus is on what is named so, and sees that it shows.
    ///
    /// # Errors
    /// If it never gets there, or nothing shows that it is there.
    pub async fn tab_to(&self, name: &str) -> Result {
        self.walk_to(name, || Key::Tab.into()).await
    }

    /// The same backwards, with Shift: to what one has passed.
    ///
    /// # Errors
    /// As [`tab_to`](Page::tab_to).
    pub async fn back_to(&self, name: &str) -> Result {
        self.walk_to(name, || Key::Shift + Key::Tab).await
    }

    /// Round and round, since what is walked to may still be on its way.
    async fn walk_to(&self, name: &str, step: fn() -> TypingData) -> Result {
        let arrived = async || {
            self.keys(step()).await?;
            Ok((self.focused().await? == name).then_some(()))
        };
        until(&format!("the Tab key to lead to “{name}”"), arrived).await?;
        let shows =
            "const style = getComputedStyle(document.activeElement); return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'";
        if self.script(shows).await? == true { Ok(()) } else { Err(format!("nothing shows that “{name}” has the focus").into()) }
    }

    /// Walks to what is named so, and types into it or presses it.
    ///
    /// # Errors
    /// As [`tab_to`](Page::tab_to).
    pub async fn keys_at(&self, name: &str, keys: impl Into<TypingData>) -> Result {
        self.tab_to(name).await?;
        self.keys(keys).await
    }

    /// Presses keys, wherever the focus is.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn keys(&self, keys: impl Into<TypingData>) -> Result {
        Ok(self.driver().active_element().await?.send_keys(keys).await?)
    }
}
