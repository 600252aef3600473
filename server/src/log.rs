//! The log on stderr: written by a thread of its own from a bounded buffer, so that a stalled reader does not block the server.

use crate::config::LogFormat;
use std::{
    io::{self, BufWriter, IsTerminal},
    panic::PanicHookInfo,
};
use tracing::error;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, fmt};
use wugan_axum::StartError;

/// How many lines wait for the writer. Later ones are dropped and counted.
const BUFFERED_LINES: usize = 4096;

/// Starts the log. The guard writes what is buffered when it is dropped; the counter counts dropped lines.
///
/// # Errors
/// `WUGAN_LOG` is not a log level.
pub fn start(format: LogFormat) -> Result<(WorkerGuard, ErrorCounter), StartError> {
    let wanted = std::env::var("WUGAN_LOG").unwrap_or_else(|_| "info,sea_orm_migration=warn".into());
    let filter = EnvFilter::try_new(wanted).map_err(|error| StartError(format!("WUGAN_LOG is no log level: {error}")))?;
    // The thread writes what waits at once, and flushes when nothing waits.
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(BUFFERED_LINES).finish(BufWriter::new(io::stderr()));
    let dropped = writer.error_counter();
    let log = fmt().with_env_filter(filter).with_writer(writer).with_ansi(io::stderr().is_terminal());
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok((guard, dropped))
}

/// Logs where a panic happened. Its message is left out: it may quote a token.
fn log_panic(panic: &PanicHookInfo<'_>) {
    error!(place = panic.location().map(ToString::to_string), "a panic, which is a defect");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{
        io::Write,
        panic::{catch_unwind, set_hook, take_hook},
        sync::{Arc, Mutex},
    };

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn case_20_a_panics_message_is_not_logged() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let log = fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::with_default(log, || {
            let before = take_hook();
            set_hook(Box::new(log_panic));
            assert!(catch_unwind(|| panic!("a s3cret token")).is_err());
            set_hook(before);
        });
        let log = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("log.rs:") && log.contains("a defect"), "{log}");
        assert!(!log.contains("s3cret"), "{log}");
    }
}
