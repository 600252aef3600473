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
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};
use tower::ServiceExt;
use tracing::{info, warn};

/// How many file handles are asked for.
const MOST_CONNECTIONS: u64 = 65_536;
/// The longest head that is read; what is longer is answered 431.
const LONGEST_HEAD: usize = 64 * 1024;
/// How long requests in flight have to end when the server stops.
const FAREWELL: Duration = Duration::from_secs(30);
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
        let listener = listen(config.listen).await?;
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

    /// Serves until `stop` is done; then takes no more, and ends when the requests in flight are answered.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let sweeper = tokio::spawn(sweep(self.app.clone()));
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => serve(stream, peer, &self, &connections),
                Err(error) => recover(&error).await,
            }
        }
        drop(self.listener);
        if timeout(FAREWELL, connections.shutdown()).await.is_err() {
            warn!("some requests did not end in time");
        }
        sweeper.abort();
        self.app.store.close().await;
        info!("stopped");
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        StartError(match error.kind() {
            io::ErrorKind::AddrInUse => format!("{address} is in use by another program; stop that one, or choose another with --listen"),
            io::ErrorKind::PermissionDenied => format!("this user may not listen on {address}; choose a port above 1023 with --listen"),
            io::ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine; choose another with --listen"),
            _ => format!("cannot listen on {address}: {error}; choose another with --listen"),
        })
    })
}

fn serve(stream: TcpStream, peer: SocketAddr, server: &Server, connections: &GracefulShutdown) {
    let _ = stream.set_nodelay(true);
    let router = server.router.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(server.app.config.request_timeout).max_buf_size(LONGEST_HEAD);
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
