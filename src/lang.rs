//! The language that people read: chosen by their browser, or by themselves; and the one way to a text.

use crate::{
    components::live::follow,
    derived::Derived,
    keep,
    texts::{self, Texts},
};
use leptos::prelude::*;

/// A language the app speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    En,
    Zh,
}

/// Picks one text out of the table. A function pointer: it is `Copy`, and costs no new type per text.
pub(crate) type Pick = fn(&'static Texts) -> &'static str;

const KEY: &str = "wugan.lang";

impl Lang {
    /// The tag of BCP 47, for `lang` attributes and for `Intl`.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh",
        }
    }

    /// Its name, in its own words.
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

    pub(crate) fn texts(self) -> &'static Texts {
        match self {
            Lang::En => &texts::EN,
            Lang::Zh => &texts::ZH,
        }
    }

    /// A tag like `zh-Hant-TW` speaks for its first part; whatever is not Chinese is answered in English.
    fn of(tag: &str) -> Lang {
        if tag.to_ascii_lowercase().starts_with("zh") { Lang::Zh } else { Lang::En }
    }
}

/// Chooses the language and makes it known to all below; keeps `<html lang>` in step.
pub(crate) fn provide_lang() {
    let browser = || window().navigator().language().unwrap_or_default();
    let lang = RwSignal::new(Lang::of(&keep::get(KEY).unwrap_or_else(browser)));
    provide_context(lang);
    follow(move || {
        if let Some(root) = document().document_element() {
            let _ = root.set_attribute("lang", lang.get().tag());
        }
    });
}

/// The language as it is now, to be tracked.
pub(crate) fn use_lang() -> RwSignal<Lang> {
    expect_context()
}

/// Changes the language, for this visit and the next.
pub(crate) fn choose(lang: RwSignal<Lang>, to: Lang) {
    keep::set(KEY, to.tag());
    lang.set(to);
}

/// A text that follows the language.
pub(crate) fn text(pick: Pick) -> Derived<&'static str> {
    let lang = use_lang();
    Derived::of(move || pick(lang.get().texts()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_in_all_its_forms_is_answered_in_chinese_and_the_rest_in_english() {
        for tag in ["zh", "zh-CN", "zh-Hant-TW", "ZH-hk"] {
            assert_eq!(Lang::of(tag), Lang::Zh, "{tag}");
        }
        for tag in ["en", "en-GB", "de", ""] {
            assert_eq!(Lang::of(tag), Lang::En, "{tag}");
        }
    }
}
