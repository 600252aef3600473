//! Refreshes while a thousand try to sign in, again and again: what of it those feel who are signed in.
//!
//! Each of 64 connections refreshes once in 100 ms: what is measured is how long an answer takes, not how many there can be. The servers
//! have the whole machine, for hashing is what takes it.

use super::head;
use super::load::{Figures, Programs};
use super::medians::{median, ratio};
use super::peers::{self, Peer, Room};
use crate::step::{Result, step};

const QUIET: [&str; 4] = ["--every", "100", "--seconds", "10"];
const FLOODED: [&str; 6] = ["--every", "100", "--seconds", "10", "--flood", "1000"];

pub(super) fn measure(rounds: usize) -> Result<()> {
    let programs = Programs::build()?;
    let wugan = peers::build_wugan()?;
    peers::build_nest()?;
    let database = peers::mariadb()?;
    let peers = [Peer::wugan("Wugan, SQLite", Room::Machine, &wugan, None)?, Peer::nest(Room::Machine, &database.url("nest"))?];
    let mut rounds_of: [Vec<[Figures; 2]>; 2] = Default::default();
    for round in 1..=rounds {
        step(&format!("Measuring the flood, round {round} of {rounds}"), "1 min", || {
            for (peer, kept) in peers.iter().zip(&mut rounds_of) {
                kept.push([programs.run(peer, "refresh", &QUIET)?, programs.run(peer, "refresh", &FLOODED)?]);
            }
            Ok(())
        })?;
    }

    head("Refreshes in a login flood of 1000 at once (medians; ms)");
    println!(
        "{:<18}{:>10}{:>10}{:>10}{:>10}{:>18}{:>10}   p99 in the flood : quiet",
        "server", "quiet p50", "p99", "flood p50", "p99", "passwords judged", "put off"
    );
    for (peer, rounds) in peers.iter().zip(&rounds_of) {
        let all = |which: usize, name: &str| rounds.iter().map(|round| round[which].get(name)).collect::<Result<Vec<f64>>>();
        let ms = |which, name| Ok(median(all(which, name)?) / 1e3);
        println!(
            "{:<18}{:>10.2}{:>10.2}{:>10.2}{:>10.2}{:>18.0}{:>10.0}   {}",
            peer.name(),
            ms(0, "p50")?,
            ms(0, "p99")?,
            ms(1, "p50")?,
            ms(1, "p99")?,
            median(all(1, "judged")?),
            median(all(1, "put_off")?),
            ratio(&all(1, "p99")?, &all(0, "p99")?)
        );
    }
    Ok(())
}
