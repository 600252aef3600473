//! `cargo xtask`: the project's tasks that are more than one cargo command. Installs what is missing.

mod app;
mod bench;
mod browser;
mod count;
mod dev;
mod docs;
mod example_page;
mod fuzz;
mod imports;
mod lint;
mod package;
mod serve;
mod server;
mod test;
mod toolchain;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use wugan_local::{packages, process};

/// Build, run and test Wugan. Missing tools are installed first, once; each step prints how long it may take.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
    /// Install no system packages; a task that needs one fails and names the command
    #[arg(long, global = true)]
    no_install: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Build the app and the server for production, and serve both at one address
    Serve(serve::Options),
    /// Work on the app: live reload at :8080, the API at :3000
    Dev(dev::Options),
    /// Run all tests: native, documentation, fuzz targets, in browsers, end to end, sizes
    Test(test::Options),
    /// Check the documents, the format, clippy (native, fuzz targets, wasm32), rustdoc, the packages for crates.io and the minimum Rust version
    Lint,
    /// Measure the app's and the library's size, a request, and the server beside others
    Bench(bench::Options),
}

fn main() -> ExitCode {
    process::stop_children_on_signals();
    let cli = Cli::parse();
    packages::set_forbidden(cli.no_install);
    let done = match cli.task {
        Task::Serve(options) => serve::run(&options),
        Task::Dev(options) => dev::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Lint => lint::run(),
        Task::Bench(options) => bench::run(&options, cli.no_install),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) if process::interrupted() => ExitCode::from(130),
        Err(failure) if failure.is_printed() => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
