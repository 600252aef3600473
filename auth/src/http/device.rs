//! Extracts the client of a request.

use super::proof::presented_proof;
use crate::{auth::Auth, device::Device};
use axum::{
    extract::{ConnectInfo, FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use std::{convert::Infallible, net::SocketAddr, sync::Once};
use tracing::warn;

impl<S: Send + Sync> FromRequestParts<S> for Device
where
    Auth: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        // The extractor also knows axum's `MockConnectInfo`.
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(parts, state).await.ok().map(|peer| peer.0.ip());
        if peer.is_none() {
            static WARNED: Once = Once::new();
            WARNED.call_once(|| {
                warn!(
                    "client addresses are unknown, so that attempts are not limited by network: serve the router by \
                `into_make_service_with_connect_info::<SocketAddr>()`"
                )
            });
        }
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let auth = Auth::from_ref(state);
        let ip = peer.map(|peer| auth.proxies().client(peer, &parts.headers));
        let user_agent = agent.map(str::to_owned);
        Ok(Self { user_agent, ip, proof: presented_proof(parts, &auth, peer) })
    }
}
