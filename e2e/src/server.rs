//! Starts the built server with a new database at a free port. It can be stopped, suspended, and restarted at the same address.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// A running server. Dropping it ends it.
pub struct Server {
    process: Process,
    address: SocketAddr,
    admin: SocketAddr,
    flags: Vec<String>,
    data: TempDir,
}

/// The number of refreshes by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// A new pair of tokens was issued.
    pub rotated: u64,
    /// The same pair was sent again.
    pub repeated: u64,
    /// The token was refused.
    pub refused: u64,
    /// The token had been replaced, and its session was ended.
    pub revoked: u64,
}

impl Server {
    /// Starts it with these flags in addition to those for the addresses and files.
    ///
    /// # Errors
    /// The program is missing or does not start.
    pub async fn start(flags: &[&str]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let (process, [address, admin]) = Process::start(SocketAddr::from(([127, 0, 0, 1], 0)), &flags, &data).await?;
        Ok(Self { process, address, admin, flags, data })
    }

    /// Runs an operator's command on the server's database. Returns its output.
    ///
    /// # Errors
    /// The command fails; the error is its output.
    pub fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(program());
        remove_variables(&mut command);
        command.args(arguments).args(["--database-url", &format!("sqlite://{}", self.data.path().join("wugan.db").display())]);
        let output = command.arg("--signing-key").arg(self.data.path().join("wugan.key")).stdin(Stdio::null()).output()?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }

    /// Lets the links expire that `user reset` printed.
    ///
    /// # Errors
    /// Python is missing, or the database cannot be written.
    pub fn expire_reset_links(&self) -> Result {
        let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as database:\n    \
            database.execute('UPDATE users SET reset_expires_at = 1 WHERE reset_expires_at IS NOT NULL')";
        let status = Command::new("python3").args(["-c", script]).arg(self.data.path().join("wugan.db")).status()?;
        if status.success() { Ok(()) } else { Err("the database cannot be written".into()) }
    }

    /// The server's address: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills the process. The database stays.
    pub fn stop(&mut self) {
        self.process.end();
    }

    /// Suspends the process (SIGSTOP). The system accepts connections, and the server reads them when it is [resumed](Server::resume).
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn suspend(&self) -> Result {
        self.process.signal("STOP")
    }

    /// Resumes the process (SIGCONT).
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn resume(&self) -> Result {
        self.process.signal("CONT")
    }

    /// Restarts the server at the same address.
    ///
    /// # Errors
    /// It does not start.
    pub async fn restart(&mut self) -> Result {
        self.process.end();
        (self.process, [self.address, self.admin]) = Process::start(self.address, &self.flags, &self.data).await?;
        Ok(())
    }

    /// The number of refreshes since the start.
    ///
    /// # Errors
    /// The metrics cannot be read.
    pub async fn refreshes(&self) -> Result<Refreshes> {
        let metrics = self.metrics().await?;
        let by_outcome = |outcome: &str| sum(&metrics, "wugan_refresh_total", &[("outcome", outcome)]);
        Ok(Refreshes {
            rotated: by_outcome("rotated"),
            repeated: by_outcome("repeated"),
            refused: by_outcome("refused"),
            revoked: by_outcome("revoked"),
        })
    }

    /// The number of requests to a route that were answered with this status since the start.
    ///
    /// # Errors
    /// The metrics cannot be read.
    pub async fn answered(&self, route: &str, status: u16) -> Result<u64> {
        Ok(sum(&self.metrics().await?, "wugan_requests_total", &[("route", route), ("status", &status.to_string())]))
    }

    /// Signs a user in from another device with this `User-Agent`.
    ///
    /// # Errors
    /// The server refuses the sign-in.
    pub async fn sign_in_from(&self, user_agent: &str, name: &str, password: &str) -> Result {
        let credentials = serde_json::json!({ "username": name, "password": password });
        let request = reqwest::Client::new().post(format!("{}/user/login", self.url())).header("user-agent", user_agent);
        request.header("content-type", "application/json").body(credentials.to_string()).send().await?.error_for_status()?;
        Ok(())
    }

    async fn metrics(&self) -> Result<String> {
        Ok(reqwest::get(format!("http://{}/metrics", self.admin)).await?.error_for_status()?.text().await?)
    }
}

/// The sum of a counter's samples with these labels, in Prometheus' text format.
fn sum(metrics: &str, counter: &str, labels: &[(&str, &str)]) -> u64 {
    let samples = metrics.lines().filter_map(|line| line.strip_prefix(counter)?.strip_prefix('{')?.split_once("} "));
    let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let matching = samples.filter(|(given, _)| wanted.iter().all(|label| given.split(',').any(|one| one == label)));
    matching.filter_map(|(_, value)| value.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// The server's program.
fn program() -> PathBuf {
    from_env("WUGAN_TEST_SERVER_BIN", "target/debug/wugan-server")
}

/// Removes the tests' variables: the server refuses unknown ones that begin with `WUGAN_`.
fn remove_variables(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WUGAN_")) {
        command.env_remove(name);
    }
}

/// The server's process. Dropping it ends it.
struct Process(Child);

impl Process {
    async fn start(listen: SocketAddr, flags: &[String], data: &TempDir) -> Result<(Self, [SocketAddr; 2])> {
        let program = program();
        let mut command = Command::new(&program);
        remove_variables(&mut command);
        command
            .args(["--listen", &listen.to_string(), "--admin-listen", "127.0.0.1:0", "--session-limit", "60000/1m"])
            .args(["--database-url", &format!("sqlite://{}", data.path().join("wugan.db").display())])
            .arg("--signing-key")
            .arg(data.path().join("wugan.key"))
            .args(flags)
            .env("WUGAN_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if !flags.iter().any(|flag| flag == "--web-root") {
            command.arg("--web-root").arg(from_env("WUGAN_WEB_ROOT", "dist"));
        }
        let child = command.spawn().map_err(|e| format!("{}: {e}; `cargo xtask test e2e` builds it", program.display()))?;
        let mut process = Self(child);
        let Some(output) = process.0.stdout.take() else { return Err("the server has no output".into()) };
        let addresses = move || {
            let lines = BufReader::new(output).lines().map_while(std::io::Result::ok);
            lines.filter_map(address_in).take(2).collect::<Vec<_>>()
        };
        match tokio::task::spawn_blocking(addresses).await?.try_into() {
            Ok(addresses) => Ok((process, addresses)),
            Err(_) => Err(format!("{} ended without listening; its log is above", program.display()).into()),
        }
    }

    fn signal(&self, signal: &str) -> Result {
        // The shell's builtin: a program `kill` may be missing.
        let status = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", self.0.id())).status()?;
        if status.success() { Ok(()) } else { Err(format!("the server cannot be sent SIG{signal}").into()) }
    }

    fn end(&mut self) {
        // Fails if the process has already ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address in a line of the server's output. It prints the public address first, then that of the admin listener.
fn address_in(line: String) -> Option<SocketAddr> {
    line.split_once("listen").and_then(|(_, rest)| rest.split_once(" on http://"))?.1.parse().ok()
}

/// A path from the environment, or a default in the project's folder.
pub(crate) fn from_env(variable: &str, default: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(default), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METRICS: &str = "# TYPE wugan_refresh counter\n\
        wugan_refresh_total{outcome=\"rotated\"} 3\n\
        wugan_refresh_total{outcome=\"refused\"} 1\n\
        wugan_requests_total{method=\"GET\",route=\"/bbb\",status=\"200\"} 4\n\
        wugan_requests_total{method=\"HEAD\",route=\"/bbb\",status=\"200\"} 2\n\
        wugan_requests_total{method=\"GET\",route=\"/bbb\",status=\"401\"} 7\n";

    #[test]
    fn counters_are_summed_over_labels_that_are_not_given() {
        assert_eq!(sum(METRICS, "wugan_refresh_total", &[("outcome", "rotated")]), 3);
        assert_eq!(sum(METRICS, "wugan_requests_total", &[("route", "/bbb"), ("status", "200")]), 6);
        assert_eq!(sum(METRICS, "wugan_requests_total", &[("route", "/aaa")]), 0);
    }

    #[test]
    fn the_address_is_parsed_from_the_servers_output() {
        assert_eq!(address_in("listening on http://127.0.0.1:4711".into()), "127.0.0.1:4711".parse().ok());
        assert_eq!(address_in("admin listener on http://127.0.0.1:4712".into()), "127.0.0.1:4712".parse().ok());
        assert_eq!(address_in("starting".into()), None);
    }
}
