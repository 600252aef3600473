//! The pair of tokens, when it runs out, and whose it is. `Debug` shows no secret.

use crate::{
    clock::{Clock, Stamp},
    json::Object,
};
use serde::Deserialize;
use std::{fmt, time::Duration};

/// What a token endpoint answers (RFC 6749 §5.1), as far as a session needs it.
#[derive(Clone, PartialEq, Deserialize)]
pub struct TokenAnswer {
    /// Goes into the `Authorization: Bearer` header.
    pub access_token: String,
    /// Buys the next pair. Without a new one, the old one stays good.
    #[serde(default)]
    pub refresh_token: Option<String>,
    /// Seconds until the access token runs out.
    #[serde(default)]
    pub expires_in: Option<f64>,
}

impl TokenAnswer {
    /// A pair of tokens whose lifetime is told by the access token itself, or not at all.
    pub fn new(access_token: impl Into<String>, refresh_token: impl Into<String>) -> TokenAnswer {
        TokenAnswer { access_token: access_token.into(), refresh_token: Some(refresh_token.into()), expires_in: None }
    }
}

impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// Who is signed in, as far as the access token tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The `sub` claim (RFC 7519 §4.1.2), or the tutorial's `userId`.
    pub id: String,
    /// The `username`, `preferred_username` or `name` claim.
    pub name: Option<String>,
}

/// The tokens of a session as they are kept.
#[derive(Clone, PartialEq)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    /// None: there is nothing to renew the access token with, and the session ends with it.
    pub(crate) refresh_token: Option<String>,
    /// The access token's, in seconds; None: only a 401 can tell.
    pub(crate) lifetime: Option<f64>,
    /// When the access token was issued.
    pub(crate) issued: Stamp,
    pub(crate) user: Option<User>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("lifetime", &self.lifetime).field("user", &self.user).finish_non_exhaustive()
    }
}

/// How much life an access token has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Enough, or nobody knows.
    Enough,
    /// Little: time to renew it, while it still works.
    Little(Duration),
    /// None.
    Nothing,
}

impl Tokens {
    /// Reads an answer that was given at `issued`. Without a new refresh token, `old` stays.
    pub(crate) fn read(answer: TokenAnswer, mut issued: Stamp, old: Option<&Tokens>) -> Tokens {
        let claims = Claims::of(&answer.access_token).unwrap_or_default();
        issued.server = issued.server.or(claims.iat.map(|iat| iat * 1_000.0));
        let sound = |seconds: &f64| seconds.is_finite() && *seconds > 0.0;
        let told = answer.expires_in.filter(sound);
        let lifetime = match claims.lifetime(&issued).filter(sound) {
            // By the device's clock, which may be wrong, only where nobody says it better.
            Some(_) if issued.server.is_none() && told.is_some() => told,
            own => told.into_iter().chain(own).reduce(f64::min),
        };
        let kept = |pick: fn(&Tokens) -> Option<String>| old.and_then(pick);
        Tokens {
            refresh_token: answer.refresh_token.or_else(|| kept(|old| old.refresh_token.clone())),
            lifetime,
            issued,
            user: claims.user.or_else(|| old.and_then(|old| old.user.clone())),
            access_token: answer.access_token,
        }
    }

    /// Whether two pairs are one user's, as far as they tell.
    pub(crate) fn belongs_with(&self, other: &Tokens) -> bool {
        self.user.as_ref().zip(other.user.as_ref()).is_none_or(|(one, other)| one.id == other.id)
    }

    /// How long the access token still works; None: only a 401 can tell.
    pub(crate) fn remaining(&self, clock: &Clock) -> Option<Duration> {
        let lifetime = Duration::try_from_secs_f64(self.lifetime?).ok()?;
        Some(lifetime.saturating_sub(clock.age(&self.issued)))
    }

    /// Whether it is time to renew the access token.
    pub(crate) fn left(&self, clock: &Clock) -> Left {
        match self.remaining(clock) {
            Some(Duration::ZERO) => Left::Nothing,
            Some(remaining) if remaining <= self.margin() => Left::Little(remaining),
            _ => Left::Enough,
        }
    }

    /// How long before its end an access token is renewed: half a minute, and of a short life a tenth.
    pub(crate) fn margin(&self) -> Duration {
        Duration::try_from_secs_f64((self.lifetime.unwrap_or(0.0) / 10.0).min(30.0)).unwrap_or_default()
    }
}

/// The claims of a JWT that a client may look at (RFC 7519 §4.1). It cannot verify them, and trusts them with nothing but times and names.
///
/// One that is of another type than it should be is as good as absent, and spoils none of the others.
#[derive(Default)]
struct Claims {
    exp: Option<f64>,
    iat: Option<f64>,
    user: Option<User>,
}

impl Claims {
    /// None for a token that is no JWT: it is then opaque, which is fine.
    fn of(token: &str) -> Option<Claims> {
        let payload = token.split('.').nth(1)?;
        let claims = Object::read(&decode_base64url(payload)?)?;
        let one_of = |names: &[&str]| names.iter().find_map(|name| claims.text(name));
        // Numbers of users are whole.
        let number = |name| claims.number(name).map(|id| (id as i64).to_string());
        let id = ["sub", "userId"].into_iter().find_map(|name| claims.text(name).or_else(|| number(name)));
        let user = id.map(|id| User { id, name: one_of(&["username", "preferred_username", "name"]) });
        Some(Claims { exp: claims.number("exp"), iat: claims.number("iat"), user })
    }

    /// Seconds from `issued` to expiry: by the `Date` of the answer, else by the token's own two dates, else by the device's clock.
    fn lifetime(&self, issued: &Stamp) -> Option<f64> {
        let from = issued.server.unwrap_or(issued.wall);
        Some(self.exp? - from / 1_000.0)
    }
}

/// Decodes the base64 of a JWT (RFC 4648 §5; RFC 7515 §2). Nothing is verified here, so the bits that are left over may be any.
///
/// A library's decoder, made for speed and for every alphabet, would be three kilobytes of a download.
fn decode_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::with_capacity(text.len()), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use base64::{
        Engine as _,
        engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
    };

    #[test]
    fn base64_is_decoded_as_a_library_does() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=bytes.len() {
            let bytes = &bytes[bytes.len() - length..];
            assert_eq!(decode_base64url(&URL_SAFE_NO_PAD.encode(bytes)).unwrap(), bytes);
            assert_eq!(decode_base64url(&URL_SAFE.encode(bytes)).unwrap(), bytes);
        }
        for wrong in ["+", "/", " ", "a b", "a=b", "ü"] {
            assert_eq!(decode_base64url(wrong), None, "{wrong}");
        }
    }

    fn read(claims: &str) -> Tokens {
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
        Tokens::read(TokenAnswer::new(token, "r"), Stamp { wall: 0.0, monotonic: None, server: None, doubt: 0.0 }, None)
    }

    #[test]
    fn debug_tells_times_and_whose_and_no_token() {
        let answer = TokenAnswer { expires_in: Some(61.0), ..TokenAnswer::new("secret-a", "secret-r") };
        let tokens = read("{\"sub\":\"ada\",\"iat\":1000,\"exp\":1062}");
        let shown = format!("{answer:?} {tokens:?}");
        assert!(["61", "62", "ada"].iter().all(|told| shown.contains(told)), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains(&tokens.access_token), "{shown}");
    }

    #[test]
    fn case_15_tokens_of_somebody_else_do_not_belong() {
        let [ada, again, bob] = ["ada", "ada", "bob"].map(|name| read(&format!("{{\"sub\":\"{name}\"}}")));
        assert!(ada.belongs_with(&again) && !ada.belongs_with(&bob));
        let opaque = read("[]");
        assert!(ada.belongs_with(&opaque) && opaque.belongs_with(&bob), "who does not tell is not refused");
    }

    #[test]
    fn a_claim_of_another_type_spoils_none_of_the_others() {
        let tokens = read("{\"sub\":7,\"username\":42,\"name\":\"Ada\",\"iat\":1000,\"exp\":1060}");
        assert_eq!((tokens.lifetime, tokens.user), (Some(60.0), Some(User { id: "7".into(), name: Some("Ada".into()) })));
        let tokens = read("{\"userId\":\"a\",\"iat\":\"then\",\"exp\":[]}");
        assert_eq!((tokens.lifetime, tokens.user), (None, Some(User { id: "a".into(), name: None })));
        assert_eq!(read("[1]").user, None);
    }
}
