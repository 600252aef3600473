//! A flood: one other host, with an address of its own, that repeatedly opens many connections at once.

use crate::connection::{Connection, Failure};
use clap::ValueEnum;
use hyper::StatusCode;
use std::{
    net::{Ipv4Addr, SocketAddr},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use thread_priority::{ThreadPriority, set_current_thread_priority};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    runtime::Builder,
    task::JoinSet,
    time::{sleep, timeout_at},
};

/// The flooding host's address: on Linux, all of 127.0.0.0/8 is this machine.
const SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// The address of a proxy that the server trusts, and the client that it forwards requests for.
const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const CLIENT: &str = "203.0.113.9";
/// How many probes a connection sends.
const PROBES: usize = 20;
/// How long the host waits before it replaces a connection that was closed without an answer.
const RECONNECT: Duration = Duration::from_millis(20);
/// How often a connection is opened and closed again: a thousand of them connect two thousand times a second.
const CHURN: Duration = Duration::from_millis(500);

/// What each connection of the flood does.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    /// Signs in with a wrong password
    SignIns,
    /// Sends nothing
    Connects,
    /// Sends half of a request's head
    Heads,
    /// Sends GET /readyz repeatedly
    Probes,
    /// The same through a proxy with the address 127.0.0.3, which forwards it for one client
    Forwarded,
    /// Opens a connection and closes it, twice a second
    Churn,
}

/// How the server treated the flood.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// Requests that were answered: a password was checked, a probe was served.
    pub(crate) answered: usize,
    /// Requests that were answered 429 or 503, and connections that were closed.
    pub(crate) refused: usize,
}

/// Runs the flood on a thread of its own with the lowest priority, so that it takes little processor time from the measured requests and
/// the server. It sends less while they are busy.
pub(crate) fn start(server: SocketAddr, kind: Kind, size: usize, end: Instant) -> JoinHandle<Result<Outcome, Failure>> {
    thread::spawn(move || {
        set_current_thread_priority(ThreadPriority::Min)
            .map_err(|error| Failure(format!("the flood's priority can't be lowered: {error}")))?;
        Builder::new_current_thread().enable_all().build()?.block_on(run(server, kind, size, end))
    })
}

/// Opens this number of connections, and the same number again when all of them have ended, until the end of the measurement.
async fn run(server: SocketAddr, kind: Kind, size: usize, end: Instant) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    while Instant::now() < end {
        let mut wave = JoinSet::new();
        for _ in 0..size {
            wave.spawn(one(server, kind));
        }
        while let Ok(Some(ended)) = timeout_at(end.into(), wave.join_next()).await {
            let one = ended.map_err(|error| Failure(error.to_string()))?;
            outcome.answered += one.answered;
            outcome.refused += one.refused;
        }
    }
    Ok(outcome)
}

async fn one(server: SocketAddr, kind: Kind) -> Outcome {
    let mut outcome = Outcome::default();
    let served = match kind {
        Kind::SignIns => sign_in(server, &mut outcome).await,
        Kind::Connects => wait_for_close(server, b"").await,
        Kind::Heads => wait_for_close(server, b"GET /user/me HTTP/1.1\r\nHost: a\r\nX-Half: ").await,
        Kind::Probes => probe(server, SOURCE, &[], &mut outcome).await,
        Kind::Forwarded => probe(server, PROXY, &[("x-forwarded-for", CLIENT)], &mut outcome).await,
        Kind::Churn => churn(server).await,
    };
    if served.is_err() {
        outcome.refused += 1;
        sleep(RECONNECT).await;
    }
    outcome
}

async fn sign_in(server: SocketAddr, outcome: &mut Outcome) -> Result<(), Failure> {
    let status = Connection::over(connect(server, SOURCE).await?, server).await?.login("load:a wrong password").await?.0;
    outcome.count(status);
    Ok(())
}

async fn probe(server: SocketAddr, source: Ipv4Addr, headers: &[(&str, &str)], outcome: &mut Outcome) -> Result<(), Failure> {
    let mut connection = Connection::over(connect(server, source).await?, server).await?;
    for _ in 0..PROBES {
        outcome.count(connection.status_of("/readyz", headers).await?);
    }
    Ok(())
}

async fn churn(server: SocketAddr) -> Result<(), Failure> {
    drop(connect(server, SOURCE).await?);
    sleep(CHURN).await;
    Ok(())
}

/// Sends these bytes, and waits until the server closes the connection, which is the error.
async fn wait_for_close(server: SocketAddr, bytes: &[u8]) -> Result<(), Failure> {
    let mut stream = connect(server, SOURCE).await?;
    stream.write_all(bytes).await?;
    while stream.read(&mut [0; 512]).await? > 0 {}
    Err(Failure("closed".into()))
}

async fn connect(server: SocketAddr, source: Ipv4Addr) -> Result<TcpStream, Failure> {
    let socket = TcpSocket::new_v4()?;
    if cfg!(target_os = "linux") {
        socket.bind((source, 0).into())?;
    }
    // Closed by a reset, so that closed connections do not use up the ports of the machine.
    socket.set_zero_linger()?;
    Ok(socket.connect(server).await?)
}

impl Outcome {
    fn count(&mut self, status: StatusCode) {
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => self.refused += 1,
            _ => self.answered += 1,
        }
    }
}
