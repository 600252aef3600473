//! The app's files: precompressed where a sibling is, kept for ever where the name has a hash, and the page under a strict CSP.
//!
//! Whatever no route knows comes here. A file is a file; a browser that navigates gets the app's page, whose router knows the rest;
//! everybody else asked the API for something that is not there, and gets a JSON 404, never HTML.

mod csp;

use crate::error::Error;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_FIRST: HeaderValue = HeaderValue::from_static("no-cache");
/// A cache on the way must not give one browser what was packed for another.
const BY_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");
/// As many characters of a name as trunk's and wasm-bindgen's hashes have.
const HASH: usize = 16;
const NO_APP: &str = "<!doctype html><html lang=\"en\"><title>No app here</title>\
<h1>The server runs, and there is no app to show</h1>\
<p>Its folder (<code>--web-root</code>) has no <code>index.html</code>. Build the app with <code>trunk build</code>, \
or start both with <code>cargo xtask serve</code>, then load this page again.</p></html>";

/// Serves the app's files.
#[derive(Clone)]
pub struct Web {
    files: ServeDir,
    page: ServeFile,
    index: PathBuf,
    policy: Arc<Mutex<Option<(SystemTime, HeaderValue)>>>,
}

impl Web {
    /// Serves this folder, which may be missing, or appear later.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        let index = root.join("index.html");
        let web = Self {
            files: ServeDir::new(root).append_index_html_on_directories(false).precompressed_br().precompressed_gzip(),
            page: ServeFile::new(&index).precompressed_br().precompressed_gzip(),
            index,
            policy: Arc::default(),
        };
        if let Err(error) = web.policy() {
            tracing::warn!(page = %web.index.display(), %error, "there is no app to show; see --web-root");
        }
        web
    }

    /// Answers what no route knows.
    pub async fn serve(&self, request: Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Error::NotFound.into_response();
        }
        let path = request.uri().path();
        if matches!(path, "/" | "/index.html") {
            return self.page(request).await;
        }
        let (for_ever, navigates) = (is_hashed(path), is_navigation(request.headers()));
        let asked = (request.method().clone(), request.headers().clone());
        match self.files.clone().oneshot(request).await {
            Ok(found) if !matches!(found.status(), StatusCode::NOT_FOUND | StatusCode::TEMPORARY_REDIRECT) => {
                let mut answer = found.map(Body::new);
                answer.headers_mut().insert(header::CACHE_CONTROL, if for_ever { FOR_EVER } else { ASK_FIRST });
                answer.headers_mut().append(header::VARY, BY_ENCODING);
                answer
            }
            Ok(_) if navigates => {
                let mut request = Request::new(Body::empty());
                (*request.method_mut(), *request.headers_mut()) = asked;
                self.page(request).await
            }
            _ => Error::NotFound.into_response(),
        }
    }

    async fn page(&self, request: Request) -> Response {
        let policy = match self.policy() {
            Ok(policy) => policy,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (StatusCode::NOT_FOUND, Html(NO_APP)).into_response(),
            Err(error) => return Error::Internal(format!("the app's page cannot be read: {error}")).into_response(),
        };
        let Ok(found) = self.page.clone().oneshot(request).await;
        let mut answer = found.map(Body::new);
        answer.headers_mut().insert(header::CACHE_CONTROL, ASK_FIRST);
        answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        answer.headers_mut().append(header::VARY, BY_ENCODING);
        answer
    }

    /// The page's policy, made anew when the page was built anew while the server runs.
    fn policy(&self) -> io::Result<HeaderValue> {
        let written = fs::metadata(&self.index)?.modified()?;
        let mut kept = self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, policy)) = kept.as_ref().filter(|(made_of, _)| *made_of == written) {
            return Ok(policy.clone());
        }
        let policy = HeaderValue::try_from(csp::of(&fs::read_to_string(&self.index)?)).map_err(io::Error::other)?;
        *kept = Some((written, policy.clone()));
        Ok(policy)
    }
}

/// Whether a browser asks for a page to show (Fetch Metadata where it is sent, else by what it wants).
fn is_navigation(headers: &HeaderMap) -> bool {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let wants_html = headers.get_all(header::ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    wants_html && says("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
}

/// Whether some part of the path ends in a hash of its content, such as `app-8a5f0c3b1d2e4f60_bg.wasm`.
fn is_hashed(path: &str) -> bool {
    path.split(['/', '.', '-', '_']).any(|part| part.len() >= HASH && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for hashed in
            ["/wugan-app-8a5f0c3b1d2e4f60.js", "/wugan-app-8a5f0c3b1d2e4f60_bg.wasm", "/snippets/leptos-0123456789abcdef/inline0.js"]
        {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in ["/favicon.svg", "/manifest.webmanifest", "/app-1.2.3.js", "/deadbeef.css", "/a-facade-of-beauty.png"] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn a_navigation_wants_html_and_is_one() {
        let with = |pairs: &[(&'static str, &'static str)]| {
            pairs
                .iter()
                .map(|(name, value)| (header::HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect::<HeaderMap>()
        };
        assert!(is_navigation(&with(&[("accept", "text/html,*/*"), ("sec-fetch-mode", "navigate")])));
        assert!(is_navigation(&with(&[("accept", "text/html")])));
        assert!(!is_navigation(&with(&[("accept", "text/html"), ("sec-fetch-mode", "cors")])));
        assert!(!is_navigation(&with(&[("accept", "*/*"), ("sec-fetch-mode", "navigate")])));
        assert!(!is_navigation(&with(&[])));
    }
}
