//! Exports a record as JSON, for bug reports and other tools: one flat object per event.

use crate::record::Record;
use serde::Serialize;
use wugan::{Event, Outcome, RefreshResult, TimedEvent};

/// An event as a flat object. Fields that do not apply are left out.
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
    /// The events as a JSON array: `at` in milliseconds since the first event, the event's name, and its data.
    #[must_use]
    pub fn to_json(&self) -> String {
        let zero = self.events().first().map_or(0.0, |first| first.at);
        let lines: Vec<Line<'_>> = self.events().iter().map(|timed| line(timed, zero)).collect();
        // Numbers and strings only: serializing them does not fail.
        serde_json::to_string(&lines).unwrap_or_default()
    }
}

fn line(timed: &TimedEvent, zero: f64) -> Line<'_> {
    let at = timed.at - zero;
    let empty = Line { at, ..Line::default() };
    match &timed.event {
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
        Event::RefreshStarted { trigger } => Line { event: "refresh_started", detail: Some(format!("{trigger:?}")), ..empty },
        Event::RefreshEnded { result } => Line { event: "refresh_ended", detail: Some(result_name(result)), ..empty },
        Event::Adopted => Line { event: "adopted", ..empty },
        Event::SignedIn { other_tab, .. } => Line { event: "signed_in", detail: other_tab.then(|| "other_tab".to_owned()), ..empty },
        Event::UserChanged { .. } => Line { event: "user_changed", ..empty },
        Event::SignedOut { reason } => Line { event: "signed_out", detail: Some(format!("{reason:?}")), ..empty },
        Event::Warning(warning) => Line { event: "warning", detail: Some(format!("{warning:?}")), ..empty },
        _ => Line { event: "unknown", ..empty },
    }
}

fn result_name(result: &RefreshResult) -> String {
    match result {
        RefreshResult::Unavailable { reason, .. } => format!("Unavailable: {reason}"),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wugan::SignOutReason;

    #[test]
    fn events_are_flat_objects_and_times_begin_at_zero() {
        let mut record = Record::default();
        let sent = Event::Sent { request: 1, method: "GET".into(), path: "/b\"bb".into(), replay: false };
        record.push(&TimedEvent { at: 5.0, event: sent });
        record.push(&TimedEvent { at: 7.5, event: Event::SignedOut { reason: SignOutReason::Rejected } });
        assert_eq!(
            record.to_json(),
            r#"[{"at":0.0,"event":"sent","request":1,"method":"GET","path":"/b\"bb","replay":false},{"at":2.5,"event":"signed_out","detail":"Rejected"}]"#
        );
    }

    #[test]
    fn an_unavailable_refresh_is_exported_with_its_reason() {
        let mut record = Record::default();
        let unavailable = RefreshResult::Unavailable { retry_after: Duration::from_secs(3), reason: "status 503".into() };
        for result in [unavailable, RefreshResult::Discarded] {
            record.push(&TimedEvent { at: 0.0, event: Event::RefreshEnded { result } });
        }
        let json = record.to_json();
        assert!(json.contains(r#""detail":"Unavailable: status 503""#) && json.contains(r#""detail":"Discarded""#), "{json}");
    }
}
