//! The provider's response (RFC 6749 §4.1.2; RFC 9207): its parameters, and whether the right issuer sent it.

use crate::oidc::{error::Error, pending::Pending};

/// The parameters of a response.
#[derive(Debug, PartialEq)]
pub(crate) struct AuthorizationResponse {
    pub(crate) state: String,
    issuer: Option<String>,
    /// The code, or the provider's error.
    result: Result<String, Error>,
}

impl AuthorizationResponse {
    /// Reads a query.
    pub(crate) fn read(query: &str) -> Result<AuthorizationResponse, Error> {
        const NAMES: [&str; 5] = ["code", "error", "error_description", "state", "iss"];
        let mut values = [const { None::<String> }; 5];
        for (name, value) in form_urlencoded::parse(query.strip_prefix('?').unwrap_or(query).as_bytes()) {
            let Some(index) = NAMES.iter().position(|known| *known == name) else { continue };
            // RFC 6749 §3.1: no parameter twice.
            if values[index].replace(value.into_owned()).is_some() {
                return Err(Error::MalformedResponse);
            }
        }
        let [code, error, description, state, issuer] = values.map(|value| value.filter(|value| !value.is_empty()));
        let result = match (code, error) {
            (None, None) => return Err(if state.is_some() { Error::MalformedResponse } else { Error::NoResponse }),
            (Some(_), Some(_)) => return Err(Error::MalformedResponse),
            (Some(code), None) => Ok(code),
            (None, Some(error)) => Err(Error::of_provider(&error, description.as_deref())),
        };
        Ok(AuthorizationResponse { state: state.ok_or(Error::MissingState)?, issuer, result })
    }

    /// Checks that the response comes from the issuer that was asked (RFC 9207 §2.4; RFC 9700 §4.4), and returns the code.
    pub(crate) fn code_for(self, pending: &Pending, issuer: &str, names_issuer: bool) -> Result<String, Error> {
        let wrong = |received: Option<String>| Err(Error::WrongIssuer { expected: pending.issuer.clone(), received });
        if pending.issuer != issuer {
            return wrong(Some(issuer.to_owned()));
        }
        match self.issuer {
            None if names_issuer => wrong(None),
            Some(named) if named != issuer => wrong(Some(named)),
            _ => self.result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::error::ProviderError;

    fn read(query: &str) -> Result<AuthorizationResponse, Error> {
        AuthorizationResponse::read(query)
    }

    #[test]
    fn a_response_is_read() {
        let issuer = Some("https://a".to_owned());
        let expected = AuthorizationResponse { state: "s".into(), issuer: issuer.clone(), result: Ok("c d".into()) };
        assert_eq!(read("?code=c+d&state=s&iss=https%3A%2F%2Fa&session_state=x"), Ok(expected));
        let denied = Error::Provider { code: ProviderError::AccessDenied, description: Some("no".into()) };
        let expected = AuthorizationResponse { state: "s".into(), issuer, result: Err(denied) };
        assert_eq!(read("?error=access_denied&error_description=no&state=s&iss=https://a"), Ok(expected));
    }

    #[test]
    fn other_queries_are_refused() {
        let table = [
            ("", Error::NoResponse),
            ("?", Error::NoResponse),
            ("?next=/a", Error::NoResponse),
            ("?code=c", Error::MissingState),
            ("?code=c&state=", Error::MissingState),
            ("?error=access_denied&error_description=Call%20+1", Error::MissingState),
            ("?state=s", Error::MalformedResponse),
            ("?code=&state=s", Error::MalformedResponse),
            ("?code=c&error=access_denied&state=s", Error::MalformedResponse),
            ("?code=c&code=d&state=s", Error::MalformedResponse),
            ("?code=c&state=s&state=t", Error::MalformedResponse),
            ("?code=c&state=s&iss=https://a&iss=https://b", Error::MalformedResponse),
        ];
        for (query, error) in table {
            assert_eq!(read(query), Err(error), "{query}");
        }
    }

    #[test]
    fn mixed_up_issuers_are_refused() {
        let pending = |issuer: &str| {
            let [issuer, verifier, nonce, return_to] = [issuer, "v", "n", "/"].map(str::to_owned);
            Pending { issuer, verifier, nonce, return_to, max_age: None, begun: 0.0 }
        };
        let wrong = |expected: &str, received: Option<&str>| Error::WrongIssuer {
            expected: expected.into(),
            received: received.map(str::to_owned),
        };
        // (the issuer that was asked, whether responses name it, the response's query, result)
        let table = [
            ("https://a", false, "code=c&state=s", Ok("c".to_owned())),
            ("https://a", true, "code=c&state=s&iss=https://a", Ok("c".to_owned())),
            ("https://a", false, "code=c&state=s&iss=https://a", Ok("c".to_owned())),
            ("https://a", true, "code=c&state=s", Err(wrong("https://a", None))),
            ("https://a", false, "code=c&state=s&iss=https://evil.example", Err(wrong("https://a", Some("https://evil.example")))),
            ("https://a", true, "code=c&state=s&iss=https://a/", Err(wrong("https://a", Some("https://a/")))),
            ("https://a", true, "error=access_denied&state=s", Err(wrong("https://a", None))),
            ("https://other", false, "code=c&state=s", Err(wrong("https://other", Some("https://a")))),
        ];
        for (asked, names_issuer, query, expected) in table {
            let code = read(query).and_then(|response| response.code_for(&pending(asked), "https://a", names_issuer));
            assert_eq!(code, expected, "{asked} {query}");
        }
    }
}
