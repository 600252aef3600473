//! The server's program: building it, starting it, and waiting until it answers.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::{Running, interrupted, run};
use crate::project;
use crate::step::{Result, failure, step};

/// How long a start may take on a slow machine: it opens its database and brings it up to date.
const PATIENCE: Duration = Duration::from_secs(60);

/// How variables begin that are the tests' own: the server refuses to start with what it does not know.
const OF_TESTS: [&str; 7] =
    ["WUGAN_TEST_", "WUGAN_SEED", "WUGAN_SCREENSHOTS", "WUGAN_AXE", "WUGAN_SERVER_BIN", "WUGAN_COOKIE_PAGE", "WUGAN_OIDC_"];

/// How the server is built.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Build {
    Dev,
    Release,
}

pub(crate) fn build(build: Build) -> Result<PathBuf> {
    let (folder, flags, about): (_, &[_], _) = match build {
        Build::Dev => ("debug", &[], "seconds if nothing changed, 3 min the first time"),
        Build::Release => ("release", &["--release"], "seconds if nothing changed, 5 min the first time"),
    };
    step("Building the server", about, || run(project::cargo().args(["build", "--quiet", "--package", "wugan-server"]).args(flags)))?;
    Ok(project::target().join(folder).join(format!("wugan-server{}", std::env::consts::EXE_SUFFIX)))
}

/// Starts the server with its database and its key in `data`, and returns when it answers. What the environment or `args` say
/// about the same things goes before it.
pub(crate) fn start(program: &Path, data: &Path, address: SocketAddr, args: &[String]) -> Result<Running> {
    fs::create_dir_all(data).map_err(|e| failure(format!("{} can't be made: {e}", data.display())))?;
    must_be_free(address)?;
    let mut command = Command::new(program);
    command.current_dir(project::root()).args(args);
    let of_tests = |name: &str| OF_TESTS.iter().any(|start| name.starts_with(start));
    for (name, _) in std::env::vars_os().filter(|(name, _)| of_tests(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    let defaults = [
        ("WUGAN_LISTEN", address.to_string()),
        ("WUGAN_DATABASE_URL", format!("sqlite://{}", data.join("wugan.db").display())),
        ("WUGAN_SIGNING_KEY", data.join("wugan.key").display().to_string()),
        ("WUGAN_WEB_ROOT", project::dist().display().to_string()),
    ];
    for (name, value) in defaults.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()) {
        command.env(name, value);
    }
    let mut server = Running::start(&mut command)?;
    wait_for_answer(&mut server, address)?;
    Ok(server)
}

/// The address that the server will take: `--listen` among its arguments, `WUGAN_LISTEN`, else this port of this machine.
pub(crate) fn address(port: u16, args: &[String]) -> Result<SocketAddr> {
    let said = listen_in(args).or_else(|| std::env::var("WUGAN_LISTEN").ok());
    match said {
        Some(said) => said.parse().map_err(|_| failure(format!("--listen {said}: write it as 127.0.0.1:3000"))),
        None => Ok(SocketAddr::from(([127, 0, 0, 1], port))),
    }
}

fn listen_in(args: &[String]) -> Option<String> {
    let apart = args.iter().skip_while(|arg| *arg != "--listen").nth(1).map(String::as_str);
    let joined = args.iter().find_map(|arg| arg.strip_prefix("--listen="));
    apart.or(joined).map(str::to_owned)
}

/// Fails if another program uses the port: it would answer in the server's place. Checked before anything is built.
pub(crate) fn must_be_free(address: SocketAddr) -> Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(e) => Err(failure(format!("{address} can't be listened on ({e}): end what uses it, or take another port with --port"))),
    }
}

fn wait_for_answer(server: &mut Running, address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while !is_healthy(address) {
        if let Some(status) = server.ended()? {
            return Err(failure(format!("the server ended at once ({status}): it says why above")));
        }
        if interrupted() || start.elapsed() > PATIENCE {
            return Err(failure(format!("the server did not answer at {address} within {} s", PATIENCE.as_secs())));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Whether `GET /healthz` answers 200.
fn is_healthy(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect_timeout(&local(address), Duration::from_secs(1))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer == *b"HTTP/1.1 200")
    };
    ask().unwrap_or(false)
}

/// Where this machine reaches a server that listens on all of its addresses.
pub(crate) fn local(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn args(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_address_is_read_from_both_ways_to_write_it() {
        assert_eq!(listen_in(&args("--access-ttl 2s --listen 0.0.0.0:80")).as_deref(), Some("0.0.0.0:80"));
        assert_eq!(listen_in(&args("--listen=[::1]:81")).as_deref(), Some("[::1]:81"));
        assert_eq!(listen_in(&args("--access-ttl 2s")), None);
        assert_eq!(local("0.0.0.0:80".parse().unwrap()), "127.0.0.1:80".parse().unwrap());
    }

    #[test]
    fn a_port_in_use_is_told_before_anything_starts() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = must_be_free(taken.local_addr().unwrap()).unwrap_err().to_string();
        assert!(refused.contains("--port"), "{refused}");
    }
}
