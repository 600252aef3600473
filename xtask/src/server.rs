//! The server's program: builds and starts it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};
use wugan_local::process::{Running, run};

/// How the variables of the tests begin. The server refuses to start with unknown variables that begin with `WUGAN_`.
const OF_TESTS: [&str; 2] = ["WUGAN_TEST_", "WUGAN_SEED"];

/// Builds the server, and other packages with it. Returns the server's program.
pub(crate) fn build(packages: &[&str], profile: &str) -> Result<PathBuf> {
    step("Building the server", "seconds if nothing changed, 3 to 5 min the first time", || {
        let packages = packages.iter().map(|package| format!("--package={package}"));
        run(project::cargo().args(["build", "--quiet", "--profile", profile]).args(packages))
    })?;
    let folder = if profile == "dev" { "debug" } else { profile };
    Ok(project::target().join(folder).join(format!("wugan-server{}", env::consts::EXE_SUFFIX)))
}

/// The server's command, with its database and its key in `data`. Variables of the environment, and `args`, override these settings.
pub(crate) fn command(program: &Path, data: &Path, listen: SocketAddr, args: &[String]) -> Result<Command> {
    fs::create_dir_all(data).map_err(|e| failure(format!("{} can't be created: {e}", data.display())))?;
    let mut command = Command::new(program);
    command.current_dir(project::root()).args(args);
    let of_tests = |name: &str| OF_TESTS.iter().any(|start| name.starts_with(start));
    for (name, _) in env::vars_os().filter(|(name, _)| of_tests(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let settings = [
        ("WUGAN_LISTEN", listen.to_string()),
        ("WUGAN_DATABASE_URL", format!("sqlite://{}", data.join("wugan.db").display())),
        ("WUGAN_SIGNING_KEY", data.join("wugan.key").display().to_string()),
        ("WUGAN_WEB_ROOT", project::dist().display().to_string()),
    ];
    command.envs(settings.into_iter().filter(|(name, _)| env::var_os(name).is_none()));
    Ok(command)
}

/// Starts the server on a free port, for tests. Returns its address when it listens.
pub(crate) fn start_on_free_port(program: &Path, data: &Path, args: &[String]) -> Result<(Running, SocketAddr)> {
    let mut command = command(program, data, SocketAddr::from(([127, 0, 0, 1], 0)), args)?;
    let mut server = Running::start(command.stdout(Stdio::piped()))?;
    let address = server.lines().find_map(|line| address_in(&line));
    let address = address.ok_or_else(|| failure("the server ended without listening: the reason is printed above"))?;
    Ok((server, address))
}

/// The address in the line that the server prints when it listens.
fn address_in(line: &str) -> Option<SocketAddr> {
    line.strip_prefix("listening on http://")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_first_line() {
        assert_eq!(address_in("listening on http://127.0.0.1:4711").map(|address| address.port()), Some(4711));
        assert_eq!(address_in("admin listener on http://127.0.0.1:4712"), None);
    }
}
