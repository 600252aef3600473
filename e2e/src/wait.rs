//! Polls until a condition holds. The timeout is long, so that a slow machine does not fail a test.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;

/// How long a condition may take to become true.
pub const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls `find` every 50 ms until it returns a value.
///
/// # Errors
/// The [`TIMEOUT`] has passed; the error names `what`. An error of `find` is returned at once.
pub async fn until<T>(what: &str, mut find: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + TIMEOUT;
    loop {
        if let Some(found) = find().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("waited {} s for {what}", TIMEOUT.as_secs()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
