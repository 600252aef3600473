//! Trunk's `post_build` hook (Trunk.toml), for release builds.

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let folder = |name| env::var_os(name).map(PathBuf::from);
    let (Some(staged), Some(dist)) = (folder("TRUNK_STAGING_DIR"), folder("TRUNK_DIST_DIR")) else {
        eprintln!("error: this is trunk's hook: run `trunk build --release`");
        return ExitCode::FAILURE;
    };
    match wugan_bundle::replace(&staged, &dist) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
