//! Output on the terminal: each step by name with its usual and its actual time, and failures in one line.

use std::fmt;
use std::time::{Duration, Instant};

/// Why a task ended, in one line that says what to do. It is empty if the reasons are already printed.
#[derive(Debug)]
pub struct Failure(String);

/// The result of a step.
pub type Result<T> = std::result::Result<T, Failure>;

/// A failure with this message.
pub fn failure(line: impl Into<String>) -> Failure {
    Failure(line.into())
}

/// A failure whose reasons are already printed.
#[must_use]
pub fn printed() -> Failure {
    Failure(String::new())
}

impl Failure {
    /// Whether the reasons are already printed.
    #[must_use]
    pub fn is_printed(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Does one thing under a heading. `duration` says how long it usually takes.
///
/// # Errors
/// What `work` returns.
pub fn step<T>(name: &str, duration: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {name} ({duration})");
    let start = Instant::now();
    let done = work()?;
    let elapsed = start.elapsed();
    if elapsed >= Duration::from_secs(2) {
        println!("    took {}", in_words(elapsed));
    }
    Ok(done)
}

/// Writes a time as `59 s` or `1 min 1 s`.
#[must_use]
pub fn in_words(time: Duration) -> String {
    match time.as_secs() {
        s @ 0..60 => format!("{s} s"),
        s => format!("{} min {} s", s / 60, s % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_seconds_then_in_minutes() {
        assert_eq!(in_words(Duration::from_millis(900)), "0 s");
        assert_eq!(in_words(Duration::from_secs(59)), "59 s");
        assert_eq!(in_words(Duration::from_secs(61)), "1 min 1 s");
    }
}
