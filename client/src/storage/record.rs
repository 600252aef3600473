//! The stored record: a session with its tokens, or the fact that it ended. Versioned, and bound to the backend that issued the tokens.

use crate::{
    error::SignOutReason,
    hash::hash,
    json::Object,
    text::hexadecimal,
    time::timestamp::Timestamp,
    tokens::{Tokens, User},
};
use std::rc::Rc;

/// The record's version. A later one is left alone.
const VERSION: f64 = 2.0;

/// From here on, not every number is exact in JSON.
const MAX_ROTATION: f64 = 9_007_199_254_740_992.0;

/// A signed-in session and its present tokens.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ActiveSession {
    /// Made at sign-in and kept through all refreshes. Later sessions compare greater.
    pub(crate) session: String,
    pub(crate) tokens: Tokens,
    /// The server refused to renew it: it lasts as long as its access token.
    pub(crate) is_rejected: bool,
    /// How many exchanges in a row were made because of a 401 and brought a token that was refused too.
    pub(crate) futile_refreshes: u32,
    /// How many exchanges the session has had. By it, older tokens that a tab writes late are told from newer ones.
    pub(crate) rotation: u64,
    /// The tokens are bound to a key (DPoP, RFC 9449): only a client with that key can use them.
    pub(crate) is_bound: bool,
}

impl ActiveSession {
    /// Whether the same exchange renews both. A server that does not rotate leaves the refresh token the same. Access token and attempt id
    /// may differ: tabs that were suspended during one exchange store its result once each.
    pub(crate) fn is_same_exchange(&self, other: &ActiveSession) -> bool {
        (&self.session, &self.tokens.refresh_token, self.rotation) == (&other.session, &other.tokens.refresh_token, other.rotation)
    }

    /// Names the exchange, for its lock and its pause.
    pub(crate) fn exchange_id(&self) -> String {
        hash(&[&self.session, self.tokens.refresh_token.as_deref().unwrap_or_default(), &hexadecimal(self.rotation, 16)])
    }
}

/// What a request is sent with. Cheap to clone, never changes.
pub(crate) type Credential = Rc<ActiveSession>;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Record {
    Active(Credential),
    /// The session of this id ended. The record stays in the storage, so that a tab can distinguish a sign-out from a cleared storage.
    Ended {
        session: String,
        reason: SignOutReason,
    },
}

/// Why a stored text is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    Damaged,
    /// Written by a later version of this library.
    LaterVersion,
    /// Written for another backend, whose session goes on.
    OtherIssuer,
    /// Written for another backend, whose session has ended: nothing is lost if it is replaced.
    OtherIssuerEnded,
}

/// An id for a new session that compares greater than `latest`: by the device's clock, also after that was set back.
pub(crate) fn next_session_id(latest: &str, now: f64, random: f64) -> String {
    let time = (now as u64).max(time_of(latest).saturating_add(1));
    hexadecimal(time, 13) + &hexadecimal((random * 2_f64.powi(52)) as u64, 13)
}

fn time_of(session: &str) -> u64 {
    let value = |digit: u8| u64::from(if digit > b'9' { digit - b'a' + 10 } else { digit - b'0' });
    if is_session_id(session) { session.bytes().take(13).fold(0, |time, digit| time << 4 | value(digit)) } else { 0 }
}

/// When a session began by the device's clock, in milliseconds since 1970.
#[cfg(feature = "leptos")]
pub(crate) fn begun_at(session: &str) -> f64 {
    time_of(session) as f64
}

fn is_session_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl Record {
    pub(crate) fn session(&self) -> &str {
        match self {
            Record::Active(active) => &active.session,
            Record::Ended { session, .. } => session,
        }
    }

    pub(crate) fn read(text: &str, issuer: &str) -> Result<Record, Unreadable> {
        let object = Object::read(text.as_bytes()).ok_or(Unreadable::Damaged)?;
        match object.number("v") {
            Some(version) if version > VERSION => Err(Unreadable::LaterVersion),
            Some(VERSION) if object.text("issuer").is_some_and(|stored| stored != issuer) => {
                Err(if object.text("ended").is_some() { Unreadable::OtherIssuerEnded } else { Unreadable::OtherIssuer })
            }
            Some(VERSION) => Record::parse(&object).ok_or(Unreadable::Damaged),
            _ => Err(Unreadable::Damaged),
        }
    }

    /// Reads a record of version 1, which names no issuer and has no attempt id.
    pub(crate) fn read_version_1(text: &str) -> Option<Record> {
        let object = Object::read(text.as_bytes())?;
        (object.number("v") == Some(1.0)).then(|| Record::parse(&object)).flatten()
    }

    fn parse(object: &Object) -> Option<Record> {
        let session = object.text("session").filter(|session| is_session_id(session))?;
        if let Some(reason) = object.text("ended") {
            return Some(Record::Ended { session, reason: SignOutReason::from_name(&reason)? });
        }
        let issued = object.object("issued")?;
        let device = issued.number("device").or_else(|| issued.number("wall"))?;
        let refresh_token = object.text("refresh_token");
        let tokens = Tokens {
            access_token: object.text("access_token")?,
            // All tabs derive the same id for a record that has none.
            attempt: object.text("attempt").unwrap_or_else(|| hash(&[refresh_token.as_deref().unwrap_or_default()])),
            refresh_token,
            lifetime: object.number("lifetime").filter(|seconds| *seconds >= 0.0),
            // The monotonic clock of the page that wrote it is meaningless here.
            issued: Timestamp { device, monotonic: None, server: issued.number("server"), uncertainty: 0.0 },
            user: object.object("user").and_then(|user| Some(User { id: user.text("id")?, name: user.text("name") })),
        };
        Some(Record::Active(Rc::new(ActiveSession {
            session,
            tokens,
            is_rejected: object.is_true("rejected"),
            futile_refreshes: object.number("futile").unwrap_or(0.0) as u32,
            // A damaged number becomes one from which the count goes on.
            rotation: object.number("rotation").map_or(0.0, |number| if number < MAX_ROTATION { number } else { MAX_ROTATION / 2.0 })
                as u64,
            is_bound: object.is_true("bound"),
        })))
    }

    /// The record as one text, so that tokens and attempt id are always written together.
    pub(crate) fn write(&self, issuer: &str) -> String {
        let object =
            Object::new().with_number("v", Some(VERSION)).with_text("issuer", Some(issuer)).with_text("session", Some(self.session()));
        let object = match self {
            Record::Ended { reason, .. } => object.with_text("ended", Some(reason.name())),
            Record::Active(active) => {
                let Tokens { access_token, refresh_token, attempt, lifetime, issued, user } = &active.tokens;
                let issued = Object::new().with_number("device", Some(issued.device)).with_number("server", issued.server);
                let user = user.as_ref().map(|user| Object::new().with_text("id", Some(&user.id)).with_text("name", user.name.as_deref()));
                object
                    .with_text("access_token", Some(access_token))
                    .with_text("refresh_token", refresh_token.as_deref())
                    .with_text("attempt", Some(attempt))
                    .with_number("lifetime", *lifetime)
                    .with_object("issued", Some(issued))
                    .with_object("user", user)
                    .with_flag("rejected", active.is_rejected)
                    .with_number("futile", Some(active.futile_refreshes).filter(|count| *count > 0).map(f64::from))
                    .with_number("rotation", Some(active.rotation).filter(|count| *count > 0).map(|count| count as f64))
                    .with_flag("bound", active.is_bound)
            }
        };
        object.write()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://api.example.com/user/refresh";

    fn active() -> Record {
        let issued = Timestamp { device: 1.5, monotonic: None, server: Some(2.0), uncertainty: 0.0 };
        let (access_token, refresh_token) = ("a".into(), Some("r".into()));
        let tokens = Tokens { access_token, refresh_token, attempt: "id".into(), lifetime: Some(60.0), issued, user: None };
        let session = next_session_id("", 1.5, 0.5);
        Record::Active(Rc::new(ActiveSession { session, tokens, is_rejected: false, futile_refreshes: 3, rotation: 5, is_bound: true }))
    }

    #[test]
    fn session_ids_grow_with_the_clock_and_after_it_was_set_back() {
        let first = next_session_id("", 1e12, 0.9);
        let ids = [first.clone(), next_session_id(&first, 1e12, 0.0), next_session_id("", 1e12 + 2.0, 0.0)];
        assert!(ids.is_sorted_by(|one, other| one < other), "{ids:?}");
        assert!(next_session_id(&ids[2], 5.0, 0.0) > ids[2]);
        assert!(ids.iter().all(|id| is_session_id(id)));
        assert!(next_session_id("", -1.0, 0.0) < next_session_id("damaged", f64::INFINITY, 0.999));
    }

    #[test]
    fn a_written_record_is_read_back() {
        for record in [active(), Record::Ended { session: next_session_id("", 1.5, 0.5), reason: SignOutReason::Rejected }] {
            assert_eq!(Record::read(&record.write(ISSUER), ISSUER), Ok(record));
        }
    }

    #[test]
    fn case_27_damaged_and_later_records_are_told_apart() {
        let without_time = active().write(ISSUER).replace("issued", "issue");
        let unknown_end = active().write(ISSUER).replace("access_token", "ended");
        let without_id = active().write(ISSUER).replace(&next_session_id("", 1.5, 0.5), "s");
        let version_2 = ["{\"v\":2}", "{\"v\":2,\"session\":7}", "{\"v\":\"2\"}"];
        let damaged = ["", "null", "{}", "[1]", &without_time, &without_id, &unknown_end];
        for text in damaged.into_iter().chain(version_2) {
            assert_eq!(Record::read(text, ISSUER), Err(Unreadable::Damaged), "{text}");
        }
        assert_eq!(Record::read("{\"v\":3,\"anything\":[]}", ISSUER), Err(Unreadable::LaterVersion));
    }

    #[test]
    fn case_38_a_record_of_another_issuer_is_not_read() {
        assert_eq!(Record::read(&active().write("https://other.example.com/token"), ISSUER), Err(Unreadable::OtherIssuer));
    }

    #[test]
    fn protocol_3_a_record_without_an_attempt_id_gets_the_same_one_in_every_tab() {
        let text = active().write(ISSUER).replace("\"attempt\":\"id\"", "\"other\":1");
        let attempt = || match Record::read(&text, ISSUER) {
            Ok(Record::Active(active)) => active.tokens.attempt.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(attempt(), attempt());
        assert_eq!(attempt().len(), 16, "the contract asks for 16 to 64 characters");
    }
}
