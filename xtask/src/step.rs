//! What the reader of the terminal sees: each step by name, about how long it takes, how long it took; and failures in one line.

use std::fmt;
use std::time::{Duration, Instant};

/// Why a task ended, in one line that says what to do; empty, if all is said already.
#[derive(Debug)]
pub(crate) struct Failure(String);

pub(crate) type Result<T> = std::result::Result<T, Failure>;

pub(crate) fn failure(line: impl Into<String>) -> Failure {
    Failure(line.into())
}

/// A failure whose reasons stand above.
pub(crate) fn told() -> Failure {
    Failure(String::new())
}

impl Failure {
    pub(crate) fn is_told(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Does one thing under a heading. `about` is how long it takes, in words.
pub(crate) fn step<T>(what: &str, about: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {what} ({about})");
    let start = Instant::now();
    let done = work()?;
    let took = start.elapsed();
    if took >= Duration::from_secs(2) {
        println!("    took {}", in_words(took));
    }
    Ok(done)
}

pub(crate) fn in_words(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_in_seconds_then_in_minutes() {
        assert_eq!(in_words(Duration::from_millis(900)), "0 s");
        assert_eq!(in_words(Duration::from_secs(59)), "59 s");
        assert_eq!(in_words(Duration::from_secs(61)), "1 min 1 s");
    }
}
