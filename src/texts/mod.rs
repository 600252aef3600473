//! All texts of the interface in each language: a missing one does not compile.

mod en;
mod tables;
mod zh;

use crate::lang::Lang;
use tables::{Account, Ended, Home, Inspector, Missing, Overview, Problems, Reset, Sessions, Shell, Sign, Storage, Titles};

/// The tables, one for each page, so that a part of the app contains the texts of its pages only. A `fn` inserts values into a sentence.
impl Lang {
    fn choose<T>(self, english: &'static T, chinese: &'static T) -> &'static T {
        match self {
            Lang::En => english,
            Lang::Zh => chinese,
        }
    }

    pub(crate) fn shell(self) -> &'static Shell {
        self.choose(&en::SHELL, &zh::SHELL)
    }

    pub(crate) fn storage(self) -> &'static Storage {
        self.choose(&en::STORAGE, &zh::STORAGE)
    }

    pub(crate) fn titles(self) -> &'static Titles {
        self.choose(&en::TITLES, &zh::TITLES)
    }

    pub(crate) fn home(self) -> &'static Home {
        self.choose(&en::HOME, &zh::HOME)
    }

    pub(crate) fn overview(self) -> &'static Overview {
        self.choose(&en::OVERVIEW, &zh::OVERVIEW)
    }

    pub(crate) fn sign(self) -> &'static Sign {
        self.choose(&en::SIGN, &zh::SIGN)
    }

    pub(crate) fn reset(self) -> &'static Reset {
        self.choose(&en::RESET, &zh::RESET)
    }

    pub(crate) fn ended(self) -> &'static Ended {
        self.choose(&en::ENDED, &zh::ENDED)
    }

    pub(crate) fn problem(self) -> &'static Problems {
        self.choose(&en::PROBLEM, &zh::PROBLEM)
    }

    pub(crate) fn inspector(self) -> &'static Inspector {
        self.choose(&en::INSPECTOR, &zh::INSPECTOR)
    }

    pub(crate) fn account(self) -> &'static Account {
        self.choose(&en::ACCOUNT, &zh::ACCOUNT)
    }

    pub(crate) fn sessions(self) -> &'static Sessions {
        self.choose(&en::SESSIONS, &zh::SESSIONS)
    }

    pub(crate) fn missing(self) -> &'static Missing {
        self.choose(&en::MISSING, &zh::MISSING)
    }
}

#[cfg(test)]
mod tests {
    use crate::lang::Lang;
    use wugan_wire::limits::{NAME, NAME_MARKS, PASSWORD};

    #[test]
    fn the_texts_name_the_servers_limits() {
        for t in [Lang::En, Lang::Zh] {
            let names = |text: &str, limits: &[&usize]| {
                assert!(limits.iter().all(|limit| text.contains(&format!(" {limit} "))), "{text}: {limits:?}");
            };
            names(&format!(" {}", t.sign().username_hint), &[NAME.start(), NAME.end()]);
            names(&format!(" {}", t.sign().password_hint), &[PASSWORD.start(), PASSWORD.end()]);
            names(t.problem().username_short, &[NAME.start()]);
            names(t.problem().username_long, &[NAME.end()]);
            names(t.problem().password_short, &[PASSWORD.start()]);
            names(t.problem().password_long, &[PASSWORD.end()]);
            for text in [t.sign().username_hint, t.problem().username_characters] {
                assert!(NAME_MARKS.chars().all(|mark| text.contains(mark)), "{text}");
            }
        }
    }
}
