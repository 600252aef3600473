//! The tokens of a session as they are stored: when they expire, and whose they are. `Debug` shows no token.

use crate::{
    time::{
        clock::Clock,
        timestamp::{Timestamp, milliseconds},
    },
    tokens::{TokenSet, User, claims::Claims},
};
use std::{fmt, time::Duration};

/// The tokens of a session as they are stored.
#[derive(Clone, PartialEq)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    /// `None`: the session cannot be renewed, or the refresh token is in a cookie.
    pub(crate) refresh_token: Option<String>,
    /// Identifies the exchange of this refresh token; made in the same write, sent with every attempt to exchange it.
    pub(crate) attempt: String,
    /// The access token's, in seconds. `None`: only a 401 shows that it has expired.
    pub(crate) lifetime: Option<f64>,
    /// When the access token was issued.
    pub(crate) issued: Timestamp,
    pub(crate) user: Option<User>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("lifetime", &self.lifetime).field("user", &self.user).finish_non_exhaustive()
    }
}

/// Whether an access token should be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It stays valid for long enough, or its lifetime is unknown.
    Fresh,
    /// It is valid for this long.
    ExpiringSoon(Duration),
    /// It is no longer valid.
    Expired,
}

impl Tokens {
    /// Reads a token response sent at `issued`. What it leaves out is kept from `old`; `attempt` is for a new refresh token.
    pub(crate) fn read(set: TokenSet, mut issued: Timestamp, old: Option<&Tokens>, attempt: String) -> Tokens {
        let claims = Claims::of(&set.access_token).unwrap_or_default();
        issued.server = issued.server.or(claims.iat.map(|iat| iat * 1_000.0));
        // Whole numbers survive the stored JSON exactly, so that they can be compared.
        issued.device = issued.device.round_ties_even();
        let is_usable = |seconds: &f64| seconds.is_finite() && *seconds > 0.0;
        let expires_in = set.expires_in.filter(is_usable);
        let lifetime = match claims.lifetime(&issued).filter(is_usable) {
            // `exp` minus the device's clock, which may be wrong, counts only without anything better.
            Some(_) if issued.server.is_none() && expires_in.is_some() => expires_in,
            by_claims => expires_in.into_iter().chain(by_claims).reduce(f64::min),
        };
        let old_user = old.and_then(|old| old.user.clone());
        // An ID token named the user: access tokens may have another subject for each audience (OpenID Connect Core §8.1).
        let is_named_elsewhere = old.is_some_and(|old| names_another_user(&old.access_token, old));
        let kept = old.filter(|old| set.refresh_token.as_ref().is_none_or(|new| old.refresh_token.as_ref() == Some(new)));
        Tokens {
            attempt: kept.map_or(attempt, |old| old.attempt.clone()),
            refresh_token: set.refresh_token.or_else(|| old.and_then(|old| old.refresh_token.clone())),
            lifetime,
            issued,
            user: match (claims.user.filter(|_| !is_named_elsewhere), old_user) {
                // An earlier token named the same user, with a name.
                (Some(new), Some(old)) if new.name.is_none() && new.id == old.id => Some(old),
                (new, old) => new.or(old),
            },
            access_token: set.access_token,
        }
    }

    /// How long the access token stays valid; `None`: unknown.
    pub(crate) fn remaining(&self, clock: &Clock) -> Option<Duration> {
        let lifetime = milliseconds(self.lifetime? * 1_000.0);
        Some(lifetime.saturating_sub(clock.age(&self.issued)))
    }

    pub(crate) fn freshness(&self, clock: &Clock) -> Freshness {
        match self.remaining(clock) {
            Some(Duration::ZERO) => Freshness::Expired,
            Some(remaining) if remaining <= self.refresh_margin() => Freshness::ExpiringSoon(remaining),
            _ => Freshness::Fresh,
        }
    }

    /// How long before its expiry an access token is renewed: a tenth of its lifetime, at most 30 s.
    pub(crate) fn refresh_margin(&self) -> Duration {
        milliseconds((self.lifetime.unwrap_or(0.0) * 100.0).min(30_000.0))
    }
}

/// Whether an access token names another user than the one of these tokens.
pub(crate) fn names_another_user(access_token: &str, tokens: &Tokens) -> bool {
    let named = Claims::of(access_token).and_then(|claims| claims.user);
    named.zip(tokens.user.as_ref()).is_some_and(|(named, user)| named.id != user.id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    fn read(claims: &str) -> Tokens {
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
        let issued = Timestamp { device: 0.0, monotonic: None, server: None, uncertainty: 0.0 };
        Tokens::read(TokenSet::new(token, "r"), issued, None, "id".into())
    }

    #[test]
    fn a_user_named_by_an_id_token_is_kept_when_access_tokens_have_another_subject() {
        let renewed =
            |old: &Tokens, claims: &str| Tokens::read(TokenSet::new(read(claims).access_token, "r"), old.issued, Some(old), "id".into());
        let user = Some(User { id: "ada".into(), name: None });
        let old = Tokens { user: user.clone(), ..read("{\"sub\":\"pairwise\"}") };
        assert_eq!(renewed(&old, "{\"sub\":\"pairwise\",\"iat\":1}").user, user);
        let old = read("{\"sub\":\"ada\"}");
        assert_eq!(renewed(&old, "{\"sub\":\"renamed\"}").user.unwrap().id, "renamed", "case 51");
    }

    #[test]
    fn debug_shows_times_and_user_but_no_token() {
        let set = TokenSet::new("secret-a", "secret-r").with_expires_in(61.0);
        let tokens = read("{\"sub\":\"ada\",\"iat\":1000,\"exp\":1062}");
        let shown = format!("{set:?} {tokens:?}");
        assert!(["61", "62", "ada"].iter().all(|text| shown.contains(text)), "{shown}");
        assert!(!shown.contains("secret") && !shown.contains(&tokens.access_token), "{shown}");
    }

    #[test]
    fn a_claim_of_another_type_counts_as_absent() {
        let tokens = read("{\"sub\":7,\"username\":42,\"name\":\"Ada\",\"iat\":1000,\"exp\":1060}");
        assert_eq!((tokens.lifetime, tokens.user), (Some(60.0), Some(User { id: "7".into(), name: Some("Ada".into()) })));
        let tokens = read("{\"userId\":\"a\",\"iat\":\"then\",\"exp\":[]}");
        assert_eq!((tokens.lifetime, tokens.user), (None, Some(User { id: "a".into(), name: None })));
        assert_eq!(read("[1]").user, None);
    }

    #[test]
    fn case_58_numeric_subjects_beyond_2_to_the_53_are_exact() {
        let id = |claims: &str| read(claims).user.map(|user| user.id);
        assert_eq!(id("{\"sub\": 9007199254740993}").as_deref(), Some("9007199254740993"));
        assert_eq!(id("{\"sub\":9007199254740992}").as_deref(), Some("9007199254740992"));
        assert_eq!(id("{\"note\":\"\\\"sub\\\":1\",\"userId\":18446744073709551615,\"x\":1}").as_deref(), Some("18446744073709551615"));
        assert_eq!(id("{\"sub\":-5}").as_deref(), Some("-5"));
    }

    #[test]
    fn a_name_stays_with_its_user() {
        let issued = Timestamp { device: 0.0, monotonic: None, server: None, uncertainty: 0.0 };
        let old = read("{\"sub\":\"1\",\"name\":\"Ada\"}");
        let user = |claims: &str| {
            let set = TokenSet::without_refresh_token(format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims)));
            Tokens::read(set, issued, Some(&old), "new".into()).user.map(|user| (user.id, user.name))
        };
        let named = |id: &str, name: Option<&str>| Some((id.to_owned(), name.map(str::to_owned)));
        assert_eq!(user("{}"), named("1", Some("Ada")));
        assert_eq!(user("{\"sub\":\"1\"}"), named("1", Some("Ada")));
        assert_eq!(user("{\"sub\":\"1\",\"name\":\"Countess\"}"), named("1", Some("Countess")));
        assert_eq!(user("{\"sub\":\"2\"}"), named("2", None));
    }

    #[test]
    fn an_attempt_id_stays_with_its_refresh_token() {
        let issued = Timestamp { device: 0.0, monotonic: None, server: None, uncertainty: 0.0 };
        let first = read("{}");
        let kept = Tokens::read(TokenSet::without_refresh_token("b"), issued, Some(&first), "new".into());
        assert_eq!((kept.refresh_token.as_deref(), &*kept.attempt), (Some("r"), "id"));
        let same = Tokens::read(TokenSet::new("b", "r"), issued, Some(&first), "new".into());
        assert_eq!(&*same.attempt, "id");
        let rotated = Tokens::read(TokenSet::new("b", "r2"), issued, Some(&first), "new".into());
        assert_eq!(&*rotated.attempt, "new");
    }
}
