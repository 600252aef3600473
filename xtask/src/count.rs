//! Counts tests from the output of test programs, and prints the failures again and the totals.

use std::time::Duration;

use wugan_bundle::step::in_words;

/// The numbers of one kind of test.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Count {
    /// Adds the numbers of a line of cargo's or wasm-bindgen's output: `test result: ok. 3 passed; 0 failed; 1 ignored; …`
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

/// The messages of failed tests, without backtraces, which are printed again at the end of a long run.
#[derive(Default)]
pub(crate) struct Failures {
    lines: Vec<String>,
    /// The number of lines of the current test.
    current: Option<usize>,
}

impl Failures {
    /// The most lines of one test.
    const LIMIT: usize = 12;

    /// Reads a line of cargo's or wasm-bindgen's output. A test's messages follow `---- its::name stdout ----` or `---- its::name output ----`;
    /// after the last test comes the list of names, `failures:`.
    pub(crate) fn read(&mut self, line: &str) {
        let title = line.trim();
        if title.starts_with("---- ") && title.ends_with(" ----") {
            self.current = Some(0);
        } else if matches!(title, "failures:" | "stack backtrace:") {
            self.current = None;
        }
        if let Some(lines) = self.current.as_mut().filter(|lines| !title.is_empty() && **lines < Self::LIMIT) {
            *lines += 1;
            self.lines.push(line.trim_end().to_owned());
        }
    }

    /// The names of the failed tests.
    pub(crate) fn names(&self) -> Vec<String> {
        let titles = self.lines.iter().filter_map(|line| line.trim().strip_prefix("---- ")?.strip_suffix(" ----"));
        titles.filter_map(|title| title.split(' ').next()).map(str::to_owned).collect()
    }
}

/// The outcome of one kind of test.
pub(crate) struct Row {
    pub(crate) kind: &'static str,
    pub(crate) count: Count,
    pub(crate) elapsed: Duration,
    pub(crate) failures: Failures,
}

impl Row {
    /// Counts some failed tests as passed if all of them pass in a second run, and says so below the messages.
    pub(crate) fn add_second_run(&mut self, repeated: u64, second: &Self) {
        self.elapsed += second.elapsed;
        if second.count.failed == 0 && second.count.passed >= repeated {
            self.count.passed += repeated;
            self.count.failed = self.count.failed.saturating_sub(repeated);
            self.failures.lines.push(format!("==== Passed when repeated: {repeated}"));
        }
    }
}

/// A row per kind of test.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, row: Row) {
        self.0.push(row);
    }

    pub(crate) fn total(&self) -> Count {
        self.0.iter().fold(Count::default(), |sum, Row { count, .. }| Count {
            passed: sum.passed + count.passed,
            failed: sum.failed + count.failed,
            ignored: sum.ignored + count.ignored,
        })
    }

    /// Prints the failures, the table and, as the last line, `N passed, N failed`.
    pub(crate) fn print(&self) {
        let failures: Vec<_> = self.0.iter().flat_map(|row| &row.failures.lines).map(String::as_str).collect();
        if !failures.is_empty() {
            println!("\nFailed tests:\n{}", failures.join("\n"));
        }
        println!("\n{:<20}{:>8}{:>8}{:>9}   time", "kind", "passed", "failed", "ignored");
        for Row { kind, count, elapsed, .. } in &self.0 {
            println!("{kind:<20}{:>8}{:>8}{:>9}   {}", count.passed, count.failed, count.ignored, in_words(*elapsed));
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
    fn results_of_cargo_and_of_the_browser_are_added() {
        let count = read(&[
            "running 3 tests",
            "test rotation::tests::a ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 7 filtered out; finished in 1.20s",
            "test result: ok. 5 passed; 0 failed; 0 ignored; 0 filtered out; finished in 3.41s",
        ]);
        assert_eq!(count, Count { passed: 10, failed: 1, ignored: 4 });
        assert_eq!(read(&["12 passed", "test passed ... ok", "", "no tests to run!"]), Count::default());
    }

    #[test]
    fn messages_of_failed_tests_are_stored_without_backtraces() {
        let mut failures = Failures::default();
        let output = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\n\nthread 'b' panicked at b.rs:1:1:\nnot so\n\
             stack backtrace:\n   0: core\n\n---- c output ----\n    oh\n\nfailures:\n    b\n    c\n\ntest result: FAILED.";
        output.lines().for_each(|line| failures.read(line));
        assert_eq!(failures.names(), ["b", "c"]);
        assert_eq!(failures.lines, ["---- b stdout ----", "thread 'b' panicked at b.rs:1:1:", "not so", "---- c output ----", "    oh"]);
    }

    #[test]
    fn failed_tests_that_all_pass_in_a_second_run_are_counted_as_passed() {
        let row = |passed, failed| {
            let count = Count { passed, failed, ignored: 0 };
            Row { kind: "", count, elapsed: Duration::ZERO, failures: Failures::default() }
        };
        for (second, expected) in [(row(2, 0), (10, 0)), (row(1, 1), (8, 2)), (row(1, 0), (8, 2))] {
            let mut first = row(8, 2);
            first.add_second_run(2, &second);
            assert_eq!((first.count.passed, first.count.failed), expected);
        }
    }
}
