//! `cargo xtask`: everything about the project that is more than one cargo command. It installs what is missing and asks nothing.

mod app;
mod axe;
mod bench;
mod browser;
mod budget;
mod compress;
mod databases;
mod debian;
mod dev;
mod example_page;
mod fuzz;
mod lint;
mod openid;
mod package;
mod process;
mod project;
mod serve;
mod server;
mod shorten;
mod split;
mod step;
mod tally;
mod test;
mod tools;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Build, run and test Wugan. Whatever is missing is installed first; a second run finds it in seconds.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the app and the server for production, and serve both at one address
    Serve(serve::Options),
    /// Work on the app: live reload at :8080, the API behind it at :3000
    Dev(dev::Options),
    /// Run every test: native, documentation, fuzz targets, in browsers, end to end
    Test(test::Options),
    /// Check format, run clippy natively and for wasm32, check the packages for crates.io and their minimum Rust version
    Lint,
    /// Measure: the app's and the library's size, a request, the server beside others
    Bench(bench::Options),
}

fn main() -> ExitCode {
    process::stop_children_on_signals();
    let done = match Cli::parse().task {
        Task::Serve(options) => serve::run(&options),
        Task::Dev(options) => dev::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Lint => lint::run(),
        Task::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if process::interrupted() => ExitCode::from(130),
        Err(failure) if failure.is_told() => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
