//! The time axis: linear during activity, with long pauses cut out, so that a burst stays readable an hour later.

use crate::record::Record;

/// The width of the view box.
pub(crate) const WIDTH: u32 = 10_000;
/// The width of a cut pause, as a fraction of all activity.
const CUT: f64 = 0.06;
/// A pause is cut if it is longer than this, in milliseconds, and longer than half of all activity.
const PAUSE: f64 = 400.0;
/// The least duration that fills the axis, in milliseconds.
const MIN_SPAN: f64 = 20.0;

/// Maps times to x coordinates.
pub(crate) struct Axis {
    /// The linear pieces, in order.
    pieces: Vec<Piece>,
}

struct Piece {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
}

/// A label of the axis: x, and milliseconds since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) x: u32,
    pub(crate) at: u32,
    /// Whether it follows a cut pause.
    pub(crate) after_pause: bool,
}

impl Axis {
    /// The axis of a record; pending requests and refreshes extend to `now`. With a span, it shows that many milliseconds from the first
    /// event and cuts nothing, so that records with the same span can be compared.
    pub(crate) fn new(record: &Record, now: f64, span: Option<f64>) -> Axis {
        if let Some(span) = span {
            let (from, length) = (record.busy().first().map_or(0.0, |(from, _)| *from), span.max(MIN_SPAN));
            let padding = length * 0.02;
            let piece = Piece { from: from - padding, to: from + length + padding, left: 0.0, right: f64::from(WIDTH) };
            return Axis { pieces: vec![piece] };
        }
        let mut busy = record.busy().to_vec();
        if let Some(last) = busy.last_mut().filter(|_| record.is_pending()) {
            last.1 = last.1.max(now);
        }
        let active: f64 = busy.iter().map(|(from, to)| to - from).sum::<f64>().max(MIN_SPAN);
        let longest = PAUSE.max(active / 2.0);
        let mut runs: Vec<(f64, f64)> = Vec::new();
        for (from, to) in busy {
            match runs.last_mut() {
                Some(run) if from - run.1 <= longest => run.1 = run.1.max(to),
                _ => runs.push((from, to)),
            }
        }
        let padding = active * 0.02;
        let length = |(from, to): &(f64, f64)| (to - from).max(MIN_SPAN / 4.0) + 2.0 * padding;
        let shown: f64 = runs.iter().map(length).sum::<f64>().max(MIN_SPAN);
        let cuts = CUT * f64::from(u32::try_from(runs.len().saturating_sub(1)).unwrap_or(u32::MAX));
        let scale = f64::from(WIDTH) / (shown * (1.0 + cuts));
        let mut left = 0.0;
        let pieces = runs.iter().map(|run| {
            let right = left + length(run) * scale;
            let piece = Piece { from: run.0 - padding, to: run.0 - padding + length(run), left, right };
            left = right + shown * CUT * scale;
            piece
        });
        Axis { pieces: pieces.collect() }
    }

    /// The x coordinate of a time.
    pub(crate) fn x(&self, at: f64) -> u32 {
        let Some(piece) = self.pieces.iter().find(|piece| at <= piece.to).or(self.pieces.last()) else { return 0 };
        let fraction = ((at - piece.from) / (piece.to - piece.from)).clamp(0.0, 1.0);
        whole(piece.left + fraction * (piece.right - piece.left))
    }

    /// Labels at round times since `zero`, and at the start of each piece after a pause.
    pub(crate) fn ticks(&self, zero: f64) -> Vec<Tick> {
        let mut ticks = Vec::new();
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                ticks.push(Tick { x: whole(piece.left), at: whole(piece.from - zero), after_pause: true });
                continue;
            }
            let step = round_step((piece.to - piece.from) * f64::from(WIDTH) / (piece.right - piece.left) / 6.0);
            let mut at = 0.0;
            while zero + at < piece.to {
                ticks.push(Tick { x: self.x(zero + at), at: whole(at), after_pause: false });
                at += step;
            }
        }
        ticks
    }
}

/// 1, 2 or 5 times a power of ten, and not less than `least`.
fn round_step(least: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            if step * factor >= least || step > 1e12 {
                return step * factor;
            }
        }
        step *= 10.0;
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, as a coordinate should.
fn whole(number: f64) -> u32 {
    number.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use wugan::{Event, Outcome, TimedEvent};

    fn requests(times: &[(f64, f64)]) -> Record {
        let mut record = Record::default();
        for (request, (from, to)) in (1..).zip(times) {
            let sent = Event::Sent { request, method: "GET".into(), path: "/".into(), replay: false };
            record.push(&TimedEvent { at: *from, event: sent });
            record.push(&TimedEvent { at: *to, event: Event::Settled { request, outcome: Outcome::Answered(200) } });
        }
        record
    }

    #[test]
    fn x_grows_with_time_and_stays_within_the_width() {
        let axis = Axis::new(&requests(&[(100.0, 150.0), (120.0, 300.0)]), 0.0, None);
        let xs: Vec<u32> = [100.0, 120.0, 150.0, 300.0].map(|at| axis.x(at)).to_vec();
        assert!(xs.is_sorted_by(|a, b| a < b), "{xs:?}");
        assert!(xs[0] > 0 && xs[3] < WIDTH, "{xs:?}");
        assert_eq!((axis.x(0.0), axis.x(1e9)), (0, WIDTH));
    }

    #[test]
    fn a_long_pause_is_cut() {
        let axis = Axis::new(&requests(&[(0.0, 100.0), (3_600_000.0, 3_600_100.0)]), 0.0, None);
        assert!(axis.x(100.0) > WIDTH * 2 / 5, "{}", axis.x(100.0));
        assert!(axis.x(3_600_000.0) < WIDTH * 3 / 5, "{}", axis.x(3_600_000.0));
        assert!(axis.x(3_600_100.0) <= WIDTH);
        assert_eq!(axis.ticks(0.0).iter().filter(|tick| tick.after_pause).count(), 1);
    }

    #[test]
    fn a_short_pause_is_kept() {
        let axis = Axis::new(&requests(&[(0.0, 100.0), (300.0, 400.0)]), 0.0, None);
        assert!(axis.ticks(0.0).iter().all(|tick| !tick.after_pause));
    }

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = Axis::new(&requests(&[(7.0, 137.0)]), 0.0, None).ticks(7.0);
        assert!((3..=8).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.iter().all(|tick| tick.at % 10 == 0), "{ticks:?}");
    }

    #[test]
    fn records_with_one_span_have_one_scale_and_no_cuts() {
        let short = Axis::new(&requests(&[(50.0, 150.0)]), 0.0, Some(1_000.0));
        let long = Axis::new(&requests(&[(7_000.0, 7_010.0), (7_900.0, 8_000.0)]), 0.0, Some(1_000.0));
        assert_eq!(short.x(150.0), long.x(7_100.0));
        assert_eq!(short.ticks(50.0), long.ticks(7_000.0));
        assert!(long.ticks(7_000.0).iter().all(|tick| !tick.after_pause));
    }

    #[test]
    fn an_empty_record_and_a_single_moment_have_an_axis() {
        assert_eq!(Axis::new(&Record::default(), 5.0, None).x(5.0), 0);
        let moment = Axis::new(&requests(&[(5.0, 5.0)]), 0.0, None);
        assert!(moment.x(5.0) < WIDTH);
    }
}
