//! How a page is looked at: on a phone or a wide screen, in which language, in light or dark.

use std::array;

use serde_json::{Value, json};

use crate::{Page, Result};

/// A language of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 中文。
    Chinese,
}

/// One way to look at a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// How wide the screen is, in CSS pixels.
    pub width: u32,
    /// In which language.
    pub language: Language,
    /// Whether the system is set to dark.
    pub dark: bool,
}

impl Look {
    /// Every one: wide and narrow, in both languages, in light and in dark.
    #[must_use]
    pub fn all() -> [Look; 8] {
        array::from_fn(|n| Look {
            width: if n & 4 == 0 { 1280 } else { 360 },
            language: if n & 2 == 0 { Language::English } else { Language::Chinese },
            dark: n & 1 == 1,
        })
    }
}

impl Page {
    /// Looks at the page in this way from now on; whatever it shows, it goes on showing.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn look(&self, look: Look) -> Result {
        self.resize(look.width).await?;
        let scheme = if look.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.command("Emulation.setEmulatedMedia", media).await?;
        self.speak(look.language).await
    }

    /// Makes the screen this wide; a browser without a screen has windows of 500 pixels at least.
    ///
    /// # Errors
    /// If the browser does not do it.
    pub async fn resize(&self, width: u32) -> Result {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// Switches to a language, as its button does; before the app is there, as a choice made earlier does.
    ///
    /// # Errors
    /// If the browser does not answer.
    pub async fn speak(&self, language: Language) -> Result {
        let (tag, button) = match language {
            Language::English => ("en", "English"),
            Language::Chinese => ("zh", "中文"),
        };
        if self.script("return document.documentElement.lang").await? != tag {
            // Pressed by script, lest the focus move: what has it is a part of what is looked at.
            let button = format!("[...document.querySelectorAll('button')].find(button => button.textContent === '{button}')");
            self.script(&format!("const button = {button}; button ? button.click() : document.documentElement.lang = '{tag}'")).await?;
        }
        Ok(())
    }

    /// Finds that nothing sticks out to the right.
    ///
    /// # Errors
    /// If something does, with what.
    pub async fn fits(&self) -> Result {
        let wide = "const room = document.documentElement.clientWidth;\
            return document.documentElement.scrollWidth <= room ? [] : [...document.body.querySelectorAll('*')]\
                .filter(element => element.getBoundingClientRect().right > room + 0.5).map(element => element.outerHTML.slice(0, 120))";
        let wide = self.script(wide).await?;
        if wide.as_array().is_some_and(Vec::is_empty) { Ok(()) } else { Err(format!("wider than the screen: {wide}").into()) }
    }

    /// A command of the DevTools protocol.
    pub(crate) async fn command(&self, name: &str, parameters: Value) -> Result {
        Ok(self.driver().cdp().send_raw(name, parameters).await.map(drop)?)
    }
}
