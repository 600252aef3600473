//! Converts a record to SVG paths: one path per colour for all lanes, so that a thousand requests need no more elements than one.

use crate::{
    axis::{Axis, Tick, WIDTH},
    lane::{Lane, Phase},
    record::Record,
};
use std::fmt::Write;
use wugan::{Outcome, RefreshResult};

/// The height of a lane, in view box units.
pub(crate) const PITCH: u32 = 100;
/// The width of the block at a lane's end.
const END: u32 = 40;
/// The width of a marker.
const MARKER: u32 = 16;
/// How far from a marker or refresh the pointer may be to hit it: a thin line is hard to hit.
const HIT_MARGIN: u32 = 80;
/// The least width of a refresh, and the gap after it, so that refreshes can be counted.
const MIN_REFRESH: u32 = 60;
const REFRESH_GAP: u32 = 30;

/// Everything that is drawn: SVG paths in integer coordinates.
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
    /// The refreshes, below the lanes. Those that overlap are in rows of their own.
    pub(crate) refreshes: Vec<Bar>,
    pub(crate) refresh_rows: u32,
    /// The x of each marker.
    pub(crate) markers: Vec<u32>,
    pub(crate) ticks: Vec<Tick>,
}

/// A refresh in the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) x: u32,
    pub(crate) width: u32,
    pub(crate) row: u32,
}

impl Shape {
    /// Draws a record; pending requests and refreshes extend to `now`. For `span` see [`Axis::new`].
    pub(crate) fn new(record: &Record, now: f64, span: Option<f64>) -> Shape {
        let axis = Axis::new(record, now, span);
        let mut shape = Shape { ticks: record.busy().first().map(|(from, _)| axis.ticks(*from)).unwrap_or_default(), ..Shape::default() };
        for lane in record.lanes() {
            shape.lane(lane, &axis, now);
        }
        for refresh in record.refreshes() {
            let end = refresh.ended.as_ref().map_or(now, |(at, _)| *at);
            let failed = matches!(refresh.ended, Some((_, RefreshResult::Rejected | RefreshResult::Unavailable { .. })));
            shape.refresh(axis.x(refresh.from), axis.x(end), failed);
        }
        for marker in record.markers() {
            let (x, height) = (axis.x(marker.at), shape.lanes_height());
            draw(&mut shape.marked, x, 0, MARKER, height);
            shape.markers.push(x);
        }
        shape
    }

    /// The height of the lanes' view box.
    pub(crate) fn lanes_height(&self) -> u32 {
        self.lanes.max(1) * PITCH
    }

    /// The height of the refreshes' view box.
    pub(crate) fn refreshes_height(&self) -> u32 {
        self.refresh_rows.max(1) * PITCH
    }

    /// The number of targets that can be selected: the lanes, then the refreshes, then the markers.
    pub(crate) fn targets(&self) -> usize {
        self.lanes as usize + self.refreshes.len() + self.markers.len()
    }

    /// The targets at a point of the lanes, given as fractions of width and height: the lane, and the markers that cross it there.
    pub(crate) fn lane_targets(&self, x: f64, y: f64) -> Vec<usize> {
        let x = part_of(WIDTH, x);
        let lane = self.lanes.checked_sub(1).map(|last| part_of(self.lanes, y).min(last) as usize);
        let first_marker = self.lanes as usize + self.refreshes.len();
        let markers = (first_marker..).zip(&self.markers).filter(|(_, at)| hits(x, **at, MARKER)).map(|(target, _)| target);
        lane.into_iter().chain(markers).collect()
    }

    /// The refreshes at a point of their rows.
    pub(crate) fn refresh_targets(&self, x: f64, y: f64) -> Vec<usize> {
        let (x, row) = (part_of(WIDTH, x), part_of(self.refresh_rows, y).min(self.refresh_rows.saturating_sub(1)));
        let bars = (self.lanes as usize..).zip(&self.refreshes);
        bars.filter(|(_, bar)| bar.row == row && hits(x, bar.x, bar.width)).map(|(target, _)| target).collect()
    }

    /// The outlines of lanes and markers, as a path. Targets that do not exist any more are not drawn.
    pub(crate) fn lane_outlines(&self, targets: &[usize]) -> String {
        let mut path = String::new();
        for target in targets {
            if let Some(lane) = u32::try_from(*target).ok().filter(|lane| *lane < self.lanes) {
                rect(&mut path, 0, WIDTH, lane * PITCH, 0);
            } else if let Some(x) = target.checked_sub(self.lanes as usize + self.refreshes.len()).and_then(|at| self.markers.get(at)) {
                draw(&mut path, *x, 0, MARKER, self.lanes_height());
            }
        }
        path
    }

    /// The outlines of refreshes, as a path.
    pub(crate) fn refresh_outlines(&self, targets: &[usize]) -> String {
        let mut path = String::new();
        for bar in targets.iter().filter_map(|target| self.refreshes.get(target.checked_sub(self.lanes as usize)?)) {
            rect(&mut path, bar.x, bar.width, bar.row * PITCH, 0);
        }
        path
    }

    /// Adds a refresh to the first row that is free at its start.
    fn refresh(&mut self, x: u32, end: u32, failed: bool) {
        let is_free = |row: &u32| !self.refreshes.iter().any(|bar| bar.row == *row && bar.x + bar.width + REFRESH_GAP > x);
        let row = (0..self.refresh_rows).find(is_free).unwrap_or(self.refresh_rows);
        self.refresh_rows = self.refresh_rows.max(row + 1);
        let width = end.saturating_sub(x).max(MIN_REFRESH);
        let path = if failed { &mut self.unrefreshed } else { &mut self.refreshed };
        rect(path, x, width, row * PITCH, 16);
        self.refreshes.push(Bar { x, width, row });
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

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, and the fraction is clamped.
fn part_of(whole: u32, fraction: f64) -> u32 {
    (fraction.clamp(0.0, 1.0) * f64::from(whole)) as u32
}

/// A rectangle in a lane or row.
fn rect(path: &mut String, x: u32, width: u32, top: u32, inset: u32) {
    draw(path, x, top + inset, width, PITCH - 2 * inset);
}

fn hits(x: u32, from: u32, width: u32) -> bool {
    (from.saturating_sub(HIT_MARGIN)..=from + width + HIT_MARGIN).contains(&x)
}

fn draw(path: &mut String, x: u32, y: u32, width: u32, height: u32) {
    // Writing to a String does not fail.
    let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
}

#[cfg(test)]
mod tests {
    use super::*;
    use wugan::{Event, RefreshTrigger, TimedEvent};

    fn burst(requests: u64) -> Record {
        let mut record = Record::default();
        let mut push = |at, event| record.push(&TimedEvent { at, event });
        for request in 1..=requests {
            push(0.0, Event::Sent { request, method: "GET".into(), path: "/".into(), replay: false });
            push(10.0, Event::Answered { request, status: 401, replay: false });
            push(10.0, Event::Waiting { request });
        }
        push(10.0, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        push(40.0, Event::RefreshEnded { result: RefreshResult::Granted });
        for request in 1..=requests {
            push(40.0, Event::Sent { request, method: "GET".into(), path: "/".into(), replay: true });
            push(50.0, Event::Settled { request, outcome: Outcome::Answered(200) });
        }
        record
    }

    #[test]
    fn each_phase_of_each_lane_is_drawn_in_its_colours_path() {
        let shape = Shape::new(&burst(3), 50.0, None);
        for path in [&shape.sent, &shape.waiting, &shape.replayed, &shape.refused, &shape.answered] {
            assert_eq!(path.matches('M').count(), 3, "{path}");
        }
        assert!(shape.failed.is_empty());
        assert_eq!((shape.lanes, shape.refreshes.len()), (3, 1));
    }

    #[test]
    fn a_refresh_begins_where_the_requests_start_to_wait() {
        let shape = Shape::new(&burst(1), 50.0, None);
        let waiting = shape.waiting.split([' ', 'M']).nth(1).and_then(|x| x.parse().ok());
        assert_eq!(Some(shape.refreshes[0].x), waiting);
    }

    #[test]
    fn a_pending_refresh_extends_to_now() {
        let mut record = Record::default();
        record.push(&TimedEvent { at: 0.0, event: Event::RefreshStarted { trigger: RefreshTrigger::Due } });
        let width = |now| Shape::new(&record, now, None).refreshes[0].width;
        assert!(width(100.0) > WIDTH / 2, "{}", width(100.0));
    }

    #[test]
    fn a_point_hits_the_lane_or_the_refresh_there() {
        let shape = Shape::new(&burst(3), 50.0, None);
        let Bar { x, width, row } = shape.refreshes[0];
        let middle = f64::from(x + width / 2) / f64::from(WIDTH);
        assert_eq!((shape.lane_targets(middle, 0.5), shape.lane_targets(0.0, 1.0)), (vec![1], vec![2]));
        assert_eq!((shape.refresh_targets(middle, 0.5), shape.refresh_targets(0.0, 0.5)), (vec![3], vec![]));
        assert_eq!((shape.targets(), row, shape.refresh_outlines(&[3])), (4, 0, format!("M{x} 0h{width}v{PITCH}h-{width}z")));
        assert_eq!(shape.lane_outlines(&[0, 3, 9]), "M0 0h10000v100h-10000z", "a target that no longer exists is not drawn");
        assert!(Shape::default().lane_targets(0.5, 0.5).is_empty() && Shape::default().refresh_targets(0.5, 0.5).is_empty());
    }

    #[test]
    fn overlapping_refreshes_are_in_rows_of_their_own_so_that_they_can_be_counted() {
        let mut record = Record::default();
        let mut push = |at, event| record.push(&TimedEvent { at, event });
        let result = RefreshResult::Granted;
        push(0.0, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        push(5.0, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        push(30.0, Event::RefreshEnded { result: result.clone() });
        push(40.0, Event::RefreshEnded { result: result.clone() });
        push(60.0, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        push(90.0, Event::RefreshEnded { result });
        let shape = Shape::new(&record, 90.0, None);
        assert_eq!(shape.refreshes.iter().map(|bar| bar.row).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!((shape.refresh_rows, shape.refreshed.matches('M').count()), (2, 3));
    }

    #[test]
    fn a_refresh_without_requests_can_be_selected() {
        let mut record = Record::default();
        record.push(&TimedEvent { at: 0.0, event: Event::RefreshStarted { trigger: RefreshTrigger::Due } });
        record.push(&TimedEvent { at: 30.0, event: Event::RefreshEnded { result: RefreshResult::Granted } });
        let shape = Shape::new(&record, 30.0, None);
        assert_eq!((shape.lanes, shape.targets(), shape.refresh_targets(0.5, 0.5)), (0, 1, vec![0]));
    }
}
