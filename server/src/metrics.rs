//! What is counted, in Prometheus' text form. No label is of a kind that grows with the users.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::{fmt, time::Duration};

/// The `Content-Type` of what [`Metrics::text`] writes.
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
    route: String,
    status: u16,
}

/// All counters.
pub struct Metrics {
    registry: Registry,
    logins: Family<Outcome, Counter>,
    refreshes: Family<Outcome, Counter>,
    requests: Family<Request, Counter>,
    seconds: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("wugan");
        let (logins, refreshes) = (Family::<Outcome, Counter>::default(), Family::<Outcome, Counter>::default());
        let (requests, seconds) = (Family::<Request, Counter>::default(), Histogram::new(SECONDS));
        registry.register("login", "Sign-ins by outcome", logins.clone());
        registry.register(
            "refresh",
            "Refreshes by outcome; superseded replaced an unused successor, revoked is a reuse that ended its session",
            refreshes.clone(),
        );
        registry.register("requests", "Requests by method, route and status", requests.clone());
        registry.register("request_seconds", "How long answers took", seconds.clone());
        // A counter that is there from the start can be watched before it first moves.
        LOGINS.into_iter().for_each(|outcome| drop(logins.get_or_create(&Outcome { outcome })));
        REFRESHES.into_iter().for_each(|outcome| drop(refreshes.get_or_create(&Outcome { outcome })));
        Self { registry, logins, refreshes, requests, seconds }
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

    /// Counts an answer. The route is the router's own pattern, never the path that was asked for.
    pub fn request(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        self.requests.get_or_create(&Request { method, route: route.into(), status }).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Everything, as text.
    ///
    /// # Errors
    /// None in practice: writing to a string does not fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
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
    fn counters_are_there_before_they_move() {
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
