//! Refreshes of signed-in users while one other host floods the server.
//!
//! Each of 64 connections refreshes every 100 ms, so that latency is measured and not throughput. The servers use all cores, because password
//! hashing does. One host opens many connections at a time, with each kind of flood in turn. The same floods are also
//! sent to the bare route while Wugan answers the refreshes, which shows how much they delay a server that is not flooded itself.

use wugan_bundle::step::{Result, step};
use wugan_local::nest;

use crate::heading;
use crate::load::{Figures, Programs};
use crate::medians::{median, ratio};
use crate::peers::{self, Cores, Peer};

const QUIET: [&str; 4] = ["--every", "100", "--seconds", "10"];
/// The kinds, and how many connections at a time: more than a network may have (`--connection-limit`) where connections are held.
const FLOODS: [(&str, &str); 6] =
    [("sign-ins", "1000"), ("connects", "1500"), ("heads", "1500"), ("probes", "1000"), ("forwarded", "1000"), ("churn", "1000")];

pub(crate) fn measure(rounds: usize) -> Result<()> {
    let programs = Programs::build()?;
    let wugan = peers::build_wugan()?;
    nest::build()?;
    let database = peers::mariadb(Cores::All)?;
    let bare = Peer::bare(Cores::All, &programs.bare())?;
    let peers = [Peer::wugan("Wugan, SQLite", Cores::All, &wugan, None)?, Peer::nest(Cores::All, &database.url("nest"))?];
    let cases = [(&peers[0], None), (&peers[0], Some(&bare)), (&peers[1], None)];
    // For each case and round: without a flood, then with each flood.
    let mut rounds_of: [Vec<Vec<Figures>>; 3] = Default::default();
    for round in 1..=rounds {
        step(&format!("Measuring the floods, round {round} of {rounds}"), "4 min", || {
            for ((peer, flooded), rounds) in cases.into_iter().zip(&mut rounds_of) {
                let address = flooded.map(|flooded| flooded.address().to_string());
                let elsewhere = address.iter().flat_map(|address| ["--flood-server", address]).collect::<Vec<_>>();
                let mut figures = vec![programs.run(peer, "refresh", &QUIET)?];
                for (flood, size) in FLOODS {
                    let flood = ["--flood", flood, "--flood-size", size];
                    figures.push(programs.run(peer, "refresh", &[&QUIET[..], &flood, &elsewhere].concat())?);
                }
                rounds.push(figures);
            }
            Ok(())
        })?;
    }

    heading("Refreshes while one host opens 1000 or 1500 connections at a time (medians; ms)");
    println!(
        "{:<18}{:<12}{:<12}{:>10}{:>10}{:>12}{:>12}   p99 : quiet",
        "server", "flood of", "flood", "p50", "p99", "answered", "refused"
    );
    for ((peer, flooded), rounds) in cases.into_iter().zip(&rounds_of) {
        let flooded = flooded.map_or("the same", Peer::name);
        let all = |run: usize, name: &str| rounds.iter().map(|round| round[run].get(name)).collect::<Result<Vec<f64>>>();
        let quiet = all(0, "p99")?;
        println!(
            "{:<18}{flooded:<12}{:<12}{:>10.2}{:>10.2}",
            peer.name(),
            "none",
            median(all(0, "p50")?) / 1e3,
            median(quiet.clone()) / 1e3
        );
        for (run, (flood, _)) in (1..).zip(FLOODS) {
            println!(
                "{:<18}{flooded:<12}{flood:<12}{:>10.2}{:>10.2}{:>12.0}{:>12.0}   {}",
                peer.name(),
                median(all(run, "p50")?) / 1e3,
                median(all(run, "p99")?) / 1e3,
                median(all(run, "answered")?),
                median(all(run, "refused")?),
                ratio(&all(run, "p99")?, &quiet)
            );
        }
    }
    Ok(())
}
