//! Measures what this project builds, and a peer in the same run to compare with. `cargo xtask bench` builds the app and runs this program.

#[cfg(test)]
mod budget;
mod flood;
mod load;
mod medians;
mod peers;
mod size;
mod throughput;
mod visit;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use peers::Cores;
use wugan_bundle::{command, project, step::Result};
use wugan_local::{packages, process};

#[derive(Parser)]
struct Options {
    figure: Figure,
    /// How often each server is measured; the medians count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// The servers may use all cores, which the load shares, instead of one
    #[arg(long)]
    all_cores: bool,
    /// Install no system packages
    #[arg(long)]
    no_install: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Figure {
    /// The files of a first visit: reads `dist`
    Visit,
    /// What the library adds to the download of a Leptos app
    Size,
    /// What the library adds to a request, natively
    Client,
    /// The server beside a bare route and a Nest backend: requests per second, processor time, memory
    Server,
    /// Refreshes while one host floods the server
    Flood,
}

fn main() -> ExitCode {
    process::stop_children_on_signals();
    let options = Options::parse();
    packages::set_forbidden(options.no_install);
    let done = match options.figure {
        Figure::Visit => visit::measure(),
        Figure::Size => size::measure(),
        Figure::Client => client(),
        Figure::Server => throughput::measure(options.rounds, if options.all_cores { Cores::All } else { Cores::One }),
        Figure::Flood => flood::measure(options.rounds),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn client() -> Result<()> {
    heading("What the library adds to a request: the same request by hand (bare), and by Client::send");
    command::run(project::cargo().args(["bench", "--quiet", "--package", "wugan-bench-client", "--bench", "send"]))
}

/// A heading above a figure.
fn heading(title: &str) {
    println!("\n{title}\n");
}
