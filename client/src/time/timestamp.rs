//! A moment by three clocks.

use std::time::Duration;

/// A `Date` has whole seconds, and a response takes time to arrive: below this difference the local clocks are more exact.
pub(crate) const DATE_NOISE_MS: f64 = 3_000.0;

/// A duration in milliseconds that came from a clock, a token or the storage. Negative numbers and NaN become zero, and too large ones the
/// longest duration. `Duration::try_from_secs_f64` would add a kilobyte to the download.
pub(crate) fn milliseconds(count: f64) -> Duration {
    Duration::from_micros((count * 1_000.0) as u64)
}

/// A moment by three clocks, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Timestamp {
    /// The device's clock, since 1970.
    pub(crate) device: f64,
    /// The page's monotonic clock. Meaningless in other pages, so it is not stored.
    pub(crate) monotonic: Option<f64>,
    /// The server's clock, since 1970, from its `Date`.
    pub(crate) server: Option<f64>,
    /// By how much the moment may be later than the local clocks say.
    pub(crate) uncertainty: f64,
}

impl Timestamp {
    /// When a response left the server: half-way between sending and receiving. After a slow round trip, which may contain a sleep,
    /// the moment of sending counts, so that no token looks younger than it is.
    pub(crate) fn from_round_trip(sent: Timestamp, received: Timestamp, server: Option<f64>) -> Timestamp {
        let took = sent.until(&received);
        if took > DATE_NOISE_MS {
            return Timestamp { server, uncertainty: took, ..sent };
        }
        let one_way = sent.monotonic_until(&received) / 2.0;
        Timestamp { device: received.device - one_way, monotonic: received.monotonic.map(|at| at - one_way), server, uncertainty: 0.0 }
    }

    /// Whether a duration counted from here equals one measured otherwise, within uncertainty and noise.
    pub(crate) fn is_consistent(&self, counted: f64, measured: f64) -> bool {
        (-DATE_NOISE_MS..=self.uncertainty + DATE_NOISE_MS).contains(&(counted - measured))
    }

    /// Milliseconds to a later moment by the monotonic clock, which never counts more than the true time.
    pub(crate) fn monotonic_until(&self, later: &Timestamp) -> f64 {
        later.monotonic.zip(self.monotonic).map_or(0.0, |(later, earlier)| (later - earlier).max(0.0))
    }

    /// Milliseconds to a later moment by the local clocks. Sleep stops the monotonic clock and a correction sets the device's clock
    /// back; in both cases the larger difference is right.
    pub(crate) fn until(&self, later: &Timestamp) -> f64 {
        (later.device - self.device).max(self.monotonic_until(later))
    }
}
