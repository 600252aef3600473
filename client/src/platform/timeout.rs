//! Limits how long a future runs.

use super::host::Host;
use crate::error::Error;
use futures::future::{Either, LocalBoxFuture, select};
use std::time::Duration;

/// Lets a future run for at most `time`, then drops it. The future is boxed, so that futures with one output share their code.
///
/// # Errors
/// [`Error::Timeout`] if it did not complete in time.
pub(crate) fn within<'a, T: 'a>(
    platform: &Host,
    time: Duration,
    future: LocalBoxFuture<'a, T>,
) -> impl Future<Output = Result<T, Box<Error>>> + use<'a, T> {
    let sleep = platform.sleep(time);
    async move {
        match select(future, sleep).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(_) => Err(Error::Timeout.into()),
        }
    }
}
