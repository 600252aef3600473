//! The interface language, from the browser or the user's choice, and access to its texts.

use crate::preferences;
use leptos::prelude::*;

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    Zh,
}

/// Selects a text. A function pointer: `Copy`, and no type of its own per text.
pub(crate) type Pick = fn(Lang) -> &'static str;

const KEY: &str = "wugan.lang";

impl Lang {
    /// The BCP 47 tag, for `lang` attributes and for `Intl`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// Its name in that language.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Lang::En => "English",
            Lang::Zh => "中文",
        }
    }

    pub(crate) fn other(self) -> Lang {
        match self {
            Lang::En => Lang::Zh,
            Lang::Zh => Lang::En,
        }
    }

    /// The language for a tag such as `zh-Hant-TW`; English for all but Chinese.
    fn from_tag(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
    }
}

/// Provides the language to all components and keeps `<html lang>` in step.
pub(crate) fn provide_lang() {
    let browser = || window().navigator().language().unwrap_or_default();
    let lang = RwSignal::new(Lang::from_tag(&preferences::get(KEY).unwrap_or_else(browser)));
    provide_context(lang);
    Effect::new(move || {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", lang.get().tag());
        }
    });
}

/// The language, as a signal.
pub(crate) fn use_lang() -> RwSignal<Lang> {
    expect_context()
}

/// Changes the language and stores the choice.
pub(crate) fn choose(lang: RwSignal<Lang>, to: Lang) {
    preferences::set(KEY, to.tag());
    lang.set(to);
}

/// A text in the present language, for views and attributes.
pub(crate) fn text(pick: Pick) -> impl Fn() -> &'static str + Copy + Send + Sync + 'static {
    let lang = use_lang();
    move || pick(lang.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_chinese_tags_select_chinese_and_others_english() {
        for tag in ["zh", "zh-CN", "zh-Hant-TW", "ZH-hk"] {
            assert_eq!(Lang::from_tag(tag), Lang::Zh, "{tag}");
        }
        for tag in ["en", "en-GB", "de", ""] {
            assert_eq!(Lang::from_tag(tag), Lang::En, "{tag}");
        }
    }
}
