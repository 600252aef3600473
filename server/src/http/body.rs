//! Reading JSON bodies: bounded in size and time, each by itself and all together, and every way in which they can be wrong has its own code.

use crate::{app::App, error::Error};
use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};
use wugan_wire::{Credentials, DeleteAccount, FieldError, PasswordChange, RefreshExchange, RefreshRequest};

/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;
/// How much is thrown away before a body is answered that has no room, so that a client which is still sending hears the answer.
const THROWN_AWAY: usize = 4 * LARGEST;
/// No body of the wire is longer. What is takes room that all share.
const USUAL: usize = 16 * 1024;
/// What is counted of that room: pieces of this many bytes.
const PIECE: usize = 1024;
/// How many pieces there are: 64 MiB.
const PIECES: usize = 64 * LARGEST / PIECE;

/// Room for unusually long bodies. Whoever sends one has not said yet who he is: without a bound, connections that send a megabyte
/// each would fill the memory; and if others had to share it, a few of them would shut everybody out.
pub struct Room(Semaphore);

impl Default for Room {
    fn default() -> Self {
        Self(Semaphore::new(PIECES))
    }
}

impl Room {
    /// Takes room for a body that is so long by now, beside what was `taken` for it before. It is given back when that is dropped.
    ///
    /// # Errors
    /// There is no more; others have to be read first.
    pub fn take<'a>(&'a self, taken: &mut Option<SemaphorePermit<'a>>, bytes: usize) -> Result<(), Error> {
        let had = taken.as_ref().map_or(0, SemaphorePermit::num_permits);
        let wanted = bytes.saturating_sub(USUAL).div_ceil(PIECE).saturating_sub(had);
        let full = || Error::Busy("too many long bodies are being read".into());
        let more = self.0.try_acquire_many(u32::try_from(wanted).map_err(|_| full())?).map_err(|_| full())?;
        match taken {
            Some(taken) => taken.merge(more),
            None => *taken = Some(more),
        }
        Ok(())
    }
}

/// A body of the wire: an object with texts as fields.
pub trait Fields: DeserializeOwned {
    /// The fields that must be there.
    const NAMES: &'static [&'static str];
}

impl Fields for Credentials {
    const NAMES: &'static [&'static str] = &["username", "password"];
}

impl Fields for RefreshRequest {
    const NAMES: &'static [&'static str] = &["refresh_token"];
}

impl Fields for RefreshExchange {
    const NAMES: &'static [&'static str] = &["refresh_token"];
}

impl Fields for PasswordChange {
    const NAMES: &'static [&'static str] = &["current_password", "new_password"];
}

impl Fields for DeleteAccount {
    const NAMES: &'static [&'static str] = &["password"];
}

/// A body, read and checked.
pub(super) struct Json<T>(pub(super) T);

impl<T: Fields> FromRequest<Arc<App>> for Json<T> {
    type Rejection = Error;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::UnsupportedMediaType);
        }
        let mut taken = None;
        let reading = read(request.into_body(), &app.bodies, &mut taken);
        let bytes = timeout(app.config.request_timeout, reading).await.map_err(|_| Error::RequestTimeout)??;
        parse(&bytes).map(Json)
    }
}

/// `application/json` or any `+json`, whatever its parameters (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read<'a>(mut body: Body, room: &'a Room, taken: &mut Option<SemaphorePermit<'a>>) -> Result<Vec<u8>, Error> {
    let (mut bytes, mut seen, mut fits) = (Vec::new(), 0, Ok(()));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::InvalidRequest("The body could not be read to its end."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if fits.is_ok() {
            fits = if seen > LARGEST { Err(Error::PayloadTooLarge) } else { room.take(taken, seen) };
        }
        if fits.is_ok() {
            bytes.extend_from_slice(&data);
        } else {
            (bytes, *taken) = (Vec::new(), None);
        }
        if seen > THROWN_AWAY {
            break;
        }
    }
    fits.map(|()| bytes)
}

/// Reads what was sent as a body of the wire.
///
/// # Errors
/// It is not JSON, not an object, or lacks fields.
pub fn parse<T: Fields>(bytes: &[u8]) -> Result<T, Error> {
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Error::InvalidRequest("The body is not JSON."))?;
    let Value::Object(fields) = &value else { return Err(Error::InvalidRequest("The body must be a JSON object.")) };
    let wrong: Vec<_> =
        T::NAMES.iter().filter(|name| !fields.get(**name).is_some_and(Value::is_string)).map(|name| missing(name)).collect();
    if !wrong.is_empty() {
        return Err(Error::InvalidInput(wrong));
    }
    serde_json::from_value(value).map_err(|_| Error::InvalidRequest("The body is not what this route reads."))
}

pub(super) fn missing(name: &str) -> FieldError {
    FieldError { field: name.into(), problem: "missing".into(), message: format!("{name} must be there, as text.") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_23_what_is_not_json_and_what_lacks_a_field_are_told_apart() {
        let deep = format!("{{\"username\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        for broken in
            ["", "{", "nonsense", "{\"username\":}", "[]", "1", "\"text\"", "null", deep.as_str(), "{\"a\":1}{\"a\":1}", "\u{feff}{}"]
        {
            assert!(
                matches!(parse::<Credentials>(broken.as_bytes()), Err(Error::InvalidRequest(_))),
                "{}",
                &broken[..broken.len().min(40)]
            );
        }
        assert!(matches!(parse::<Credentials>(b"\xff\xfe{}"), Err(Error::InvalidRequest(_))));
        for lacking in ["{}", r#"{"username":"ada"}"#, r#"{"username":1,"password":"x"}"#, r#"{"username":"ada","password":null}"#] {
            assert!(matches!(parse::<Credentials>(lacking.as_bytes()), Err(Error::InvalidInput(_))), "{lacking}");
        }
        let read: Credentials = parse(br#"{"username":"ada","password":"x","more":[1]}"#).unwrap();
        assert_eq!(read.username, "ada");
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(5_000))]

        /// Whatever comes, it is read or refused; what is read is what was sent.
        #[test]
        fn case_23_any_bytes_are_read_or_refused(bytes: Vec<u8>, name: String, password: String) {
            let _ = parse::<Credentials>(&bytes);
            let _ = parse::<PasswordChange>(&bytes);
            let _ = parse::<RefreshRequest>(&bytes);
            let _ = parse::<RefreshExchange>(&bytes);
            let whole = serde_json::to_vec(&Credentials { username: name.clone(), password: password.clone() }).unwrap();
            let read: Credentials = parse(&whole).unwrap();
            proptest::prop_assert_eq!((read.username, read.password), (name, password));
            for end in 0..whole.len() {
                proptest::prop_assert!(parse::<Credentials>(&whole[..end]).is_err());
            }
        }
    }

    #[test]
    fn case_23_json_is_known_by_its_type() {
        let with = |kind: &str| HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]);
        for good in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert!(is_json(&with(good)), "{good}");
        }
        for bad in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "text/json+json"] {
            assert!(!is_json(&with(bad)), "{bad}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
