//! The provider's metadata: OpenID Connect Discovery 1.0, with RFC 8414 for providers that publish only that.
//!
//! The document is stored for all tabs, so that a page is shown without the provider. It is no secret.

use crate::{
    json::Object,
    oidc::{
        error::Error,
        fetch::{check_status, get},
    },
    platform::default_platform,
};
use futures::future::LocalBoxFuture;

const CACHED_FOR_MS: f64 = 3_600_000.0;

const SECURE: &str = "an https URL; plain http is allowed for this machine only";

/// What a provider publishes about itself. Read by [`Config::connect`](super::Config::connect), or given by hand to
/// [`Config::connect_with`](super::Config::connect_with), for instance while a page is rendered on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The issuer identifier.
    pub issuer: String,
    /// Where the user signs in.
    pub authorization_endpoint: String,
    /// Where the code is exchanged for tokens.
    pub token_endpoint: String,
    /// The keys that sign ID tokens.
    pub jwks_uri: String,
    /// Information about the user.
    pub userinfo_endpoint: Option<String>,
    /// Where a sign-out is reported (RFC 7009).
    pub revocation_endpoint: Option<String>,
    /// Where the user signs out (OpenID Connect RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<String>,
    /// Whether responses name the issuer (RFC 9207 §3).
    pub names_issuer: bool,
    /// Whether it was read from the provider's document, and not given by hand.
    is_fetched: bool,
}

impl Metadata {
    /// Metadata of a provider without optional endpoints.
    pub fn new(
        issuer: impl Into<String>,
        authorization_endpoint: impl Into<String>,
        token_endpoint: impl Into<String>,
        jwks_uri: impl Into<String>,
    ) -> Metadata {
        Metadata {
            issuer: issuer.into(),
            authorization_endpoint: authorization_endpoint.into(),
            token_endpoint: token_endpoint.into(),
            jwks_uri: jwks_uri.into(),
            userinfo_endpoint: None,
            revocation_endpoint: None,
            end_session_endpoint: None,
            names_issuer: false,
            is_fetched: false,
        }
    }

    /// Sets where a sign-out is reported.
    #[must_use]
    pub fn revocation_endpoint(mut self, url: impl Into<String>) -> Metadata {
        self.revocation_endpoint = Some(url.into());
        self
    }

    /// Sets where the user signs out.
    #[must_use]
    pub fn end_session_endpoint(mut self, url: impl Into<String>) -> Metadata {
        self.end_session_endpoint = Some(url.into());
        self
    }

    /// Sets where information about the user is.
    #[must_use]
    pub fn userinfo_endpoint(mut self, url: impl Into<String>) -> Metadata {
        self.userinfo_endpoint = Some(url.into());
        self
    }

    /// Reads a discovery document. The reason of a failure says what to change.
    fn read(issuer: &str, document: &[u8], assumes_s256: bool) -> Result<Metadata, String> {
        let object = Object::read(document).ok_or_else(|| match document.trim_ascii_start().starts_with(b"<") {
            true => "this is an HTML page, not a discovery document: check the issuer".to_owned(),
            false => "this is not a JSON object: check the issuer".to_owned(),
        })?;
        let named = object.text("issuer").ok_or("the document names no issuer")?;
        if named != issuer {
            return Err(["the document is for the issuer “", &named, "”, and “", issuer, "” is configured: they must be equal"].concat());
        }
        if !assumes_s256 && !object.texts("code_challenge_methods_supported").unwrap_or_default().iter().any(|method| method == "S256") {
            return Err("the provider does not list PKCE with S256: switch it on there, or call Config::assume_s256 if it works".into());
        }
        let required = |name: &str| object.text(name).ok_or_else(|| ["the document has no ", name].concat());
        let metadata = Metadata {
            authorization_endpoint: required("authorization_endpoint")?,
            token_endpoint: required("token_endpoint")?,
            jwks_uri: required("jwks_uri")?,
            userinfo_endpoint: object.text("userinfo_endpoint"),
            revocation_endpoint: object.text("revocation_endpoint"),
            end_session_endpoint: object.text("end_session_endpoint"),
            names_issuer: object.is_true("authorization_response_iss_parameter_supported"),
            issuer: named,
            is_fetched: true,
        };
        metadata.check()?;
        Ok(metadata)
    }

    /// Metadata for which the program vouches, also if it was fetched: a sign-in does not compare it with the provider's document.
    pub(crate) fn given(self) -> Metadata {
        Metadata { is_fetched: false, ..self }
    }

    /// Checks that no secret can leave over a plain connection.
    pub(crate) fn check(&self) -> Result<(), String> {
        let optional = [&self.userinfo_endpoint, &self.revocation_endpoint, &self.end_session_endpoint].map(Option::as_deref);
        let [userinfo, revocation, end_session] = optional.map(|url| url.unwrap_or(&self.issuer));
        let urls = [&self.issuer, &self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri, userinfo, revocation, end_session];
        for url in urls {
            if !is_secure(url) {
                return Err(["“", url, "” is not ", SECURE].concat());
            }
        }
        Ok(())
    }

    /// Takes the metadata of an issuer from localStorage, or fetches it. After an hour, it is fetched again for the next page.
    pub(crate) async fn fetch(issuer: &str, assumes_s256: bool) -> Result<Metadata, Box<Error>> {
        if !is_secure(issuer) || issuer.bytes().any(|byte| matches!(byte, b'?' | b'#')) {
            return Err(unusable(issuer, ["the issuer must have no query or fragment and be ", SECURE].concat()));
        }
        match stored(issuer, assumes_s256) {
            Some((metadata, is_old)) => {
                if is_old {
                    let issuer = issuer.to_owned();
                    // The next page reports what is wrong with the document.
                    default_platform().spawn(Box::pin(async move { drop(download(&issuer, assumes_s256).await) }));
                }
                Ok(metadata)
            }
            None => download(issuer, assumes_s256).await,
        }
    }

    /// Fetches a document again that is too old for a sign-in. If the provider has changed it, the page has to be loaded again, because its
    /// client refreshes at the former endpoint.
    pub(crate) async fn confirm(&self, assumes_s256: bool) -> Result<(), Box<Error>> {
        if !self.is_fetched {
            return Ok(());
        }
        let latest = match stored(&self.issuer, assumes_s256) {
            Some((metadata, false)) => metadata,
            _ => download(&self.issuer, assumes_s256).await?,
        };
        if latest == *self {
            return Ok(());
        }
        Err(unusable(&self.issuer, "the provider has changed its configuration: load this page again".to_owned()))
    }
}

/// Where the document is stored, with the time when it was fetched. It is checked again whenever it is read.
fn storage_key(issuer: &str) -> String {
    ["wugan:oidc:metadata:", issuer].concat()
}

/// The stored metadata of an issuer, and whether it is older than an hour.
fn stored(issuer: &str, assumes_s256: bool) -> Option<(Metadata, bool)> {
    let platform = default_platform();
    let stored = Object::read(platform.get(&storage_key(issuer)).ok()??.as_bytes())?;
    let age = platform.now() - stored.number("fetched_at")?;
    let metadata = Metadata::read(issuer, stored.text("document")?.as_bytes(), assumes_s256).ok()?;
    Some((metadata, !(0.0..CACHED_FOR_MS).contains(&age)))
}

fn unusable(url: &str, reason: String) -> Box<Error> {
    Error::Discovery { url: url.to_owned(), reason }.into()
}

/// Fetches the metadata of an issuer, and stores the document, also one that is wrong. An answer without a document, as that of a proxy,
/// changes nothing. Boxed, so that its code exists once.
fn download(issuer: &str, assumes_s256: bool) -> LocalBoxFuture<'_, Result<Metadata, Box<Error>>> {
    Box::pin(async move {
        let [mut url, fallback] = urls(issuer);
        let mut answer = get(&url).await?;
        if answer.status() == 404
            && let Ok(other) = get(&fallback).await
        {
            (url, answer) = (fallback, other);
        }
        check_status(&answer)?;
        let document = answer.buffered();
        if Object::read(document).is_some() {
            let platform = default_platform();
            let stored = Object::new().with_number("fetched_at", Some(platform.now()));
            // Without it, the next page fetches the document again.
            let _ = platform.set(&storage_key(issuer), &stored.with_text("document", std::str::from_utf8(document).ok()).write());
        }
        Metadata::read(issuer, document, assumes_s256).map_err(|reason| unusable(&url, reason))
    })
}

/// Where an issuer's document is (OpenID Connect Discovery §4.1), and where RFC 8414 §3.1 puts it.
fn urls(issuer: &str) -> [String; 2] {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    // The third slash begins the path.
    let path_at = issuer.bytes().enumerate().filter(|(_, byte)| *byte == b'/').nth(2).map_or(issuer.len(), |(at, _)| at);
    let (origin, path) = issuer.split_at(path_at);
    [[issuer, "/.well-known/openid-configuration"].concat(), [origin, "/.well-known/oauth-authorization-server", path].concat()]
}

/// Whether a URL is https, or plain http on this machine. URLs with credentials, backslashes or blanks are refused, because programs
/// disagree on their host.
pub(crate) fn is_secure(url: &str) -> bool {
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@' && byte != b'\\') {
        return false;
    }
    let authority = |scheme: &str| url.strip_prefix(scheme)?.as_bytes().split(|byte| matches!(byte, b'/' | b'?' | b'#')).next();
    if let Some(authority) = authority("https://") {
        return !authority.is_empty();
    }
    let Some(authority) = authority("http://") else { return false };
    let host = match authority.iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(colon) if authority[colon] == b':' => &authority[..colon],
        _ => authority,
    };
    matches!(host, b"localhost" | b"[::1]") || (host.starts_with(b"127.") && host.iter().all(|byte| *byte == b'.' || byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://login.example.com/realms/a";

    fn document() -> Value {
        json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://login.example.com/auth?kept=1",
            "token_endpoint": "https://login.example.com/token",
            "jwks_uri": "https://login.example.com/keys",
            "end_session_endpoint": "https://login.example.com/end",
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true,
        })
    }

    fn read(document: &Value) -> Result<Metadata, String> {
        Metadata::read(ISSUER, document.to_string().as_bytes(), false)
    }

    #[test]
    fn a_document_is_read() {
        let expected = Metadata::new(
            ISSUER,
            "https://login.example.com/auth?kept=1",
            "https://login.example.com/token",
            "https://login.example.com/keys",
        );
        let expected = Metadata { names_issuer: true, is_fetched: true, ..expected.end_session_endpoint("https://login.example.com/end") };
        assert_eq!(read(&document()), Ok(expected));
    }

    #[test]
    fn a_wrong_document_is_refused_with_what_to_change() {
        // (member, its value, words of the reason)
        let table = [
            ("issuer", json!("https://login.example.com/realms/b"), "they must be equal"),
            ("issuer", json!("https://login.example.com/realms/a/"), "they must be equal"),
            ("issuer", json!("https://LOGIN.example.com/realms/a"), "they must be equal"),
            ("issuer", json!(null), "names no issuer"),
            ("issuer", json!([ISSUER]), "names no issuer"),
            ("code_challenge_methods_supported", json!(null), "S256"),
            ("code_challenge_methods_supported", json!(["plain", "s256"]), "S256"),
            ("code_challenge_methods_supported", json!("S256"), "S256"),
            ("authorization_endpoint", json!(null), "authorization_endpoint"),
            ("token_endpoint", json!(7), "token_endpoint"),
            ("jwks_uri", json!(null), "jwks_uri"),
            ("token_endpoint", json!("http://login.example.com/token"), "not an https URL"),
            ("authorization_endpoint", json!("javascript:alert(1)//https://"), "not an https URL"),
            ("userinfo_endpoint", json!("//login.example.com/me"), "not an https URL"),
            ("revocation_endpoint", json!("http://localhost@evil.example/r"), "not an https URL"),
            ("end_session_endpoint", json!("ftp://localhost/"), "not an https URL"),
        ];
        for (name, value, words) in table {
            let mut wrong = document();
            wrong[name] = value.clone();
            let reason = read(&wrong).err().unwrap_or_default();
            assert!(reason.contains(words), "{name} = {value}: {reason}");
        }
        for (text, words) in [("<!doctype html>", "HTML"), (" \n<html>", "HTML"), ("[]", "not a JSON object"), ("", "not a JSON object")] {
            let reason = Metadata::read(ISSUER, text.as_bytes(), false).err().unwrap_or_default();
            assert!(reason.contains(words), "{text}: {reason}");
        }
    }

    #[test]
    fn an_issuer_over_plain_http_is_refused_before_anything_is_sent() {
        for issuer in ["http://login.example.com", "https://login.example.com?realm=a", "https://login.example.com#a", "login.example.com"]
        {
            let refused = futures::FutureExt::now_or_never(Metadata::fetch(issuer, false)).and_then(Result::err);
            let text = refused.map(|error| error.to_string()).unwrap_or_default();
            let expected = "the issuer must have no query or fragment and be an https URL; plain http is allowed for this machine only";
            assert_eq!(text, format!("{issuer}: {expected}"));
        }
    }

    #[test]
    fn s256_may_be_assumed_for_a_provider_that_does_not_list_it() {
        let mut silent = document();
        silent["code_challenge_methods_supported"] = Value::Null;
        assert!(Metadata::read(ISSUER, silent.to_string().as_bytes(), true).is_ok());
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in
            ["https://a", "https://a:8443/b?c", "http://localhost", "http://localhost:80/", "http://127.0.0.1:3000", "http://[::1]:1/"]
        {
            assert!(is_secure(url), "{url}");
        }
        let hostile = [
            "http://a",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
            "http://localhost:80@evil.example",
            "https://login.example.com@evil.example",
            "http://127.0.0.1.evil.example",
            "http://localhost\\@evil.example",
            "http://localhost\t.evil.example",
            "http://evil.example#localhost",
            "http://evil.example/localhost",
            "http://[::2]",
            "http://0x7f.1",
            "https://",
            "https:///a",
            "https:a",
            "HTTP://localhost",
            "//localhost",
            "",
            "data:text/html,https://a",
        ];
        for url in hostile {
            assert!(!is_secure(url), "{url}");
        }
    }

    #[test]
    fn the_document_is_below_the_issuer() {
        let [first, second] = urls("https://login.example.com/realms/a");
        assert_eq!(first, "https://login.example.com/realms/a/.well-known/openid-configuration");
        assert_eq!(second, "https://login.example.com/.well-known/oauth-authorization-server/realms/a");
        let [first, second] = urls("https://a.example/");
        assert_eq!(first, "https://a.example/.well-known/openid-configuration");
        assert_eq!(second, "https://a.example/.well-known/oauth-authorization-server");
    }
}
