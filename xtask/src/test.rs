//! `cargo xtask test`: every test there is, and one line with the totals at the end.

use std::env;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::app;
use crate::axe;
use crate::browser;
use crate::budget;
use crate::databases::{Clusters, Databases};
use crate::example_page;
use crate::fuzz;
use crate::openid;
use crate::process::{self, Running, interrupted};
use crate::project;
use crate::server::{self, Build};
use crate::step::{Result, failure, step, told};
use crate::tally::{Count, Tally};
use crate::tools;
use crate::wasm;

/// The tests in browsers have the server's address compiled in, and the server must allow the page's origin: both ports are fixed.
const SERVER_PORT: u16 = 38471;
const PAGE_PORT: u16 = 38472;

#[derive(Args)]
pub(crate) struct Options {
    /// Only one part (all, if nothing is said)
    part: Option<Part>,
    /// The long forms too, such as a million refreshes: an hour
    #[arg(long)]
    long: bool,
    /// Leave out the tests that need PostgreSQL and MariaDB; they are counted as ignored
    #[arg(long)]
    without_databases: bool,
    /// Leave out Firefox and WebKit; their end-to-end tests are counted as ignored
    #[arg(long)]
    chromium_only: bool,
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
    /// The client in headless Chromium and Firefox, against the real server
    Browser,
    /// The whole app in Chromium, and its session also in Firefox and WebKit, against the real server
    E2e,
    /// What visitors download, against the figures in sizes.toml
    Size,
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
    if wanted(Part::Browser) {
        in_browsers(options, &mut tally)?;
    }
    if wanted(Part::E2e) {
        end_to_end(options, &mut tally)?;
    }
    if wanted(Part::Size) {
        let start = Instant::now();
        tally.add("size", budget::run()?, start.elapsed());
    }
    tally.print();
    // The count is the last line, whatever it says.
    if tally.total().failed == 0 { Ok(()) } else { Err(told()) }
}

fn native(options: &Options, tally: &mut Tally) -> Result<()> {
    // Packages that are built for wasm32 alone, or tested by another part.
    let elsewhere = [
        "wugan-e2e",
        "wugan-bench-size",
        "wugan-example-axum-page",
        "wugan-example-bare",
        "wugan-example-cookie",
        "wugan-example-leptos",
        "wugan-example-oidc",
        "wugan-example-ssr",
    ];
    // The test of the rules switches single rules of the engine off.
    let mut everything =
        vec!["--workspace", "--features", "wugan-testing/__rules,wugan/devtools,wugan/oidc,wugan/dpop,wugan-axum/verifier"];
    elsewhere.iter().for_each(|package| everything.extend(["--exclude", package]));
    let databases = if options.without_databases { None } else { Some(Databases::start()?) };
    let mut tests = project::cargo();
    tests.args(["test", "--no-fail-fast", "--lib", "--bins", "--tests", "--examples"]).args(&everything).arg("--");
    if let Some(databases) = &databases {
        databases.show(&mut tests);
        // Without a database, its tests are ignored: they cannot pass unseen. Here there is one.
        tests.arg("--include-ignored");
    }
    let clusters = databases.as_ref().map(|_| Clusters::find());
    if let Some(clusters) = &clusters {
        clusters.show(&mut tests);
    }
    if options.long {
        tests.env("WUGAN_TEST_LONG", "1");
    }
    count("native", "1 to 3 min, 8 the first time", &mut tests, options, tally)?;
    drop((databases, clusters));
    // Alone: together with the app, Leptos would be compiled for the browser and the server at once.
    let mut rendering = project::cargo();
    rendering.args(["test", "--no-fail-fast", "--package", "wugan-example-ssr", "--features", "ssr", "--tests", "--"]);
    count("server rendering", "seconds, 2 min the first time", &mut rendering, options, tally)?;
    let mut examples = project::cargo();
    examples.args(["test", "--no-fail-fast", "--doc"]).args(&everything).arg("--");
    count("documentation", "seconds", &mut examples, options, tally)
}

fn in_browsers(options: &Options, tally: &mut Tally) -> Result<()> {
    // (title, variable with the driver's program, the driver)
    let mut browsers = vec![("browser (Chromium)", "CHROMEDRIVER", browser::chromedriver()?)];
    if !options.chromium_only {
        browsers.push(("browser (Firefox)", "GECKODRIVER", browser::geckodriver()?));
    }
    wasm::add_target()?;
    let bindgen = tools::wasm_bindgen()?;
    let program = server::build(Build::Dev)?;
    step("Building the examples", "seconds if nothing changed, 2 min the first time", || {
        let examples = ["--package", "wugan-example-bare", "--package", "wugan-example-leptos"];
        process::run(wasm::cargo("build").args(["--quiet", "--target", wasm::TARGET]).args(examples))
    })?;

    let address = SocketAddr::from(([127, 0, 0, 1], options.server_port));
    let page = SocketAddr::from(([127, 0, 0, 1], options.page_port));
    // The hardest conditions for a client: access tokens live 2 s, and a refresh token works once.
    // Each test has an account of its own, and all come from one address.
    let limit = ["--address-limit", "10000/5m"];
    let strict = ["--access-ttl", "2s", "--reuse-leeway", "0s", "--allow-origin", &format!("http://{page}"), limit[0], limit[1]];
    let strict = strict.map(str::to_owned);
    for (kind, variable, driver) in browsers {
        let data = temporary()?;
        let _server = server::start(&program, data.path(), address, &strict)?;
        let mut tests = wasm::cargo("test");
        wasm::prepare(&mut tests, std::slice::from_ref(&bindgen));
        // The runner takes the first driver that a variable names.
        for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
            tests.env_remove(other);
        }
        tests
            .args(["--package", "wugan", "--target", wasm::TARGET, "--features", "devtools,leptos,oidc,dpop"])
            .args(["--no-fail-fast", "--lib", "--tests", "--"])
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
            .env(variable, driver)
            .env("WUGAN_TEST_SERVER", format!("http://{address}"))
            .env("WASM_BINDGEN_TEST_ADDRESS", page.to_string())
            // Per test program; the runner's default of 20 s is too short for these.
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300");
        count(kind, "1 min, 4 the first time", &mut tests, options, tally)?;
    }
    Ok(())
}

fn end_to_end(options: &Options, tally: &mut Tally) -> Result<()> {
    let mut drivers = vec![("CHROMEDRIVER", browser::chromedriver()?)];
    if !options.chromium_only {
        drivers.extend([("GECKODRIVER", browser::geckodriver()?), ("WEBKITDRIVER", browser::webkit_driver()?)]);
    }
    let axe = axe::script()?;
    app::build()?;
    process::run(project::cargo().args(["build", "--quiet", "--package", "wugan-example-axum"]))?;
    let program = server::build(Build::Dev)?;
    let mut tests = project::cargo();
    tests
        .args(["test", "--package", "wugan-e2e", "--no-fail-fast", "--"])
        .envs(drivers)
        .env("WUGAN_AXE", axe)
        .env("WUGAN_COOKIE_PAGE", example_page::build("wugan-example-cookie", "cookie")?)
        .env("WUGAN_OIDC_PAGE", example_page::build("wugan-example-oidc", "oidc")?)
        .env("WUGAN_AXUM_PAGE", example_page::build("wugan-example-axum-page", "axum/page")?)
        .env("WUGAN_OIDC_PROVIDER", openid::provider()?)
        .env("WUGAN_SERVER_BIN", program)
        .env("WUGAN_WEB_ROOT", project::dist());
    if !options.chromium_only {
        // The tests in Firefox and WebKit are marked `#[ignore]`, so that a run without these browsers counts them as ignored.
        tests.arg("--include-ignored");
    }
    count("end to end", "6 min, 8 the first time", &mut tests, options, tally)
}

/// Runs a test command, whose last arguments go to the test programs, prints its output and adds up its counts. A command that runs no test, or
/// fails without a failed test, counts as one failure.
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
