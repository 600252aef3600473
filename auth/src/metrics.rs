//! Prometheus metrics. No label has values that clients choose.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::{fmt, sync::OnceLock, time::Duration};

/// The `Content-Type` of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const LOGINS: [&str; 4] = ["signed_in", "registered", "refused", "limited"];
const REFRESHES: [&str; 5] = ["rotated", "repeated", "superseded", "refused", "revoked"];
const SECONDS: [f64; 9] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    route: &'static str,
    status: u16,
}

/// All counters.
pub struct Metrics {
    registry: Registry,
    logins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    requests: Family<Request, Counter>,
    seconds: Histogram,
    delayed: Counter,
    dropped_log_lines: Gauge,
    count_dropped: OnceLock<Box<dyn Fn() -> u64 + Send + Sync>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("wugan");
        let (logins, refreshes) = (Family::<Outcome, Counter>::default(), Family::<Outcome, Counter>::default());
        let (requests, seconds, delayed) = (Family::<Request, Counter>::default(), Histogram::new(SECONDS), Counter::default());
        registry.register("login", "Sign-ins by outcome", logins.clone());
        registry.register(
            "refresh",
            "Refreshes by outcome; superseded: an unused successor was replaced, revoked: a reuse ended the session",
            refreshes.clone(),
        );
        registry.register("requests", "Requests by method, route and status", requests.clone());
        registry.register("request_seconds", "Time until the answer, without a delay", seconds.clone());
        registry.register("delayed", "Requests that were delayed because their network was above its rate", delayed.clone());
        let dropped_log_lines = Gauge::default();
        registry.register("dropped_log_lines", "Log lines that were dropped because the log's reader stalled", dropped_log_lines.clone());
        // Counters exist from the start, so that a rate can be computed from their first increment.
        LOGINS.into_iter().for_each(|outcome| drop(logins.get_or_create(&Outcome { outcome })));
        REFRESHES.into_iter().for_each(|outcome| drop(refreshes.get_or_create(&Outcome { outcome })));
        Self { registry, logins, refreshes, requests, seconds, delayed, dropped_log_lines, count_dropped: OnceLock::new() }
    }
}

impl Metrics {
    /// Counts a sign-in.
    pub fn login(&self, outcome: &'static str) {
        self.logins.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a refresh.
    pub fn refresh(&self, outcome: &'static str) {
        self.refreshes.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an answer. `route` is the router's pattern, not the path.
    pub fn request(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { method, route, status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts a request that is delayed.
    pub fn delayed(&self) {
        self.delayed.inc();
    }

    /// Reads the number of dropped log lines from this function.
    pub fn count_dropped_log_lines(&self, count: impl Fn() -> u64 + Send + Sync + 'static) {
        let _ = self.count_dropped.set(Box::new(count));
    }

    /// All metrics in OpenMetrics text format.
    ///
    /// # Errors
    /// Writing to a string does not fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
        if let Some(count) = self.count_dropped.get() {
            self.dropped_log_lines.set(i64::try_from(count()).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counters_exist_before_their_first_increment() {
        let metrics = Metrics::default();
        metrics.refresh("rotated");
        let text = metrics.text().unwrap();
        assert!(text.contains("wugan_refresh_total{outcome=\"rotated\"} 1"), "{text}");
        for outcome in ["repeated", "superseded", "refused", "revoked"] {
            assert!(text.contains(&format!("wugan_refresh_total{{outcome=\"{outcome}\"}} 0")), "{text}");
        }
        assert!(text.contains("wugan_login_total{outcome=\"signed_in\"} 0"), "{text}");
    }
}
