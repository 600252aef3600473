//! Validates an ID token (OpenID Connect Core §3.1.3.7; RFC 8725).

use crate::{
    base64url::decode,
    json::Object,
    oidc::{
        error::{Error, IdTokenError},
        jwks::{self, Algorithm},
    },
    tokens::User,
};

/// How far the provider's clocks may disagree, in seconds.
const LEEWAY: f64 = 60.0;
/// A device's clock that differs more than this from a token that was just issued is wrong.
const WRONG_CLOCK: f64 = 300.0;

/// What the token must say.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: &'a str,
    /// In seconds.
    pub(crate) max_age: Option<f64>,
    pub(crate) received: Received,
}

/// When the token response arrived, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    /// By its `Date`, or by that of an earlier response of the token endpoint's origin. Most providers do not expose it to other origins.
    pub(crate) server: Option<f64>,
    /// By the device's clock, which may be wrong.
    pub(crate) device: f64,
}

impl Received {
    /// The provider's time: by its `Date`, else the device's clock if that agrees with `iat`, else `iat`. The nonce shows that the token was
    /// issued for this sign-in, so `iat` is about now.
    fn provider_time(self, iat: f64) -> f64 {
        let by_device = if (self.device - iat).abs() <= WRONG_CLOCK { self.device } else { iat };
        self.server.unwrap_or(by_device)
    }
}

/// A decoded ID token.
pub(crate) struct IdToken<'a> {
    header: Object,
    claims: Object,
    /// What is signed: header and claims as they were sent.
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> IdToken<'a> {
    /// Decodes a JWS in compact form (RFC 7515 §7.1).
    pub(crate) fn read(token: &'a str) -> Result<IdToken<'a>, IdTokenError> {
        let decoded = || {
            let mut parts = token.as_bytes().split(|byte| *byte == b'.');
            let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
            let object = |part| Object::read(&decode(part)?);
            let signed = &token[..=header.len() + claims.len()];
            let token = IdToken { header: object(header)?, claims: object(claims)?, signed, signature: decode(signature)? };
            // An encrypted token has five parts.
            parts.next().is_none().then_some(token)
        };
        decoded().ok_or(IdTokenError::Malformed)
    }

    /// Checks everything but the signature.
    pub(crate) fn check(&self, expected: &Expected<'_>) -> Result<&'static Algorithm, IdTokenError> {
        let name = self.header.text("alg").unwrap_or_default();
        let algorithm = Algorithm::of(&name).ok_or(IdTokenError::Algorithm(name))?;
        // An extension that must be understood is not (RFC 7515 §4.1.11).
        if self.header.texts("crit").is_some() {
            return Err(IdTokenError::Malformed);
        }
        let claims = &self.claims;
        let is = |name: &str, value: &str| claims.text(name).as_deref() == Some(value);
        if !is("iss", expected.issuer) {
            return Err(IdTokenError::Issuer);
        }
        let audience = claims.texts("aud").unwrap_or_default();
        if !is("aud", expected.client_id) && !audience.iter().any(|client| client == expected.client_id) {
            return Err(IdTokenError::Audience);
        }
        if (audience.len() > 1 || claims.text("azp").is_some()) && !is("azp", expected.client_id) {
            return Err(IdTokenError::AuthorizedParty);
        }
        if !is("nonce", expected.nonce) {
            return Err(IdTokenError::Nonce);
        }
        if claims.text("sub").is_none_or(|subject| subject.is_empty()) {
            return Err(IdTokenError::Subject);
        }
        let issued = claims.number("iat").ok_or(IdTokenError::IssuedAt)?;
        let now = expected.received.provider_time(issued);
        if issued > now + LEEWAY {
            return Err(IdTokenError::IssuedAt);
        }
        if claims.number("exp").is_none_or(|expires| expires + LEEWAY <= now || expires <= issued) {
            return Err(IdTokenError::Expired);
        }
        let authenticated = || claims.number("auth_time").unwrap_or(f64::NEG_INFINITY);
        if expected.max_age.is_some_and(|max_age| now - authenticated() > max_age + LEEWAY) {
            return Err(IdTokenError::AuthenticationTooOld);
        }
        Ok(algorithm)
    }

    /// Verifies the signature with one of the provider's keys.
    pub(crate) async fn verify(&self, algorithm: &Algorithm, keys: &[Object]) -> Result<(), Box<Error>> {
        jwks::verify(algorithm, keys, self.header.text("kid").as_deref(), &self.signature, self.signed).await
    }

    pub(crate) fn into_claims(self) -> Object {
        self.claims
    }
}

/// The user that the claims name.
pub(crate) fn user(claims: &Object) -> Option<User> {
    let name = ["preferred_username", "name", "email"].iter().find_map(|name| claims.text(name));
    Some(User { id: claims.text("sub")?, name })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base64url::encode;
    use serde_json::{Value, json};

    const EXPECTED: Expected<'_> = Expected {
        issuer: "https://a",
        client_id: "app",
        nonce: "n",
        max_age: None,
        received: Received { server: None, device: 1_000_000.0 },
    };

    fn claims() -> Value {
        json!({ "iss": "https://a", "aud": "app", "nonce": "n", "sub": "ada", "iat": 999_999, "exp": 1_003_600 })
    }

    fn check_with(header: &Value, claims: &Value, expected: &Expected<'_>) -> Result<(), IdTokenError> {
        let token = format!("{}.{}.c2ln", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        IdToken::read(&token)?.check(expected).map(drop)
    }

    fn check(claims: &Value) -> Result<(), IdTokenError> {
        check_with(&json!({ "alg": "RS256" }), claims, &EXPECTED)
    }

    #[test]
    fn claims_are_checked() {
        // (claim, its value, result)
        let table = [
            ("iss", json!("https://a"), Ok(())),
            ("iss", json!("https://a/"), Err(IdTokenError::Issuer)),
            ("iss", json!("https://evil.example"), Err(IdTokenError::Issuer)),
            ("iss", json!(["https://a"]), Err(IdTokenError::Issuer)),
            ("iss", Value::Null, Err(IdTokenError::Issuer)),
            ("aud", json!(["app"]), Ok(())),
            ("aud", json!(["app", "other"]), Err(IdTokenError::AuthorizedParty)),
            ("aud", json!(["other"]), Err(IdTokenError::Audience)),
            ("aud", json!("app other"), Err(IdTokenError::Audience)),
            ("aud", json!("APP"), Err(IdTokenError::Audience)),
            ("aud", json!([]), Err(IdTokenError::Audience)),
            ("aud", json!({ "app": true }), Err(IdTokenError::Audience)),
            ("aud", Value::Null, Err(IdTokenError::Audience)),
            ("azp", json!("app"), Ok(())),
            ("azp", json!("other"), Err(IdTokenError::AuthorizedParty)),
            ("nonce", json!("m"), Err(IdTokenError::Nonce)),
            ("nonce", json!(""), Err(IdTokenError::Nonce)),
            ("nonce", Value::Null, Err(IdTokenError::Nonce)),
            ("sub", json!(""), Err(IdTokenError::Subject)),
            ("sub", json!(7), Err(IdTokenError::Subject)),
            ("sub", Value::Null, Err(IdTokenError::Subject)),
            ("exp", json!(999_990), Err(IdTokenError::Expired)),
            ("exp", json!(999_999), Err(IdTokenError::Expired)),
            ("exp", json!("1003600"), Err(IdTokenError::Expired)),
            ("exp", Value::Null, Err(IdTokenError::Expired)),
            ("iat", json!(1_000_059), Ok(())),
            ("iat", json!(1_000_061), Err(IdTokenError::IssuedAt)),
            ("iat", json!("999999"), Err(IdTokenError::IssuedAt)),
            ("iat", Value::Null, Err(IdTokenError::IssuedAt)),
        ];
        assert_eq!(check(&claims()), Ok(()));
        for (name, value, expected) in table {
            let mut changed = claims();
            changed[name] = value.clone();
            assert_eq!(check(&changed), expected, "{name} = {value}");
        }
        let mut two = claims();
        (two["aud"], two["azp"]) = (json!(["app", "other"]), json!("app"));
        assert_eq!(check(&two), Ok(()));
    }

    #[test]
    fn times_are_checked_by_the_providers_clock() {
        let at = |server: Option<f64>, device: f64, max_age: Option<f64>, auth_time: Value| {
            let mut claims = claims();
            claims["auth_time"] = auth_time;
            let expected = Expected { received: Received { server, device }, max_age, ..EXPECTED };
            check_with(&json!({ "alg": "ES256" }), &claims, &expected)
        };
        let none = Value::Null;
        // A device's clock may be wrong by years: the nonce shows that the token was issued just now.
        for device in [0.0, 999_000.0, 1_000_000.0, 1_000_600.0, 2e9] {
            assert_eq!(at(None, device, None, none.clone()), Ok(()), "{device}");
            assert_eq!(at(Some(1_000_000.0), device, None, none.clone()), Ok(()), "{device}");
            assert_eq!(at(Some(1_003_661.0), device, None, none.clone()), Err(IdTokenError::Expired), "{device}");
            assert_eq!(at(Some(999_900.0), device, None, none.clone()), Err(IdTokenError::IssuedAt), "{device}");
        }
        assert_eq!(at(None, 1_000_000.0, Some(100.0), json!(999_900)), Ok(()));
        assert_eq!(at(None, 1_000_000.0, Some(100.0), json!(999_800)), Err(IdTokenError::AuthenticationTooOld));
        assert_eq!(at(None, 1_000_000.0, Some(100.0), none), Err(IdTokenError::AuthenticationTooOld));
    }

    #[test]
    fn the_algorithm_must_be_an_asymmetric_signature() {
        for name in ["none", "None", "NONE", "", "HS256", "HS512", "rs256", "RS1", "RSA-OAEP", "ES256K"] {
            let header = json!({ "alg": name });
            assert_eq!(check_with(&header, &claims(), &EXPECTED), Err(IdTokenError::Algorithm(name.into())));
        }
        for header in [json!({}), json!({ "alg": ["RS256"] })] {
            assert_eq!(check_with(&header, &claims(), &EXPECTED), Err(IdTokenError::Algorithm(String::new())));
        }
        for name in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"] {
            assert_eq!(check_with(&json!({ "alg": name }), &claims(), &EXPECTED), Ok(()), "{name}");
        }
        let critical = json!({ "alg": "RS256", "crit": ["b64"], "b64": false });
        assert_eq!(check_with(&critical, &claims(), &EXPECTED), Err(IdTokenError::Malformed));
    }

    #[test]
    fn other_texts_than_signed_jwts_are_malformed() {
        let (header, payload) = (encode(b"{\"alg\":\"RS256\"}"), encode(claims().to_string().as_bytes()));
        let table = [
            String::new(),
            "..".into(),
            header.clone(),
            format!("{header}.{payload}"),
            format!("{header}.{payload}.s.s.s"),
            format!("{header}.{payload}.+"),
            format!("{header}.{}.s", encode(b"[]")),
            format!("{header}.{}.s", encode(b"{\"a\":\"\xff\"}")),
            format!("{}.{payload}.s", encode(b"null")),
        ];
        for token in table {
            assert!(matches!(IdToken::read(&token), Err(IdTokenError::Malformed)), "{token}");
        }
    }

    #[test]
    fn the_claims_name_the_user() {
        let read = |text: &str| user(&Object::read(text.as_bytes()).unwrap());
        let named = |id: &str, name: Option<&str>| Some(User { id: id.into(), name: name.map(str::to_owned) });
        assert_eq!(read("{\"sub\":\"1\",\"name\":\"Ada L\",\"preferred_username\":\"ada\"}"), named("1", Some("ada")));
        assert_eq!(read("{\"sub\":\"1\",\"email\":\"a@b\"}"), named("1", Some("a@b")));
        assert_eq!(read("{\"sub\":\"1\",\"name\":7}"), named("1", None));
    }

    /// (public key, ID token), made with Node.js.
    #[cfg(target_arch = "wasm32")]
    const SIGNED: [(&str, &str); 3] = [
        (
            r#"{"kty":"RSA","n":"nK-NApCP5zFe-s0q5BMO89fBoWxuqDL9gp78YG0Z8mWw-GHeMR3wcLW3g5O590ae6xp8HrcDj9uxG4b_pPlHZn2vwXgOfsHODYbpSTnQwSH4lJDR5c4Ygwj87PrdZ8Vr59lLQfAeNTH9hk6UvRoHR_t01no9tlW-NFKdTvQllvw5K0zzDcmptiJtvq_Uo7UPDwBbtXaz_AgxCQsMQWUXslClOkphTTgfsFvVPo35aij4q-4LW2XRhALjaHvrgVTf6NjaCI5yAE4pvikAtwrr7w9I5J3AT3iD_OE9Ge-eLvhbtDLu8W1nS595fPvTUZwWtaV6hwQy-Wwtk1CvLTAtAQ","e":"AQAB","kid":"RS256"}"#,
            "eyJhbGciOiJSUzI1NiIsImtpZCI6IlJTMjU2In0.eyJzdWIiOiJhZGEifQ.Gr-pGjoZ8EkFGOVLLbaQntN4wg5WyVn8LeUdFki1r7TfWsoTebMAFKHho70iq1hy2m7dr8q9cQ5q3h4TTHKmrveojP_8i3elqOtoRYmP5JZbWhEZoxiU2h3Dp6Rn2FmhxeoD5OUyxc_ElJOGAJJ97L5b6AG6Q_eG5AA01A81sCeLGbw5sua7upDr9Y9CqvF94XN1OJZ9MLFdUV7olnlJbvKUi1cEAzT4oorDQHQ2pjIPdCbPEuVvakvS-UvO-ONe9-FT2loHRUggSb6AfdQiuiELSBlTPXWf-BIzRllM0OzoYA4uFQUI252yU4802m0IVkN-UNIa91Wa_m05WRpfLg",
        ),
        (
            r#"{"kty":"EC","x":"3ooV1b5JWARBkvpuaSkRn75JHNlGHQYCIxgWvB6Eiu0","y":"tHHQUl4HKEDZ0MMY5GcHBluqOTs3kqDgX777cK-wNhw","crv":"P-256","kid":"ES256"}"#,
            "eyJhbGciOiJFUzI1NiIsImtpZCI6IkVTMjU2In0.eyJzdWIiOiJhZGEifQ.NR8C0sPXV12Joadp5VXyhZbKwpDg_hjjo0ndRWJFGy-ZP_dOJ6HOxB6v27n5McmpM7Z2a4A6x5CfvsM_bjO8-w",
        ),
        (
            r#"{"crv":"Ed25519","x":"tG7o9v_p8TLL7K2AXc2O4pBfsWV6LFcEiXCl7a5XAog","kty":"OKP","kid":"EdDSA"}"#,
            "eyJhbGciOiJFZERTQSIsImtpZCI6IkVkRFNBIn0.eyJzdWIiOiJhZGEifQ.LzODXlYt9fjBgsPv_CqJNkyDvJxZnzWYU3U9zqrxN5FIJC8pJM1bf5N7ewDL0a7RUYdbj3JHFYhoDH1jvJHmAQ",
        ),
    ];

    #[cfg(target_arch = "wasm32")]
    #[wasm_bindgen_test::wasm_bindgen_test]
    async fn signatures_are_verified_by_the_providers_keys() {
        let keys: Vec<Object> = SIGNED.iter().map(|(key, _)| Object::read(key.as_bytes()).unwrap()).collect();
        let verify = async |token: &str, keys: &[Object]| {
            let token = IdToken::read(token).unwrap();
            let algorithm = Algorithm::of(&token.header.text("alg").unwrap()).unwrap();
            token.verify(algorithm, keys).await
        };
        for (index, (key, token)) in SIGNED.iter().enumerate() {
            assert_eq!(verify(token, &keys).await, Ok(()), "{key}");
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let header = signed.split('.').next().unwrap();
            let forged = format!("{header}.{}.{signature}", encode(b"{\"sub\":\"eve\"}"));
            assert_eq!(verify(&forged, &keys).await, Err(IdTokenError::Signature.into()), "{key}");
            assert_eq!(verify(&format!("{signed}."), &keys).await, Err(IdTokenError::Signature.into()), "{key}");
            let others: Vec<Object> =
                (0..3).filter(|other| *other != index).map(|at| Object::read(SIGNED[at].0.as_bytes()).unwrap()).collect();
            assert_eq!(verify(token, &others).await, Err(IdTokenError::UnknownKey.into()), "{key}");
            // A symmetric signature whose secret is the public key (RFC 8725 §2.1) has no algorithm here.
            assert!(Algorithm::of("HS256").is_none());
        }
    }
}
