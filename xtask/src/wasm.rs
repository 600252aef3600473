//! The Rust toolchain that builds for the browser. With rustup it is one target more. On a machine that rustup's servers are out of
//! reach for, it is Debian's compiler, which brings the standard library's source, and builds that for wasm32 too.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::debian;
use crate::process::output_of;
use crate::project;
use crate::step::{Result, failure, step};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Set to `debian`, it takes Debian's compiler although rustup has the target: to try the fallback on any machine.
const CHOICE: &str = "XTASK_WASM_TOOLCHAIN";

/// Debian's compiler packages: rustc, cargo, the library's source, clippy.
const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];

#[derive(Debug, Clone)]
pub(crate) enum Toolchain {
    /// The compiler that everything else is built with has the target.
    Ordinary,
    /// Debian's, in /usr/bin, with this linker.
    Debian { linker: PathBuf },
}

/// Finds a toolchain for wasm32, or installs one.
pub(crate) fn toolchain() -> Result<Toolchain> {
    if env::var_os(CHOICE).is_some_and(|choice| choice == "debian") {
        return debians();
    }
    if has_target() {
        return Ok(Toolchain::Ordinary);
    }
    if let Some(found) = installed_debian() {
        return Ok(found);
    }
    if rustup_adds("target", TARGET, "trying Debian's compiler")? && has_target() {
        return Ok(Toolchain::Ordinary);
    }
    debians()
}

impl Toolchain {
    /// A cargo that builds for wasm32. Debian's has a build folder of its own: the two toolchains can share nothing.
    pub(crate) fn cargo(&self, task: &str) -> Command {
        let mut cargo = match self {
            Self::Ordinary => project::cargo(),
            // Not by way of cargo, which would look for a clippy in rustup's folder first.
            Self::Debian { .. } if task == "clippy" => Command::new("/usr/bin/cargo-clippy"),
            Self::Debian { .. } => Command::new("/usr/bin/cargo"),
        };
        cargo.arg(task);
        self.prepare(&mut cargo, &[]);
        cargo
    }

    /// Sets a command's environment so that every cargo it starts is the right one; `tools` go ahead of all on its path.
    pub(crate) fn prepare(&self, command: &mut Command, tools: &[PathBuf]) {
        let mut path = tools.to_vec();
        if let Self::Debian { linker } = self {
            path.push(PathBuf::from("/usr/bin"));
            command
                .env("CARGO", "/usr/bin/cargo")
                .env("RUSTC", "/usr/bin/rustc")
                .env("RUSTDOC", "/usr/bin/rustdoc")
                // The switch for building the standard library is not stable yet.
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort")
                .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                .env("CARGO_TARGET_DIR", self.target_dir())
                .env_remove("RUSTUP_TOOLCHAIN")
                // Cargo sets it for the programs it runs, with the libraries of rustup's compiler.
                .env_remove("LD_LIBRARY_PATH");
        }
        path.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
        // Joining fails only for a folder with the separator in its name, and then the path of old is the best there is.
        command.env("PATH", env::join_paths(path).unwrap_or_else(|_| env::var_os("PATH").unwrap_or_default()));
        // trunk reads NO_COLOR as a boolean and stops at "1"; where it failed is its own affair.
        command.current_dir(project::root()).env_remove("NO_COLOR").env("RUST_BACKTRACE", "0");
    }

    /// What makes the app a tenth smaller where the standard library's source is there: a panic ends without words (nobody would read
    /// them in a page), and the standard library is built for size.
    pub(crate) fn shrink(&self, command: &mut Command) -> Result<()> {
        if let Self::Ordinary = self {
            if !has_source(&sysroot("rustc")) && !rustup_adds("component", "rust-src", "the app will be a tenth larger")? {
                return Ok(());
            }
            // The switch for building the standard library is not stable yet.
            command.env("RUSTC_BOOTSTRAP", "1").env("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort");
        }
        command
            .env("CARGO_PROFILE_BROWSER_PANIC", "immediate-abort")
            .env("CARGO_UNSTABLE_PANIC_IMMEDIATE_ABORT", "true")
            .env("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size");
        Ok(())
    }

    pub(crate) fn target_dir(&self) -> PathBuf {
        match self {
            Self::Ordinary => project::target(),
            Self::Debian { .. } => project::target().join("web"),
        }
    }
}

/// The folder of a compiler's libraries.
fn sysroot(rustc: &str) -> Option<PathBuf> {
    output_of(Command::new(rustc).args(["--print", "sysroot"]).current_dir(project::root())).map(PathBuf::from)
}

fn has_target() -> bool {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    sysroot(&rustc).is_some_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

fn has_source(sysroot: &Option<PathBuf>) -> bool {
    sysroot.as_ref().is_some_and(|sysroot| sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").exists())
}

/// `false` where there is no rustup, or it can't reach its servers.
fn rustup_adds(kind: &str, name: &str, otherwise: &str) -> Result<bool> {
    if output_of(Command::new("rustup").arg("--version")).is_none() {
        return Ok(false);
    }
    step(&format!("Adding {name} with rustup"), "half a minute", || {
        let mut rustup = Command::new("rustup");
        rustup.args([kind, "add", name]).current_dir(project::root());
        // Where its servers are out of reach, asking them again and again changes nothing.
        let added = rustup.env("RUSTUP_MAX_RETRIES", "1").stdin(Stdio::null()).stderr(Stdio::null()).status();
        let added = added.is_ok_and(|status| status.success());
        if !added {
            println!("    rustup can't get it; {otherwise}");
        }
        Ok(added)
    })
}

fn debians() -> Result<Toolchain> {
    if let Some(found) = installed_debian() {
        return Ok(found);
    }
    let lld = debian::newest("lld").unwrap_or_else(|| "lld".to_owned());
    let mut packages = PACKAGES.to_vec();
    if newest_linker().is_none() {
        packages.push(&lld);
    }
    let purpose =
        format!("the Rust target {TARGET} (`rustup target add {TARGET}` adds it where there is rustup), or Debian's compiler for it,");
    debian::install(&packages, &purpose, "1 to 2 min")?;
    installed_debian().ok_or_else(|| {
        let oldest = env!("CARGO_PKG_RUST_VERSION");
        failure(format!("Debian's rustc-web is older than {oldest} or incomplete: run `rustup target add {TARGET}` instead"))
    })
}

fn installed_debian() -> Option<Toolchain> {
    let version = output_of(Command::new("/usr/bin/rustc").arg("--version"))?;
    let complete = has_source(&sysroot("/usr/bin/rustc"))
        && ["cargo", "cargo-clippy", "clippy-driver"].iter().all(|name| Path::new("/usr/bin").join(name).exists());
    let new_enough = minor(&version) >= minor(env!("CARGO_PKG_RUST_VERSION"));
    if !complete || !new_enough {
        return None;
    }
    Some(Toolchain::Debian { linker: newest_linker()? })
}

/// The `96` of `rustc 1.96.0 (…)`.
fn minor(version: &str) -> Option<u32> {
    version.split('.').nth(1)?.parse().ok()
}

/// Debian names its linkers `wasm-ld-19`; the older ones don't know what today's compiler writes.
fn newest_linker() -> Option<PathBuf> {
    const OLDEST: u32 = 19;
    let names = fs::read_dir("/usr/bin").ok()?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let number = names.filter_map(|name| name.strip_prefix("wasm-ld-")?.parse::<u32>().ok()).max()?;
    (number >= OLDEST).then(|| PathBuf::from(format!("/usr/bin/wasm-ld-{number}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert_eq!(minor("rustc 1.96.0 (ac68faa20 2026-05-25)"), Some(96));
        assert_eq!(minor("1.94"), Some(94));
        assert!(minor("rustc 1.100.0") > minor("rustc 1.94.0"));
        assert_eq!(minor("nonsense"), None);
    }

    #[test]
    fn debians_compiler_is_kept_to_the_command_it_is_for() {
        let mut command = Command::new("trunk");
        Toolchain::Debian { linker: PathBuf::from("/usr/bin/wasm-ld-19") }.prepare(&mut command, &[PathBuf::from("/opt/trunk/bin")]);
        let set = |name: &str| command.get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value?.to_str());
        assert_eq!(set("RUSTC"), Some("/usr/bin/rustc"));
        assert!(set("CARGO_TARGET_DIR").is_some_and(|dir| dir.ends_with("web")));
        assert!(set("PATH").is_some_and(|path| path.starts_with("/opt/trunk/bin:/usr/bin:")), "the tools, then Debian's, then the rest");

        let mut command = Command::new("trunk");
        Toolchain::Ordinary.prepare(&mut command, &[]);
        assert!(command.get_envs().all(|(key, _)| key != "RUSTC" && key != "CARGO_TARGET_DIR"), "the ordinary way changes nothing");
    }
}
