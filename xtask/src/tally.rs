//! Counts tests: reads what the test programs say, line by line, and ends with the totals.

use std::time::Duration;

use crate::step::in_words;

/// What one kind of test came to.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Count {
    /// Adds what a line of cargo's or wasm-bindgen's test output says: `test result: ok. 3 passed; 0 failed; 1 ignored; …`
    pub(crate) fn read(&mut self, line: &str) {
        let Some((_, figures)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else { return };
        for figure in figures.split(';') {
            let mut words = figure.split_whitespace();
            let Some(n) = words.next().and_then(|n| n.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += n,
                Some("failed") => self.failed += n,
                Some("ignored") => self.ignored += n,
                _ => {}
            }
        }
    }
}

/// A row per kind of test, and the sum.
#[derive(Default)]
pub(crate) struct Tally {
    rows: Vec<(&'static str, Count, Duration)>,
}

impl Tally {
    pub(crate) fn add(&mut self, kind: &'static str, count: Count, took: Duration) {
        self.rows.push((kind, count, took));
    }

    pub(crate) fn total(&self) -> Count {
        self.rows.iter().fold(Count::default(), |sum, (_, row, _)| Count {
            passed: sum.passed + row.passed,
            failed: sum.failed + row.failed,
            ignored: sum.ignored + row.ignored,
        })
    }

    /// The table, and last, alone on its line, `N passed, N failed`.
    pub(crate) fn print(&self) {
        println!("\n{:<16}{:>8}{:>8}{:>9}   time", "kind", "passed", "failed", "ignored");
        for (kind, row, took) in &self.rows {
            println!("{kind:<16}{:>8}{:>8}{:>9}   {}", row.passed, row.failed, row.ignored, in_words(*took));
        }
        let total = self.total();
        println!("\n{} passed, {} failed", total.passed, total.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Count {
        let mut count = Count::default();
        lines.iter().for_each(|line| count.read(line));
        count
    }

    #[test]
    fn lines_of_cargo_and_of_the_browser_are_added_up() {
        let count = read(&[
            "running 3 tests",
            "test rotation::tests::a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 7 filtered out; finished in 1.20s",
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 filtered out; finished in 3.41s",
        ]);
        assert_eq!(count, Count { passed: 10, failed: 1, ignored: 4 });
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(read(&["12 passed", "test passed ... ok", "", "no tests to run!"]), Count::default());
    }
}
