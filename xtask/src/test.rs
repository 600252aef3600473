//! `cargo xtask test`: every test there is, and one line with the totals at the end.

use std::env;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::app;
use crate::axe;
use crate::browser;
use crate::databases::Databases;
use crate::fuzz;
use crate::process::{self, Running, interrupted};
use crate::project;
use crate::rules;
use crate::server::{self, Build};
use crate::step::{Result, failure, step, told};
use crate::tally::{Count, Tally};
use crate::tools;
use crate::wasm;

/// A browser's tests call a server whose address is compiled into them, from a page whose origin the server must know: both ports are fixed.
const SERVER_PORT: u16 = 38471;
const PAGE_PORT: u16 = 38472;

#[derive(Args)]
pub(crate) struct Options {
    /// Only one part (all, if nothing is said)
    part: Option<Part>,
    /// The long forms too, such as a million refreshes: an hour
    #[arg(long)]
    long: bool,
    /// Leave out what needs PostgreSQL and MariaDB; it is counted as ignored
    #[arg(long)]
    without_databases: bool,
    /// The port of the server that the tests in a browser talk to
    #[arg(long, default_value_t = SERVER_PORT)]
    server_port: u16,
    /// The port of the page that the tests in a browser run in
    #[arg(long, default_value_t = PAGE_PORT)]
    page_port: u16,
    /// Only tests with this in their name, after `--`; further words go to the test programs
    #[arg(last = true)]
    filter: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// Unit and integration tests, and the documentation's examples
    Native,
    /// The server's fuzz targets, some thousand inputs each (ten minutes each with --long)
    Fuzz,
    /// The simulation, with one rule of the engine broken at a time
    Rules,
    /// The client in headless Chromium, against the real server
    Browser,
    /// The whole app by WebDriver, against the real server
    E2e,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let wanted = |part| options.part.is_none_or(|only| only == part);
    let mut tally = Tally::default();
    if wanted(Part::Native) {
        native(options, &mut tally)?;
    }
    if wanted(Part::Fuzz) {
        let start = Instant::now();
        tally.add("fuzz", fuzz::run(options.long)?, start.elapsed());
    }
    if wanted(Part::Rules) && options.filter.is_empty() {
        let start = Instant::now();
        tally.add("rules", rules::test()?, start.elapsed());
    }
    if wanted(Part::Browser) {
        in_browser(options, &mut tally)?;
    }
    if wanted(Part::E2e) {
        end_to_end(options, &mut tally)?;
    }
    tally.print();
    // The count is the last line, whatever it says.
    if tally.total().failed == 0 { Ok(()) } else { Err(told()) }
}

fn native(options: &Options, tally: &mut Tally) -> Result<()> {
    // What is built for a browser alone, and has no tests of its own, is not built here.
    let elsewhere = ["wugan-e2e", "wugan-bench-size", "wugan-example-bare", "wugan-example-leptos"];
    let mut everything = vec!["--workspace", "--features", "wugan/testing"];
    elsewhere.iter().for_each(|package| everything.extend(["--exclude", package]));
    let databases = if options.without_databases { None } else { Some(Databases::start()?) };
    let mut tests = project::cargo();
    tests.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]).args(&everything).arg("--");
    if let Some(databases) = &databases {
        databases.show(&mut tests);
        // Without a database, its tests are ignored: they cannot pass unseen. Here there is one.
        tests.arg("--include-ignored");
    }
    if options.long {
        tests.env("WUGAN_TEST_LONG", "1");
    }
    count("native", "1 to 3 min, 8 the first time", &mut tests, options, tally)?;
    drop(databases);
    let mut examples = project::cargo();
    examples.args(["test", "--no-fail-fast", "--doc"]).args(&everything).arg("--");
    count("documentation", "seconds", &mut examples, options, tally)
}

fn in_browser(options: &Options, tally: &mut Tally) -> Result<()> {
    let driver = browser::driver()?;
    let toolchain = wasm::toolchain()?;
    let bindgen = tools::wasm_bindgen()?;
    let program = server::build(Build::Dev)?;
    step("Building the examples", "seconds if nothing changed, 2 min the first time", || {
        let examples = ["--package", "wugan-example-bare", "--package", "wugan-example-leptos"];
        process::run(toolchain.cargo("build").args(["--quiet", "--target", wasm::TARGET]).args(examples))
    })?;

    let address = SocketAddr::from(([127, 0, 0, 1], options.server_port));
    let page = SocketAddr::from(([127, 0, 0, 1], options.page_port));
    // Strict, and soon over: what a client must stand.
    let strict = ["--access-ttl", "2s", "--reuse-leeway", "0s", "--allow-origin", &format!("http://{page}")].map(str::to_owned);
    let data = temporary()?;
    let _server = server::start(&program, data.path(), address, &strict)?;

    let mut tests = toolchain.cargo("test");
    toolchain.prepare(&mut tests, &[bindgen]);
    tests
        .args(["--package", "wugan", "--target", wasm::TARGET, "--features", "browser,leptos", "--no-fail-fast", "--lib", "--tests", "--"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
        .env("CHROMEDRIVER", driver)
        .env("WUGAN_TEST_SERVER", format!("http://{address}"))
        .env("WASM_BINDGEN_TEST_ADDRESS", page.to_string())
        // Per test program; the runner's own 20 s are for unit tests.
        .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
    count("browser", "1 min, 4 the first time", &mut tests, options, tally)
}

fn end_to_end(options: &Options, tally: &mut Tally) -> Result<()> {
    let driver = browser::driver()?;
    let axe = axe::script()?;
    app::build()?;
    let program = server::build(Build::Dev)?;
    let mut tests = project::cargo();
    tests
        .args(["test", "--package", "wugan-e2e", "--no-fail-fast", "--"])
        .env("CHROMEDRIVER", driver)
        .env("WUGAN_AXE", axe)
        .env("WUGAN_SERVER_BIN", program)
        .env("WUGAN_WEB_ROOT", project::dist());
    count("end to end", "4 min, 6 the first time", &mut tests, options, tally)
}

/// Runs a test command (which ends with what is told to the test programs), shows what it says, and adds up what it counts. A command that fails without a failed test, or runs none, is a failure too.
fn count(kind: &'static str, about: &str, tests: &mut Command, options: &Options, tally: &mut Tally) -> Result<()> {
    let start = Instant::now();
    tests.args(&options.filter).stdout(Stdio::piped());
    let mut count = Count::default();
    let succeeded = step(&format!("Testing: {kind}"), about, || {
        let mut running = Running::start(tests)?;
        running.each_line(|line| {
            println!("{line}");
            count.read(line);
            tally.complaints.read(line);
        });
        Ok(running.wait()?.success())
    })?;
    if interrupted() {
        return Err(failure("interrupted"));
    }
    let ran_nothing = count == Count::default() && options.filter.is_empty();
    if ran_nothing || (!succeeded && count.failed == 0) {
        println!(
            "    {kind}: {}; counted as one failure",
            if succeeded { "no test ran" } else { "it could not be built or run to its end" }
        );
        count.failed = 1;
    }
    tally.add(kind, count, start.elapsed());
    Ok(())
}

fn temporary() -> Result<tempfile::TempDir> {
    tempfile::tempdir().map_err(|e| failure(format!("no temporary folder in {} ({e}): set TMPDIR", env::temp_dir().display())))
}
