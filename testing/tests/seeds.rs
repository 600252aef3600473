//! Random schedules: a seed decides what users, tabs, networks and servers do, and the rules of the engine are checked after each step.
//!
//! `WUGAN_SEEDS` is the number of seeds (default 100 000, ten million with `WUGAN_TEST_LONG`) or a range (`700000..800000`).
//! All cores take part; `taskset -c 0` keeps to one. For long searches, build with `cargo test --release --config profile.release.lto=true
//! --config profile.release.codegen-units=1`.
//!
//! `WUGAN_SEED` runs one seed and prints its timeline. A schedule that was found here becomes a test of its own in `cases`, because a
//! seed means another schedule as soon as the simulation changes.
//!
//! `WUGAN_RULE_SEEDS` is how many seeds are searched for each broken rule (default 50 000; feature `__rules`).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod seeds {
    pub(crate) mod scenario;
}

use seeds::scenario::{LOST, POLICIES, Scenario};
use std::{
    ops::Range,
    panic,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};
use wugan_testing::Simulation;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a seed violates, if anything. A panic, an endless loop and a leak are findings too.
fn outcome(seed: u64) -> Option<String> {
    let result = panic::catch_unwind(|| Scenario::run(seed)).unwrap_or_else(|_| Err("a panic".into()));
    match result {
        Ok(()) if Simulation::live_count() > 0 => Some("the simulation was not freed".into()),
        result => result.err(),
    }
}

/// The first seed of a range that violates a rule. `prepare` runs in each thread.
fn search(seeds: Range<u64>, prepare: impl Fn() + Sync) -> Option<(u64, String)> {
    let (next, first) = (AtomicU64::new(seeds.start), AtomicU64::new(seeds.end));
    let work = || {
        prepare();
        let mut found = None;
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= first.load(Relaxed) {
                return found;
            }
            if let Some(violation) = outcome(seed) {
                first.fetch_min(seed, Relaxed);
                found = Some((seed, violation));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let found: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().expect("a worker")).collect()
    });
    found.into_iter().min()
}

fn seeds_to_run() -> Range<u64> {
    let parse = |text: &str| text.parse().expect("WUGAN_SEEDS is a number of seeds or a range such as 700000..800000");
    match (std::env::var("WUGAN_SEEDS"), std::env::var_os("WUGAN_TEST_LONG")) {
        (Ok(text), _) => text.split_once("..").map_or_else(|| 0..parse(&text), |(first, end)| parse(first)..parse(end)),
        (Err(_), Some(_)) => 0..10_000_000,
        (Err(_), None) => 0..100_000,
    }
}

/// Resident memory of this process in MiB, where `/proc` tells it.
fn resident_memory() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? / 256)
}

#[test]
fn no_schedule_violates_a_rule() {
    if let Some(seed) = std::env::var("WUGAN_SEED").ok().and_then(|seed| seed.parse().ok()) {
        let (timeline, outcome) = Scenario::run_traced(seed);
        println!("{timeline}\n{outcome:?}");
        outcome.unwrap();
        return;
    }
    let seeds = seeds_to_run();
    let started = std::time::Instant::now();
    if let Some((seed, violation)) = search(seeds.clone(), || {}) {
        eprintln!("seed {seed}: {violation}; WUGAN_SEED={seed} prints the timeline");
        let (timeline, _) = Scenario::run_traced(seed);
        panic!("seed {seed}: {violation}\n{timeline}");
    }
    let count = seeds.end - seeds.start;
    println!("{count} seeds, {:.0} per second, {:?} MiB", count as f64 / started.elapsed().as_secs_f64(), resident_memory());
    let lost = LOST.each_ref().map(|policies| policies.each_ref().map(|lost| lost.load(Relaxed)));
    println!("sessions lost by a second exchange, {POLICIES:?}: {:?} without Web Locks, {:?} with them", lost[0], lost[1]);
    assert!(lost[1][0] <= count / 1_000_000, "with attempt ids and locks");
    assert!(lost[1].iter().sum::<u64>() <= 20 + count / 400, "with locks");
    assert!(lost[0].iter().sum::<u64>() <= 20 + count / 20, "without locks");
}

#[test]
fn memory_does_not_grow_with_the_number_of_seeds() {
    // The schedules of different seeds differ in size: the first ones fill the allocator's caches.
    (0..300).for_each(|seed| drop(Scenario::run(seed)));
    let Some(before) = resident_memory() else { return };
    (300..1_500).for_each(|seed| drop(Scenario::run(seed)));
    assert_eq!(Simulation::live_count(), 0);
    let after = resident_memory().unwrap();
    // The other test runs in the same process.
    assert!(after < before + 60, "{before} MiB, then {after} MiB");
}

/// Each rule is needed: without it, a seed is found that violates something. Also the rules of DPoP.
#[cfg(feature = "__rules")]
#[test]
fn each_broken_rule_is_noticed() {
    let seeds = std::env::var("WUGAN_RULE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(50_000);
    let unnoticed: Vec<_> = wugan::rules::ALL
        .into_iter()
        .chain(wugan::rules::DPOP)
        .filter(|rule| {
            let found = search(0..seeds, || wugan::rules::break_rule(Some(*rule)));
            println!("{rule:?}: {found:?}");
            found.is_none()
        })
        .collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}
