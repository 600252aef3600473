//! The appearance of a page: screen width, language, and light or dark.

use std::array;

use serde_json::json;

use crate::{Page, Result};

/// A language of the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// 中文。
    Chinese,
}

/// The settings that change how a page is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appearance {
    /// The screen's width in CSS pixels.
    pub width: u32,
    /// The language.
    pub language: Language,
    /// Whether the system's color scheme is dark.
    pub dark: bool,
}

impl Appearance {
    /// All combinations: wide and narrow, both languages, light and dark.
    #[must_use]
    pub fn all() -> [Appearance; 8] {
        array::from_fn(|n| Appearance {
            width: if n & 4 == 0 { 1280 } else { 320 },
            language: if n & 2 == 0 { Language::English } else { Language::Chinese },
            dark: n & 1 == 1,
        })
    }
}

impl Page {
    /// Changes the appearance, without reloading the page.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn set_appearance(&self, appearance: Appearance) -> Result {
        self.resize(appearance.width).await?;
        let scheme = if appearance.dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }, { "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.command("Emulation.setEmulatedMedia", media).await?;
        self.set_language(appearance.language).await
    }

    /// Emulates forced colours, such as high contrast on Windows.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn force_colours(&self) -> Result {
        let media = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        self.command("Emulation.setEmulatedMedia", media).await
    }

    /// Sets the width of the screen. The window itself cannot be narrower than 500 pixels without a screen.
    ///
    /// # Errors
    /// The browser refuses.
    pub async fn resize(&self, width: u32) -> Result {
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.command("Emulation.setDeviceMetricsOverride", metrics).await
    }

    /// Switches the language by its button. Before the app has started, it sets `lang`, as the page's own script does for a stored choice.
    ///
    /// # Errors
    /// The browser does not answer.
    pub async fn set_language(&self, language: Language) -> Result {
        let (tag, button) = match language {
            Language::English => ("en", "English"),
            Language::Chinese => ("zh", "中文"),
        };
        if self.script("return document.documentElement.lang").await? != tag {
            // Clicked by script: WebDriver's click would move the focus, which screenshots show.
            let button = format!("[...document.querySelectorAll('button')].find(button => button.textContent === '{button}')");
            self.script(&format!("const button = {button}; button ? button.click() : document.documentElement.lang = '{tag}'")).await?;
        }
        Ok(())
    }

    /// Checks that the page is not wider than the screen.
    ///
    /// # Errors
    /// It is; the error names the elements.
    pub async fn check_fits_width(&self) -> Result {
        let wide = "const width = document.documentElement.clientWidth;\
            return document.documentElement.scrollWidth <= width ? [] : [...document.body.querySelectorAll('*')]\
                .filter(element => element.getBoundingClientRect().right > width + 0.5).map(element => element.outerHTML.slice(0, 120))";
        let wide = self.script(wide).await?;
        if wide.as_array().is_some_and(Vec::is_empty) { Ok(()) } else { Err(format!("wider than the screen: {wide}").into()) }
    }
}
