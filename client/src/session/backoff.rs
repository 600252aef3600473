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

#[cfg_attr(test, derive(PartialEq))]
struct Pause {
    exchange_id: String,
    /// Failures in a row.
    failures: f64,
    /// Milliseconds since 1970 by the device's clock, which all tabs share.
    from: f64,
    /// Milliseconds.
    duration: f64,
    /// Whether the server asked for it.
    is_requested: bool,
}

impl Pause {
    fn read(text: &str) -> Option<Pause> {
        let object = Object::read(text.as_bytes())?;
        let number = |name: &str| object.number(name);
        let (failures, from, duration) = (number("failures")?, number("from")?, number("duration")?);
        Some(Pause { exchange_id: object.text("exchange")?, failures, from, duration, is_requested: object.is_true("requested") })
    }

    fn write(&self) -> String {
        let object = Object::new().with_text("exchange", Some(&self.exchange_id)).with_number("failures", Some(self.failures));
        let object = object.with_number("from", Some(self.from)).with_number("duration", Some(self.duration));
        object.with_flag("requested", self.is_requested).write()
    }
}

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

    /// The latest pause of this exchange, over or not.
    fn latest(&self, exchange_id: &str) -> Option<Pause> {
        Pause::read(&self.stored.get()?).filter(|pause| pause.exchange_id == exchange_id)
    }

    /// How often this exchange has failed, in any tab.
    pub(crate) fn failures(&self, exchange_id: &str) -> u32 {
        self.latest(exchange_id).map_or(0, |pause| pause.failures as u32)
    }

    /// How much of the pause is left, rounded up to a millisecond so that a timer does not fire early.
    pub(crate) fn remaining(&self, exchange_id: &str) -> Option<Duration> {
        let pause = self.latest(exchange_id).filter(|pause| pause.is_requested || pause.from != self.skipped.get())?;
        let passed = self.platform.now() - pause.from;
        // A clock that was set back ends the pause, rather than prolonging it.
        let left = (passed >= 0.0).then(|| (pause.duration - passed).ceil()).filter(|left| *left > 0.0)?;
        Some(Duration::from_millis(left as u64).min(LONGEST_RETRY_AFTER))
    }

    /// The exchange failed: starts the next pause and returns its length.
    pub(crate) fn start(&self, exchange_id: &str, retry_after: Option<Duration>) -> Duration {
        let failures = self.failures(exchange_id);
        let step = LAST_STEP_MS.min(FIRST_STEP_MS * f64::from(1 << failures.min(16)));
        let jitter = milliseconds(step * self.platform.random()).max(SHORTEST);
        let duration = jitter.max(retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER));
        let pause = Pause {
            exchange_id: exchange_id.to_owned(),
            failures: f64::from(failures) + 1.0,
            from: self.platform.now(),
            duration: duration.as_secs_f64() * 1_000.0,
            is_requested: retry_after.is_some_and(|requested| requested >= jitter),
        };
        self.stored.set(pause.write());
        duration
    }

    /// Ends the pause for this tab, unless the server asked for it: the network is back, or the page is visible again.
    pub(crate) fn skip(&self, exchange_id: &str) {
        if let Some(pause) = self.latest(exchange_id) {
            self.skipped.set(pause.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_pause_is_read_back() {
        let pause = Pause { exchange_id: "id".into(), failures: 2.0, from: 5.5, duration: 1_000.0, is_requested: true };
        assert!(Pause::read(&pause.write()) == Some(pause));
        assert!(["", "{}", "null", "{\"exchange\":\"id\"}"].iter().all(|text| Pause::read(text).is_none()));
    }
}
