//! The one record that all tabs share: a session with its tokens, or the news that it ended.

use crate::{event::Reason, tokens::Tokens};
use serde::{Deserialize, Serialize};
use std::rc::Rc;

/// The record's version. A later one is left alone.
const VERSION: u32 = 1;

/// A signed-in session: which, and its tokens as they are now. What a request is sent with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Active {
    /// Made at each sign-in; stays through all refreshes. Later ones compare greater.
    pub(crate) session: String,
    #[serde(flatten)]
    pub(crate) tokens: Tokens,
    /// The server refused to renew it: it lives as long as its access token.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
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

#[derive(Serialize, Deserialize)]
struct Ended {
    session: String,
    ended: Reason,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize)]
struct Versioned<T> {
    v: u32,
    #[serde(flatten)]
    record: T,
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
        if let Ok(Ended { session, ended }) = serde_json::from_str(text) {
            return Ok(Record::Ended { session, reason: ended });
        }
        serde_json::from_str(text).map(|active| Record::Live(Rc::new(active))).map_err(|_| Unreadable::Rubbish)
    }

    /// The record as one text, written at once: there is no torn pair.
    pub(crate) fn write(&self) -> String {
        let text = match self {
            Record::Live(active) => serde_json::to_string(&Versioned { v: VERSION, record: &**active }),
            Record::Ended { session, reason } => {
                serde_json::to_string(&Versioned { v: VERSION, record: Ended { session: session.clone(), ended: *reason } })
            }
        };
        // Texts, numbers and options: there is nothing in a record that JSON cannot say.
        text.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;

    fn live() -> Record {
        let issued = Stamp { wall: 1.5, monotonic: None, server: Some(2.0) };
        let tokens = Tokens { access_token: "a".into(), refresh_token: Some("r".into()), lifetime: Some(60.0), issued, user: None };
        Record::Live(Rc::new(Active { session: "s".into(), tokens, rejected: false }))
    }

    #[test]
    fn what_is_written_is_read() {
        for record in [live(), Record::Ended { session: "s".into(), reason: Reason::Rejected }] {
            assert_eq!(Record::read(&record.write()), Ok(record));
        }
    }

    #[test]
    fn case_27_rubbish_and_a_later_version_are_told_apart() {
        for rubbish in ["", "null", "{}", "[1]", "{\"v\":1}", "{\"v\":1,\"session\":7}", "{\"v\":\"1\"}"] {
            assert_eq!(Record::read(rubbish), Err(Unreadable::Rubbish), "{rubbish}");
        }
        assert_eq!(Record::read("{\"v\":2,\"anything\":[]}"), Err(Unreadable::Later));
    }
}
