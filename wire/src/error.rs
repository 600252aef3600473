//! The error body: the tutorial's fields and a code for programs.

use serde::{Deserialize, Serialize};

/// The body of all error responses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The HTTP status, as in the tutorial.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// A sentence for the user.
    pub message: String,
    /// The status's reason phrase; with [`Code::InvalidDpopProof`] and [`Code::UseDpopNonce`] OAuth's error code.
    pub error: String,
    /// The error's kind.
    pub code: Code,
    /// With [`Code::InvalidInput`]: the invalid fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// An invalid field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the JSON.
    pub field: String,
    /// The violated rule: `too_short`, `too_long`, `too_common`, `bad_characters`, `missing`.
    pub problem: String,
    /// A sentence for the user.
    pub message: String,
}

/// The kind of an error. An unknown code is read as [`Code::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 409: another account has the name.
    UsernameTaken,
    /// 401: unknown name or wrong password.
    InvalidCredentials,
    /// 401: the refresh token is no longer valid.
    InvalidGrant,
    /// 401: the access token is missing, malformed, expired or revoked.
    InvalidToken,
    /// 400 at a sign-in, 401 with a token: the DPoP proof is missing or invalid.
    InvalidDpopProof,
    /// 400 or 401: the DPoP proof must contain the nonce of the response's `DPoP-Nonce`.
    UseDpopNonce,
    /// 400: the body could not be read.
    InvalidRequest,
    /// 422: a field of the body breaks a rule.
    InvalidInput,
    /// 404: the resource does not exist.
    NotFound,
    /// 405: the route does not support the method.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    RequestTimeout,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// 429: too many attempts; `Retry-After` has the time until the next one.
    RateLimited,
    /// 503: the server is overloaded or the database is unavailable; `Retry-After` has the time until the next attempt.
    Busy,
    /// 500: a defect of the server.
    Internal,
    /// A code that this version does not know.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_serialised_with_the_tutorials_field_names() {
        let body = ErrorBody {
            status_code: 401,
            message: "The access token has expired.".into(),
            error: "Unauthorized".into(),
            code: Code::InvalidToken,
            fields: Vec::new(),
        };
        let json = serde_json::to_value(&body).unwrap_or_default();
        assert_eq!(
            json,
            serde_json::json!({"statusCode":401,"message":"The access token has expired.","error":"Unauthorized","code":"invalid_token"})
        );
    }

    #[test]
    fn an_unknown_code_is_read_as_other() {
        let read: Result<Code, _> = serde_json::from_str("\"brand_new\"");
        assert_eq!(read.ok(), Some(Code::Other));
    }
}
