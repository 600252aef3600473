//! Why a sign-in with a provider failed, as types by which the program decides what to do.

use crate::json::Object;
use std::fmt;

/// Why a sign-in, a sign-out or a request for user information failed.
///
/// | error | what to do |
/// | --- | --- |
/// | [`Provider`](Error::Provider) | depends on the code: see [`ProviderError`] |
/// | [`Unavailable`](Error::Unavailable) | offer a retry: [`callback`](super::Oidc::callback) again, then a new sign-in |
/// | [`NoResponse`](Error::NoResponse), [`MissingState`](Error::MissingState), [`UnknownState`](Error::UnknownState), [`MalformedResponse`](Error::MalformedResponse) | offer a new sign-in |
/// | [`PopupBlocked`](Error::PopupBlocked), [`PopupClosed`](Error::PopupClosed) | offer the redirect instead, or a new sign-in |
/// | [`WrongIssuer`](Error::WrongIssuer), [`IdToken`](Error::IdToken), [`OtherUser`](Error::OtherUser) | report it: it may be an attack |
/// | all others | fix the configuration: the text says what is wrong and what to change |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The provider's configuration cannot be used.
    Discovery {
        /// Where it was read.
        url: String,
        /// What is wrong and what to change.
        reason: String,
    },
    /// The provider could not be reached, or failed; or, with DPoP, IndexedDB did.
    Unavailable(crate::Error),
    /// The program asked for something that cannot be sent. The text names the mistake.
    InvalidRequest(String),
    /// WebCrypto is missing, because the page was loaded over plain HTTP.
    NoWebCrypto,
    /// sessionStorage is denied, so the page would not recognise the provider's response; or, with DPoP, IndexedDB, so the next page
    /// would not have the key.
    NoStorage,
    /// A sign-in was completed a moment ago and no user is signed in. A guard does not repeat it by itself. If the configuration has changed
    /// and [`storage_key`](crate::ClientBuilder::storage_key) is set, it needs another one.
    SessionNotKept,
    /// This is not a page in a browser.
    NoBrowser,
    /// The provider answered with an error code (RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6).
    Provider {
        /// The code.
        code: ProviderError,
        /// The provider's explanation for developers, in printable ASCII.
        description: Option<String>,
    },
    /// The address of the page holds no response of a provider: it was handled already, or the page was opened by hand.
    NoResponse,
    /// The response has no `state`: this page did not ask for it (RFC 6749 §10.12).
    MissingState,
    /// This tab does not wait for a response with this `state`: another tab began the sign-in, or the response was handled before.
    UnknownState,
    /// The response has a parameter twice, or one that is malformed.
    MalformedResponse,
    /// Another issuer responded than the one that was asked, or none is named (RFC 9207 §2.4).
    WrongIssuer {
        /// The issuer that was asked.
        expected: String,
        /// The one that the response names.
        received: Option<String>,
    },
    /// The token endpoint's answer cannot be used, for this reason.
    TokenResponse(String),
    /// The ID token is not valid.
    IdToken(IdTokenError),
    /// The user information names another user than the ID token (OpenID Connect Core §5.3.2).
    OtherUser,
    /// The provider does not offer this endpoint.
    NotOffered(&'static str),
    /// The browser did not open a window. It does so only in the handler of a click.
    PopupBlocked,
    /// The window was closed before the sign-in was complete.
    PopupClosed,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One text and one detail, so that there is one call.
        let (text, detail): (&str, &dyn fmt::Display) = match self {
            Error::Discovery { url, reason } => return write!(f, "{url}: {reason}"),
            Error::Unavailable(error) => ("the sign-in service is not available: ", error),
            Error::InvalidRequest(reason) => ("the provider cannot be asked: ", reason),
            Error::NoWebCrypto => ("this page has no WebCrypto: serve it over https, or at http://localhost", &""),
            Error::NoStorage => {
                ("this page may not use sessionStorage or, for DPoP, IndexedDB: allow cookies and site data for this site", &"")
            }
            Error::SessionNotKept => (
                "the session was lost right after the sign-in: free this site's storage, set another storage_key if it has another \
                 backend's session, or check that the API accepts the token",
                &"",
            ),
            Error::NoBrowser => ("a sign-in needs a page in a browser", &""),
            Error::Provider { code, description: None } => ("the sign-in failed: ", code),
            Error::Provider { code, description: Some(description) } => return write!(f, "the sign-in failed: {code} ({description})"),
            Error::NoResponse => ("there is no sign-in to complete here: start again", &""),
            Error::MissingState => ("the response has no state, so this page did not ask for it: start again", &""),
            Error::UnknownState => ("the sign-in was started in another tab, or is complete already: start again in this tab", &""),
            Error::MalformedResponse => ("the sign-in service sent a malformed response: start again", &""),
            Error::WrongIssuer { expected, received: Some(received) } => {
                return write!(f, "{received} responded, but {expected} was asked: start again");
            }
            Error::WrongIssuer { expected, received: None } => {
                ("the response has no iss, which the metadata promises: start again at ", expected)
            }
            Error::TokenResponse(reason) => ("the token response cannot be used: ", reason),
            Error::IdToken(error) => ("the ID token is not valid: ", error),
            Error::OtherUser => ("the user information belongs to another user: start again", &""),
            Error::NotOffered(endpoint) => ("use Oidc::claims: the provider has no ", endpoint),
            Error::PopupBlocked => ("the browser did not open a window: allow pop-ups for this site", &""),
            Error::PopupClosed => ("the window was closed before the sign-in was complete: start again", &""),
        };
        write!(f, "{text}{detail}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Unavailable(error) => Some(error),
            _ => None,
        }
    }
}

/// The error code of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderError {
    /// The user or the provider refused.
    AccessDenied,
    /// With `prompt=none`: the user is not signed in at the provider.
    LoginRequired,
    /// With `prompt=none`: the provider must show a page.
    InteractionRequired,
    /// With `prompt=none`: the user must consent.
    ConsentRequired,
    /// With `prompt=none`: the user must choose an account.
    AccountSelectionRequired,
    /// The code was used, has expired, or was issued to another client.
    InvalidGrant,
    /// The provider does not know a scope.
    InvalidScope,
    /// The provider does not know the resource (RFC 8707 §2).
    InvalidTarget,
    /// The provider does not know the client, or requires client authentication.
    InvalidClient,
    /// The client may not use the authorization code flow.
    UnauthorizedClient,
    /// A parameter is missing or wrong.
    InvalidRequest,
    /// The provider failed.
    ServerError,
    /// The provider is overloaded.
    TemporarilyUnavailable,
    /// An error code that this library does not know.
    Other(String),
}

const CODES: [(&str, ProviderError); 13] = [
    ("access_denied", ProviderError::AccessDenied),
    ("login_required", ProviderError::LoginRequired),
    ("interaction_required", ProviderError::InteractionRequired),
    ("consent_required", ProviderError::ConsentRequired),
    ("account_selection_required", ProviderError::AccountSelectionRequired),
    ("invalid_grant", ProviderError::InvalidGrant),
    ("invalid_scope", ProviderError::InvalidScope),
    ("invalid_target", ProviderError::InvalidTarget),
    ("invalid_client", ProviderError::InvalidClient),
    ("unauthorized_client", ProviderError::UnauthorizedClient),
    ("invalid_request", ProviderError::InvalidRequest),
    ("server_error", ProviderError::ServerError),
    ("temporarily_unavailable", ProviderError::TemporarilyUnavailable),
];

impl ProviderError {
    fn of(code: &str) -> ProviderError {
        let known = CODES.iter().find(|(name, _)| *name == code);
        known.map_or_else(|| ProviderError::Other(printable(code)), |(_, known)| known.clone())
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProviderError::Other(code) => f.write_str(code),
            known => f.write_str(CODES.iter().find(|(_, code)| code == known).map_or("", |(name, _)| *name)),
        }
    }
}

impl Error {
    /// The error that a provider names in a response.
    pub(crate) fn of_provider(code: &str, description: Option<&str>) -> Error {
        let description = description.map(printable).filter(|text| !text.is_empty());
        Error::Provider { code: ProviderError::of(code), description }
    }

    /// Whether a provider names a reason other than a failure of its own.
    pub(crate) fn is_refusal(&self) -> bool {
        use ProviderError::{Other, ServerError, TemporarilyUnavailable};
        matches!(self, Error::Provider { code, .. } if !matches!(code, ServerError | TemporarilyUnavailable | Other(_)))
    }

    /// Maps the error of a request without a session: `SignedOut` means that the DPoP key is missing, `Unavailable` that it could not be
    /// read, and `InvalidRequest` what a repetition would not change.
    pub(crate) fn of_request(error: crate::Error) -> Box<Error> {
        Box::new(match error {
            crate::Error::SignedOut(_) => Error::NoStorage,
            crate::Error::InvalidRequest(reason) => Error::InvalidRequest(reason),
            #[cfg(feature = "dpop")]
            crate::Error::Unavailable { .. } => Error::Unavailable(crate::Error::Network("IndexedDB failed".into())),
            error => Error::Unavailable(error),
        })
    }

    /// The error in a JSON answer (RFC 6749 §5.2).
    pub(crate) fn in_answer(answer: &Object) -> Option<Error> {
        Some(Error::of_provider(&answer.text("error")?, answer.text("error_description").as_deref()))
    }
}

/// The program asked for something that cannot be sent.
pub(crate) fn invalid(mistake: &str) -> Box<Error> {
    Error::InvalidRequest(mistake.to_owned()).into()
}

/// The characters that RFC 6749 §4.1.2.1 allows, at most 200.
fn printable(text: &str) -> String {
    text.chars().filter(|letter| matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\')).take(200).collect()
}

/// Why an ID token is not valid (OpenID Connect Core §3.1.3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdTokenError {
    /// The response has no ID token: the scope must contain `openid`.
    Missing,
    /// The ID token is not a signed JWT.
    Malformed,
    /// Its signature algorithm is `none`, symmetric, or unknown to this browser.
    Algorithm(String),
    /// The provider's key set has no key for it.
    UnknownKey,
    /// The signature is wrong.
    Signature,
    /// Another issuer issued it.
    Issuer,
    /// It was issued to other clients.
    Audience,
    /// It was issued to several clients, and `azp` does not name this one.
    AuthorizedParty,
    /// It does not belong to this sign-in.
    Nonce,
    /// It names no user.
    Subject,
    /// It has expired, or has no time of expiry.
    Expired,
    /// It was issued in the future, or has no time of issue.
    IssuedAt,
    /// The user signed in longer ago than `max_age` allows.
    AuthenticationTooOld,
}

impl fmt::Display for IdTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IdTokenError::Missing => "there is none: the scope must contain openid",
            IdTokenError::Malformed => "it is not a signed JWT; an encrypted one is not supported",
            IdTokenError::Algorithm(name) => {
                return write!(f, "the algorithm “{name}” is not supported: let the provider sign with RS256 or ES256");
            }
            IdTokenError::UnknownKey => "the provider's key set has no key for it: check jwks_uri",
            IdTokenError::Signature => "its signature is wrong: check jwks_uri",
            IdTokenError::Issuer => "another issuer issued it: check the issuer",
            IdTokenError::Audience => "it was issued to another client: check the client id",
            IdTokenError::AuthorizedParty => {
                "it was issued to several clients, and azp does not name this one: let the provider issue it to this client alone"
            }
            IdTokenError::Nonce => "its nonce belongs to another sign-in: start again",
            IdTokenError::Subject => "it has no sub, which the provider must send",
            IdTokenError::Expired => "it has expired, or has no exp: check the provider's clock",
            IdTokenError::IssuedAt => "it was issued in the future, or has no iat: check the provider's clock",
            IdTokenError::AuthenticationTooOld => "the user signed in longer ago than max_age allows: start again",
        })
    }
}

impl From<IdTokenError> for Box<Error> {
    fn from(error: IdTokenError) -> Box<Error> {
        Box::new(Error::IdToken(error))
    }
}

/// Errors are boxed inside of this module: moving a pointer through results takes less code.
impl From<Box<Error>> for Error {
    fn from(boxed: Box<Error>) -> Error {
        *boxed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_has_a_type_and_a_name() {
        for (name, code) in CODES {
            assert_eq!((ProviderError::of(name), code.to_string()), (code, name.to_owned()));
        }
        assert_eq!(ProviderError::of("mfa_required"), ProviderError::Other("mfa_required".into()));
    }

    /// The bad input that issue 12 names, but for documents, whose texts `discovery.rs` tests.
    #[test]
    fn a_text_says_what_is_wrong_and_what_to_change() {
        let table = [
            (Error::MissingState, "the response has no state", "start again"),
            (Error::UnknownState, "started in another tab, or is complete already", "start again in this tab"),
            (Error::NoWebCrypto, "no WebCrypto", "serve it over https"),
            (Error::IdToken(IdTokenError::Algorithm("none".into())), "“none” is not supported", "sign with RS256 or ES256"),
            (Error::WrongIssuer { expected: "https://a".into(), received: None }, "no iss", "start again at https://a"),
            (Error::NotOffered("userinfo endpoint"), "the provider has no userinfo endpoint", "use Oidc::claims"),
            (Error::IdToken(IdTokenError::Expired), "it has expired, or has no exp", "check the provider's clock"),
            (Error::IdToken(IdTokenError::Nonce), "its nonce belongs to another sign-in", "start again"),
            (Error::IdToken(IdTokenError::AuthorizedParty), "azp does not name this one", "issue it to this client alone"),
        ];
        for (error, wrong, change) in table {
            let text = error.to_string();
            assert!(text.contains(wrong) && text.contains(change), "{text}");
        }
    }

    #[test]
    fn a_description_is_printable_and_short() {
        let hostile = format!("<b>\u{202e}\n\"x\\{}", "y".repeat(1_000));
        let Error::Provider { code, description } = Error::of_provider(&hostile, Some(&hostile)) else { unreachable!() };
        let description = description.unwrap_or_default();
        assert!(description.len() == 200 && description.starts_with("<b>xyy"), "{description}");
        assert_eq!(code.to_string(), description);
        assert_eq!(Error::of_provider("access_denied", Some("\n")), Error::of_provider("access_denied", None));
    }
}
