//! `cargo xtask test`: runs all tests, and prints the totals in the last line.

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use clap::{Args, ValueEnum};
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, printed, step};
use wugan_bundle::wasm::{self, TARGET};
use wugan_local::databases::{self, clusters, mariadb};
use wugan_local::process::{self, Running, interrupted};
use wugan_local::{nest, npm, packages, python};

use crate::app;
use crate::bench;
use crate::browser;
use crate::count::{Count, Failures, Row, Table};
use crate::example_page;
use crate::fuzz;
use crate::server;
use crate::toolchain;
use crate::tools;

/// Packages that other parts test. [`example_page::PACKAGES`] are built for wasm32 alone.
const NOT_NATIVE: [&str; 4] = ["wugan-bench", "wugan-bench-size", "wugan-e2e", "wugan-example-ssr"];

/// Built by one command, with one set of features, so that their common dependencies are compiled once.
const TEST_PROGRAMS: [&str; 2] = ["wugan-server", "wugan-example-axum"];

/// If at most this many tests of a kind fail, they run a second time: on a loaded machine a browser, or a server on a real socket, may be too
/// slow once.
const MOST_REPEATED: usize = 3;

#[derive(Args)]
pub(crate) struct Options {
    /// Run this part alone [default: all]
    part: Option<Part>,
    /// Also run the long forms, such as a million refreshes: an hour
    #[arg(long)]
    long: bool,
    /// Leave out the tests that need PostgreSQL and MariaDB: native ones are counted as ignored, the end-to-end tests with NestJS are not counted
    #[arg(long)]
    without_databases: bool,
    /// Leave out Firefox and WebKit; their end-to-end tests are counted as ignored
    #[arg(long)]
    chromium_only: bool,
    /// Run the tests with this in their name, after `--`; further arguments go to the test programs
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
    /// The app in Chromium, and its session also in Firefox and WebKit, against the real server
    E2e,
    /// The sizes of downloads, against the figures in sizes.toml
    Size,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let wanted = |part| options.part.is_none_or(|only| only == part);
    let mut table = Table::default();
    if wanted(Part::Native) {
        native(options, &mut table)?;
    }
    if wanted(Part::Fuzz) {
        let start = Instant::now();
        let count = fuzz::run(options.long)?;
        table.add(Row { kind: "fuzz", count, elapsed: start.elapsed(), failures: Failures::default() });
    }
    if wanted(Part::Browser) {
        in_browsers(options, &mut table)?;
    }
    if wanted(Part::E2e) {
        end_to_end(options, &mut table)?;
    }
    if wanted(Part::Size) {
        sizes(options, &mut table)?;
    }
    table.print();
    if table.total().failed == 0 { Ok(()) } else { Err(printed()) }
}

fn native(options: &Options, table: &mut Table) -> Result<()> {
    // `__rules` lets a test switch off single rules of the engine.
    let features = "wugan-testing/__rules,wugan/devtools,wugan/oidc,wugan/dpop,wugan-axum/verifier";
    let cargo = |kinds: &[&str]| {
        let mut cargo = project::cargo();
        cargo.args(["test", "--no-fail-fast", "--workspace", "--features", features]).args(kinds);
        cargo.args(NOT_NATIVE.iter().chain(&example_page::PACKAGES).flat_map(|package| ["--exclude", package])).arg("--");
        cargo
    };
    let mut tests = cargo(&["--lib", "--bins", "--tests", "--examples"]);
    // `jose`, on which oidc-provider depends, verifies the server's tokens and signs proofs.
    tests.env("WUGAN_TEST_JOSE", npm::openid_provider()?.join(".."));
    let mut databases = None;
    if !options.without_databases {
        if cfg!(target_os = "linux") {
            packages::require("strace", "strace", "strace, by which a test sees that the key file is durable,")?;
        }
        let running = databases::start(&mut tests)?;
        // Tests that need a database or strace are marked `#[ignore]`.
        databases = Some((running, clusters::find(tests.arg("--include-ignored"))));
    }
    if options.long {
        tests.env("WUGAN_TEST_LONG", "1");
    }
    let mut row = count("native", "12 min, 20 the first time", &mut tests, options)?;
    repeat(&mut row, &mut tests, options)?;
    table.add(row);
    drop(databases);
    // Alone: together with the app, Leptos would be compiled for the browser and the server at once.
    let mut rendering = project::cargo();
    rendering.args(["test", "--no-fail-fast", "--package", "wugan-example-ssr", "--features", "ssr", "--tests", "--"]);
    table.add(count("server rendering", "seconds, 2 min the first time", &mut rendering, options)?);
    table.add(count("documentation", "seconds", &mut cargo(&["--doc"]), options)?);
    Ok(())
}

fn in_browsers(options: &Options, table: &mut Table) -> Result<()> {
    let page = || Ok(SocketAddr::from(([127, 0, 0, 1], process::free_port()?)));
    // (title, variable with the driver's program, the driver, the page's address)
    let mut browsers = vec![("browser (Chromium)", "CHROMEDRIVER", browser::chromedriver()?, page()?)];
    if !options.chromium_only {
        browsers.push(("browser (Firefox)", "GECKODRIVER", browser::geckodriver()?, page()?));
    }
    toolchain::add_target()?;
    let bindgen = tools::folder(&tools::wasm_bindgen()?)?;
    let program = server::build(&TEST_PROGRAMS, "dev")?;
    example_page::compile_all()?;

    // The hardest conditions for a client: access tokens expire after 2 s, and a refresh token works once. Each test has its own account, and
    // all accounts are registered from one address. The server must allow the pages' origins.
    let strict = ["--access-ttl", "2s", "--reuse-leeway", "0s", "--address-limit", "10000/5m"].map(str::to_owned);
    let allowed = browsers.iter().flat_map(|(.., page)| ["--allow-origin".to_owned(), format!("http://{page}")]);
    let data = process::temporary_folder()?;
    let (_server, address) = server::start_on_free_port(&program, data.path(), &strict.into_iter().chain(allowed).collect::<Vec<_>>())?;
    let cargo = || {
        let mut tests = wasm::cargo("test");
        tests
            .args(["--package", "wugan", "--package", "wugan-timeline", "--package", "wugan-app", "--target", TARGET])
            .args(["--features", "wugan/devtools,wugan/leptos,wugan/oidc,wugan/dpop", "--no-fail-fast", "--lib", "--tests"])
            // Compiled into the tests.
            .env("WUGAN_TEST_SERVER", format!("http://{address}"));
        tests
    };
    step("Compiling the tests for browsers", "1 min, 4 the first time", || process::run(cargo().args(["--quiet", "--no-run"])))?;
    // At the same time, as most of them wait for a token to expire.
    let rows: Vec<_> = thread::scope(|scope| {
        let run = |(kind, variable, driver, page): &(&'static str, &str, PathBuf, SocketAddr)| {
            let tests = || {
                let mut tests = cargo();
                tools::put_on_path(&mut tests, std::slice::from_ref(&bindgen));
                // The runner takes the first driver that a variable names.
                for other in ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER", "MSEDGEDRIVER"] {
                    tests.env_remove(other);
                }
                tests
                    .arg("--")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
                    .env(variable, driver)
                    .env("WASM_BINDGEN_TEST_ADDRESS", page.to_string())
                    // Per test program; the runner's default of 20 s is too short for these.
                    .env("WASM_BINDGEN_TEST_TIMEOUT", "900");
                tests
            };
            let mut row = count(kind, "5 min", &mut tests(), options)?;
            // A test program takes one name.
            for failed in repeated(&row, options) {
                row.add_second_run(1, &count("failed browser test, again", "seconds", tests().arg(failed), options)?);
            }
            Ok(row)
        };
        let running: Vec<_> = browsers.iter().map(|browser| scope.spawn(move || run(browser))).collect();
        running.into_iter().map(|running| running.join().unwrap_or_else(|_| Err(failure("a thread of the tests panicked")))).collect()
    });
    rows.into_iter().try_for_each(|row| row.map(|row| table.add(row)))
}

fn end_to_end(options: &Options, table: &mut Table) -> Result<()> {
    let mut drivers = vec![("CHROMEDRIVER", browser::chromedriver()?)];
    if !options.chromium_only {
        drivers.extend([("GECKODRIVER", browser::geckodriver()?), ("WEBKITDRIVER", browser::webkit_driver()?)]);
    }
    let axe = npm::axe()?;
    app::build()?;
    let program = server::build(&TEST_PROGRAMS, "dev")?;
    example_page::compile_all()?;
    let (rendering, package) = example_page::rendered_on_server()?;
    // Removed also if the tests are killed, which leave their browsers' files then.
    let temporary = process::temporary_folder()?;
    let mut tests = project::cargo();
    tests
        .env("TMPDIR", temporary.path())
        .args(["test", "--package", "wugan-e2e", "--no-fail-fast", "--lib", "--test", "*", "--"])
        .envs(drivers)
        .env("WUGAN_TEST_AXE", axe)
        .env("WUGAN_TEST_LIGHTHOUSE", npm::lighthouse()?)
        .env("WUGAN_TEST_BARE_PAGE", example_page::bind("wugan-example-bare", "bare")?)
        .env("WUGAN_TEST_COOKIE_PAGE", example_page::bind("wugan-example-cookie", "cookie")?)
        .env("WUGAN_TEST_DPOP_PAGE", example_page::bind("wugan-example-dpop", "dpop")?)
        .env("WUGAN_TEST_LEPTOS_PAGE", example_page::bind("wugan-example-leptos", "leptos")?)
        .env("WUGAN_TEST_OIDC_PAGE", example_page::bind("wugan-example-oidc", "oidc")?)
        .env("WUGAN_TEST_AXUM_PAGE", example_page::bind("wugan-example-axum-page", "axum/page")?)
        .env("WUGAN_TEST_FOREIGN_PAGE", example_page::bind("wugan-e2e-foreign-page", "../e2e/foreign_page")?)
        .env("WUGAN_TEST_AXUM_BIN", program.with_file_name(format!("wugan-example-axum{}", env::consts::EXE_SUFFIX)))
        .env("WUGAN_TEST_SSR_BIN", rendering)
        .env("WUGAN_TEST_SSR_PKG", package)
        .env("WUGAN_TEST_OIDC_PROVIDER", npm::openid_provider()?)
        .env("WUGAN_TEST_EXPRESS", npm::express()?)
        .env("WUGAN_TEST_DJANGO", python::django()?)
        .env("WUGAN_TEST_SERVER_BIN", program)
        .env("WUGAN_WEB_ROOT", project::dist());
    let database = if options.without_databases {
        tests.args(["--skip", "nestjs"]);
        None
    } else {
        nest::build()?;
        Some(mariadb::start_with_databases(&["nest"])?)
    };
    tests.envs(database.as_ref().map(|database| ("WUGAN_TEST_NEST_DATABASE", database.url("nest"))));
    if !options.chromium_only {
        // The tests in Firefox and WebKit are marked `#[ignore]`, so that a run without these browsers counts them as ignored.
        tests.arg("--include-ignored");
    }
    let mut row = count("end to end", "18 min, 25 the first time", &mut tests, options)?;
    repeat(&mut row, &mut tests, options)?;
    table.add(row);
    Ok(())
}

/// Runs the failed tests a second time, if they are few.
fn repeat(row: &mut Row, tests: &mut Command, options: &Options) -> Result<()> {
    let failed = repeated(row, options);
    if !failed.is_empty() {
        let again = tests.arg("--exact").args(&failed);
        row.add_second_run(failed.len() as u64, &count("the failed tests again", "seconds", again, options)?);
    }
    Ok(())
}

/// The failed tests that run a second time, if they are few.
fn repeated(row: &Row, options: &Options) -> Vec<String> {
    let failed = row.failures.names();
    if failed.len() <= MOST_REPEATED && options.filter.is_empty() { failed } else { Vec::new() }
}

fn sizes(options: &Options, table: &mut Table) -> Result<()> {
    bench::prepare_sizes()?;
    app::build()?;
    let mut tests = project::cargo();
    tests.args(["test", "--package", "wugan-bench", "--", "--nocapture", "--test-threads=1"]);
    if wasm::shrink(&mut Command::new("cargo")) {
        tests.arg("--include-ignored");
    } else if env::var_os("CI").is_some() {
        return Err(failure("the size budget needs the standard library's source: run `rustup component add rust-src`"));
    } else {
        println!("    The size budget applies to builds with the standard library's source (see above): its tests are ignored.");
    }
    table.add(count("size", "2 min, 6 the first time", &mut tests, options)?);
    Ok(())
}

/// Runs a test command, whose last arguments go to the test programs, and prints its output. A command that runs no test, or fails without a
/// failed test, counts as one failure.
fn count(kind: &'static str, duration: &str, tests: &mut Command, options: &Options) -> Result<Row> {
    let start = Instant::now();
    tests.args(&options.filter).stdout(Stdio::piped());
    let (mut count, mut failures) = (Count::default(), Failures::default());
    let succeeded = step(&format!("Testing: {kind}"), duration, || {
        let mut running = Running::start(tests)?;
        for line in running.lines() {
            println!("{line}");
            count.read(&line);
            failures.read(&line);
        }
        Ok(running.wait()?.success())
    })?;
    if interrupted() {
        return Err(failure("interrupted"));
    }
    let ran_nothing = count == Count::default() && options.filter.is_empty();
    if ran_nothing || (!succeeded && count.failed == 0) {
        let why = if succeeded { "no test ran" } else { "it could not be built or run to its end" };
        println!("    {kind}: {why}; counted as one failure");
        count.failed = 1;
    }
    Ok(Row { kind, count, elapsed: start.elapsed(), failures })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn each_file_of_end_to_end_tests_is_part_of_a_test_program() {
        let tests = project::root().join("e2e/tests");
        let suite = fs::read_to_string(tests.join("suite.rs")).unwrap();
        for entry in fs::read_dir(tests).unwrap() {
            let name = entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            let is_program = ["suite", "lighthouse"].contains(&&*name);
            assert!(is_program || suite.contains(&format!("mod {name};")), "{name} is missing in e2e/tests/suite.rs");
        }
    }
}
