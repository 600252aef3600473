//! Token age, independent of a wrong device clock, sleep and cached responses.
//!
//! A token has a lifetime and the [`Timestamp`] of the response that brought it. Its age is measured by the monotonic clock, by the
//! device's clock (the monotonic one may stop while the device sleeps), and, where these two disagree with it, by the `Date` of a later
//! response from the origin that issued the token. Dates of other origins are not compared: their clocks may differ.

use crate::{
    platform::Host,
    rules::{Rule, is_broken},
    time::timestamp::{DATE_NOISE_MS, Timestamp, milliseconds},
};
use std::{cell::Cell, time::Duration};

/// This page's clocks, and the latest response that showed the issuer's time.
pub(crate) struct Clock {
    platform: Host,
    observed: Cell<Option<Timestamp>>,
}

impl Clock {
    pub(crate) fn new(platform: Host) -> Clock {
        Clock { platform, observed: Cell::new(None) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp { device: self.platform.now(), monotonic: Some(self.platform.monotonic()), server: None, uncertainty: 0.0 }
    }

    /// Takes the server time of a response that issued tokens.
    pub(crate) fn set_server_time(&self, at: Timestamp) {
        if at.server.is_some() {
            self.observed.set(Some(at));
        }
    }

    /// Takes the server time of any other response of the issuer that cannot come from a cache. The server's clock never goes back,
    /// and a slow response that agrees with what is known is less exact than that.
    pub(crate) fn observe_server_time(&self, at: Timestamp) {
        let Some(server) = at.server else { return };
        if let Some((known, known_server)) = self.observed.get().and_then(|known| Some((known, known.server?))) {
            let is_older = server + DATE_NOISE_MS < known_server + known.monotonic_until(&at);
            let is_less_exact = at.uncertainty > 0.0 && at.is_consistent(server, known_server + known.until(&at));
            if is_older || is_less_exact {
                return;
            }
        }
        self.observed.set(Some(at));
    }

    /// A server's time in milliseconds since 1970, if it is known: counted from a moment, or else from what a response of the issuer has shown.
    #[cfg(any(feature = "dpop", feature = "oidc"))]
    pub(crate) fn server_time(&self, from: Option<Timestamp>) -> Option<f64> {
        let observed = from.or(self.observed.get())?;
        Some(observed.server? + observed.until(&self.now()))
    }

    /// How long ago a moment was: never less than by the monotonic clock.
    pub(crate) fn age(&self, of: &Timestamp) -> Duration {
        let now = self.now();
        if is_broken(Rule::ServerTime) {
            return milliseconds(now.device - of.device);
        }
        let local = of.until(&now);
        // An observation from before the moment says nothing about it.
        let by_server = |observed: Timestamp| {
            let between = observed.server? - of.server?;
            let age = (between >= 0.0).then(|| between + observed.until(&now))?;
            (age >= 0.0 && !observed.is_consistent(age, local)).then_some(age)
        };
        let age = self.observed.get().and_then(by_server).unwrap_or(local).max(of.monotonic_until(&now)).max(0.0);
        milliseconds(age)
    }
}
