//! Reads JSON bodies, bounded in size and time. Each way in which a body can be wrong has its own error.

use crate::{auth::Auth, error::Error};
use axum::{
    body::Body,
    extract::{FromRef, FromRequest, Request},
    http::{HeaderMap, header},
};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::timeout;
use wugan_wire::{Credentials, DeleteAccount, FieldError, PasswordChange, PasswordReset, RefreshExchange, RefreshRequest};

/// The longest body that is accepted. The longest valid one, with each character of name and password escaped, has 4 KiB.
const MAX_BODY: usize = 16 * 1024;
/// How much of a longer body is read and discarded before the answer: a client that is still sending reads no answer.
const DRAIN_LIMIT: usize = 4 * 1024 * 1024;

/// A body: an object with texts as fields.
pub trait Fields: DeserializeOwned {
    /// The required fields.
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

impl Fields for PasswordReset {
    const NAMES: &'static [&'static str] = &["code", "new_password"];
}

impl Fields for DeleteAccount {
    const NAMES: &'static [&'static str] = &["password"];
}

/// Extracts a body.
pub(super) struct Json<T>(pub(super) T);

impl<T: Fields, S: Send + Sync> FromRequest<S> for Json<T>
where
    Auth: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::UnsupportedMediaType);
        }
        let limit = Auth::from_ref(state).inner.options.request_timeout;
        let bytes = timeout(limit, read(request.into_body())).await.map_err(|_| Error::RequestTimeout)??;
        parse(&bytes).map(Json)
    }
}

/// `application/json` or any `+json`, with any parameters (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

async fn read(mut body: Body) -> Result<Vec<u8>, Error> {
    let (mut bytes, mut length) = (Vec::new(), 0);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Error::InvalidRequest("The body could not be read to its end."))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= MAX_BODY {
            bytes.extend_from_slice(&data);
        } else if length > DRAIN_LIMIT {
            break;
        } else {
            // Takes no memory while the rest is read.
            bytes = Vec::new();
        }
    }
    if length > MAX_BODY { Err(Error::PayloadTooLarge) } else { Ok(bytes) }
}

/// Parses a body.
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
    serde_json::from_value(value).map_err(|_| Error::InvalidRequest("A field of the body has the wrong type."))
}

pub(super) fn missing(name: &str) -> FieldError {
    FieldError { field: name.into(), problem: "missing".into(), message: format!("{name} is required and must be a string.") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn case_23_malformed_json_and_missing_fields_are_different_errors() {
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

        /// Any bytes are parsed or refused without a panic, and a serialised body is parsed to the same value.
        #[test]
        fn case_23_any_bytes_are_parsed_or_refused(bytes: Vec<u8>, name: String, password: String) {
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
    fn case_23_json_is_recognised_by_its_media_type() {
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
