//! Reading JSON bodies: bounded in size and time, and every way in which they can be wrong has its own code.

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
use tokio::time::timeout;
use wugan_wire::{Credentials, DeleteAccount, FieldError, PasswordChange, RefreshRequest};

/// The largest body that is read.
const LARGEST: usize = 1024 * 1024;
/// How much more is thrown away before an oversized body is answered, so that a client which is still sending hears the answer.
const THROWN_AWAY: usize = 4 * LARGEST;

/// A body of the wire: an object whose fields are texts, all of them needed.
pub trait Fields: DeserializeOwned {
    /// The fields.
    const NAMES: &'static [&'static str];
}

impl Fields for Credentials {
    const NAMES: &'static [&'static str] = &["username", "password"];
}

impl Fields for RefreshRequest {
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
        let bytes = timeout(app.config.request_timeout, read(request.into_body())).await.map_err(|_| Error::RequestTimeout)??;
        parse(&bytes).map(Json)
    }
}

/// `application/json` or any `+json`, whatever its parameters (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read(mut body: Body) -> Result<Vec<u8>, Error> {
    let (mut bytes, mut seen) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::InvalidRequest("The body could not be read to its end."))?;
        let Ok(data) = frame.into_data() else { continue };
        seen += data.len();
        if seen <= LARGEST {
            bytes.extend_from_slice(&data);
        } else if seen > THROWN_AWAY {
            break;
        }
    }
    if seen > LARGEST { Err(Error::PayloadTooLarge) } else { Ok(bytes) }
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
