//! Runs work to completion when the client disconnects.

use crate::error::Error;
use tracing::{Instrument, Span};

/// Runs work in a task of its own. If it were dropped with the request of a client that disconnects, a thief could prevent a commit, or
/// the session cache would go on admitting ended sessions after it.
pub(crate) async fn run_to_completion<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::spawn(work.instrument(Span::current())).await;
    done.unwrap_or_else(|_| Err(Error::Internal("a task panicked".into())))
}
