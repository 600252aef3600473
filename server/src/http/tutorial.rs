//! `GET /aaa`, `GET /bbb`: the tutorial's public and its guarded route.

use super::guard::SignedIn;
use crate::app::App;
use axum::{Router, routing::get};
use std::sync::Arc;
use wugan_wire::routes;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new().route(routes::PUBLIC, get(|| async { "aaa" })).route(routes::GUARDED, get(|_: SignedIn| async { "bbb" }))
}
