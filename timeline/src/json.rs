//! The record as JSON, for bug reports and other tools: the events as they came, one object each.

use crate::record::Record;
use serde::Serialize;
use wugan::{Event, Noted, Outcome, RefreshOutcome};

/// An event, flat. Fields that it does not have are left out.
#[derive(Default, Serialize)]
struct Line<'a> {
    /// Milliseconds since the first event.
    at: f64,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replay: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Record {
    /// The events as a JSON array: `at` in milliseconds since the first, `event` by name, and what each one tells.
    #[must_use]
    pub fn to_json(&self) -> String {
        let zero = self.events().first().map_or(0.0, |first| first.at);
        let lines: Vec<Line<'_>> = self.events().iter().map(|noted| line(noted, zero)).collect();
        // Names, numbers and texts: there is nothing in it that could fail.
        serde_json::to_string(&lines).unwrap_or_default()
    }
}

fn line(noted: &Noted, zero: f64) -> Line<'_> {
    let at = noted.at - zero;
    let empty = Line { at, ..Line::default() };
    match &noted.event {
        Event::Sent { request, method, path, replay } => {
            Line { event: "sent", request: Some(*request), method: Some(method), path: Some(path), replay: Some(*replay), ..empty }
        }
        Event::Answered { request, status, replay } => {
            Line { event: "answered", request: Some(*request), status: Some(*status), replay: Some(*replay), ..empty }
        }
        Event::Waiting { request } => Line { event: "waiting", request: Some(*request), ..empty },
        Event::Settled { request, outcome: Outcome::Answered(status) } => {
            Line { event: "settled", request: Some(*request), status: Some(*status), ..empty }
        }
        Event::Settled { request, outcome: Outcome::Failed(error) } => {
            Line { event: "settled", request: Some(*request), detail: Some(error.to_string()), ..empty }
        }
        Event::RefreshStarted { cause } => Line { event: "refresh_started", detail: Some(format!("{cause:?}")), ..empty },
        Event::RefreshEnded { outcome } => Line { event: "refresh_ended", detail: Some(ended(outcome).to_owned()), ..empty },
        Event::Adopted => Line { event: "adopted", ..empty },
        Event::SignedIn { elsewhere, .. } => Line { event: "signed_in", detail: elsewhere.then(|| "elsewhere".to_owned()), ..empty },
        Event::SignedOut { reason } => Line { event: "signed_out", detail: Some(format!("{reason:?}")), ..empty },
        Event::Warning(warning) => Line { event: "warning", detail: Some(format!("{warning:?}")), ..empty },
        _ => Line { event: "unknown", ..empty },
    }
}

fn ended(outcome: &RefreshOutcome) -> &'static str {
    match outcome {
        RefreshOutcome::Granted => "Granted",
        RefreshOutcome::Adopted => "Adopted",
        RefreshOutcome::Rejected => "Rejected",
        RefreshOutcome::Unavailable { .. } => "Unavailable",
        RefreshOutcome::Superseded => "Superseded",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wugan::Reason;

    #[test]
    fn events_are_flat_objects_and_times_begin_at_zero() {
        let mut record = Record::default();
        let sent = Event::Sent { request: 1, method: "GET".into(), path: "/b\"bb".into(), replay: false };
        record.note(&Noted { at: 5.0, event: sent });
        record.note(&Noted { at: 7.5, event: Event::SignedOut { reason: Reason::Rejected } });
        assert_eq!(
            record.to_json(),
            r#"[{"at":0.0,"event":"sent","request":1,"method":"GET","path":"/b\"bb","replay":false},{"at":2.5,"event":"signed_out","detail":"Rejected"}]"#
        );
    }
}
