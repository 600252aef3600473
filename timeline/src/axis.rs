//! The axis of time: straight where something goes on, and cut where nothing does, so that a burst stays readable an hour later.

use crate::record::Record;

/// How wide a picture is, in its own units.
pub(crate) const WIDTH: u32 = 10_000;
/// What is left of a pause.
const CUT: f64 = 0.06;
/// A pause is cut when it is longer than this, in milliseconds, and longer than a good part of all that went on.
const PAUSE: f64 = 400.0;
/// Nothing is stretched further than this, in milliseconds.
const LEAST: f64 = 20.0;

/// From moments to places.
pub(crate) struct Axis {
    /// Stretches of time and where they lie, in order.
    pieces: Vec<Piece>,
}

struct Piece {
    from: f64,
    to: f64,
    left: f64,
    right: f64,
}

/// A place on the axis, and the milliseconds since its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tick {
    pub(crate) x: u32,
    pub(crate) at: u32,
    /// Whether a pause was cut out just before.
    pub(crate) after_pause: bool,
}

impl Axis {
    /// The axis of a record; what is still open reaches until `now`.
    pub(crate) fn of(record: &Record, now: f64) -> Axis {
        let mut busy = record.busy().to_vec();
        if let Some(last) = busy.last_mut().filter(|_| record.is_open()) {
            last.1 = last.1.max(now);
        }
        let active: f64 = busy.iter().map(|(from, to)| to - from).sum::<f64>().max(LEAST);
        let longest = PAUSE.max(active / 2.0);
        let mut runs: Vec<(f64, f64)> = Vec::new();
        for (from, to) in busy {
            match runs.last_mut() {
                Some(run) if from - run.1 <= longest => run.1 = run.1.max(to),
                _ => runs.push((from, to)),
            }
        }
        let breath = active * 0.02;
        let length = |(from, to): &(f64, f64)| (to - from).max(LEAST / 4.0) + 2.0 * breath;
        let shown: f64 = runs.iter().map(length).sum::<f64>().max(LEAST);
        let cuts = CUT * f64::from(u32::try_from(runs.len().saturating_sub(1)).unwrap_or(u32::MAX));
        let scale = f64::from(WIDTH) / (shown * (1.0 + cuts));
        let mut left = 0.0;
        let pieces = runs.iter().map(|run| {
            let right = left + length(run) * scale;
            let piece = Piece { from: run.0 - breath, to: run.0 - breath + length(run), left, right };
            left = right + shown * CUT * scale;
            piece
        });
        Axis { pieces: pieces.collect() }
    }

    /// Where a moment lies.
    pub(crate) fn x(&self, at: f64) -> u32 {
        let Some(piece) = self.pieces.iter().find(|piece| at <= piece.to).or(self.pieces.last()) else { return 0 };
        let share = ((at - piece.from) / (piece.to - piece.from)).clamp(0.0, 1.0);
        whole(piece.left + share * (piece.right - piece.left))
    }

    /// Round moments to write below it, counted from `zero`; and the beginning of each piece behind a pause.
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

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // `as` saturates, which is what a place needs.
fn whole(number: f64) -> u32 {
    number.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use wugan::{Event, Noted, Outcome};

    fn requests(times: &[(f64, f64)]) -> Record {
        let mut record = Record::default();
        for (request, (from, to)) in (1..).zip(times) {
            let sent = Event::Sent { request, method: "GET".into(), path: "/".into(), replay: false };
            record.note(&Noted { at: *from, event: sent });
            record.note(&Noted { at: *to, event: Event::Settled { request, outcome: Outcome::Answered(200) } });
        }
        record
    }

    #[test]
    fn time_runs_from_left_to_right_and_stays_in_the_picture() {
        let axis = Axis::of(&requests(&[(100.0, 150.0), (120.0, 300.0)]), 0.0);
        let places: Vec<u32> = [100.0, 120.0, 150.0, 300.0].map(|at| axis.x(at)).to_vec();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
        assert!(places[0] > 0 && places[3] < WIDTH, "{places:?}");
        assert_eq!((axis.x(0.0), axis.x(1e9)), (0, WIDTH));
    }

    #[test]
    fn a_long_pause_takes_little_room() {
        let axis = Axis::of(&requests(&[(0.0, 100.0), (3_600_000.0, 3_600_100.0)]), 0.0);
        assert!(axis.x(100.0) > WIDTH * 2 / 5, "{}", axis.x(100.0));
        assert!(axis.x(3_600_000.0) < WIDTH * 3 / 5, "{}", axis.x(3_600_000.0));
        assert!(axis.x(3_600_100.0) <= WIDTH);
        assert_eq!(axis.ticks(0.0).iter().filter(|tick| tick.after_pause).count(), 1);
    }

    #[test]
    fn a_short_pause_is_part_of_the_picture() {
        let axis = Axis::of(&requests(&[(0.0, 100.0), (300.0, 400.0)]), 0.0);
        assert!(axis.ticks(0.0).iter().all(|tick| !tick.after_pause));
    }

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = Axis::of(&requests(&[(7.0, 137.0)]), 0.0).ticks(7.0);
        assert!((3..=8).contains(&ticks.len()), "{ticks:?}");
        assert!(ticks.iter().all(|tick| tick.at % 10 == 0), "{ticks:?}");
    }

    #[test]
    fn an_empty_record_and_a_single_moment_have_an_axis() {
        assert_eq!(Axis::of(&Record::default(), 5.0).x(5.0), 0);
        let moment = Axis::of(&requests(&[(5.0, 5.0)]), 0.0);
        assert!(moment.x(5.0) < WIDTH);
    }
}
