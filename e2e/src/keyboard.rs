//! Keyboard input: reads the focused element's name and moves the focus with the Tab key.

use thirtyfour::{Key, TypingData};

use crate::{Page, Result, until};

/// Returns the name of the focused element: its `aria-label`, its label or its text.
const FOCUSED: &str = "const at = document.activeElement; const label = at.labels?.[0] ?? at; \
    return (at.getAttribute('aria-label') ?? label.innerText ?? '').trim()";

impl Page {
    /// The name of the focused element.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn focused(&self) -> Result<String> {
        Ok(self.script(FOCUSED).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Presses Tab until the element with this name has the focus, and checks that its outline is visible.
    ///
    /// # Errors
    /// The focus does not reach it in time, or the outline is not visible.
    pub async fn tab_to(&self, name: &str) -> Result {
        self.move_focus_to(name, || Key::Tab.into()).await
    }

    /// Presses Shift+Tab until the element with this name has the focus, and checks that its outline is visible.
    ///
    /// # Errors
    /// As [`tab_to`](Page::tab_to).
    pub async fn shift_tab_to(&self, name: &str) -> Result {
        self.move_focus_to(name, || Key::Shift + Key::Tab).await
    }

    // Tab wraps around, so an element that is rendered later is reached in the next round.
    async fn move_focus_to(&self, name: &str, step: fn() -> TypingData) -> Result {
        let is_focused = async || {
            self.keys(step()).await?;
            Ok((self.focused().await? == name).then_some(()))
        };
        until(&format!("the Tab key to focus “{name}”"), is_focused).await?;
        let has_outline =
            "const style = getComputedStyle(document.activeElement); return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'";
        if self.script(has_outline).await? == true { Ok(()) } else { Err(format!("“{name}” has the focus and no outline").into()) }
    }

    /// Moves the focus to the element with this name with Tab, and presses keys there.
    ///
    /// # Errors
    /// As [`tab_to`](Page::tab_to).
    pub async fn keys_at(&self, name: &str, keys: impl Into<TypingData>) -> Result {
        self.tab_to(name).await?;
        self.keys(keys).await
    }

    /// Presses keys in the focused element.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn keys(&self, keys: impl Into<TypingData>) -> Result {
        Ok(self.driver().active_element().await?.send_keys(keys).await?)
    }
}
