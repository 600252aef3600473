//! Work that waits for files, on threads that may wait.

use std::panic::resume_unwind;
use tokio::task::spawn_blocking;

/// Runs work that may wait for a file, so that no other task waits for it: a file may be on a network, or be locked. A panic goes on in the
/// caller.
pub(crate) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    // Work is cancelled only with the runtime, and then the caller is, too.
    spawn_blocking(work).await.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
