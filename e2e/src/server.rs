//! The built server, on a database of its own, at a port that was free; it can be stopped and started again at the same address.

use std::env;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Result;

/// A running server; dropped, it ends.
pub struct Server {
    process: Process,
    address: SocketAddr,
    admin: SocketAddr,
    flags: Vec<String>,
    data: TempDir,
}

/// What the server has counted of refreshes, by how it answered them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refreshes {
    /// A new pair of tokens was made.
    pub rotated: u64,
    /// The pair made before was given again.
    pub repeated: u64,
    /// The token was no good.
    pub refused: u64,
    /// The token was a replaced one: its session was ended.
    pub revoked: u64,
}

impl Server {
    /// Starts it with these flags beside the address and the files.
    ///
    /// # Errors
    /// If the program is not there or does not come up.
    pub async fn start(flags: &[&str]) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
        let (process, [address, admin]) = Process::start(SocketAddr::from(([127, 0, 0, 1], 0)), &flags, &data).await?;
        Ok(Self { process, address, admin, flags, data })
    }

    /// Runs an operator's command on the server's database. Returns its output.
    ///
    /// # Errors
    /// If the command fails; the error is what it says.
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

    /// Where it is: `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, as a machine does that is switched off. Its accounts stay.
    pub fn stop(&mut self) {
        self.process.end();
    }

    /// Lets it hang, as a machine does that has too much to do: what is sent to it arrives, and is read when it [goes on](Server::go_on).
    ///
    /// # Errors
    /// If it cannot be told.
    pub fn hang(&self) -> Result {
        self.process.signal("STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// If it cannot be told.
    pub fn go_on(&self) -> Result {
        self.process.signal("CONT")
    }

    /// Starts it again, at the address it had.
    ///
    /// # Errors
    /// If it does not come up.
    pub async fn start_again(&mut self) -> Result {
        self.process.end();
        (self.process, [self.address, self.admin]) = Process::start(self.address, &self.flags, &self.data).await?;
        Ok(())
    }

    /// How many refreshes it has answered since it started.
    ///
    /// # Errors
    /// If it can't be asked.
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

    /// How many requests to a route it has answered with a status since it started.
    ///
    /// # Errors
    /// If it can't be asked.
    pub async fn answered(&self, route: &str, status: u16) -> Result<u64> {
        Ok(sum(&self.metrics().await?, "wugan_requests_total", &[("route", route), ("status", &status.to_string())]))
    }

    /// Signs somebody in from another device, which calls itself so.
    ///
    /// # Errors
    /// If the server does not let him in.
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

/// The sum of all samples of a counter that have these labels, in Prometheus' text form.
fn sum(metrics: &str, counter: &str, labels: &[(&str, &str)]) -> u64 {
    let samples = metrics.lines().filter_map(|line| line.strip_prefix(counter)?.strip_prefix('{')?.split_once("} "));
    let wanted: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let matching = samples.filter(|(given, _)| wanted.iter().all(|label| given.split(',').any(|one| one == label)));
    matching.filter_map(|(_, value)| value.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// The server's program.
fn program() -> PathBuf {
    from_env("WUGAN_SERVER_BIN", "target/debug/wugan-server")
}

/// Removes the variables of the tests, which the server does not know.
fn remove_variables(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WUGAN_")) {
        command.env_remove(name);
    }
}

/// The server's process; dropped, it ends.
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
            Err(_) => Err(format!("{} ended without listening: it says why above", program.display()).into()),
        }
    }

    fn signal(&self, signal: &str) -> Result {
        // The shell's own `kill`: not every machine has a program of that name.
        let told = Command::new("sh").arg("-c").arg(format!("kill -{signal} {}", self.0.id())).status()?;
        if told.success() { Ok(()) } else { Err(format!("the server cannot be sent SIG{signal}").into()) }
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address in one of the lines with which the server says that it listens: the public address, then that of the admin listener.
fn address_in(line: String) -> Option<SocketAddr> {
    line.split_once("listen").and_then(|(_, rest)| rest.split_once(" on http://"))?.1.parse().ok()
}

/// A path from the environment; the default is one in the project's folder.
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
    fn counters_are_summed_over_the_labels_that_were_not_asked_for() {
        assert_eq!(sum(METRICS, "wugan_refresh_total", &[("outcome", "rotated")]), 3);
        assert_eq!(sum(METRICS, "wugan_requests_total", &[("route", "/bbb"), ("status", "200")]), 6);
        assert_eq!(sum(METRICS, "wugan_requests_total", &[("route", "/aaa")]), 0);
    }

    #[test]
    fn the_address_is_read_from_the_line_that_says_it() {
        assert_eq!(address_in("listening on http://127.0.0.1:4711".into()), "127.0.0.1:4711".parse().ok());
        assert_eq!(address_in("admin listener on http://127.0.0.1:4712".into()), "127.0.0.1:4712".parse().ok());
        assert_eq!(address_in("starting".into()), None);
    }
}
