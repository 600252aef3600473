//! The binary: reads the command line, starts, says where it listens, and stops when it is told to.

use clap::Parser;
use std::{
    io::{IsTerminal, Write},
    panic::PanicHookInfo,
    process::ExitCode,
};
use tokio::signal;
use tracing::error;
use tracing_subscriber::{EnvFilter, fmt};
use wugan_server::{
    clock::Clock,
    config::{Config, LogFormat},
    error::StartError,
    serve::Server,
};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Config::parse()).await {
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
        return Err(StartError(format!("{} is not known here; unset it, or see --help for what is", unknown.join(", "))));
    }
    start_log(config.log_format)?;
    std::panic::set_hook(Box::new(log_panic));
    if let Some(command) = config.command.take() {
        let lines = command.run(config).await?;
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough, such as `head`, is no mistake.
        let _ = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        return Ok(());
    }
    let stop = stop_signal()?;
    let server = Server::bind(config, Clock::default()).await?;
    // Whoever started us may have stopped reading: that is no reason not to serve.
    let _ = writeln!(std::io::stdout(), "listening on http://{}", server.address());
    server.run(stop).await;
    Ok(())
}

fn start_log(format: LogFormat) -> Result<(), StartError> {
    let wanted = std::env::var("WUGAN_LOG").unwrap_or_else(|_| "info,sea_orm_migration=warn".into());
    let filter = EnvFilter::try_new(wanted).map_err(|error| StartError(format!("WUGAN_LOG is no log level: {error}")))?;
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// A panic's own words may quote what was worked on, such as a token: where it happened is enough to find it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    error!(place = panic.location().map(ToString::to_string), "something panicked, which is a bug");
}

/// Done when the process is asked to stop, by SIGTERM or Ctrl-C.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let failed = |error: std::io::Error| StartError(format!("cannot listen for signals: {error}"));
    #[cfg(unix)]
    let mut term = signal::unix::signal(signal::unix::SignalKind::terminate()).map_err(failed)?;
    #[cfg(unix)]
    let mut interrupt = signal::unix::signal(signal::unix::SignalKind::interrupt()).map_err(failed)?;
    #[cfg(unix)]
    return Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    #[cfg(not(unix))]
    return Ok(async {
        let _ = signal::ctrl_c().await;
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{
        panic::{catch_unwind, set_hook, take_hook},
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn case_20_a_panic_is_logged_by_its_place_alone() {
        let kept = Kept::default();
        let writer = kept.clone();
        let log = fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(log, || {
            let before = take_hook();
            set_hook(Box::new(log_panic));
            assert!(catch_unwind(|| panic!("a s3cret token")).is_err());
            set_hook(before);
        });
        let log = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("main.rs:") && log.contains("a bug"), "{log}");
        assert!(!log.contains("s3cret"), "{log}");
    }
}
