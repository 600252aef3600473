//! The log on stderr: its levels, its format, and the line of a request.

pub use crate::log_writer::Log;

use crate::{config::LogFormat, log_writer::LogWriter};
use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
    net::IpAddr,
    panic::PanicHookInfo,
    sync::OnceLock,
    time::{Duration, SystemTime},
};
use tracing::{Level, enabled, error, info};
use tracing_subscriber::{EnvFilter, fmt};
use wugan_axum::StartError;

/// The target of requests' lines in `WUGAN_LOG`.
const REQUESTS: &str = "wugan_server::edge";
/// The writer of request lines. Not set if the log is a terminal: its lines go through the formatter of events, which colours them.
static LOG: OnceLock<(LogWriter, LogFormat)> = OnceLock::new();

/// An answered request: one line of the log.
pub(crate) struct Answered<'a> {
    pub(crate) id: &'a str,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) ip: IpAddr,
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

impl Answered<'_> {
    /// Logs it as [`event`](Self::event) does. The formatter of events takes a quarter of the instructions of a request.
    pub(crate) fn log(&self) {
        match LOG.get() {
            None => self.event(),
            Some((writer, format)) if enabled!(target: REQUESTS, Level::INFO) => {
                let _ = writer.clone().write_all(self.line(*format, SystemTime::now()).as_bytes());
            }
            Some(_) => {}
        }
    }

    fn event(&self) {
        let Self { id, method, path, ip, status, took } = self;
        info!(target: REQUESTS, id, method, path, %ip, status, us = took.as_micros(), "answered");
    }

    fn line(&self, format: LogFormat, at: SystemTime) -> String {
        let (Self { id, method, path, ip, status, took }, at) = (self, humantime::format_rfc3339_micros(at));
        let (us, mut line) = (took.as_micros(), String::with_capacity(512));
        let _ = match format {
            LogFormat::Text => writeln!(
                line,
                "{at}  INFO {REQUESTS}: answered id=\"{id}\" method=\"{method}\" path={path:?} ip={ip} status={status} us={us}"
            ),
            LogFormat::Json => {
                let path = serde_json::Value::from(*path);
                writeln!(
                    line,
                    r#"{{"timestamp":"{at}","level":"INFO","fields":{{"message":"answered","id":"{id}","method":"{method}","path":{path},"ip":"{ip}","status":{status},"us":"{us}"}},"target":"{REQUESTS}"}}"#
                )
            }
        };
        line
    }
}

/// Starts the log.
///
/// # Errors
/// `WUGAN_LOG` is not a log filter, or the system starts no thread.
pub fn start(format: LogFormat) -> Result<Log, StartError> {
    let wanted = std::env::var("WUGAN_LOG").unwrap_or_else(|_| "info,sea_orm_migration=warn".into());
    let filter = EnvFilter::try_new(wanted)
        .map_err(|error| StartError(format!("WUGAN_LOG is no log filter ({error}): write it as `info` or `info,wugan_axum=debug`")))?;
    let log = Log::start(io::stderr()).map_err(|error| StartError(format!("cannot start the log: {error}")))?;
    let writer = log.writer();
    let is_terminal = io::stderr().is_terminal();
    if !is_terminal {
        let _ = LOG.set((writer.clone(), format));
    }
    let events = fmt().with_env_filter(filter).with_writer(move || writer.clone()).with_ansi(is_terminal);
    match format {
        LogFormat::Text => events.init(),
        LogFormat::Json => events.json().init(),
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(log)
}

/// Logs where a panic happened. Its message is left out: it may quote a token.
fn log_panic(panic: &PanicHookInfo<'_>) {
    error!(place = panic.location().map(ToString::to_string), "a thread panicked at this place: please report this bug");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::{
        panic::{catch_unwind, set_hook, take_hook},
        sync::{Arc, Mutex},
    };
    use tracing::subscriber::with_default;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Buffer {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Buffer {
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
        with_default(log, || {
            let before = take_hook();
            set_hook(Box::new(log_panic));
            assert!(catch_unwind(|| panic!("a s3cret token")).is_err());
            set_hook(before);
        });
        let log = buffer.text();
        assert!(log.contains("log.rs:") && log.contains("report this bug"), "{log}");
        assert!(!log.contains("s3cret"), "{log}");
    }

    #[test]
    fn case_20_a_requests_line_is_that_of_its_event_and_cannot_be_forged() {
        const TIME: usize = "2026-11-27T09:00:00.000000Z".len();
        let took = Duration::from_micros(1234);
        for (path, ip) in [("/bbb", "127.0.0.1"), ("/a\"b\\c\n\u{1b}[31m\u{7f}\u{202e}ü", "2001:db8::1")] {
            let request = Answered { id: "0123456789abcdef", method: "GET", path, ip: ip.parse().unwrap(), status: 200, took };
            for format in [LogFormat::Text, LogFormat::Json] {
                let buffer = Buffer::default();
                let writer = buffer.clone();
                let log = fmt().with_writer(move || writer.clone()).with_ansi(false);
                match format {
                    LogFormat::Text => with_default(log.finish(), || request.event()),
                    LogFormat::Json => with_default(log.json().finish(), || request.event()),
                }
                let (event, line) = (buffer.text(), request.line(format, SystemTime::now()));
                let start = event.find("20").unwrap();
                assert_eq!((&event[..start], &event[start + TIME..]), (&line[..start], &line[start + TIME..]));
                assert_eq!(line.lines().count(), 1, "{line}");
            }
        }
    }
}
