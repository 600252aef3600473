//! What happened, put in order: a lane per request, the refreshes across them, and marks. Pure: events in, picture's data out.

use crate::lane::{Lane, Mark, Phase, Refresh, Span, What};
use wugan::{Event, Noted, Outcome, RefreshOutcome};

/// All that was noted since the record was begun. Times are milliseconds on the page's monotonic clock.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    lanes: Vec<Lane>,
    refreshes: Vec<Refresh>,
    marks: Vec<Mark>,
    events: Vec<Noted>,
    /// The stretches in which anything went on, in order; the last one may still be growing.
    busy: Vec<(f64, f64)>,
    /// How many lanes and refreshes are open.
    open: usize,
    /// How many requests wait, since when, and how long any have waited before.
    waiting: usize,
    waiting_since: f64,
    lost: f64,
}

/// The record in plain numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Requests that began.
    pub requests: u32,
    /// Requests that ended with a success.
    pub answered: u32,
    /// Requests that ended otherwise.
    pub failed: u32,
    /// Answers that refused an access token (401).
    pub refused: u32,
    /// Refreshes that this page asked the server for.
    pub refreshes: u32,
    /// Requests that were sent a second time.
    pub replays: u32,
    /// Milliseconds during which at least one request waited for a refresh.
    pub lost: f64,
}

impl Record {
    /// Takes one event in. An event of a later version changes nothing.
    pub fn note(&mut self, noted: &Noted) {
        let at = noted.at;
        let idle = self.open == 0;
        match &noted.event {
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
                    self.open -= 1;
                }
            }
            Event::RefreshStarted { cause } => {
                self.refreshes.push(Refresh { cause: *cause, from: at, ended: None });
                self.open += 1;
            }
            Event::RefreshEnded { outcome } => {
                // The record may have been begun in the middle of a refresh.
                if let Some(refresh) = self.refreshes.iter_mut().find(|refresh| refresh.ended.is_none()) {
                    refresh.ended = Some((at, outcome.clone()));
                    self.open -= 1;
                }
            }
            Event::Adopted => self.mark(at, What::Adopted),
            Event::SignedIn { elsewhere, .. } => self.mark(at, What::SignedIn { elsewhere: *elsewhere }),
            Event::SignedOut { reason } => self.mark(at, What::SignedOut(*reason)),
            Event::Warning(warning) => self.mark(at, What::Warning(*warning)),
            _ => return,
        }
        match self.busy.last_mut() {
            Some(last) if !idle || last.1 >= at => last.1 = at,
            _ => self.busy.push((at, at)),
        }
        self.events.push(noted.clone());
    }

    /// The events themselves, as they came.
    #[must_use]
    pub fn events(&self) -> &[Noted] {
        &self.events
    }

    /// The lanes, in the order of their beginning.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The refreshes, in order.
    #[must_use]
    pub fn refreshes(&self) -> &[Refresh] {
        &self.refreshes
    }

    /// The marks, in order.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The stretches of time in which anything went on, in order.
    #[must_use]
    pub fn busy(&self) -> &[(f64, f64)] {
        &self.busy
    }

    /// Whether anything still goes on.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open > 0
    }

    /// The plain numbers.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = Figures { requests: count(self.lanes.len()), lost: self.lost, ..Figures::default() };
        for lane in &self.lanes {
            match &lane.settled {
                Some((_, Outcome::Answered(200..=299))) => figures.answered += 1,
                Some(_) => figures.failed += 1,
                None => {}
            }
            figures.refused += u32::from(lane.refused.is_some());
            figures.replays += u32::from(lane.spans.iter().any(|span| span.phase == Phase::Replayed));
        }
        // One that only found another tab's tokens has asked nobody.
        let asked = |refresh: &&Refresh| !matches!(refresh.ended, Some((_, RefreshOutcome::Adopted)));
        figures.refreshes = count(self.refreshes.iter().filter(asked).count());
        figures
    }

    fn lane(&mut self, request: u64) -> &mut Lane {
        // A thousand are looked through faster than one is drawn, and no tree of theirs is to be loaded.
        let index = self.lanes.iter().position(|lane| lane.request == request).unwrap_or(self.lanes.len());
        if index == self.lanes.len() {
            self.lanes.push(Lane { request, method: String::new(), path: String::new(), spans: Vec::new(), refused: None, settled: None });
            self.open += 1;
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

    /// Ends the phase that a request is in, if it is in one.
    fn close(&mut self, request: u64, at: f64) {
        let Some(span) = self.lane(request).spans.last_mut().filter(|span| span.to.is_none()) else { return };
        span.to = Some(at);
        if span.phase == Phase::Waiting {
            self.waiting -= 1;
            if self.waiting == 0 {
                self.lost += at - self.waiting_since;
            }
        }
    }

    fn mark(&mut self, at: f64, what: What) {
        self.marks.push(Mark { at, what });
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wugan::{Cause, Error};

    fn record(events: impl IntoIterator<Item = (f64, Event)>) -> Record {
        let mut record = Record::default();
        for (at, event) in events {
            record.note(&Noted { at, event });
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
            (20.0, Event::RefreshStarted { cause: Cause::Unauthorized }),
            (24.0, Event::Answered { request: 2, status: 401, replay: false }),
            (24.0, Event::Waiting { request: 2 }),
            (50.0, Event::RefreshEnded { outcome: RefreshOutcome::Granted }),
            (50.0, sent(1, true)),
            (51.0, sent(2, true)),
            (60.0, Event::Answered { request: 1, status: 200, replay: true }),
            (60.0, Event::Settled { request: 1, outcome: Outcome::Answered(200) }),
            (61.0, Event::Answered { request: 2, status: 200, replay: true }),
            (61.0, Event::Settled { request: 2, outcome: Outcome::Answered(200) }),
        ])
    }

    #[test]
    fn a_refused_request_is_sent_waits_and_is_replayed() {
        let record = burst();
        let phases: Vec<_> = record.lanes()[0].spans.iter().map(|span| (span.phase, span.from, span.to)).collect();
        assert_eq!(phases, [(Phase::Sent, 10.0, Some(20.0)), (Phase::Waiting, 20.0, Some(50.0)), (Phase::Replayed, 50.0, Some(60.0))]);
        assert_eq!(record.lanes()[0].refused, Some(20.0));
        assert!(!record.is_open());
        assert_eq!(record.busy(), [(10.0, 61.0)]);
    }

    #[test]
    fn the_figures_count_a_shared_wait_once() {
        let figures = burst().figures();
        assert_eq!(figures, Figures { requests: 2, answered: 2, failed: 0, refused: 2, refreshes: 1, replays: 2, lost: 31.0 });
    }

    #[test]
    fn a_request_that_was_never_sent_has_a_lane_and_failed() {
        let outcome = Outcome::Failed(Error::Unavailable { retry_after: Duration::from_secs(1) });
        let record = record([(5.0, Event::Settled { request: 9, outcome })]);
        assert_eq!(record.lanes().len(), 1);
        assert_eq!((record.figures().requests, record.figures().failed, record.is_open()), (1, 1, false));
    }

    #[test]
    fn a_second_401_is_the_callers_and_counts_as_failed() {
        let record = record([
            (1.0, sent(1, false)),
            (2.0, Event::Answered { request: 1, status: 401, replay: false }),
            (3.0, sent(1, true)),
            (4.0, Event::Answered { request: 1, status: 401, replay: true }),
            (4.0, Event::Settled { request: 1, outcome: Outcome::Answered(401) }),
        ]);
        assert_eq!((record.figures().answered, record.figures().failed, record.figures().refused), (0, 1, 1));
    }

    #[test]
    fn another_tabs_refresh_is_not_counted_as_ours() {
        let record = record([
            (1.0, Event::RefreshStarted { cause: Cause::Due }),
            (2.0, Event::RefreshEnded { outcome: RefreshOutcome::Adopted }),
            (2.0, Event::Adopted),
        ]);
        assert_eq!(record.figures().refreshes, 0);
        assert_eq!(record.marks(), [Mark { at: 2.0, what: What::Adopted }]);
    }

    #[test]
    fn what_goes_on_at_once_is_one_stretch_and_a_pause_begins_another() {
        let mut record = burst();
        record.note(&Noted { at: 900.0, event: Event::Adopted });
        record.note(&Noted { at: 950.0, event: Event::Adopted });
        assert_eq!(record.busy(), [(10.0, 61.0), (900.0, 900.0), (950.0, 950.0)]);
    }

    #[test]
    fn what_still_goes_on_is_open() {
        assert!(record([(1.0, sent(1, false))]).is_open());
        assert!(record([(1.0, Event::RefreshStarted { cause: Cause::Asked })]).is_open());
        assert!(!Record::default().is_open());
    }
}
