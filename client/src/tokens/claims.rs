//! The claims of a JWT that matter to a client (RFC 7519 §4.1).

use crate::{
    base64url::decode,
    json::{Object, integer_text},
    time::timestamp::Timestamp,
    tokens::User,
};

/// The claims of an access token. They are not verified, and used for times and names only.
///
/// A claim of another type counts as absent.
#[derive(Default)]
pub(crate) struct Claims {
    exp: Option<f64>,
    pub(crate) iat: Option<f64>,
    pub(crate) user: Option<User>,
}

impl Claims {
    /// `None` for a token that is not a JWT, which is allowed.
    pub(crate) fn of(token: &str) -> Option<Claims> {
        // By bytes: the search for a character adds half a kilobyte to the download.
        let payload = token.as_bytes().split(|byte| *byte == b'.').nth(1)?;
        let payload = String::from_utf8(decode(payload)?).ok()?;
        let claims = Object::read(payload.as_bytes())?;
        let one_of = |names: &[&str]| names.iter().find_map(|name| claims.text(name));
        // Numeric ids may exceed 2^53, which a JSON number in a browser cannot represent: the digits are taken from the text.
        let id = |name: &&str| claims.text(name).or_else(|| claims.number(name).and_then(|_| integer_text(&payload, name)));
        let user = ["sub", "userId"].iter().find_map(id).map(|id| User { id, name: one_of(&["username", "preferred_username", "name"]) });
        Some(Claims { exp: claims.number("exp"), iat: claims.number("iat"), user })
    }

    /// Seconds from `issued` to expiry: by the response's `Date`, else by the token's own dates, else by the device's clock.
    pub(crate) fn lifetime(&self, issued: &Timestamp) -> Option<f64> {
        Some(self.exp? - issued.server.unwrap_or(issued.device) / 1_000.0)
    }
}
