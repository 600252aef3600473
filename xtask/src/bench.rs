//! `cargo xtask bench`: figures about what is built here, beside a peer of the same run. Each is a file of its own.

mod client;
mod flood;
mod load;
mod medians;
mod peers;
pub(crate) mod size;
mod throughput;
pub(crate) mod visit;

use clap::{Args, ValueEnum};

use crate::step::Result;

#[derive(Args)]
pub(crate) struct Options {
    /// Only one figure (all, if nothing is said)
    which: Option<Which>,
    /// How often servers are measured, by turns; of the ratios the median counts
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Which {
    /// What a first visit of the app loads
    Visit,
    /// What the library adds to a Leptos app's download
    Size,
    /// What the library adds to a request, natively
    Client,
    /// The server beside a bare route and a Nest backend: requests a second, processor time, memory
    Server,
    /// Refreshes while one host floods the server
    Flood,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let wanted = |which| options.which.is_none_or(|only| only == which);
    if wanted(Which::Visit) {
        visit::measure()?;
    }
    if wanted(Which::Size) {
        size::measure()?;
    }
    if wanted(Which::Client) {
        client::measure()?;
    }
    if wanted(Which::Server) {
        throughput::measure(options.rounds)?;
    }
    if wanted(Which::Flood) {
        flood::measure(options.rounds)?;
    }
    Ok(())
}

/// A heading above a figure.
fn head(title: &str) {
    println!("\n{title}\n");
}
