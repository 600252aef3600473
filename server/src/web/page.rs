//! The app's page, and other pages of its folder. Their ETag and Content-Security-Policy are computed from the content that is sent.

use super::{csp, etag};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use wugan_axum::Error;

const NO_APP: &str = "<!doctype html><html lang=\"en\"><title>No app here</title>\
<h1>The server runs, and there is no app to show</h1>\
<p>Its folder (<code>--web-root</code>) has no <code>index.html</code>. Build the app with <code>trunk build --release</code>, \
or start both with <code>cargo xtask serve</code>, then load this page again.</p></html>";

pub(super) const INDEX: &str = "index.html";

/// The pages. They are read for each navigation: a build may replace them while the server runs, with the same modification time.
#[derive(Clone)]
pub(super) struct Page {
    root: PathBuf,
    /// What was computed for the last page.
    last: Arc<Mutex<Option<Arc<Loaded>>>>,
}

struct Loaded {
    html: Vec<u8>,
    /// The file with the suffix `.br` and, if it is the compressed form of `html`, true.
    brotli: Option<(Vec<u8>, bool)>,
    etag: HeaderValue,
    policy: HeaderValue,
}

impl Page {
    pub(super) fn new(root: &Path) -> Self {
        let page = Self { root: root.into(), last: Arc::default() };
        let index = root.join(INDEX);
        if let Err(error) = page.load(&index) {
            tracing::warn!(page = %index.display(), %error, "there is no app to show; see --web-root");
        }
        page
    }

    /// Sends the page of that name to a client that sent these headers.
    pub(super) async fn serve(&self, name: &Path, request: &HeaderMap) -> Response {
        let (page, file) = (self.clone(), self.root.join(name));
        let loaded = match tokio::task::spawn_blocking(move || page.load(&file)).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return (StatusCode::NOT_FOUND, Html(NO_APP)).into_response(),
            Ok(Err(error)) => return Error::Internal(format!("the app's page cannot be read: {error}")).into_response(),
            Err(_) => return Error::Internal("reading the app's page panicked".into()).into_response(),
        };
        let compressed = loaded.brotli.as_ref().filter(|(_, is_valid)| *is_valid && accepts_brotli(request)).map(|(bytes, _)| bytes);
        let mut response = if etag::is_cached(request, &loaded.etag) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            Html(Body::from(compressed.unwrap_or(&loaded.html).clone())).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::CONTENT_SECURITY_POLICY, loaded.policy.clone());
        headers.insert(header::ETAG, loaded.etag.clone());
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
        if compressed.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
        }
        response
    }

    fn load(&self, file: &Path) -> io::Result<Arc<Loaded>> {
        let html = fs::read(file)?;
        let mut compressed = file.as_os_str().to_owned();
        compressed.push(".br");
        let brotli = fs::read(compressed).ok();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |last: &&Arc<Loaded>| last.html == html && last.brotli.as_ref().map(|(bytes, _)| bytes) == brotli.as_ref();
        if let Some(last) = last.as_ref().filter(is_same) {
            return Ok(last.clone());
        }
        let policy = HeaderValue::try_from(csp::policy(&String::from_utf8_lossy(&html))).map_err(io::Error::other)?;
        let etag = etag::of(&html)?;
        let brotli = brotli.map(|bytes| {
            let is_valid = is_compressed_form(&bytes, &html);
            (bytes, is_valid)
        });
        let loaded = Arc::new(Loaded { html, brotli, etag, policy });
        *last = Some(loaded.clone());
        Ok(loaded)
    }
}

/// Whether these bytes decompress to the page. A build that replaces the page may leave the compressed form of the one before.
fn is_compressed_form(bytes: &[u8], html: &[u8]) -> bool {
    let mut text = Vec::new();
    let limit = u64::try_from(html.len()).unwrap_or(u64::MAX).saturating_add(1);
    brotli_decompressor::Decompressor::new(bytes, 4096).take(limit).read_to_end(&mut text).is_ok() && text == html
}

fn accepts_brotli(request: &HeaderMap) -> bool {
    let lists = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("br") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}
