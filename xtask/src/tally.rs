//! Counts tests: reads what the test programs say, line by line, and ends with what failed and the totals.

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

/// What the failed tests said, up to their backtraces: a long run's end should tell what to look at.
#[derive(Default)]
pub(crate) struct Complaints {
    lines: Vec<String>,
    of_this_test: Option<usize>,
}

impl Complaints {
    /// So much of each test is told again.
    const MOST: usize = 12;

    /// Reads a line of cargo's or wasm-bindgen's test output: what a test said stands between `---- its::name stdout ----` or
    /// `---- its::name output ----` and the next title, and after the last comes the list of names, `failures:`.
    pub(crate) fn read(&mut self, line: &str) {
        let title = line.trim();
        if title.starts_with("---- ") && title.ends_with(" ----") {
            self.of_this_test = Some(0);
        } else if matches!(title, "failures:" | "stack backtrace:") {
            self.of_this_test = None;
        }
        if let Some(told) = self.of_this_test.as_mut().filter(|told| !title.is_empty() && **told < Self::MOST) {
            *told += 1;
            self.lines.push(line.trim_end().to_owned());
        }
    }
}

/// A row per kind of test, and the sum.
#[derive(Default)]
pub(crate) struct Tally {
    rows: Vec<(&'static str, Count, Duration)>,
    pub(crate) complaints: Complaints,
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

    /// What failed, the table, and last, alone on its line, `N passed, N failed`.
    pub(crate) fn print(&self) {
        if !self.complaints.lines.is_empty() {
            println!("\nWhat failed, once more:\n{}", self.complaints.lines.join("\n"));
        }
        println!("\n{:<20}{:>8}{:>8}{:>9}   time", "kind", "passed", "failed", "ignored");
        for (kind, row, took) in &self.rows {
            println!("{kind:<20}{:>8}{:>8}{:>9}   {}", row.passed, row.failed, row.ignored, in_words(*took));
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
    fn what_failed_is_kept_up_to_its_backtrace() {
        let mut complaints = Complaints::default();
        let said = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\n\nthread 'b' panicked at b.rs:1:1:\nnot so\n\
             stack backtrace:\n   0: core\n\n---- c output ----\n    oh\n\nfailures:\n    b\n    c\n\ntest result: FAILED.";
        said.lines().for_each(|line| complaints.read(line));
        assert_eq!(complaints.lines, ["---- b stdout ----", "thread 'b' panicked at b.rs:1:1:", "not so", "---- c output ----", "    oh"]);
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(read(&["12 passed", "test passed ... ok", "", "no tests to run!"]), Count::default());
    }
}
