//! The pause after a failed refresh: exponential back-off with full jitter, or `Retry-After` if that is longer.
//!
//! The pause is stored, so it holds for all tabs. It names the exchange that failed; the next one has no pause.

use crate::{
    json::Object,
    platform::{Host, Storage},
    storage::stored_text::StoredText,
    time::timestamp::milliseconds,
};
use std::{cell::Cell, rc::Rc, time::Duration};

const FIRST_STEP_MS: f64 = 1_000.0;
const LAST_STEP_MS: f64 = 60_000.0;
/// The shortest pause: full jitter may draw a time close to zero.
const SHORTEST: Duration = Duration::from_millis(100);
/// A longer `Retry-After` is cut to this.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(3_600);

pub(crate) struct Backoff {
    platform: Host,
    stored: StoredText,
    /// The beginning of a pause that an event ended early in this tab.
    skipped: Cell<f64>,
}

impl Backoff {
    pub(crate) fn new(platform: Host, storage: Rc<dyn Storage>, storage_key: &str) -> Backoff {
        Backoff { platform, stored: StoredText::new(storage, format!("{storage_key}.pause")), skipped: Cell::new(f64::NAN) }
    }

    /// The latest pause of this exchange, over or not: `failures` in a row; the beginning, `from`, in milliseconds since 1970 by the device's
    /// clock, which all tabs share; its `duration` in milliseconds; and whether the server has `requested` it.
    fn latest(&self, exchange_id: &str) -> Option<Object> {
        Object::read(self.stored.get()?.as_bytes()).filter(|pause| pause.text("exchange").as_deref() == Some(exchange_id))
    }

    /// How often this exchange has failed, in any tab.
    pub(crate) fn failures(&self, exchange_id: &str) -> u32 {
        self.latest(exchange_id).and_then(|pause| pause.number("failures")).unwrap_or_default() as u32
    }

    /// How much of the pause is left, rounded up to a millisecond so that a timer does not fire early.
    pub(crate) fn remaining(&self, exchange_id: &str) -> Option<Duration> {
        let pause = self.latest(exchange_id)?;
        let from = pause.number("from").filter(|from| pause.is_true("requested") || *from != self.skipped.get())?;
        let (passed, duration) = (self.platform.now() - from, pause.number("duration")?);
        // A clock that was set back ends the pause, rather than prolonging it.
        let left = (passed >= 0.0).then(|| (duration - passed).ceil()).filter(|left| *left > 0.0)?;
        Some(Duration::from_millis(left as u64).min(LONGEST_RETRY_AFTER))
    }

    /// The exchange failed: starts the next pause and returns its length.
    pub(crate) fn start(&self, exchange_id: &str, retry_after: Option<Duration>) -> Duration {
        let failures = self.failures(exchange_id);
        let step = LAST_STEP_MS.min(FIRST_STEP_MS * f64::from(1 << failures.min(16)));
        let jitter = milliseconds(step * self.platform.random()).max(SHORTEST);
        let duration = jitter.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        let pause = Object::new().with_text("exchange", Some(exchange_id)).with_number("failures", Some(f64::from(failures) + 1.0));
        let pause = pause.with_number("from", Some(self.platform.now())).with_number("duration", Some(duration.as_secs_f64() * 1_000.0));
        self.stored.set(pause.with_flag("requested", retry_after.is_some_and(|requested| requested >= jitter)).write());
        duration
    }

    /// Ends the pause for this tab, unless the server asked for it: the network is back, or the page is visible again.
    pub(crate) fn skip(&self, exchange_id: &str) {
        if let Some(from) = self.latest(exchange_id).and_then(|pause| pause.number("from")) {
            self.skipped.set(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{default_platform, in_memory::in_memory};

    #[test]
    fn a_stored_pause_is_read_back_and_a_damaged_one_is_none() {
        let storage = in_memory();
        let backoff = Backoff::new(default_platform(), storage.clone(), "key");
        for text in ["", "{}", "null", "{\"exchange\":\"id\"}", "{\"exchange\":\"id\",\"from\":0}"] {
            assert!(storage.set("key.pause", text).is_ok());
            assert_eq!((backoff.failures("id"), backoff.remaining("id")), (0, None), "{text}");
        }
        let pause = Duration::from_secs(5);
        assert_eq!(backoff.start("id", Some(pause)), pause);
        backoff.skip("id");
        assert_eq!((backoff.failures("id"), backoff.remaining("id"), backoff.remaining("other")), (1, Some(pause), None));
    }
}
