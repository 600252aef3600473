//! Turns events into a timeline's data: a lane per request, refreshes, markers and statistics. Pure.

use crate::lane::{Lane, Marker, MarkerKind, Phase, Refresh, Span};
use wugan::{Event, Outcome, RefreshResult, TimedEvent};

/// All events since the record was started. Times are milliseconds on the page's monotonic clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    lanes: Vec<Lane>,
    refreshes: Vec<Refresh>,
    markers: Vec<Marker>,
    events: Vec<TimedEvent>,
    /// The intervals of activity, in order. The last one grows while a request or refresh is pending.
    busy: Vec<(f64, f64)>,
    /// The number of pending requests and refreshes.
    pending: usize,
    /// The number of requests that wait for a refresh, since when, and the total of earlier waits.
    waiting: usize,
    waiting_since: f64,
    blocked_ms: f64,
}

/// Statistics of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stats {
    /// Requests started.
    pub requests: u32,
    /// Requests answered with a 2xx status.
    pub answered: u32,
    /// Requests with any other outcome.
    pub failed: u32,
    /// Requests whose access token was refused (401).
    pub refused: u32,
    /// Refresh requests of this page.
    pub refreshes: u32,
    /// Requests replayed after a refresh.
    pub replays: u32,
    /// Milliseconds during which at least one request waited for a refresh.
    pub blocked_ms: f64,
    /// Milliseconds from the first event to the last result of a request.
    pub finished_ms: f64,
}

impl Record {
    /// Adds an event. An event of an unknown kind changes nothing.
    pub fn push(&mut self, timed: &TimedEvent) {
        let at = timed.at;
        let idle = self.pending == 0;
        match &timed.event {
            Event::Sent { request, method, path, replay } => {
                let lane = self.lane(*request);
                if lane.method.is_empty() {
                    lane.method.clone_from(method);
                    lane.path.clone_from(path);
                }
                self.begin(*request, if *replay { Phase::Replayed } else { Phase::Sent }, at);
            }
            Event::Answered { request, status, .. } => {
                self.close(*request, at);
                if *status == 401 {
                    self.lane(*request).refused.get_or_insert(at);
                }
            }
            Event::Waiting { request } => self.begin(*request, Phase::Waiting, at),
            Event::Settled { request, outcome } => {
                self.close(*request, at);
                if self.lane(*request).settled.replace((at, outcome.clone())).is_none() {
                    self.pending -= 1;
                }
            }
            Event::RefreshStarted { trigger } => {
                self.refreshes.push(Refresh { trigger: *trigger, from: at, ended: None });
                self.pending += 1;
            }
            Event::RefreshEnded { result } => {
                // A record that was started or cleared during the refresh does not contain its start.
                if let Some(refresh) = self.refreshes.iter_mut().find(|refresh| refresh.ended.is_none()) {
                    refresh.ended = Some((at, result.clone()));
                    self.pending -= 1;
                }
            }
            Event::Adopted => self.mark(at, MarkerKind::Adopted),
            Event::SignedIn { other_tab, .. } => self.mark(at, MarkerKind::SignedIn { other_tab: *other_tab }),
            Event::UserChanged { .. } => self.mark(at, MarkerKind::UserChanged),
            Event::SignedOut { reason } => self.mark(at, MarkerKind::SignedOut(*reason)),
            Event::Warning(warning) => self.mark(at, MarkerKind::Warning(warning.clone())),
            _ => return,
        }
        match self.busy.last_mut() {
            Some(last) if !idle || last.1 >= at => last.1 = at,
            _ => self.busy.push((at, at)),
        }
        self.events.push(timed.clone());
    }

    /// All events, in order.
    #[must_use]
    pub fn events(&self) -> &[TimedEvent] {
        &self.events
    }

    /// The lanes, in the order in which the requests started.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The refreshes, in order.
    #[must_use]
    pub fn refreshes(&self) -> &[Refresh] {
        &self.refreshes
    }

    /// The markers, in order.
    #[must_use]
    pub fn markers(&self) -> &[Marker] {
        &self.markers
    }

    /// The intervals of activity, in order.
    #[must_use]
    pub fn busy(&self) -> &[(f64, f64)] {
        &self.busy
    }

    /// Milliseconds from the first event to the last, or to `now` while a request or refresh is pending.
    #[must_use]
    pub fn elapsed(&self, now: f64) -> f64 {
        let (Some((start, _)), Some((_, end))) = (self.busy.first(), self.busy.last()) else { return 0.0 };
        if self.is_pending() { end.max(now) - start } else { end - start }
    }

    /// Whether a request or refresh is pending.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.pending > 0
    }

    /// Statistics of all requests and refreshes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats { requests: count(self.lanes.len()), blocked_ms: self.blocked_ms, ..Stats::default() };
        for lane in &self.lanes {
            match &lane.settled {
                Some((_, Outcome::Answered(200..=299))) => stats.answered += 1,
                Some(_) => stats.failed += 1,
                None => {}
            }
            if let (Some((at, _)), Some((start, _))) = (&lane.settled, self.busy.first()) {
                stats.finished_ms = stats.finished_ms.max(at - start);
            }
            stats.refused += u32::from(lane.refused.is_some());
            stats.replays += u32::from(lane.spans.iter().any(|span| span.phase == Phase::Replayed));
        }
        // A refresh that ended by adopting another tab's tokens sent no request.
        let sent = |refresh: &&Refresh| !matches!(refresh.ended, Some((_, RefreshResult::Adopted)));
        stats.refreshes = count(self.refreshes.iter().filter(sent).count());
        stats
    }

    fn lane(&mut self, request: u64) -> &mut Lane {
        // A linear search: a thousand lanes are searched faster than one is drawn, and a map would add to the download.
        let index = self.lanes.iter().position(|lane| lane.request == request).unwrap_or(self.lanes.len());
        if index == self.lanes.len() {
            self.lanes.push(Lane { request, method: String::new(), path: String::new(), spans: Vec::new(), refused: None, settled: None });
            self.pending += 1;
        }
        &mut self.lanes[index]
    }

    fn begin(&mut self, request: u64, phase: Phase, at: f64) {
        self.close(request, at);
        self.lane(request).spans.push(Span { phase, from: at, to: None });
        if phase == Phase::Waiting {
            self.waiting += 1;
            if self.waiting == 1 {
                self.waiting_since = at;
            }
        }
    }

    /// Ends the current phase of a request, if there is one.
    fn close(&mut self, request: u64, at: f64) {
        let Some(span) = self.lane(request).spans.last_mut().filter(|span| span.to.is_none()) else { return };
        span.to = Some(at);
        if span.phase == Phase::Waiting {
            self.waiting -= 1;
            if self.waiting == 0 {
                self.blocked_ms += at - self.waiting_since;
            }
        }
    }

    fn mark(&mut self, at: f64, kind: MarkerKind) {
        self.markers.push(Marker { at, kind });
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wugan::{Error, RefreshTrigger};

    fn record(events: impl IntoIterator<Item = (f64, Event)>) -> Record {
        let mut record = Record::default();
        for (at, event) in events {
            record.push(&TimedEvent { at, event });
        }
        record
    }

    fn sent(request: u64, replay: bool) -> Event {
        Event::Sent { request, method: "GET".into(), path: "/bbb".into(), replay }
    }

    /// Two requests refused, one refresh, both replayed.
    fn burst() -> Record {
        record([
            (10.0, sent(1, false)),
            (11.0, sent(2, false)),
            (20.0, Event::Answered { request: 1, status: 401, replay: false }),
            (20.0, Event::Waiting { request: 1 }),
            (20.0, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized }),
            (24.0, Event::Answered { request: 2, status: 401, replay: false }),
            (24.0, Event::Waiting { request: 2 }),
            (50.0, Event::RefreshEnded { result: RefreshResult::Granted }),
            (50.0, sent(1, true)),
            (51.0, sent(2, true)),
            (60.0, Event::Answered { request: 1, status: 200, replay: true }),
            (60.0, Event::Settled { request: 1, outcome: Outcome::Answered(200) }),
            (61.0, Event::Answered { request: 2, status: 200, replay: true }),
            (61.0, Event::Settled { request: 2, outcome: Outcome::Answered(200) }),
        ])
    }

    #[test]
    fn a_refused_request_has_the_phases_sent_waiting_replayed() {
        let record = burst();
        let phases: Vec<_> = record.lanes()[0].spans.iter().map(|span| (span.phase, span.from, span.to)).collect();
        assert_eq!(phases, [(Phase::Sent, 10.0, Some(20.0)), (Phase::Waiting, 20.0, Some(50.0)), (Phase::Replayed, 50.0, Some(60.0))]);
        assert_eq!(record.lanes()[0].refused, Some(20.0));
        assert!(!record.is_pending());
        assert_eq!(record.busy(), [(10.0, 61.0)]);
    }

    #[test]
    fn a_wait_shared_by_two_requests_is_counted_once() {
        let expected =
            Stats { requests: 2, answered: 2, failed: 0, refused: 2, refreshes: 1, replays: 2, blocked_ms: 31.0, finished_ms: 51.0 };
        assert_eq!(burst().stats(), expected);
        assert_eq!(burst().elapsed(500.0), 51.0);
    }

    #[test]
    fn a_request_that_was_never_sent_has_a_lane_and_failed() {
        let outcome = Outcome::Failed(Error::Unavailable { retry_after: Duration::from_secs(1) });
        let record = record([(5.0, Event::Settled { request: 9, outcome })]);
        assert_eq!(record.lanes().len(), 1);
        assert_eq!((record.stats().requests, record.stats().failed, record.is_pending()), (1, 1, false));
    }

    #[test]
    fn a_second_401_counts_as_failed() {
        let record = record([
            (1.0, sent(1, false)),
            (2.0, Event::Answered { request: 1, status: 401, replay: false }),
            (3.0, sent(1, true)),
            (4.0, Event::Answered { request: 1, status: 401, replay: true }),
            (4.0, Event::Settled { request: 1, outcome: Outcome::Answered(401) }),
        ]);
        assert_eq!((record.stats().answered, record.stats().failed, record.stats().refused), (0, 1, 1));
    }

    #[test]
    fn an_adopted_refresh_is_not_counted() {
        let record = record([
            (1.0, Event::RefreshStarted { trigger: RefreshTrigger::Due }),
            (2.0, Event::RefreshEnded { result: RefreshResult::Adopted }),
            (2.0, Event::Adopted),
        ]);
        assert_eq!(record.stats().refreshes, 0);
        assert_eq!(record.markers(), [Marker { at: 2.0, kind: MarkerKind::Adopted }]);
    }

    #[test]
    fn overlapping_activity_is_one_interval_and_a_pause_starts_another() {
        let mut record = burst();
        record.push(&TimedEvent { at: 900.0, event: Event::Adopted });
        record.push(&TimedEvent { at: 950.0, event: Event::Adopted });
        assert_eq!(record.busy(), [(10.0, 61.0), (900.0, 900.0), (950.0, 950.0)]);
    }

    #[test]
    fn a_request_or_refresh_without_an_end_is_pending() {
        assert!(record([(1.0, sent(1, false))]).is_pending());
        assert_eq!(record([(1.0, sent(1, false))]).elapsed(9.0), 8.0);
        assert!(record([(1.0, Event::RefreshStarted { trigger: RefreshTrigger::Manual })]).is_pending());
        assert!(!Record::default().is_pending());
    }
}
