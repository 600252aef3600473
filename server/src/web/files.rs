//! Router fallback: a static file if one exists; the app's page for browser navigations; otherwise a JSON 404.

use super::{
    etag,
    page::{INDEX, Page},
};
use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use std::{
    fmt,
    path::{Component, Path, PathBuf},
};
use tower::ServiceExt;
use tower_http::services::ServeDir;
use wugan_axum::Error;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// The least length of a hash in a name: those of trunk and wasm-bindgen have 16 digits, others up to 64.
const HASH_LENGTH: usize = 16;
/// The conditions that `ServeDir` decides by modification times.
const CONDITIONS: [HeaderName; 4] = [header::IF_MODIFIED_SINCE, header::IF_NONE_MATCH, header::IF_MATCH, header::IF_UNMODIFIED_SINCE];
/// The longest file without a hash in its name that has an ETag: it is read as a whole for each request.
const MAX_TAGGED: usize = 64 * 1024;
/// How much of a file is read at a time. A client that reads nothing takes twice as much memory.
const CHUNK: usize = 16 * 1024;
/// The longest part of a path that is looked up. File systems accept 255 bytes, and compressed files end with `.br` or `.gz`.
const MAX_PART: usize = 252;
/// The longest path that is looked up. Linux accepts 4 096 bytes with those of the folder.
const MAX_PATH: usize = 2048;

/// Serves the app's files.
#[derive(Clone)]
pub(crate) struct Web {
    files: ServeDir,
    page: Page,
}

impl Web {
    /// Serves this folder, which may be created later.
    pub(crate) fn new(root: &Path) -> Self {
        let files =
            ServeDir::new(root).append_index_html_on_directories(false).with_buf_chunk_size(CHUNK).precompressed_br().precompressed_gzip();
        Self { files, page: Page::new(root) }
    }

    /// Answers a request that no route matches.
    pub(crate) async fn serve(&self, mut request: Request) -> Response {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Error::NotFound.into_response();
        }
        let headers = request.headers().clone();
        let path = request.uri().path();
        let is_root = path == "/";
        if !is_root && may_exist(path) {
            let (name, is_hashed) = (file_name(path), is_hashed(path));
            if !is_hashed {
                decide_by_content(&mut request);
            }
            let Ok(found) = self.files.clone().oneshot(request).await;
            if is_html(found.headers()) {
                return self.page.serve(&name, &headers).await;
            }
            if !matches!(found.status(), StatusCode::NOT_FOUND | StatusCode::TEMPORARY_REDIRECT) {
                return file(found.map(Body::new), is_hashed, &headers).await;
            }
        }
        if is_root || is_navigation(&headers) { self.page.serve(Path::new(INDEX), &headers).await } else { Error::NotFound.into_response() }
    }
}

/// Whether this is an HTML page, which has a policy of its own.
fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// The file that `ServeDir` finds for a path: `//./%69ndex.html/` is `index.html`.
fn file_name(path: &str) -> PathBuf {
    let path = percent_decode_str(path).decode_utf8_lossy();
    Path::new(&*path).components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

/// Removes what `ServeDir` would decide by modification times: container images may give all files the same one.
fn decide_by_content(request: &mut Request) {
    // The content is read for its ETag. The body of an answer to HEAD is not sent.
    *request.method_mut() = Method::GET;
    let headers = request.headers_mut();
    CONDITIONS.iter().for_each(|name| drop(headers.remove(name)));
    // The rest of another file must not be joined to what the client has (RFC 9110 §13.1.5).
    if headers.remove(header::IF_RANGE).is_some() {
        headers.remove(header::RANGE);
    }
}

async fn file(mut response: Response, is_hashed: bool, request: &HeaderMap) -> Response {
    if !is_hashed {
        response = tagged(response, request).await.unwrap_or_else(IntoResponse::into_response);
    }
    let is_content = matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED);
    let headers = response.headers_mut();
    if is_content {
        headers.insert(header::CACHE_CONTROL, if is_hashed { IMMUTABLE } else { NO_CACHE });
    }
    // A cache must not send a compressed response to a browser that does not accept it.
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    response
}

/// Replaces the headers that `ServeDir` makes of the modification time by an ETag of the content, except for long files and ranges. Answers
/// 304 if the client has that ETag.
async fn tagged(mut response: Response, request: &HeaderMap) -> Result<Response, Error> {
    response.headers_mut().remove(header::LAST_MODIFIED);
    response.headers_mut().remove(header::ETAG);
    let length = response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if response.status() != StatusCode::OK || length.is_none_or(|length: usize| length > MAX_TAGGED) {
        return Ok(response);
    }
    let unreadable = |error: &dyn fmt::Display| Error::Internal(format!("a file of the app cannot be read: {error}"));
    let (mut head, body) = response.into_parts();
    let content = to_bytes(body, MAX_TAGGED).await.map_err(|error| unreadable(&error))?;
    let etag = etag::of(&content).map_err(|error| unreadable(&error))?;
    if etag::is_cached(request, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    // The file may have been replaced since its length was read.
    head.headers.insert(header::CONTENT_LENGTH, content.len().into());
    head.headers.insert(header::ETAG, etag);
    Ok(Response::from_parts(head, content.into()))
}

/// Whether a file system can have a file of that name. For other names it returns an error, which must not be answered 500.
fn may_exist(path: &str) -> bool {
    path.len() <= MAX_PATH && !path.contains("%00") && path.split('/').all(|part| part.len() <= MAX_PART)
}

/// Whether a request is a browser's navigation: by Fetch Metadata where it is sent, else by `Accept`.
fn is_navigation(headers: &HeaderMap) -> bool {
    let mode = headers.get("sec-fetch-mode").and_then(|value| value.to_str().ok());
    let wants_html = headers.get_all(header::ACCEPT).iter().any(|accept| accept.to_str().is_ok_and(|accept| accept.contains("text/html")));
    wants_html && mode.is_none_or(|mode| mode == "navigate")
}

/// Whether some part of the path is a hash of the content, such as in `app-8a5f0c3b1d2e4f60_bg.wasm`. Digits alone may be a time.
fn is_hashed(path: &str) -> bool {
    let is_hash = |part: &str| {
        part.len() >= HASH_LENGTH && part.bytes().all(|byte| byte.is_ascii_hexdigit()) && !part.bytes().all(|byte| byte.is_ascii_digit())
    };
    path.split(['/', '.', '-', '_']).any(is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_immutable() {
        for hashed in
            ["/main.8a5f0c3b1d2e4f60a1b2.js", "/wugan-app-8a5f0c3b1d2e4f60_bg.wasm", "/snippets/leptos-0123456789abcdef/inline0.js"]
        {
            assert!(is_hashed(hashed), "{hashed}");
        }
        for plain in [
            "/favicon.svg",
            "/manifest.webmanifest",
            "/app-1.2.3.js",
            "/deadbeef.css",
            "/a-facade-of-beauty.png",
            "/2026013112345678.jpg",
            "/photo-20260131123456789.jpg",
        ] {
            assert!(!is_hashed(plain), "{plain}");
        }
    }

    #[test]
    fn a_navigation_accepts_html() {
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
