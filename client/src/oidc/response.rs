//! The provider's response (RFC 6749 §4.1.2; RFC 9207): its parameters, and whether the right issuer sent it.

use crate::{
    http::form,
    oidc::{Metadata, error::Error, pending::Pending},
};

/// The parameters of a response.
#[derive(Debug, PartialEq)]
pub(crate) struct AuthorizationResponse {
    pub(crate) state: String,
    issuer: Option<String>,
    /// The code, or the provider's error.
    result: Result<String, Box<Error>>,
}

impl AuthorizationResponse {
    /// Reads a query.
    pub(crate) fn read(query: &str) -> Result<AuthorizationResponse, Box<Error>> {
        let mut has_repeated = false;
        let mut value = |name: &str| {
            let mut found = form::values(query, name);
            let value = found.pop().filter(|value| !value.is_empty());
            has_repeated |= !found.is_empty();
            value
        };
        let (code, error, state, issuer) = (value("code"), value("error"), value("state"), value("iss"));
        let description = value("error_description");
        let result = match (code, error) {
            (None, None) if state.is_none() => return Err(Error::NoResponse.into()),
            (Some(code), None) if !has_repeated => Ok(code),
            (None, Some(error)) if !has_repeated => Err(Error::of_provider(&error, description.as_deref()).into()),
            // RFC 6749 §3.1: no parameter twice.
            _ => Err(Error::MalformedResponse.into()),
        };
        Ok(AuthorizationResponse { state: state.ok_or_else(|| Box::new(Error::MissingState))?, issuer, result })
    }

    /// Checks that the response comes from the issuer that was asked (RFC 9207 §2.4; RFC 9700 §4.4), and returns the code.
    pub(crate) fn code_for(self, pending: &Pending, metadata: &Metadata) -> Result<String, Box<Error>> {
        let issuer = &*metadata.issuer;
        let expected = pending.text("issuer");
        let received = match self.issuer {
            _ if expected != *issuer => Some(issuer.to_owned()),
            None if metadata.names_issuer => None,
            Some(named) if named != issuer => Some(named),
            _ => return self.result,
        };
        Err(Error::WrongIssuer { expected, received }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oidc::error::ProviderError;

    fn read(query: &str) -> Result<AuthorizationResponse, Error> {
        AuthorizationResponse::read(query).map_err(|error| *error)
    }

    #[test]
    fn a_response_is_read() {
        let issuer = Some("https://a".to_owned());
        let expected = AuthorizationResponse { state: "s".into(), issuer: issuer.clone(), result: Ok("c d".into()) };
        assert_eq!(read("?code=c+d&state=s&iss=https%3A%2F%2Fa&session_state=x"), Ok(expected));
        let denied = Error::Provider { code: ProviderError::AccessDenied, description: Some("no".into()) };
        let expected = AuthorizationResponse { state: "s".into(), issuer, result: Err(denied.into()) };
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
            ("?code=c&code=d", Error::MissingState),
        ];
        for (query, error) in table {
            assert_eq!(read(query), Err(error), "{query}");
        }
        // The sign-in that they belong to reports them, in a window or not.
        let malformed = [
            "?state=s",
            "?code=&state=s",
            "?code=c&error=access_denied&state=s",
            "?code=c&code=d&state=s",
            "?code=c&state=t&state=s",
            "?code=c&state=s&iss=https://a&iss=https://b",
        ];
        for query in malformed {
            let read = read(query).map(|response| (response.state, response.result));
            assert_eq!(read, Ok(("s".into(), Err(Error::MalformedResponse.into()))), "{query}");
        }
    }

    #[test]
    fn mixed_up_issuers_are_refused() {
        let pending = |issuer: &str| Pending::new(issuer, "v", "n", "/", None, 0.0);
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
            let mut metadata = Metadata::new("https://a", "", "", "");
            metadata.names_issuer = names_issuer;
            let code = AuthorizationResponse::read(query).and_then(|response| response.code_for(&pending(asked), &metadata));
            assert_eq!(code.map_err(|error| *error), expected, "{asked} {query}");
        }
    }
}
