//! The lock around an exchange of tokens: one tab at a time, and no tab waits for a suspended one for ever.
//!
//! The lock is named after the exchange, so a stuck holder blocks no later exchange, and a holder can keep the
//! lock until its write is visible in every tab. Where the refresh token is in a cookie, there is one name for all that sets the cookie,
//! see `session/cookie_lock.rs`. Each exchange has a sequence of locks: the names of the second and later ones end in a
//! number. A tab that has waited for one holder for the whole timeout takes that holder for suspended and requests the next lock, while
//! it keeps its place in the queues of those before. The tab that is granted the last lock that it requested makes the exchange,
//! unless another tab holds the next one by then. So the waiting tabs do not exchange all at once.

use crate::platform::{Guard, Host, within};
use futures::future::LocalBoxFuture;
use std::{rc::Rc, time::Duration};

/// Until a write is visible in every tab. In Chromium each process has a copy of localStorage that receives the writes of others some
/// milliseconds later, and a released lock may be granted before that.
pub(crate) const STORE_LAG: Duration = Duration::from_secs(1);

/// How often a waiting tab checks the holder, and whether its own timers are late.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// If a timer fires later than this, the tab was suspended and may have missed changes.
const MAX_TIMER_DELAY_MS: f64 = 2_000.0;

/// A lock granted later than this was contended: the previous holder may have stored new tokens.
const CONTENDED_MS: f64 = 50.0;

/// How long the writes of the previous holder may take to arrive in this tab.
const SETTLE_TIME: Duration = Duration::from_millis(100);

/// All locks of an exchange that this tab holds or waits for. Dropping it releases them.
pub(crate) struct Lock {
    _held: Vec<Guard>,
    _requested: Vec<LocalBoxFuture<'static, Guard>>,
}

/// Acquires the lock of this name. `None`: the platform has no locks.
pub(crate) fn acquire(platform: &Host, name: String, timeout: Duration) -> LocalBoxFuture<'_, Option<Rc<Lock>>> {
    Box::pin(async move {
        loop {
            if let Some(lock) = try_acquire(platform, &name, timeout).await? {
                return Some(Rc::new(lock));
            }
            platform.sleep(SETTLE_TIME).await;
        }
    })
}

/// Requests one lock after the other until the last one is granted. The inner `None`: this tab was suspended meanwhile and must start again.
async fn try_acquire(platform: &Host, name: &str, timeout: Duration) -> Option<Option<Lock>> {
    let lock_name = |number: usize| if number == 1 { name.to_owned() } else { format!("{name}:{number}") };
    let request = |number: usize| platform.lock(&lock_name(number));
    let is_late = |since: f64, expected: Duration| platform.monotonic() - since > expected.as_secs_f64() * 1_000.0 + MAX_TIMER_DELAY_MS;
    let begun = platform.monotonic();
    let (mut requested, mut held) = (vec![request(1)?], Vec::new());
    let mut holder = None;
    let mut holder_since = begun;
    loop {
        let polled = platform.monotonic();
        if let Ok(last) = within(platform, POLL_INTERVAL, Box::pin(requested.last_mut()?)).await {
            held.push(last);
            let next = requested.len() + 1;
            if platform.monotonic() - begun > CONTENDED_MS {
                platform.sleep(SETTLE_TIME).await;
                // A tab may have requested the next lock in the moment in which a suspended holder went on and released this one.
                if platform.lock_holder(&lock_name(next)).await.is_some() {
                    requested.push(request(next)?);
                    (holder, holder_since) = (None, platform.monotonic());
                    continue;
                }
            }
            return Some((!is_late(polled, POLL_INTERVAL)).then_some(Lock { _held: held, _requested: requested }));
        }
        let present = platform.lock_holder(&lock_name(requested.len())).await;
        if is_late(polled, POLL_INTERVAL) {
            // This tab was suspended. A tab that was not may have requested a later lock, and must come before this one.
            return Some(None);
        }
        if present != holder {
            // The timeout counts for each holder.
            (holder, holder_since) = (present, platform.monotonic());
        } else if platform.monotonic() - holder_since >= timeout.as_secs_f64() * 1_000.0 {
            requested.push(request(requested.len() + 1)?);
            (holder, holder_since) = (None, platform.monotonic());
        }
    }
}

/// Releases the lock when what was written under it is visible in every tab. Tabs that wait for the new tokens do not wait for this:
/// the storage event wakes them.
pub(crate) fn release_after_lag(platform: &Host, lock: impl Sized + 'static) {
    let lag = platform.sleep(STORE_LAG);
    platform.spawn(Box::pin(async move {
        lag.await;
        drop(lock);
    }));
}
