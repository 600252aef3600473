//! Reads the `DPoP` header of a request, and determines the URLs that a proof may name.

use crate::{
    auth::Auth,
    dpop::{PresentedProof, normalized},
};
use axum::{
    extract::OriginalUri,
    http::{HeaderName, Uri, header, request::Parts},
};
use std::net::IpAddr;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The proof of a request.
pub(super) fn presented_proof(parts: &Parts, auth: &Auth, peer: Option<IpAddr>) -> PresentedProof {
    let mut sent = parts.headers.get_all(DPOP).iter();
    let Some(first) = sent.next() else { return PresentedProof::default() };
    let text = first.to_str().ok().filter(|_| sent.next().is_none()).unwrap_or_default();
    PresentedProof { text: Some(text.into()), method: parts.method.as_str().into(), urls: urls(parts, auth, peer) }
}

/// The request's URL: at the issuer's origin if the issuer is a URL, else at the host that the request names, by the scheme that a
/// trusted proxy forwards.
fn urls(parts: &Parts, auth: &Auth, peer: Option<IpAddr>) -> Vec<String> {
    // A nested router has removed its prefix from the other one.
    let uri: &Uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    if let Some(origin) = auth.inner.origin.as_deref() {
        // A proxy may have removed the issuer's path from the request's.
        let issuer = normalized(auth.tokens().issuer()).unwrap_or_default();
        return [origin, issuer.trim_end_matches('/')]
            .into_iter()
            .filter_map(|base| normalized(&format!("{base}{}", uri.path())))
            .collect();
    }
    let authority = uri.authority().map(|host| host.as_str());
    let host = parts.headers.get(header::HOST).map_or(authority, |host| host.to_str().ok());
    let scheme = if peer.is_some_and(|peer| auth.proxies().is_https(peer, &parts.headers)) { "https" } else { "http" };
    host.and_then(|host| normalized(&format!("{scheme}://{host}{}", uri.path()))).into_iter().collect()
}
