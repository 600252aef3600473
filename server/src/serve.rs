//! The running server: listens, serves each connection, and stops without cutting anybody short.

use crate::{
    app::App,
    clock::{Clock, Millis, millis},
    config::Config,
    error::StartError,
    http::{self, Peer},
    store::{audit, session},
    web::Web,
};
use axum::{Router, body::Body};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use sea_orm::DbErr;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::mpsc::{self, Sender},
    time::{sleep, timeout},
};
use tower::ServiceExt;
use tracing::{info, warn};

/// How many file handles are asked for.
const MOST_CONNECTIONS: u64 = 65_536;
/// How many may have connected and not been looked at yet, if the system allows so many. Who comes when there are more is not told so:
/// he tries again after a second. The usual 128 are soon there when many come at once.
const BACKLOG: u32 = 4096;
/// The longest head that is read; what is longer is answered 431.
const LONGEST_HEAD: usize = 64 * 1024;
/// A crowd is let in by so many at a time, with a breath in between: who has a connection already is served meanwhile. The others
/// wait in the system's queue.
const AT_ONCE: usize = 4;
const BREATH: Duration = Duration::from_millis(1);
/// How long requests in flight have to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(30);
/// How long those have to say something who are connected when the server stops, and have not yet.
const FIRST_WORDS: Duration = Duration::from_secs(1);
/// How often ended sessions are cleared away, how long they are kept for those who look into what happened, and how many go at once.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
const KEPT: Millis = 24 * 3600 * 1000;
const BATCH: u64 = 500;

/// A server that has its port, its keys and its database, and has not answered anybody yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    router: Router,
}

impl Server {
    /// Takes the port, reads the keys, opens the database and looks at the app's files.
    ///
    /// # Errors
    /// One line that says which of them is not as it should be, and what to do.
    pub async fn bind(config: Config, clock: Clock) -> Result<Self, StartError> {
        let listener = listen(config.listen)?;
        let address = listener.local_addr().map_err(|error| StartError(format!("cannot tell the address: {error}")))?;
        // Each connection takes a file handle, and the usual soft limit is a thousand.
        let _ = rlimit::increase_nofile_limit(MOST_CONNECTIONS);
        let web = Web::new(&config.web_root);
        let app = Arc::new(App::open(config, clock).await?);
        Ok(Self { listener, address, router: http::router(app.clone(), web), app })
    }

    /// Where it listens; the real port, if 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it serves with; for tests that look behind the wire.
    #[must_use]
    pub fn app(&self) -> Arc<App> {
        self.app.clone()
    }

    /// Serves until `stop` is done, and for the drain time after it; then takes no more, and ends when the requests in flight are
    /// answered.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, app, router, .. } = self;
        let connections = GracefulShutdown::new();
        let (silent, mut heard) = mpsc::channel(1);
        let sweeper = tokio::spawn(sweep(app.clone()));
        let serve = |stream, peer| serve(stream, peer, &app, &router, &connections, silent.clone());
        accept_until(stop, &listener, serve).await;
        app.stopping.store(true, Ordering::Relaxed);
        accept_until(sleep(app.config.drain), &listener, serve).await;
        accept_waiting(listener, serve);
        drop(silent);
        let _ = timeout(FIRST_WORDS, heard.recv()).await;
        if timeout(FAREWELL, connections.shutdown()).await.is_err() {
            warn!("some requests did not end in time");
        }
        sweeper.abort();
        app.store.close().await;
        info!("stopped");
    }
}

async fn accept_until(end: impl Future<Output = ()>, listener: &TcpListener, serve: impl Fn(TcpStream, SocketAddr)) {
    tokio::pin!(end);
    let mut newcomers = 0;
    loop {
        newcomers += 1;
        if newcomers % AT_ONCE == 0 {
            sleep(BREATH).await;
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => return,
        };
        match accepted {
            Ok((stream, peer)) => serve(stream, peer),
            Err(error) => recover(&error).await,
        }
    }
}

/// Takes those who are connected already, and hangs up: closing would cut them.
fn accept_waiting(listener: TcpListener, serve: impl Fn(TcpStream, SocketAddr)) {
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, peer)) = listener.accept() {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        let _ = stream.map(|stream| serve(stream, peer));
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    listener(address).map_err(|error| {
        StartError(match error.kind() {
            io::ErrorKind::AddrInUse => format!("{address} is in use by another program; stop that one, or choose another with --listen"),
            io::ErrorKind::PermissionDenied => format!("this user may not listen on {address}; choose a port above 1023 with --listen"),
            io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine; choose another with --listen"),
            _ => format!("cannot listen on {address}: {error}; choose another with --listen"),
        })
    })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // As the usual way to listen does: else the port of a server that has just stopped is not free for a while. On Windows it means
    // that others may take a port in use.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves a connection. It drops its `silent` at its first request.
fn serve(stream: TcpStream, peer: SocketAddr, app: &App, router: &Router, connections: &GracefulShutdown, silent: Sender<()>) {
    let _ = stream.set_nodelay(true);
    let (router, silent) = (router.clone(), Mutex::new(Some(silent)));
    let service = service_fn(move |mut request: Request<Incoming>| {
        drop(silent.lock().unwrap_or_else(PoisonError::into_inner).take());
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(app.config.request_timeout).max_buf_size(LONGEST_HEAD);
    let connection = connections.watch(builder.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        // A connection that ends badly is the caller's affair.
        let _ = connection.await;
    });
}

/// Accepting fails for a connection that is gone already, which is nothing, or for want of file handles, which passes.
async fn recover(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused) {
        warn!(%error, "cannot accept a connection");
        sleep(Duration::from_millis(100)).await;
    }
}

/// Clears ended sessions away, a batch at a time, so that nobody waits behind it.
async fn sweep(app: Arc<App>) {
    loop {
        sleep(SWEEP_EVERY).await;
        if let Err(error) = sweep_once(&app).await {
            warn!(%error, "could not clear old rows away");
        }
    }
}

/// Clears all that is old away, now. Returns how many rows that was.
///
/// # Errors
/// The database is away or busy.
pub async fn sweep_once(app: &App) -> Result<u64, DbErr> {
    let (db, now, mut gone) = (app.store.writer(), app.clock.now(), 0);
    let audit_end = now.saturating_sub(millis(app.config.audit_ttl));
    loop {
        let batch = session::sweep(db, now - KEPT, BATCH).await? + audit::sweep(db, audit_end, BATCH).await?;
        if batch == 0 {
            return Ok(gone);
        }
        gone += batch;
        info!(rows = batch, "cleared old rows away");
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::{sync::oneshot, task::yield_now};

    /// On one thread: whoever has something to do has his turn ten times, and each time no more than a few of the crowd are let in.
    #[tokio::test]
    async fn case_16_a_crowd_at_the_door_is_let_in_by_few_at_a_time() {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let crowd: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
        let (done, end) = oneshot::channel();
        tokio::spawn(async move {
            for _ in 0..10 {
                yield_now().await;
            }
            done.send(()).unwrap();
        });
        let inside = std::cell::Cell::new(0);
        let end = async { end.await.unwrap() };
        accept_until(end, &listener, |_, _| inside.set(inside.get() + 1)).await;
        assert!(inside.get() < crowd.len() / 2, "{} of {}", inside.get(), crowd.len());
    }
}
