//! Starts the servers of `examples/axum` and `examples/ssr`, which serve their own pages.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::{Result, server::from_env};

/// A running example. Dropping it ends it.
pub struct ExampleProgram {
    process: Child,
    url: String,
    _data: TempDir,
}

impl ExampleProgram {
    /// Starts `examples/axum` at a free port, with access tokens of this lifetime.
    ///
    /// # Errors
    /// The program is missing or does not start.
    pub async fn axum(access_seconds: u32) -> Result<Self> {
        let page = env::current_dir()?.join(from_env("WUGAN_TEST_AXUM_PAGE", "target/example-pages/wugan-example-axum-page"));
        let mut command = command("WUGAN_TEST_AXUM_BIN", "target/debug/wugan-example-axum")?;
        Self::start(command.env("PAGE", page).env("ACCESS_SECONDS", access_seconds.to_string())).await
    }

    /// Starts `examples/ssr` at a free port, for the wugan-server at this address.
    ///
    /// # Errors
    /// The program is missing or does not start.
    pub async fn ssr(api: &str) -> Result<Self> {
        let package = env::current_dir()?.join(from_env("WUGAN_TEST_SSR_PKG", "target/example-pages/wugan-example-ssr"));
        Self::start(command("WUGAN_TEST_SSR_BIN", "target/debug/wugan-example-ssr")?.env("PKG", package).env("API", api)).await
    }

    async fn start(command: &mut Command) -> Result<Self> {
        let data = tempfile::tempdir()?;
        command.current_dir(data.path()).env("LISTEN", "127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped());
        let name = command.get_program().display().to_string();
        let mut process = command.spawn().map_err(|e| format!("{name}: {e}; `cargo xtask test e2e` builds it"))?;
        let Some(output) = process.stdout.take() else { return Err("the example has no output".into()) };
        let line = tokio::task::spawn_blocking(move || BufReader::new(output).lines().next()).await?;
        let url = line.transpose()?.and_then(|line| line.strip_prefix("listening on ").map(str::to_owned));
        Ok(Self { process, url: url.ok_or("the example ended without listening")?, _data: data })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn command(variable: &str, default: &str) -> Result<Command> {
    Ok(Command::new(env::current_dir()?.join(from_env(variable, default))))
}

impl Drop for ExampleProgram {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
