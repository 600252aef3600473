//! The one record that all tabs share: a session with its tokens, or the news that it ended.

use crate::{
    clock::Stamp,
    event::Reason,
    tokens::{Tokens, User},
};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The record's version. A later one is left alone.
const VERSION: u32 = 1;

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

/// A record's text: all in one object, so that people can read it.
#[derive(Default, Serialize, Deserialize)]
struct Text {
    v: u32,
    session: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Reason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifetime: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued: Option<Stamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    rejected: bool,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
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
        let Version { v } = serde_json::from_str(text).map_err(|_| Unreadable::Rubbish)?;
        if v > VERSION {
            return Err(Unreadable::Later);
        }
        let text: Text = serde_json::from_str(text).map_err(|_| Unreadable::Rubbish)?;
        if !is_name(&text.session) {
            return Err(Unreadable::Rubbish);
        }
        if let Some(reason) = text.ended {
            return Ok(Record::Ended { session: text.session, reason });
        }
        let (Some(access_token), Some(issued)) = (text.access_token, text.issued) else { return Err(Unreadable::Rubbish) };
        let tokens = Tokens { access_token, refresh_token: text.refresh_token, lifetime: text.lifetime, issued, user: text.user };
        Ok(Record::Live(Rc::new(Active { session: text.session, tokens, rejected: text.rejected })))
    }

    /// The record as one text, written at once: there is no torn pair.
    pub(crate) fn write(&self) -> String {
        let text = match self {
            Record::Live(active) => {
                let Active { session, tokens, rejected } = (**active).clone();
                let Tokens { access_token, refresh_token, lifetime, issued, user } = tokens;
                let (access_token, issued) = (Some(access_token), Some(issued));
                Text { v: VERSION, session, ended: None, access_token, refresh_token, lifetime, issued, user, rejected }
            }
            Record::Ended { session, reason } => Text { v: VERSION, session: session.clone(), ended: Some(*reason), ..Text::default() },
        };
        // Texts, numbers and options: there is nothing in a record that JSON cannot say.
        serde_json::to_string(&text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Record {
        let issued = Stamp { wall: 1.5, monotonic: None, server: Some(2.0) };
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
        let without_a_name = live().write().replace(&next_name("", 1.5, 0.5), "s");
        for rubbish in
            ["", "null", "{}", "[1]", "{\"v\":1}", "{\"v\":1,\"session\":7}", "{\"v\":\"1\"}", &nobody_knows_when, &without_a_name]
        {
            assert_eq!(Record::read(rubbish), Err(Unreadable::Rubbish), "{rubbish}");
        }
        assert_eq!(Record::read("{\"v\":2,\"anything\":[]}"), Err(Unreadable::Later));
    }
}
