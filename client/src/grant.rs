//! How a backend hands out tokens: its own JSON, the tutorial's query form, OAuth 2.0, or yours.

use crate::{json::Object, request::Request, response::Response, tokens::TokenAnswer};

/// What a backend must be asked for new tokens, and how its answer is to be understood.
///
/// Pure: it builds requests and reads answers; the engine does the sending. A backend of one's own takes a few lines:
///
/// ```
/// use wugan::{Grant, Request, Reply, TokenAnswer, Verdict};
///
/// struct Mine;
///
/// impl Grant for Mine {
///     fn refresh(&self, refresh_token: &str) -> Request {
///         Request::put("/session").header("x-renew", refresh_token)
///     }
///     fn judge(&self, reply: &Reply<'_>) -> Verdict {
///         match (reply.status, reply.header("x-access"), reply.header("x-renew")) {
///             (204, Some(access), Some(renew)) => Verdict::Granted(TokenAnswer::new(access, renew)),
///             (410, ..) => Verdict::Rejected,
///             _ => Verdict::Unavailable,
///         }
///     }
/// }
/// ```
pub trait Grant: 'static {
    /// The request that trades a refresh token for new tokens. No token is attached to it.
    fn refresh(&self, refresh_token: &str) -> Request;

    /// Understands the answer. Only [`Verdict::Rejected`] ends a session: say it only where the server itself said so.
    fn judge(&self, reply: &Reply<'_>) -> Verdict;

    /// The request that tells the server of a sign-out, if it wants to know.
    fn revoke(&self, refresh_token: &str) -> Option<Request> {
        let _ = refresh_token;
        None
    }
}

/// A token endpoint's answer, read to its end.
pub struct Reply<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
    pub(crate) response: &'a Response,
}

impl std::fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("status", &self.status).finish_non_exhaustive()
    }
}

impl Reply<'_> {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.response.header(name)
    }

    /// The body as a JSON object; None for anything else, such as a proxy's page.
    #[must_use]
    pub fn object(&self) -> Option<Object> {
        Object::read(self.body)
    }
}

/// What a token endpoint said.
#[derive(Debug)]
pub enum Verdict {
    /// New tokens.
    Granted(TokenAnswer),
    /// The refresh token is no longer good: the session is over.
    Rejected,
    /// Nothing that can be relied on; the session is kept.
    Unavailable,
}

/// The names of the fields in a token answer.
#[derive(Clone, Debug)]
struct Fields {
    access_token: String,
    refresh_token: String,
    expires_in: String,
}

impl Default for Fields {
    /// RFC 6749 §5.1.
    fn default() -> Fields {
        Fields { access_token: "access_token".into(), refresh_token: "refresh_token".into(), expires_in: "expires_in".into() }
    }
}

impl Fields {
    fn read(&self, object: &Object) -> Option<TokenAnswer> {
        let text = |name: &str| object.text(name).filter(|text| !text.is_empty());
        // Some servers send the seconds as a text. They are whole ones: reading fractions from a text takes 14 kB of code.
        let whole = || object.text(&self.expires_in)?.parse::<u32>().ok().map(f64::from);
        let seconds = object.number(&self.expires_in).or_else(whole);
        Some(TokenAnswer { access_token: text(&self.access_token)?, refresh_token: text(&self.refresh_token), expires_in: seconds })
    }

    /// 2xx with tokens grants, 400 or 401 with a JSON object rejects; all else is nobody's verdict.
    fn judge(&self, reply: &Reply<'_>) -> Verdict {
        match (reply.status, reply.object()) {
            (200..300, Some(object)) => self.read(&object).map_or(Verdict::Unavailable, Verdict::Granted),
            (400 | 401, Some(_)) => Verdict::Rejected,
            _ => Verdict::Unavailable,
        }
    }
}

/// The refresh token goes in a JSON body; Wugan's own way.
#[derive(Clone, Debug)]
pub struct Json {
    path: String,
    revoke: Option<String>,
    fields: Fields,
}

impl Default for Json {
    /// As wugan-server has it: `/user/refresh` and `/user/logout`.
    fn default() -> Json {
        Json::new("/user/refresh").revoke("/user/logout")
    }
}

impl Json {
    /// Refreshes by a POST to this URL.
    pub fn new(path: impl Into<String>) -> Json {
        Json { path: path.into(), revoke: None, fields: Fields::default() }
    }

    /// Tells of a sign-out by a POST to this URL.
    #[must_use]
    pub fn revoke(mut self, path: impl Into<String>) -> Json {
        self.revoke = Some(path.into());
        self
    }

    /// Other names for `access_token`, `refresh_token` and `expires_in`, in what is sent and in what comes.
    #[must_use]
    pub fn fields(mut self, access_token: &str, refresh_token: &str, expires_in: &str) -> Json {
        self.fields = Fields { access_token: access_token.into(), refresh_token: refresh_token.into(), expires_in: expires_in.into() };
        self
    }

    fn body(&self, refresh_token: &str) -> String {
        Object::new().with_text(&self.fields.refresh_token, Some(refresh_token)).write()
    }
}

impl Grant for Json {
    fn refresh(&self, refresh_token: &str) -> Request {
        Request::post(&self.path).json_text(self.body(refresh_token))
    }

    fn judge(&self, reply: &Reply<'_>) -> Verdict {
        self.fields.judge(reply)
    }

    fn revoke(&self, refresh_token: &str) -> Option<Request> {
        Some(Request::post(self.revoke.as_ref()?).json_text(self.body(refresh_token)))
    }
}

/// The refresh token goes in the query of a GET: the tutorial's way. URLs end up in logs: prefer [`Json`] where you can choose.
#[derive(Clone, Debug)]
pub struct Query {
    path: String,
    fields: Fields,
}

impl Default for Query {
    /// As the tutorial has it: `/user/refresh?refresh_token=…`.
    fn default() -> Query {
        Query::new("/user/refresh")
    }
}

impl Query {
    /// Refreshes by a GET of this URL.
    pub fn new(path: impl Into<String>) -> Query {
        Query { path: path.into(), fields: Fields::default() }
    }

    /// Other names for `access_token`, `refresh_token` and `expires_in`, in what is sent and in what comes.
    #[must_use]
    pub fn fields(mut self, access_token: &str, refresh_token: &str, expires_in: &str) -> Query {
        self.fields = Fields { access_token: access_token.into(), refresh_token: refresh_token.into(), expires_in: expires_in.into() };
        self
    }
}

impl Grant for Query {
    fn refresh(&self, refresh_token: &str) -> Request {
        Request::get(&self.path).query([(self.fields.refresh_token.as_str(), refresh_token)])
    }

    fn judge(&self, reply: &Reply<'_>) -> Verdict {
        self.fields.judge(reply)
    }
}

/// An OAuth 2.0 token endpoint, as a public client (RFC 6749 §6), with revocation (RFC 7009) where there is an endpoint for it.
#[derive(Clone, Debug)]
pub struct OAuth {
    token_endpoint: String,
    client_id: String,
    scope: Option<String>,
    revocation_endpoint: Option<String>,
}

impl OAuth {
    /// Refreshes at this token endpoint as this client.
    pub fn new(token_endpoint: impl Into<String>, client_id: impl Into<String>) -> OAuth {
        OAuth { token_endpoint: token_endpoint.into(), client_id: client_id.into(), scope: None, revocation_endpoint: None }
    }

    /// Asks for this scope again. Without it the server keeps what was granted (RFC 6749 §6).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> OAuth {
        self.scope = Some(scope.into());
        self
    }

    /// Tells this endpoint of a sign-out (RFC 7009 §2.1).
    #[must_use]
    pub fn revoke(mut self, revocation_endpoint: impl Into<String>) -> OAuth {
        self.revocation_endpoint = Some(revocation_endpoint.into());
        self
    }
}

impl Grant for OAuth {
    fn refresh(&self, refresh_token: &str) -> Request {
        let scope = self.scope.as_deref().map(|scope| ("scope", scope));
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token), ("client_id", &self.client_id)];
        Request::post(&self.token_endpoint).form(form.into_iter().chain(scope))
    }

    /// Only `invalid_grant` (RFC 6749 §5.2) speaks of the refresh token; the other errors speak of the client or the request.
    fn judge(&self, reply: &Reply<'_>) -> Verdict {
        match (reply.status, reply.object()) {
            (400 | 401, Some(object)) if object.text("error").as_deref() == Some("invalid_grant") => Verdict::Rejected,
            (400 | 401, _) => Verdict::Unavailable,
            _ => Fields::default().judge(reply),
        }
    }

    fn revoke(&self, refresh_token: &str) -> Option<Request> {
        let form = [("token", refresh_token), ("token_type_hint", "refresh_token"), ("client_id", &self.client_id)];
        Some(Request::post(self.revocation_endpoint.as_ref()?).form(form))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Content;

    /// Method, URL, content type, query and body, as they are sent.
    fn sent(request: &Request) -> String {
        let kind = request.headers().map(|(name, value)| format!(" {name}: {value}")).collect::<String>();
        let query = request.query.iter().map(|(name, value)| format!(" {name}={value}")).collect::<String>();
        let body = request.body.make();
        let Content::Text(text) = body.content() else { return format!("{} {}{query}{kind}", request.method, request.url) };
        format!("{} {}{query}{kind} {text}", request.method, request.url)
    }

    #[test]
    fn oauth_asks_as_the_rfcs_say() {
        let form = "content-type: application/x-www-form-urlencoded";
        let plain = OAuth::new("/token", "app");
        assert_eq!(sent(&plain.refresh("r&t")), format!("POST /token {form} grant_type=refresh_token&refresh_token=r%26t&client_id=app"));
        assert!(Grant::revoke(&plain, "r").is_none());
        let whole = plain.scope("read write").revoke("/revoke");
        assert_eq!(
            sent(&whole.refresh("r")),
            format!("POST /token {form} grant_type=refresh_token&refresh_token=r&client_id=app&scope=read+write")
        );
        let revoke = Grant::revoke(&whole, "r").map(|request| sent(&request));
        assert_eq!(revoke, Some(format!("POST /revoke {form} token=r&token_type_hint=refresh_token&client_id=app")));
    }

    #[test]
    fn fields_go_by_the_names_that_the_backend_has_for_them() {
        let json = Json::new("/renew").revoke("/end").fields("accessToken", "refreshToken", "expiresIn");
        let expected = "content-type: application/json {\"refreshToken\":\"r\"}";
        assert_eq!(sent(&json.refresh("r")), format!("POST /renew {expected}"));
        assert_eq!(Grant::revoke(&json, "r").map(|request| sent(&request)), Some(format!("POST /end {expected}")));
        let query = Query::new("/renew").fields("accessToken", "refreshToken", "expiresIn");
        assert_eq!(sent(&query.refresh("r")), "GET /renew refreshToken=r");

        let read = |text: &str| query.fields.read(&Object::read(text.as_bytes())?);
        let answer = read("{\"accessToken\":\"a\",\"refreshToken\":\"r\",\"expiresIn\":60}");
        assert_eq!(answer, Some(TokenAnswer { expires_in: Some(60.0), ..TokenAnswer::new("a", "r") }));
        assert_eq!(read("{\"access_token\":\"a\"}"), None);
    }
}
