//! `cargo xtask bench`: prepares the measurements of `bench/run`, and runs them.

use clap::Args;
use wugan_bundle::project;
use wugan_bundle::step::Result;
use wugan_local::{npm, process};

use crate::app;
use crate::browser;
use crate::server;
use crate::toolchain;
use crate::tools;

const FIGURES: [&str; 6] = ["visit", "lighthouse", "size", "client", "server", "flood"];

#[derive(Args)]
pub(crate) struct Options {
    /// Measure this alone [default: all]: the files of a first visit, Lighthouse's scores, what the library adds to an app's download, what it adds to a request,
    /// the server beside others, refreshes while one host floods the server
    #[arg(value_parser = FIGURES)]
    figure: Option<String>,
    /// How often each server is measured; the medians count
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// With `server`: the servers may use all cores, which the load shares, instead of one
    #[arg(long)]
    all_cores: bool,
}

pub(crate) fn run(options: &Options, no_install: bool) -> Result<()> {
    let wanted = |figure: &&str| options.figure.as_ref().is_none_or(|only| only == figure);
    for figure in FIGURES.into_iter().filter(wanted) {
        match figure {
            "visit" => app::build()?,
            "lighthouse" => {
                lighthouse()?;
                continue;
            }
            "size" => prepare_sizes()?,
            _ => {}
        }
        let mut bench = project::cargo();
        bench.args(["run", "--quiet", "--release", "--package", "wugan-bench", "--", figure, "--rounds", &options.rounds.to_string()]);
        bench.args(options.all_cores.then_some("--all-cores"));
        process::run(bench.args(no_install.then_some("--no-install")))?;
    }
    Ok(())
}

/// Prints the scores of the app as it is served in production. The same tests are part of `cargo xtask test e2e`, among others.
fn lighthouse() -> Result<()> {
    app::build()?;
    let mut tests = project::cargo();
    tests
        .args(["test", "--quiet", "--package", "wugan-e2e", "--test", "lighthouse", "--", "--nocapture", "--test-threads=1"])
        .env("WUGAN_TEST_LIGHTHOUSE", npm::lighthouse()?)
        .env("WUGAN_TEST_SERVER_BIN", server::build(&["wugan-server"], "release")?)
        .env("WUGAN_WEB_ROOT", project::dist());
    browser::chromedriver()?;
    process::run(&mut tests)
}

/// Installs what the tiny apps of `bench/size` are built with.
pub(crate) fn prepare_sizes() -> Result<()> {
    toolchain::add_target()?;
    toolchain::add_source();
    tools::folder(&tools::wasm_bindgen()?).map(drop)
}
