//! Waiting for what must become true: looked at often, given up late, so that a slow machine is no failure.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;

/// How long anything may take before it counts as not happening.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until `look` finds something.
///
/// # Errors
/// After [`PATIENCE`], with `what` it was waiting for; or the error of `look`, at once.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > end {
            return Err(format!("waited {} s in vain for {what}", PATIENCE.as_secs()).into());
        }
        sleep(Duration::from_millis(50)).await;
    }
}
