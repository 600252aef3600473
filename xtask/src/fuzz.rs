//! The fuzz targets of `fuzz/`: each fed with inputs that it has not seen, from seeds, until it breaks or has had enough.
//!
//! Built as cargo-fuzz builds them, with the machine's own stable toolchain: what only nightly lets pass is passed by `RUSTC_BOOTSTRAP`.
//! With AddressSanitizer where its runtime lies beside the standard library (rustup's toolchains have it), else without: the crates here
//! forbid unsafe code, so what is looked for are panics and broken promises.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::process::{self, output_of};
use crate::project;
use crate::step::{Result, failure, step};
use crate::tally::Count;

const TARGETS: [&str; 3] = ["tokens", "signed", "bodies"];
const SHORT: &str = "-runs=3000";
const LONG: &str = "-max_total_time=600";

const COVERAGE: [&str; 5] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
];

pub(crate) fn run(long: bool) -> Result<Count> {
    if !cfg!(target_os = "linux") {
        println!("    fuzzing is done on Linux alone: {} targets are ignored", TARGETS.len());
        return Ok(Count { ignored: TARGETS.len() as u64, ..Count::default() });
    }
    if !["c++", "g++", "clang++"].iter().any(|compiler| output_of(Command::new(compiler).arg("--version")).is_some()) {
        debian::install(&["g++"], "a C++ compiler (for libFuzzer)", "1 min")?;
    }
    let programs = build()?;
    let mut count = Count::default();
    for target in TARGETS {
        let about = if long { "10 min" } else { "10 to 40 s" };
        let held = step(&format!("Fuzzing: {target}"), about, || Ok(fuzz(&programs.join(target), target, long).is_ok()))?;
        if process::interrupted() {
            return Err(failure("interrupted"));
        }
        println!("    fuzz target {target} ... {}", if held { "ok" } else { "FAILED" });
        if held { count.passed += 1 } else { count.failed += 1 }
    }
    Ok(count)
}

/// Builds all targets; their folder.
fn build() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let asked = |what: &[&str]| output_of(Command::new(&rustc).args(what)).ok_or_else(|| failure("rustc does not answer"));
    let host = host_in(&asked(&["-vV"])?).ok_or_else(|| failure("rustc -vV names no host"))?;
    let mut flags = COVERAGE.map(str::to_owned).to_vec();
    let sanitizer = has_sanitizer(Path::new(&asked(&["--print", "target-libdir"])?));
    if sanitizer {
        flags.push("-Zsanitizer=address".to_owned());
    }
    let folder = project::target().join("fuzz");
    let with = if sanitizer { "with AddressSanitizer" } else { "without a sanitizer: this toolchain has none" };
    step(&format!("Building the fuzz targets ({with})"), "seconds if nothing changed, 5 min the first time", || {
        let mut cargo = project::cargo();
        cargo.args(["build", "--quiet", "--bins", "--target", &host, "--manifest-path"]).arg(home().join("Cargo.toml"));
        cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &folder).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        process::run(&mut cargo)
    })?;
    Ok(folder.join(host).join("debug"))
}

/// Runs one target. What broke it is left in `target/fuzz/found`, and named by its last lines. A long run goes on where the last one ended;
/// a short one begins with the seeds, as it would on a fresh machine.
fn fuzz(program: &Path, target: &str, long: bool) -> Result<()> {
    let work = project::target().join("fuzz");
    let (kept, found) = (work.join("corpus").join(target), work.join("found"));
    for folder in [&kept, &found] {
        fs::create_dir_all(folder).map_err(|e| failure(format!("{} can't be made: {e}", folder.display())))?;
    }
    let fresh = tempfile::tempdir().map_err(|e| failure(format!("no temporary folder ({e}): set TMPDIR")))?;
    let mut run = Command::new(program);
    // What is new goes to the first folder.
    run.arg(if long { kept.as_path() } else { fresh.path() }).arg(home().join("seeds").join(target));
    run.arg(format!("-artifact_prefix={}/{target}-", found.display())).arg(if long { LONG } else { SHORT });
    process::run(run.args(["-max_len=6000", "-timeout=60", "-verbosity=0", "-print_funcs=0", "-print_final_stats=1"]))
}

fn home() -> PathBuf {
    project::root().join("fuzz")
}

fn host_in(version: &str) -> Option<String> {
    version.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

/// Whether the runtime of AddressSanitizer lies there, such as `librustc-stable_rt.asan.a`.
fn has_sanitizer(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.map(|file| file.file_name().to_string_lossy().into_owned()).any(|name| name.ends_with("_rt.asan.a"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_target_is_there_with_seeds() {
        for target in TARGETS {
            assert!(home().join("fuzz_targets").join(target).with_extension("rs").exists(), "{target}");
            assert!(fs::read_dir(home().join("seeds").join(target)).unwrap().count() >= 2, "{target}");
        }
        assert_eq!(fs::read_dir(home().join("fuzz_targets")).unwrap().count(), TARGETS.len(), "each is run");
    }

    #[test]
    fn the_host_and_the_sanitizer_are_found_where_they_are() {
        assert_eq!(host_in("rustc 1.95.0\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\n").as_deref(), Some("x86_64-unknown-linux-gnu"));
        let folder = tempfile::tempdir().unwrap();
        assert!(!has_sanitizer(folder.path()));
        fs::write(folder.path().join("librustc-stable_rt.asan.a"), "").unwrap();
        assert!(has_sanitizer(folder.path()));
    }
}
