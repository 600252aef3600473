//! The record as shapes: one path per colour, however many lanes there are, so that a thousand requests cost no more than one.

use crate::{
    axis::{Axis, Tick, WIDTH},
    lane::{Lane, Phase},
    record::Record,
};
use std::fmt::Write;
use wugan::{Outcome, RefreshOutcome};

/// How high a lane is, in the picture's own units.
pub(crate) const PITCH: u32 = 100;
/// How wide the mark at a lane's end is.
const END: u32 = 40;
/// How wide the mark of something that happened at a moment is.
const MARK: u32 = 16;
/// How near to a mark or a refresh one must point: a thin line is hard to hit.
const NEAR: u32 = 80;

/// All that is drawn. Paths are SVG's, in whole numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Shape {
    pub(crate) lanes: u32,
    pub(crate) sent: String,
    pub(crate) waiting: String,
    pub(crate) replayed: String,
    pub(crate) refused: String,
    pub(crate) answered: String,
    pub(crate) failed: String,
    pub(crate) refreshed: String,
    pub(crate) unrefreshed: String,
    pub(crate) marked: String,
    /// Where the refreshes lie, and the marks: x and width.
    pub(crate) refreshes: Vec<(u32, u32)>,
    pub(crate) marks: Vec<(u32, u32)>,
    pub(crate) ticks: Vec<Tick>,
}

impl Shape {
    /// Draws a record; what is still open reaches until `now`.
    pub(crate) fn of(record: &Record, now: f64) -> Shape {
        let axis = Axis::of(record, now);
        let mut shape = Shape { ticks: record.busy().first().map(|(from, _)| axis.ticks(*from)).unwrap_or_default(), ..Shape::default() };
        for lane in record.lanes() {
            shape.lane(lane, &axis, now);
        }
        for refresh in record.refreshes() {
            let x = axis.x(refresh.from);
            let end = refresh.ended.as_ref().map_or(now, |(at, _)| *at);
            let failed = matches!(refresh.ended, Some((_, RefreshOutcome::Rejected | RefreshOutcome::Unavailable { .. })));
            let width = axis.x(end).saturating_sub(x).max(12);
            let height = shape.height();
            across(if failed { &mut shape.unrefreshed } else { &mut shape.refreshed }, x, width, height);
            shape.refreshes.push((x, width));
        }
        for mark in record.marks() {
            let (x, height) = (axis.x(mark.at), shape.height());
            across(&mut shape.marked, x, MARK, height);
            shape.marks.push((x, MARK));
        }
        shape
    }

    /// How high the picture is.
    pub(crate) fn height(&self) -> u32 {
        self.lanes.max(1) * PITCH
    }

    /// How many things there are to point at: the lanes, then the refreshes, then the marks.
    pub(crate) fn stations(&self) -> usize {
        self.lanes as usize + self.refreshes.len() + self.marks.len()
    }

    /// The stations at a place, which is given as shares of width and height: the lane, and what crosses it there.
    pub(crate) fn stations_at(&self, x: f64, y: f64) -> Vec<usize> {
        let x = part_of(WIDTH, x);
        let lane = self.lanes.checked_sub(1).map(|last| part_of(self.lanes, y).min(last) as usize);
        let mut stations = Vec::from_iter(lane);
        for (at, (from, width)) in (self.lanes as usize..).zip(self.refreshes.iter().chain(&self.marks)) {
            if (from.saturating_sub(NEAR)..=from + width + NEAR).contains(&x) {
                stations.push(at);
            }
        }
        stations
    }

    /// Where stations lie, as a path.
    pub(crate) fn places(&self, stations: &[usize]) -> String {
        let mut path = String::new();
        for station in stations {
            if let Some(lane) = u32::try_from(*station).ok().filter(|lane| *lane < self.lanes) {
                rect(&mut path, 0, WIDTH, lane * PITCH, 0);
            } else if let Some((x, width)) = self.refreshes.iter().chain(&self.marks).nth(station - self.lanes as usize) {
                across(&mut path, *x, *width, self.height());
            }
        }
        path
    }

    fn lane(&mut self, lane: &Lane, axis: &Axis, now: f64) {
        let top = self.lanes * PITCH;
        self.lanes += 1;
        for span in &lane.spans {
            let path = match span.phase {
                Phase::Sent => &mut self.sent,
                Phase::Waiting => &mut self.waiting,
                Phase::Replayed => &mut self.replayed,
            };
            let x = axis.x(span.from);
            let inset = if span.phase == Phase::Waiting { 36 } else { 16 };
            rect(path, x, axis.x(span.to.unwrap_or(now)).saturating_sub(x).max(12), top, inset);
        }
        if let Some(at) = lane.refused {
            rect(&mut self.refused, axis.x(at).saturating_sub(END / 2), END, top, 4);
        }
        if let Some((at, outcome)) = &lane.settled {
            let good = matches!(outcome, Outcome::Answered(200..=299));
            rect(if good { &mut self.answered } else { &mut self.failed }, axis.x(*at).min(WIDTH - END), END, top, 4);
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, and the share is clamped.
fn part_of(whole: u32, share: f64) -> u32 {
    (share.clamp(0.0, 1.0) * f64::from(whole)) as u32
}

/// A stretch of a lane.
fn rect(path: &mut String, x: u32, width: u32, top: u32, inset: u32) {
    draw(path, x, top + inset, width, PITCH - 2 * inset);
}

/// A stretch across all lanes.
fn across(path: &mut String, x: u32, width: u32, height: u32) {
    draw(path, x, 0, width, height);
}

fn draw(path: &mut String, x: u32, y: u32, width: u32, height: u32) {
    // Writing to a String does not fail.
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

#[cfg(test)]
mod tests {
    use super::*;
    use wugan::{Cause, Event, Noted};

    fn burst(requests: u64) -> Record {
        let mut record = Record::default();
        let mut note = |at, event| record.note(&Noted { at, event });
        for request in 1..=requests {
            note(0.0, Event::Sent { request, method: "GET".into(), path: "/".into(), replay: false });
            note(10.0, Event::Answered { request, status: 401, replay: false });
            note(10.0, Event::Waiting { request });
        }
        note(10.0, Event::RefreshStarted { cause: Cause::Unauthorized });
        note(40.0, Event::RefreshEnded { outcome: RefreshOutcome::Granted });
        for request in 1..=requests {
            note(40.0, Event::Sent { request, method: "GET".into(), path: "/".into(), replay: true });
            note(50.0, Event::Settled { request, outcome: Outcome::Answered(200) });
        }
        record
    }

    #[test]
    fn every_lane_has_its_phases_in_the_path_of_their_colour() {
        let shape = Shape::of(&burst(3), 50.0);
        for path in [&shape.sent, &shape.waiting, &shape.replayed, &shape.refused, &shape.answered] {
            assert_eq!(path.matches('M').count(), 3, "{path}");
        }
        assert!(shape.failed.is_empty());
        assert_eq!((shape.lanes, shape.refreshes.len()), (3, 1));
    }

    #[test]
    fn the_refresh_lies_where_the_requests_wait() {
        let shape = Shape::of(&burst(1), 50.0);
        let waiting = shape.waiting.split([' ', 'M']).nth(1).and_then(|x| x.parse().ok());
        assert_eq!(Some(shape.refreshes[0].0), waiting);
    }

    #[test]
    fn what_is_open_reaches_until_now() {
        let mut record = Record::default();
        record.note(&Noted { at: 0.0, event: Event::RefreshStarted { cause: Cause::Due } });
        let width = |now| Shape::of(&record, now).refreshes[0].1;
        assert!(width(100.0) > WIDTH / 2, "{}", width(100.0));
    }

    #[test]
    fn pointing_finds_the_lane_and_the_refresh_that_crosses_it() {
        let shape = Shape::of(&burst(3), 50.0);
        let (x, width) = shape.refreshes[0];
        let middle = f64::from(x + width / 2) / f64::from(WIDTH);
        assert_eq!(shape.stations_at(middle, 0.5), [1, 3]);
        assert_eq!(shape.stations_at(0.0, 1.0), [2]);
        assert_eq!((shape.stations(), shape.places(&[3])), (4, format!("M{x} 0h{width}v{}h-{width}z", 3 * PITCH)));
        assert_eq!(shape.places(&[0, 9]), "M0 0h10000v100h-10000z", "what is not there any more is not shown");
        assert!(Shape::default().stations_at(0.5, 0.5).is_empty());
    }

    #[test]
    fn a_refresh_that_no_request_asked_for_is_pointed_at_too() {
        let mut record = Record::default();
        record.note(&Noted { at: 0.0, event: Event::RefreshStarted { cause: Cause::Due } });
        record.note(&Noted { at: 30.0, event: Event::RefreshEnded { outcome: RefreshOutcome::Granted } });
        let shape = Shape::of(&record, 30.0);
        assert_eq!((shape.lanes, shape.stations(), shape.stations_at(0.5, 0.5)), (0, 1, vec![0]));
    }
}
