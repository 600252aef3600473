//! Light or dark theme, or the system's. `index.html` applies a stored choice before the first paint.

use crate::{lang::Pick, preferences};
use leptos::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Auto,
    Light,
    Dark,
}

const KEY: &str = "wugan.theme";

pub(crate) fn provide_theme() {
    let theme = RwSignal::new(match preferences::get(KEY).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::Auto,
    });
    provide_context(theme);
}

pub(crate) fn use_theme() -> RwSignal<Theme> {
    expect_context()
}

impl Theme {
    pub(crate) fn next(self) -> Theme {
        match self {
            Theme::Auto => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::Auto,
        }
    }

    pub(crate) fn label(self) -> Pick {
        match self {
            Theme::Auto => |t| t.shell().theme_auto,
            Theme::Light => |t| t.shell().theme_light,
            Theme::Dark => |t| t.shell().theme_dark,
        }
    }

    fn name(self) -> Option<&'static str> {
        match self {
            Theme::Auto => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        }
    }
}

/// Changes the theme and stores the choice.
pub(crate) fn choose(theme: RwSignal<Theme>, to: Theme) {
    theme.set(to);
    paint_frame(to);
    let Some(root) = document().document_element() else { return };
    match to.name() {
        Some(name) => {
            preferences::set(KEY, name);
            let _ = root.set_attribute("data-theme", name);
        }
        None => {
            preferences::remove(KEY);
            let _ = root.remove_attribute("data-theme");
        }
    }
}

/// Sets the colour of the browser's frame (HTML, "theme-color") by the media queries of the two `meta` elements in `index.html`.
fn paint_frame(theme: Theme) {
    for of in ["light", "dark"] {
        let media = match theme.name() {
            None => format!("(prefers-color-scheme: {of})"),
            Some(name) => (if name == of { "all" } else { "not all" }).to_owned(),
        };
        if let Some(meta) = document().get_element_by_id(&format!("theme-{of}")) {
            let _ = meta.set_attribute("media", &media);
        }
    }
}
