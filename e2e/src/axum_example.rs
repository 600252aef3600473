//! Starts the application of `examples/axum`, which serves its page.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::{Result, server::from_env};

/// The running application. Dropping it ends it.
pub struct AxumExample {
    process: Child,
    url: String,
    _data: TempDir,
}

impl AxumExample {
    /// Starts it at a free port, with access tokens of this lifetime.
    ///
    /// # Errors
    /// The program is missing or does not start.
    pub async fn start(access_seconds: u32) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let program = env::current_dir()?.join(from_env("WUGAN_AXUM_BIN", "target/debug/wugan-example-axum"));
        let page = env::current_dir()?.join(from_env("WUGAN_AXUM_PAGE", "target/axum-page"));
        let mut command = Command::new(&program);
        command.current_dir(data.path()).env("PAGE", page).env("LISTEN", "127.0.0.1:0").env("ACCESS_SECONDS", access_seconds.to_string());
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut process = started.map_err(|e| format!("{}: {e}; `cargo xtask test e2e` builds it", program.display()))?;
        let Some(output) = process.stdout.take() else { return Err("the example has no output".into()) };
        let line = tokio::task::spawn_blocking(move || BufReader::new(output).lines().next()).await?;
        let url = line.transpose()?.and_then(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Ok(Self { process, url: url.ok_or("the example ended without listening")?, _data: data })
    }

    /// The application's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for AxumExample {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
