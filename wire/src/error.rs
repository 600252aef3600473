//! The error body: the tutorial's shape plus a code for programs.

use serde::{Deserialize, Serialize};

/// Every error answer of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The HTTP status again, as the tutorial's shape has it.
    #[serde(rename = "statusCode")]
    pub status_code: u16,
    /// One sentence for a person.
    pub message: String,
    /// The status's reason phrase; with [`Code::InvalidDpopProof`] and [`Code::UseDpopNonce`] the code, as OAuth has it.
    pub error: String,
    /// What happened, for programs.
    pub code: Code,
    /// With [`Code::InvalidInput`]: which fields, and what is wrong with each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

/// What is wrong with one field of a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the JSON.
    pub field: String,
    /// What is wrong, for programs: `too_short`, `too_long`, `too_common`, `bad_characters`, `missing`.
    pub problem: String,
    /// One sentence for a person.
    pub message: String,
}

/// What happened, for programs. A code of a later server reads as [`Code::Other`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 409: another account has the name.
    UsernameTaken,
    /// 401: unknown name or wrong password; the server does not say which.
    InvalidCredentials,
    /// 401: the refresh token is no longer good.
    InvalidGrant,
    /// 401: the access token is missing, broken, run out or revoked.
    InvalidToken,
    /// 400 at a sign-in, 401 with a token: the DPoP proof is missing or invalid.
    InvalidDpopProof,
    /// 400 or 401: the DPoP proof must contain the nonce of the answer's `DPoP-Nonce`.
    UseDpopNonce,
    /// 400: the body could not be read.
    InvalidRequest,
    /// 422: the body could be read, and a field of it breaks a rule.
    InvalidInput,
    /// 404: there is no such thing.
    NotFound,
    /// 405: the route has no such method.
    MethodNotAllowed,
    /// 408: the request took too long to arrive.
    RequestTimeout,
    /// 413: the body is too large.
    PayloadTooLarge,
    /// 415: the body is not JSON by its `Content-Type`.
    UnsupportedMediaType,
    /// 429: too many tries; `Retry-After` says when.
    RateLimited,
    /// 503: too much to do, or the database is away; `Retry-After` says when.
    Busy,
    /// 500: our fault.
    Internal,
    /// A code that this version does not know.
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_the_wire_says() {
        let body = ErrorBody {
            status_code: 401,
            message: "The access token has run out.".into(),
            error: "Unauthorized".into(),
            code: Code::InvalidToken,
            fields: Vec::new(),
        };
        let json = serde_json::to_value(&body).unwrap_or_default();
        assert_eq!(
            json,
            serde_json::json!({"statusCode":401,"message":"The access token has run out.","error":"Unauthorized","code":"invalid_token"})
        );
    }

    #[test]
    fn a_later_servers_code_is_no_error() {
        let read: Result<Code, _> = serde_json::from_str("\"brand_new\"");
        assert_eq!(read.ok(), Some(Code::Other));
    }
}
