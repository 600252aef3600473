//! Work that waits for files, on threads of its own.

use std::{future::pending, panic::resume_unwind};
use tokio::task::{JoinError, spawn_blocking};

/// Runs work that may wait for a file, so that no other task waits for it: a file may be on a network, or be locked. A panic goes on in the
/// caller.
pub(crate) async fn run_blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        // A blocking task is cancelled only when the runtime stops, which also drops the caller.
        Err(Err(_)) => pending().await,
    }
}
