//! The figures of a run, in one line that `cargo xtask bench` reads.

use crate::{flood::Outcome, usage::Usage};
use std::{fmt, time::Duration};

pub(crate) struct Figures {
    times: Vec<Duration>,
    span: Duration,
    usage: Option<(Usage, Usage)>,
    flood: Option<Outcome>,
}

impl Figures {
    pub(crate) fn new(mut times: Vec<Duration>, span: Duration, usage: Option<(Usage, Usage)>, flood: Option<Outcome>) -> Figures {
        times.sort_unstable();
        Figures { times, span, usage, flood }
    }

    /// The longest time of this share (in thousandths) of the answers, in microseconds (nearest rank).
    fn within(&self, thousandths: usize) -> u128 {
        let rank = (self.times.len() * thousandths).div_ceil(1000).max(1) - 1;
        self.times.get(rank).map_or(0, Duration::as_micros)
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = self.times.len();
        write!(f, "rate={:.1} p50={} p99={}", answers as f64 / self.span.as_secs_f64(), self.within(500), self.within(990))?;
        if let Some((before, after)) = self.usage {
            let processor = (after.processor - before.processor).as_secs_f64() * 1e6 / answers.max(1) as f64;
            write!(f, " processor={processor:.2} resident={}", after.resident_kib)?;
        }
        if let Some(Outcome { answered, refused }) = self.flood {
            write!(f, " answered={answered} refused={refused}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_nearest() {
        let times = (1..=200).rev().map(Duration::from_micros).collect();
        let figures = Figures::new(times, Duration::from_secs(2), None, None);
        assert_eq!(figures.to_string(), "rate=100.0 p50=100 p99=198");
        assert_eq!(Figures::new(vec![], Duration::from_secs(1), None, None).to_string(), "rate=0.0 p50=0 p99=0");
    }
}
