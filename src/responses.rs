//! Parses the server's responses with the browser's JSON parser: serde_json's would be a tenth of the download. The tests check that the types
//! of `wugan-wire` are read as serde writes them.

use serde::{Deserialize, de::value::StrDeserializer};
use wugan::Object;
use wugan_wire::{Code, FieldError, Me, SessionItem, TokenAnswer};

/// An error body: its code and its field errors.
pub(crate) fn error(body: &str) -> Option<(Code, Vec<FieldError>)> {
    let body = Object::read(body.as_bytes())?;
    let fields = body.list("fields").unwrap_or_default();
    let field = |of: &Object| Some(FieldError { field: of.text("field")?, problem: of.text("problem")?, message: of.text("message")? });
    Some((code(&body.text("code")?)?, fields.iter().map(field).collect::<Option<_>>()?))
}

/// An error code by its name in the API.
fn code(name: &str) -> Option<Code> {
    Code::deserialize(StrDeserializer::<serde::de::value::Error>::new(name)).ok()
}

pub(crate) fn me(body: &str) -> Option<Me> {
    let body = Object::read(body.as_bytes())?;
    Some(Me { id: body.number("id")? as i64, username: body.text("username")?, created_at: body.text("created_at")? })
}

pub(crate) fn sessions(body: &str) -> Option<Vec<SessionItem>> {
    let item = |of: &Object| {
        Some(SessionItem {
            id: of.text("id")?,
            created_at: of.text("created_at")?,
            last_used_at: of.text("last_used_at")?,
            user_agent: of.text("user_agent"),
            ip: of.text("ip"),
            current: of.is_true("current"),
        })
    };
    Object::read_list(body.as_bytes())?.iter().map(item).collect()
}

pub(crate) fn tokens(body: &str) -> Option<TokenAnswer> {
    let body = Object::read(body.as_bytes())?;
    Some(TokenAnswer {
        access_token: body.text("access_token")?,
        refresh_token: body.text("refresh_token")?,
        token_type: body.text("token_type")?,
        expires_in: body.number("expires_in")? as u64,
        refresh_expires_in: body.number("refresh_expires_in")? as u64,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wugan_wire::ErrorBody;

    fn written(value: &impl serde::Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn bodies_of_the_api_are_read() {
        let me_written = Me { id: 9_007_199_254_740_991, username: "無感".into(), created_at: "2026-01-02T03:04:05Z".into() };
        assert_eq!(me(&written(&me_written)), Some(me_written));
        let item = |id: &str, current: bool| SessionItem {
            id: id.into(),
            created_at: "2026-01-02T03:04:05Z".into(),
            last_used_at: "2026-01-02T03:04:06Z".into(),
            user_agent: current.then(|| "Firefox".into()),
            ip: current.then(|| "::1".into()),
            current,
        };
        let list = vec![item("a", true), item("b", false)];
        assert_eq!(sessions(&written(&list)), Some(list));
        assert_eq!(sessions("[]"), Some(Vec::new()));
        let answer = TokenAnswer {
            access_token: "a.b.c".into(),
            refresh_token: "d.e.f".into(),
            token_type: "Bearer".into(),
            expires_in: 1_800,
            refresh_expires_in: 604_800,
        };
        assert!(tokens(&written(&answer)) == Some(answer));
    }

    #[test]
    fn an_error_is_read_with_its_fields_and_an_unknown_code_as_other() {
        let field = FieldError { field: "username".into(), problem: "too_short".into(), message: "It is too short.".into() };
        let body = |code, fields| ErrorBody { status_code: 422, message: "no".into(), error: "Unprocessable".into(), code, fields };
        for code in [Code::UsernameTaken, Code::InvalidInput, Code::RateLimited, Code::Internal, Code::PayloadTooLarge] {
            assert_eq!(error(&written(&body(code, vec![field.clone()]))), Some((code, vec![field.clone()])));
            assert_eq!(error(&written(&body(code, Vec::new()))), Some((code, Vec::new())));
        }
        assert_eq!(error(r#"{"code":"of_next_year"}"#), Some((Code::Other, Vec::new())));
    }

    #[test]
    fn invalid_bodies_are_none() {
        for odd in ["", "<html>", "[]", "{}", "{\"code\":7}", "{\"id\":\"1\"}", "null", "[1,2"] {
            assert!(error(odd).is_none() && me(odd).is_none() && tokens(odd).is_none(), "{odd}");
        }
        for odd in ["", "{}", "[{}]", "[{\"id\":\"a\"}]", "7"] {
            assert!(sessions(odd).is_none(), "{odd}");
        }
    }
}
