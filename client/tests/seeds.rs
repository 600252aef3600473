//! The engine under every schedule: a seed decides what people, tabs, networks and servers do, and the invariants are checked after
//! every step. `WUGAN_SEEDS` says how many seeds (100 000 without it, ten million with `WUGAN_TEST_LONG`) or which (`700000..800000`),
//! `WUGAN_SEED` runs one and prints its timeline.
//! What a seed found stands in `cases` as a test of its own: a seed means another life as soon as the simulation changes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod seeds {
    pub(crate) mod life;
}

use seeds::life::Life;
use std::{
    panic,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    thread,
};

/// What went wrong with this seed, if anything did.
fn fate(seed: u64) -> Option<String> {
    // A panic in the engine, or a simulation that hangs, is a finding like any other.
    panic::catch_unwind(|| Life::live(seed)).unwrap_or_else(|_| Err("it panicked".into())).err()
}

/// The first seed of so many that goes wrong.
fn search(seeds: std::ops::Range<u64>) -> Option<(u64, String)> {
    let (next, first) = (AtomicU64::new(seeds.start), AtomicU64::new(seeds.end));
    let work = || {
        let mut found = None;
        loop {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= first.load(Relaxed) {
                return found;
            }
            if let Some(what) = fate(seed) {
                first.fetch_min(seed, Relaxed);
                found = Some((seed, what));
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

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn seeds_to_live() -> std::ops::Range<u64> {
    let of = |text: &str| text.parse().expect("WUGAN_SEEDS is a number of seeds, or a range such as 700000..800000");
    match (std::env::var("WUGAN_SEEDS"), std::env::var_os("WUGAN_TEST_LONG")) {
        (Ok(text), _) => text.split_once("..").map_or_else(|| 0..of(&text), |(first, end)| of(first)..of(end)),
        (Err(_), Some(_)) => 0..10_000_000,
        (Err(_), None) => 0..100_000,
    }
}

#[test]
fn no_schedule_breaks_a_rule() {
    if let Some(seed) = number("WUGAN_SEED") {
        let (timeline, fate) = Life::traced(seed);
        println!("{timeline}\n{fate:?}");
        fate.unwrap();
        return;
    }
    let seeds = seeds_to_live();
    let begun = std::time::Instant::now();
    if let Some((seed, what)) = search(seeds.clone()) {
        eprintln!("seed {seed}: {what}; with WUGAN_SEED={seed} it tells more");
        let (timeline, _) = Life::traced(seed);
        panic!("seed {seed}: {what}\n{timeline}");
    }
    let count = seeds.end - seeds.start;
    println!("{count} seeds, {:.0} a second", count as f64 / begun.elapsed().as_secs_f64());
}
