//! The one record that all tabs share: a session with its tokens, or the news that it ended.

use crate::{
    clock::Stamp,
    event::Reason,
    json::Object,
    tokens::{Tokens, User},
};
use std::rc::Rc;

/// The record's version. A later one is left alone.
const VERSION: f64 = 1.0;

/// A signed-in session: which, and its tokens as they are now. What a request is sent with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Active {
    /// Made at each sign-in; stays through all refreshes. Later ones compare greater.
    pub(crate) session: String,
    pub(crate) tokens: Tokens,
    /// The server refused to renew it: it lives as long as its access token.
    pub(crate) rejected: bool,
}

/// What a request was sent with: cheap to keep, never changes.
pub(crate) type Credential = Rc<Active>;

/// What the store holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Live(Credential),
    /// The session of this name ended. The record stays, so that a tab can tell a sign-out from a store that was emptied.
    Ended {
        session: String,
        reason: Reason,
    },
}

/// The store's text is none of our records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Rubbish,
    /// Written by a later version of this library.
    Later,
}

/// A name for a new session, which compares greater than `latest`: by the device's clock, and also where that was set back.
pub(crate) fn next_name(latest: &str, wall: f64, random: f64) -> String {
    let before = latest.get(..13).and_then(|time| u64::from_str_radix(time, 16).ok()).unwrap_or(0);
    let time = (wall as u64).max(before + 1);
    format!("{time:013x}{:013x}", (random * 2_f64.powi(52)) as u64)
}

/// Any other would not compare.
fn is_name(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Record {
    /// Which session it speaks of.
    pub(crate) fn session(&self) -> &str {
        match self {
            Record::Live(active) => &active.session,
            Record::Ended { session, .. } => session,
        }
    }

    pub(crate) fn read(text: &str) -> Result<Record, Unreadable> {
        let object = Object::read(text.as_bytes()).ok_or(Unreadable::Rubbish)?;
        match object.number("v") {
            Some(version) if version > VERSION => Err(Unreadable::Later),
            Some(_) => Record::of(&object).ok_or(Unreadable::Rubbish),
            None => Err(Unreadable::Rubbish),
        }
    }

    fn of(object: &Object) -> Option<Record> {
        let session = object.text("session").filter(|session| is_name(session))?;
        if let Some(reason) = object.text("ended") {
            return Some(Record::Ended { session, reason: Reason::named(&reason)? });
        }
        let tokens = Tokens {
            access_token: object.text("access_token")?,
            refresh_token: object.text("refresh_token"),
            lifetime: object.number("lifetime"),
            issued: issued(&object.object("issued")?)?,
            user: object.object("user").and_then(|user| Some(User { id: user.text("id")?, name: user.text("name") })),
        };
        Some(Record::Live(Rc::new(Active { session, tokens, rejected: object.is_true("rejected") })))
    }

    /// The record as one text, written at once: there is no torn pair. All is in one object that people can read.
    pub(crate) fn write(&self) -> String {
        let object = Object::new().with_number("v", Some(VERSION)).with_text("session", Some(self.session()));
        let object = match self {
            Record::Ended { reason, .. } => object.with_text("ended", Some(reason.name())),
            Record::Live(active) => {
                let Tokens { access_token, refresh_token, lifetime, issued, user } = &active.tokens;
                let issued = Object::new().with_number("wall", Some(issued.wall)).with_number("server", issued.server);
                let user = user.as_ref().map(|user| Object::new().with_text("id", Some(&user.id)).with_text("name", user.name.as_deref()));
                object
                    .with_text("access_token", Some(access_token))
                    .with_text("refresh_token", refresh_token.as_deref())
                    .with_number("lifetime", *lifetime)
                    .with_object("issued", Some(issued))
                    .with_object("user", user)
                    .with_true("rejected", active.rejected)
            }
        };
        object.write()
    }
}

/// Another page's: its monotonic clock would mean nothing here, and was not stored.
fn issued(object: &Object) -> Option<Stamp> {
    Some(Stamp { wall: object.number("wall")?, monotonic: None, server: object.number("server"), doubt: 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Record {
        let issued = Stamp { wall: 1.5, monotonic: None, server: Some(2.0), doubt: 0.0 };
        let tokens = Tokens { access_token: "a".into(), refresh_token: Some("r".into()), lifetime: Some(60.0), issued, user: None };
        Record::Live(Rc::new(Active { session: next_name("", 1.5, 0.5), tokens, rejected: false }))
    }

    #[test]
    fn names_grow_with_the_clock_and_when_it_is_set_back() {
        let names = [next_name("", 1e12, 0.9), next_name(&next_name("", 1e12, 0.9), 1e12, 0.0), next_name("", 1e12 + 2.0, 0.0)];
        assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
        assert!(next_name(&names[2], 5.0, 0.0) > names[2]);
        assert!(names.iter().all(|name| is_name(name)));
        assert!(next_name("", -1.0, 0.0) < next_name("rubbish", f64::INFINITY, 0.999));
    }

    #[test]
    fn what_is_written_is_read() {
        for record in [live(), Record::Ended { session: next_name("", 1.5, 0.5), reason: Reason::Rejected }] {
            assert_eq!(Record::read(&record.write()), Ok(record));
        }
    }

    #[test]
    fn case_27_rubbish_and_a_later_version_are_told_apart() {
        let nobody_knows_when = live().write().replace("issued", "issue");
        let ended_somehow = live().write().replace("access_token", "ended");
        let without_a_name = live().write().replace(&next_name("", 1.5, 0.5), "s");
        for rubbish in [
            "",
            "null",
            "{}",
            "[1]",
            "{\"v\":1}",
            "{\"v\":1,\"session\":7}",
            "{\"v\":\"1\"}",
            &nobody_knows_when,
            &without_a_name,
            &ended_somehow,
        ] {
            assert_eq!(Record::read(rubbish), Err(Unreadable::Rubbish), "{rubbish}");
        }
        assert_eq!(Record::read("{\"v\":2,\"anything\":[]}"), Err(Unreadable::Later));
    }
}
