//! The binary: reads the command line, runs a command or the server, prints the addresses, and stops on a signal.

use clap::Parser;
use std::{
    io::{Write, stdout},
    pin::pin,
    process::ExitCode,
    time::Duration,
};
use tokio::{runtime::Runtime, select};
use wugan_axum::{StartError, clock::Clock};
use wugan_server::{config::Config, log, serve::Server, stop};

/// How long file operations and name lookups may take to end after the server has stopped.
const BLOCKING_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let config = Config::parse();
    let ended = Runtime::new().map_err(|error| StartError(format!("cannot start threads: {error}"))).and_then(|runtime| {
        let ended = runtime.block_on(run(config));
        runtime.shutdown_timeout(BLOCKING_TIMEOUT);
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wugan-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config) -> Result<(), StartError> {
    let unknown = Config::unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()));
    if !unknown.is_empty() {
        return Err(StartError(format!("{} is unknown; unset it, or see --help for the known variables", unknown.join(", "))));
    }
    let log = log::start(config.log_format)?;
    if let Some(command) = config.command.take() {
        let lines = command.run(config).await?;
        let mut out = stdout().lock();
        // Writing fails if the reader, such as `head`, has closed the pipe.
        let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        return Ok(());
    }
    let mut stop = pin!(stop::signal()?);
    let server = select! {
        server = Server::bind(config, Clock::default()) => server?,
        // The start may wait long for a database.
        () = &mut stop => return Ok(()),
    };
    server.auth().metrics().count_dropped_log_lines(log.dropped_lines());
    let mut out = stdout();
    // Writing fails if stdout is closed; the server runs without it.
    let _ = writeln!(out, "listening on http://{}", server.address());
    if let Some(admin) = server.admin_address() {
        let _ = writeln!(out, "admin listener on http://{admin}");
    }
    server.run(stop).await;
    Ok(())
}
