//! Programs that `cargo install` builds: installed once, into the user's cache.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use wugan_bundle::project;
use wugan_bundle::step::{Result, step};
use wugan_bundle::tools::{self, Tool};
use wugan_local::process::run;

/// trunk, which builds and serves the app.
pub(crate) fn trunk() -> Tool {
    let (version, accepted) = ("0.21.14".to_owned(), "0.21.".to_owned());
    Tool { package: "trunk", programs: &["trunk"], version, accepted, features: &[], locked: true, duration: "7 min on two cores" }
}

/// geckodriver, which controls Firefox.
pub(crate) fn geckodriver() -> Tool {
    let (version, accepted) = ("0.37.0".to_owned(), "0.37.".to_owned());
    Tool {
        package: "geckodriver",
        programs: &["geckodriver"],
        version,
        accepted,
        features: &[],
        locked: true,
        duration: "3 min on two cores",
    }
}

/// wasm-bindgen, with its test runner.
pub(crate) fn wasm_bindgen() -> Result<Tool> {
    Ok(Tool { programs: &["wasm-bindgen", "wasm-bindgen-test-runner"], ..tools::wasm_bindgen()? })
}

/// The folder with a tool's programs, which are installed if they are missing.
pub(crate) fn folder(tool: &Tool) -> Result<PathBuf> {
    if let Some(folder) = tool.folder() {
        return Ok(folder);
    }
    let root = tool.root()?;
    let mut install = project::cargo();
    install.args(tool.install_arguments()).arg("--quiet").arg("--root").arg(&root);
    // These settings halve the build time; the tools run for seconds.
    let settings = [("LTO", "off"), ("CODEGEN_UNITS", "16"), ("OPT_LEVEL", "1"), ("DEBUG", "0")];
    install.envs(settings.map(|(name, value)| (format!("CARGO_PROFILE_RELEASE_{name}"), value))).env_remove("CARGO_TARGET_DIR");
    step(&format!("Running `cargo {}` into {}, once", tool.install_arguments().join(" "), root.display()), tool.duration, || {
        run(&mut install)
    })?;
    Ok(root.join("bin"))
}

/// Puts folders first on a command's `PATH`.
pub(crate) fn put_on_path(command: &mut Command, folders: &[PathBuf]) {
    let path = env::var_os("PATH").unwrap_or_default();
    // Joining fails only if a folder's name contains the separator; then `PATH` stays unchanged.
    if let Ok(joined) = env::join_paths(folders.iter().cloned().chain(env::split_paths(&path))) {
        command.env("PATH", joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_go_first_on_the_path() {
        let mut command = Command::new("trunk");
        put_on_path(&mut command, &[PathBuf::from("/opt/trunk/bin")]);
        let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
        assert_eq!(path.and_then(|path| env::split_paths(path).next()), Some(PathBuf::from("/opt/trunk/bin")));
    }
}
