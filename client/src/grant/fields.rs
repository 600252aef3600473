//! Reads token responses: the names of their fields, and which answers are rejections.

use crate::{
    grant::{RefreshOutcome, TokenResponse},
    json::Object,
    text::parse_digits,
    tokens::TokenSet,
};

/// `invalid_grant` (RFC 6749 §5.2), the codes of OpenID Connect Core §3.1.2.6, and those of Django SimpleJWT and Supabase.
const REJECTION_CODES: [&str; 10] = [
    "invalid_grant",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
    "token_not_valid",
    "refresh_token_not_found",
    "refresh_token_already_used",
    "session_not_found",
    "session_expired",
];

/// A proof was refused, not the refresh token (RFC 9449 §5, §8).
const PROOF_CODES: [&str; 2] = ["invalid_dpop_proof", "use_dpop_nonce"];

/// The names of the fields in a token response.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) access_token: String,
    pub(super) refresh_token: String,
    pub(super) expires_in: String,
    /// In place of the known codes.
    pub(super) rejection_codes: Option<Vec<String>>,
}

impl Default for Fields {
    /// RFC 6749 §5.1.
    fn default() -> Fields {
        Fields::named("access_token", "refresh_token", "expires_in")
    }
}

impl Fields {
    pub(super) fn named(access_token: &str, refresh_token: &str, expires_in: &str) -> Fields {
        let [access_token, refresh_token, expires_in] = [access_token, refresh_token, expires_in].map(str::to_owned);
        Fields { access_token, refresh_token, expires_in, rejection_codes: None }
    }

    pub(super) fn set_rejection_codes<'a>(&mut self, codes: impl IntoIterator<Item = &'a str>) {
        self.rejection_codes = Some(codes.into_iter().map(str::to_owned).collect());
    }

    fn read(&self, object: &Object) -> Option<TokenSet> {
        let text = |name: &str| object.text(name).filter(|text| !text.is_empty());
        // Some servers send the seconds as a string. Only whole numbers are read: a parser for fractions takes 14 kB of code.
        let from_text = || parse_digits(object.text(&self.expires_in)?.as_bytes());
        let seconds = object.number(&self.expires_in).or_else(from_text);
        Some(TokenSet { access_token: text(&self.access_token)?, refresh_token: text(&self.refresh_token), expires_in: seconds })
    }

    fn is_rejection_code(&self, code: &str) -> bool {
        match &self.rejection_codes {
            Some(codes) => codes.iter().any(|known| known == code),
            None => REJECTION_CODES.contains(&code),
        }
    }

    /// The rule that the documentation of [`grant`](crate::grant) describes.
    pub(super) fn parse(&self, response: &TokenResponse<'_>, accepts_bare_401: bool) -> RefreshOutcome {
        let status = response.status;
        let object = response.object();
        let mut codes = Vec::new();
        for name in ["error", "code", "error_code"] {
            codes.extend(object.as_ref().and_then(|object| object.text(name)));
        }
        let reason = match status {
            200..300 => match object.as_ref().and_then(|object| self.read(object)) {
                Some(tokens) => return RefreshOutcome::Granted(tokens),
                None if response.is_html() => return RefreshOutcome::Unavailable("the body is an HTML page, not JSON".to_owned()),
                None => {
                    let name = &self.access_token;
                    let advice = format!("the body is no JSON object with the member “{name}”: for other names, set the grant's `fields`");
                    return RefreshOutcome::Unavailable(advice);
                }
            },
            400..500 if codes.iter().any(|code| self.is_rejection_code(code)) => return RefreshOutcome::Rejected,
            400..500 if response.is_html() => "an HTML page, as a proxy sends it".to_owned(),
            // An API that asks for a password itself describes its refusal.
            401 if response.asks_for_password() && object.is_none() => {
                "a proxy asks for a password; a backend answers with a JSON object".to_owned()
            }
            401 if accepts_bare_401 && !codes.iter().any(|code| PROOF_CODES.contains(&&**code)) => return RefreshOutcome::Rejected,
            400..500 => match codes.iter().find(|code| is_plain(code)) {
                Some(code) => format!("the code “{code}” is not one of the grant's rejection codes"),
                None => "no error code that is about the refresh token".to_owned(),
            },
            _ => "neither tokens nor a rejection: the session is kept, and the refresh is tried again".to_owned(),
        };
        RefreshOutcome::Unavailable(format!("the token endpoint answered {status}: {reason}"))
    }
}

/// Whether a text is an error code, and not a message that may contain anything.
fn is_plain(code: &str) -> bool {
    code.len() <= 40 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
