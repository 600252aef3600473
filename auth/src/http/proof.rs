//! Reads the `DPoP` header of a request, and determines the URL that a proof must name.

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
    PresentedProof { text: Some(text.into()), method: parts.method.as_str().into(), url: url(parts, auth, peer) }
}

/// The request's URL: at the issuer's origin if the issuer is a URL, else at the host that the request names, by the scheme that a
/// trusted proxy forwards.
fn url(parts: &Parts, auth: &Auth, peer: Option<IpAddr>) -> Option<String> {
    // A nested router has removed its prefix from the other one.
    let uri: &Uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    if let Some(origin) = auth.origin() {
        return normalized(&format!("{origin}{}", uri.path()));
    }
    let host = parts.headers.get(header::HOST).map(|host| host.to_str().ok()).unwrap_or(uri.authority().map(|host| host.as_str()))?;
    let scheme = if peer.is_some_and(|peer| auth.proxies().is_https(peer, &parts.headers)) { "https" } else { "http" };
    normalized(&format!("{scheme}://{host}{}", uri.path()))
}
