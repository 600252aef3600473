//! The refresh token in a JSON body.

use crate::{
    grant::{Exchange, RefreshGrant, RefreshOutcome, TokenResponse, fields::Fields},
    http::Request,
    json::Object,
};

/// Sends the refresh token in a JSON body. The default is wugan-server's.
#[derive(Clone, Debug)]
pub struct Json {
    url: String,
    revoke: Option<String>,
    attempt_field: Option<String>,
    fields: Fields,
}

impl Default for Json {
    /// wugan-server: `/user/refresh` with the attempt id, and `/user/logout`.
    fn default() -> Json {
        Json::new("/user/refresh").revoke("/user/logout").attempt_field("attempt")
    }
}

impl Json {
    /// Refreshes by a POST to this URL.
    pub fn new(url: impl Into<String>) -> Json {
        Json { url: url.into(), revoke: None, attempt_field: None, fields: Fields::default() }
    }

    /// Tells the server of a sign-out by a POST to this URL.
    #[must_use]
    pub fn revoke(mut self, url: impl Into<String>) -> Json {
        self.revoke = Some(url.into());
        self
    }

    /// Sends the attempt id in this field of the refresh, for servers that repeat a lost response for the same id.
    #[must_use]
    pub fn attempt_field(mut self, name: &str) -> Json {
        self.attempt_field = Some(name.to_owned());
        self
    }

    /// Other names for `access_token`, `refresh_token` and `expires_in`, in requests and responses.
    #[must_use]
    pub fn fields(mut self, access_token: &str, refresh_token: &str, expires_in: &str) -> Json {
        self.fields = Fields { rejection_codes: self.fields.rejection_codes, ..Fields::named(access_token, refresh_token, expires_in) };
        self
    }

    /// The error codes that end the session, in place of the [known ones](crate::grant).
    #[must_use]
    pub fn rejection_codes<'a>(mut self, codes: impl IntoIterator<Item = &'a str>) -> Json {
        self.fields.set_rejection_codes(codes);
        self
    }

    fn body(&self, refresh_token: &str) -> Object {
        Object::new().with_text(&self.fields.refresh_token, Some(refresh_token))
    }
}

impl RefreshGrant for Json {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        let body = self.body(exchange.refresh_token);
        let body = self.attempt_field.iter().fold(body, |body, field| body.with_text(field, Some(exchange.attempt)));
        Request::post(&self.url).json_text(body.write())
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        self.fields.parse(response, true)
    }

    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        Some(Request::post(self.revoke.as_ref()?).json_text(self.body(exchange.refresh_token).write()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::body::Content;

    /// A strict server, such as Nest with `forbidNonWhitelisted`, answers 400 to a member that it does not know.
    #[test]
    fn only_a_backend_that_asked_for_it_receives_the_attempt_id() {
        let exchange = Exchange { refresh_token: "r", attempt: "id" };
        for (grant, expected) in [
            (Json::new("/r"), "{\"refresh_token\":\"r\"}"),
            (Json::new("/r").fields("accessToken", "refreshToken", "expiresIn"), "{\"refreshToken\":\"r\"}"),
            (Json::default(), "{\"attempt\":\"id\",\"refresh_token\":\"r\"}"),
        ] {
            let body = grant.refresh(&exchange).parts.body;
            assert!(matches!(body.content(), Content::Text(text) if text == expected), "{expected}");
        }
    }
}
