//! Signals that stop the server.

use std::{io, process::exit};
use tokio::signal;
use wugan_axum::StartError;

/// Done when the process gets SIGTERM or Ctrl-C. A second signal ends the process at once.
///
/// # Errors
/// The system does not allow listening for signals.
pub fn signal() -> Result<impl Future<Output = ()>, StartError> {
    let failed = |error: io::Error| StartError(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::listen().map_err(failed)?;
    Ok(async move {
        signals.next().await;
        tokio::spawn(async move {
            signals.next().await;
            exit(1);
        });
    })
}

#[cfg(unix)]
struct Signals {
    terminate: signal::unix::Signal,
    interrupt: signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = signal::ctrl_c().await;
    }
}
