//! The processor time and memory of a process, from /proc (proc(5)).

use crate::connection::Failure;
use std::{fs, time::Duration};

/// Ticks per second: `USER_HZ`, which is 100 on all common Linux systems.
const TICKS: u32 = 100;

#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) processor: Duration,
    pub(crate) resident_kib: u64,
}

impl Usage {
    pub(crate) fn of(pid: u32) -> Result<Usage, Failure> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let unread = || Failure(format!("/proc/{pid} does not have the format of proc(5)"));
        Ok(Usage { processor: processor(&stat).ok_or_else(unread)?, resident_kib: resident(&status).ok_or_else(unread)? })
    }
}

/// Fields 14 and 15; the name in field 2 may hold blanks and parentheses.
fn processor(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?;
    Some(Duration::from_secs(1) * ticks / TICKS)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_with_blanks_and_parentheses_are_skipped() {
        let stat = "17 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20";
        assert_eq!(processor(stat), Some(Duration::from_secs(2)));
        assert_eq!(resident("Name:\tx\nVmRSS:\t   1234 kB\n"), Some(1234));
        assert!(Usage::of(std::process::id()).unwrap().resident_kib > 100);
    }
}
