//! No request is answered never: when the database neither answers nor hangs up, the caller hears so in the end.

use crate::error::Error;
use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Duration;
use tokio::time::timeout;

/// Longer than a body may take to arrive unless `--request-timeout` says more, and than a database is waited for.
const WHOLE: Duration = Duration::from_secs(90);

pub(super) async fn bounded(request: Request, next: Next) -> Response {
    match timeout(WHOLE, next.run(request)).await {
        Ok(answer) => answer,
        Err(_) => Error::Busy("a request took too long".into()).into_response(),
    }
}
