//! The fuzz targets of `fuzz/`, built as cargo-fuzz builds them, with AddressSanitizer, but by the stable toolchain: `RUSTC_BOOTSTRAP` permits
//! the switches. The crates here forbid unsafe code, so the targets look for panics and broken invariants.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wugan_bundle::command::output_of;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_local::packages;
use wugan_local::process;

use crate::count::Count;

const TARGETS: [&str; 3] = ["tokens", "signed", "bodies"];
const SWITCHES: &str = "-Zsanitizer=address -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs each target: some thousand inputs, or ten minutes if `long`.
pub(crate) fn run(long: bool) -> Result<Count> {
    if !cfg!(target_os = "linux") {
        println!("    Fuzzing needs Linux: {} targets are ignored", TARGETS.len());
        return Ok(Count { ignored: TARGETS.len() as u64, ..Count::default() });
    }
    packages::require("c++", "g++", "a C++ compiler (for libFuzzer)")?;
    let programs = build()?;
    let mut count = Count::default();
    for target in TARGETS {
        let duration = if long { "10 min" } else { "10 to 40 s" };
        let passed = step(&format!("Fuzzing: {target}"), duration, || Ok(fuzz(&programs.join(target), target, long).is_ok()))?;
        if process::interrupted() {
            return Err(failure("interrupted"));
        }
        println!("    fuzz target {target} ... {}", if passed { "ok" } else { "FAILED" });
        if passed { count.passed += 1 } else { count.failed += 1 }
    }
    Ok(count)
}

/// Builds all targets, and returns the folder with their programs.
fn build() -> Result<PathBuf> {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    let host = output_of(rustc.args(["--print", "host-tuple"])).ok_or_else(|| failure("`rustc --print host-tuple` failed"))?;
    let folder = project::target().join("fuzz");
    step("Building the fuzz targets", "seconds if nothing changed, 5 min the first time", || {
        let mut cargo = project::cargo();
        cargo.args(["build", "--quiet", "--bins", "--target", &host, "--manifest-path"]).arg(home().join("Cargo.toml"));
        process::run(cargo.env("RUSTC_BOOTSTRAP", "1").env("CARGO_TARGET_DIR", &folder).env("RUSTFLAGS", SWITCHES))
    })?;
    Ok(folder.join(host).join("debug"))
}

/// Runs one target. An input that fails is stored in `target/fuzz/found`, and the last lines of the output name it. A long run continues with
/// the inputs of the previous one; a short one starts from the seeds.
fn fuzz(program: &Path, target: &str, long: bool) -> Result<()> {
    let work = project::target().join("fuzz");
    let (corpus, found) = (work.join("corpus").join(target), work.join("found"));
    for folder in [&corpus, &found] {
        fs::create_dir_all(folder).map_err(|e| failure(format!("{} can't be created: {e}", folder.display())))?;
    }
    let temporary = process::temporary_folder()?;
    let mut libfuzzer = Command::new(program);
    // New inputs are stored in the first folder.
    libfuzzer.arg(if long { corpus.as_path() } else { temporary.path() }).arg(home().join("seeds").join(target));
    libfuzzer.arg(format!("-artifact_prefix={}/{target}-", found.display()));
    libfuzzer.arg(if long { "-max_total_time=600" } else { "-runs=3000" });
    process::run(libfuzzer.args(["-max_len=6000", "-timeout=60", "-verbosity=0", "-print_funcs=0", "-print_final_stats=1"]))
}

fn home() -> PathBuf {
    project::root().join("fuzz")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_target_runs_and_has_seeds() {
        for target in TARGETS {
            assert!(home().join("fuzz_targets").join(target).with_extension("rs").exists(), "{target}");
            assert!(fs::read_dir(home().join("seeds").join(target)).unwrap().count() >= 2, "{target}");
        }
        assert_eq!(fs::read_dir(home().join("fuzz_targets")).unwrap().count(), TARGETS.len());
    }
}
