//! The server with 64 connections, beside a bare route and beside the tutorial's backend: requests per second, processor time, memory.

use wugan_bundle::step::{Result, step};
use wugan_local::nest;

use crate::heading;
use crate::load::{Figures, Programs};
use crate::medians::{median, ratio};
use crate::peers::{self, Cores, Peer};

/// A guarded request of a session that this server has not seen, or not in the last four seconds: it reads the row.
const UNSEEN: &str = "unseen";
/// The same with an access token that was not used before: it also writes the first use.
const UNUSED: &str = "first use";

/// The figures of one server and kind of request, a value for each round.
#[derive(Default)]
struct Row {
    rate: Vec<f64>,
    processor: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    resident_mib: f64,
}

impl Row {
    fn add(&mut self, figures: &Figures) -> Result<()> {
        self.rate.push(figures.get("rate")?);
        self.processor.push(figures.get("processor")?);
        self.p50.push(figures.get("p50")?);
        self.p99.push(figures.get("p99")?);
        self.resident_mib = self.resident_mib.max(figures.get("resident")? / 1024.0);
        Ok(())
    }

    fn print(&self, name: &str, what: &str) {
        let of = |values: &[f64]| median(values.iter().copied());
        println!(
            "{name:<18}{what:<10}{:>12.0}{:>14.1}{:>10.2}{:>10.2}",
            of(&self.rate),
            of(&self.processor),
            of(&self.p50) / 1e3,
            of(&self.p99) / 1e3
        );
    }
}

pub(crate) fn measure(rounds: usize, cores: Cores) -> Result<()> {
    let programs = Programs::build()?;
    let wugan = peers::build_wugan()?;
    nest::build()?;
    let [mariadb_server, postgres_server] = [peers::mariadb(cores)?, peers::postgres(cores)?];
    let bare = Peer::bare(cores, &programs.bare())?;
    let sqlite = Peer::wugan("Wugan, SQLite", cores, &wugan, None)?;
    let mariadb = Peer::wugan("Wugan, MariaDB", cores, &wugan, Some(&mariadb_server.url("wugan")))?;
    let postgres = Peer::wugan("Wugan, PostgreSQL", cores, &wugan, Some(&postgres_server.url("postgres")))?;
    let nest = Peer::nest(cores, &mariadb_server.url("nest"))?;

    let runs = [
        (&bare, "open"),
        (&sqlite, "guarded"),
        (&sqlite, UNSEEN),
        (&sqlite, UNUSED),
        (&sqlite, "refresh"),
        (&sqlite, "exchange"),
        (&mariadb, "guarded"),
        (&mariadb, "refresh"),
        (&mariadb, "exchange"),
        (&postgres, "refresh"),
        (&postgres, "exchange"),
        (&nest, "guarded"),
        (&nest, "refresh"),
    ];
    let mut rows: [Row; 13] = Default::default();
    for round in 1..=rounds {
        step(&format!("Measuring the servers, round {round} of {rounds}"), "1 min", || {
            runs.iter().zip(&mut rows).try_for_each(|((peer, what), row)| {
                row.add(&match *what {
                    UNSEEN | UNUSED => programs.run_once(peer, *what == UNSEEN)?,
                    what => programs.run(peer, what, &[])?,
                })
            })
        })?;
    }
    let [bare_open, sqlite_guarded, sqlite_unseen, _, sqlite_refresh, sqlite_exchange, rest @ ..] = &rows;
    let [mariadb_guarded, mariadb_refresh, mariadb_exchange, postgres_refresh, postgres_exchange, nest_guarded, nest_refresh] = rest;

    let share = if cores == Cores::One {
        "one core for the server and its database"
    } else {
        "all cores for the server, its database and the load"
    };
    heading(&format!("Servers, 64 kept-alive connections, {share} (medians)"));
    println!("{:<18}{:<10}{:>12}{:>14}{:>10}{:>10}", "server", "request", "per second", "µs processor", "p50 ms", "p99 ms");
    runs.iter().zip(&rows).for_each(|((peer, what), row)| row.print(peer.name(), what));

    println!("\n{:<44}{:<26}processor time each", "ratios: median (least to most)", "a second");
    let compare = |what: &str, of: &Row, than: &Row| {
        println!("{what:<44}{:<26}{}", ratio(&of.rate, &than.rate), ratio(&of.processor, &than.processor));
    };
    compare("guarded, SQLite : bare route", sqlite_guarded, bare_open);
    compare("guarded, unseen session, SQLite : bare route", sqlite_unseen, bare_open);
    compare("refresh, SQLite : bare route", sqlite_refresh, bare_open);
    compare("guarded, SQLite : Nest", sqlite_guarded, nest_guarded);
    compare("refresh, SQLite : Nest", sqlite_refresh, nest_refresh);
    compare("guarded, MariaDB : Nest", mariadb_guarded, nest_guarded);
    compare("refresh, MariaDB : Nest", mariadb_refresh, nest_refresh);
    compare("refresh, PostgreSQL : Nest", postgres_refresh, nest_refresh);
    compare("refresh and guarded, SQLite : Nest refresh", sqlite_exchange, nest_refresh);
    compare("refresh and guarded, MariaDB : Nest refresh", mariadb_exchange, nest_refresh);
    compare("refresh and guarded, PostgreSQL : Nest refresh", postgres_exchange, nest_refresh);

    println!("\n{:<18}{:>12}{:>14}   (MiB resident, the server's process alone)", "memory", "idle", "under load");
    for (peer, rows) in
        [(&bare, &rows[..1]), (&sqlite, &rows[1..6]), (&mariadb, &rows[6..9]), (&postgres, &rows[9..11]), (&nest, &rows[11..])]
    {
        let loaded = rows.iter().map(|row| row.resident_mib).fold(0.0, f64::max);
        println!("{:<18}{:>12.1}{loaded:>14.1}", peer.name(), peer.idle_mib());
    }
    Ok(())
}
