//! A login flood: many who try to sign in at the same moment with a password that is wrong, again and again.

use crate::connection::{Connection, Failure};
use hyper::StatusCode;
use std::{
    net::SocketAddr,
    thread::{self, JoinHandle},
    time::Instant,
};
use tokio::{runtime::Builder, task::JoinSet, time::timeout_at};

/// What became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Answers {
    /// The password was looked at.
    pub(crate) judged: usize,
    /// The server had no time for it, or had enough of it (429, 503).
    pub(crate) put_off: usize,
}

/// Runs it on a thread of its own: whoever measures how long others wait must not wait behind it himself.
pub(crate) fn start(server: SocketAddr, size: usize, end: Instant) -> JoinHandle<Result<Answers, Failure>> {
    thread::spawn(move || Builder::new_current_thread().enable_all().build()?.block_on(run(server, size, end)))
}

/// Wave after wave, the next when the last one of a wave is answered. Who still waits at the end hangs up.
async fn run(server: SocketAddr, size: usize, end: Instant) -> Result<Answers, Failure> {
    let mut answers = Answers::default();
    while Instant::now() < end {
        let mut wave = JoinSet::new();
        for _ in 0..size {
            wave.spawn(try_once(server));
        }
        while let Ok(Some(tried)) = timeout_at(end.into(), wave.join_next()).await {
            match tried.map_err(|error| Failure(error.to_string()))?? {
                StatusCode::UNAUTHORIZED => answers.judged += 1,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => answers.put_off += 1,
                status => return Err(Failure(format!("a flood of logins was answered {status}"))),
            }
        }
    }
    Ok(answers)
}

async fn try_once(server: SocketAddr) -> Result<StatusCode, Failure> {
    Ok(Connection::open(server).await?.login("load:a wrong password").await?.0)
}
