//! The running server: listens, serves connections, and stops without cutting requests off.

use crate::{
    config::Config,
    edge::{Edge, MAX_CONNECTIONS, cors},
    routes::{self, Stopping},
    web::Web,
    write_timeout::WriteTimeout,
};
use axum::{Router, body::Body};
use futures::FutureExt;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{
        Semaphore,
        mpsc::{self, Sender},
    },
    task::spawn_blocking,
    time::{sleep, timeout},
};
use tower::ServiceExt;
use tracing::{info, warn};
use wugan_axum::{Auth, StartError, clock::Clock};

/// The number of open files that is requested. Each connection takes one, and one more while it downloads a file.
const MAX_OPEN_FILES: u64 = 65_536;
/// Open files for everything else: database, keys, log, listeners.
const OTHER_OPEN_FILES: u64 = 200;
/// How many connections may wait to be accepted. If more do, a client's system retries after a second.
const BACKLOG: u32 = 4096;
/// For how many request timeouts a client may read nothing. A kernel reports progress only when a third of its send buffer is free, which
/// takes a client on a slow network longer than one.
const WRITE_TIMEOUTS: u32 = 4;
/// The longest head that is read; a longer one is answered 431.
const MAX_HEAD: usize = 16 * 1024;
/// How many connections the admin listener serves at a time. Others wait.
const MAX_ADMIN_CONNECTIONS: usize = 100;
/// How long requests in flight may take to end when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
/// How long connections that were accepted before the server stops may take to send their first request.
const FIRST_REQUEST_GRACE: Duration = Duration::from_secs(1);
/// How long closing the database may take.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A server that has opened its port, keys and database, and has accepted no connection yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    admin: Option<TcpListener>,
    auth: Auth,
    edge: Arc<Edge>,
    stopping: Stopping,
    request_timeout: Duration,
    drain: Duration,
}

impl Server {
    /// Opens the port, the keys and the database.
    ///
    /// # Errors
    /// One of them cannot be used; the error says what to do.
    pub async fn bind(config: Config, clock: Clock) -> Result<Self, StartError> {
        let listener = listen(config.listen, "--listen")?;
        let admin = config.admin_listen.map(|address| listen(address, "--admin-listen")).transpose()?;
        let address = listener.local_addr().map_err(|error| StartError(format!("cannot read the address: {error}")))?;
        let connection_limits = connection_limits(rlimit::increase_nofile_limit(MAX_OPEN_FILES).ok(), config.connection_limit);
        let (root, stopping) = (config.web_root.clone(), Stopping::default());
        // The folder may be on a network that does not answer.
        let web = spawn_blocking(move || Web::new(&root)).await.map_err(|error| StartError(format!("cannot read the app: {error}")))?;
        let auth = Auth::open(config.auth_options().clock(clock)).await?;
        if let Some(demo) = &config.demo_user {
            match auth.accounts().create_unchecked(&demo.username, &demo.password).await {
                Ok(_) | Err(wugan_axum::Error::UsernameTaken) => {}
                Err(error) => return Err(StartError(format!("cannot create the demo user: {error:?}"))),
            }
        }
        let router = routes::public(&auth, web, stopping.clone());
        let cors = cors(&config.allow_origin, &config.allow_header);
        let edge = Arc::new(Edge::new(auth.clone(), router, cors, connection_limits, config.request_limit));
        let (request_timeout, drain) = (config.request_timeout, config.drain);
        Ok(Self { listener, address, admin, auth, edge, stopping, request_timeout, drain })
    }

    /// The address of the public listener, with its real port.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the admin listener, if there is one.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// The accounts and sessions, for tests.
    #[must_use]
    pub fn auth(&self) -> Auth {
        self.auth.clone()
    }

    /// Serves until `stop` is done, and for the drain time after it; then accepts no more, and returns when the requests in flight are
    /// answered. Each phase of stopping has a time limit.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let connections = GracefulShutdown::new();
        let (first_request_pending, mut first_requests_received) = mpsc::channel(1);
        let admin = tokio::spawn(serve_admin(self.admin, routes::admin(&self.auth, self.stopping.clone()), self.request_timeout));
        let serve = |stream, peer| serve(stream, peer, &self.edge, &connections, self.request_timeout, first_request_pending.clone());
        accept_until(stop, &self.listener, serve).await;
        self.stopping.store(true, Ordering::Relaxed);
        accept_until(sleep(self.drain), &self.listener, serve).await;
        accept_waiting(self.listener, serve);
        drop(first_request_pending);
        let _ = timeout(FIRST_REQUEST_GRACE, first_requests_received.recv()).await;
        if timeout(SHUTDOWN_TIMEOUT, connections.shutdown()).await.is_err() {
            warn!("some requests did not end in time");
        }
        admin.abort();
        if timeout(CLOSE_TIMEOUT, self.auth.close()).await.is_err() {
            warn!("the database did not close in time");
        }
        info!("stopped");
    }
}

async fn serve_admin(listener: Option<TcpListener>, router: Router, request_timeout: Duration) {
    let (Some(listener), permits) = (listener, Arc::new(Semaphore::new(MAX_ADMIN_CONNECTIONS))) else { return };
    // The semaphore is never closed.
    while let Ok(permit) = permits.clone().acquire_owned().await {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after_accept_error(&error).await;
                continue;
            }
        };
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| router.clone().oneshot(request.map(Body::new)));
        let connection = http1(request_timeout).serve_connection(io(stream, request_timeout), service);
        tokio::spawn(async move {
            drop(connection.await);
            drop(permit);
        });
    }
}

/// HTTP/1.1 with limits for the head of a request.
fn http1(request_timeout: Duration) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(request_timeout).max_buf_size(MAX_HEAD);
    builder
}

fn io(stream: TcpStream, request_timeout: Duration) -> TokioIo<WriteTimeout<TcpStream>> {
    TokioIo::new(WriteTimeout::new(stream, request_timeout.saturating_mul(WRITE_TIMEOUTS)))
}

async fn accept_until(end: impl Future<Output = ()>, listener: &TcpListener, serve: impl Fn(TcpStream, SocketAddr)) {
    tokio::pin!(end);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut end => return,
        };
        match accepted {
            Ok((stream, peer)) => serve(stream, peer),
            Err(error) => pause_after_accept_error(&error).await,
        }
    }
}

/// Accepts the connections that wait already, and closes the listener. Closing alone would reset them.
fn accept_waiting(listener: TcpListener, serve: impl Fn(TcpStream, SocketAddr)) {
    let Ok(listener) = listener.into_std() else { return };
    while let Ok((stream, peer)) = listener.accept() {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        let _ = stream.map(|stream| serve(stream, peer));
    }
}

/// How many connections may be open in all and for one network, with that many open files.
fn connection_limits(open_files: Option<u64>, per_network: usize) -> (usize, usize) {
    let Some(open_files) = open_files else { return (MAX_CONNECTIONS, per_network) };
    let possible = usize::try_from(open_files.saturating_sub(OTHER_OPEN_FILES) / 2).unwrap_or(MAX_CONNECTIONS).max(1);
    if possible >= MAX_CONNECTIONS {
        return (MAX_CONNECTIONS, per_network);
    }
    let per_network = per_network.min((possible / 5).max(1));
    warn!(
        open_files,
        connections = possible,
        per_network,
        "the system's limit of open files allows fewer connections; raise it (ulimit -n)"
    );
    (possible, per_network)
}

fn listen(address: SocketAddr, flag: &str) -> Result<TcpListener, StartError> {
    listener(address).map_err(|error| {
        StartError(match error.kind() {
            io::ErrorKind::AddrInUse => format!("{address} is in use by another program; stop that one, or choose another with {flag}"),
            io::ErrorKind::PermissionDenied => format!("this user may not listen on {address}; choose a port above 1023 with {flag}"),
            io::ErrorKind::AddrNotAvailable => format!("{address} is not an address of this machine; choose another with {flag}"),
            _ => format!("cannot listen on {address}: {error}; choose another with {flag}"),
        })
    })
}

fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Without this option, the port of a server that has just stopped stays in use for a while. On Windows the option would let other
    // programs take the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves a connection, unless its network has too many. The connection drops its `first_request_pending` at its first request.
fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    edge: &Arc<Edge>,
    connections: &GracefulShutdown,
    request_timeout: Duration,
    first_request_pending: Sender<()>,
) {
    let _ = stream.set_nodelay(true);
    let (handler, first_request_pending) = (edge.clone(), Mutex::new(Some(first_request_pending)));
    let service = service_fn(move |request: Request<Incoming>| {
        drop(first_request_pending.lock().unwrap_or_else(PoisonError::into_inner).take());
        let handler = handler.clone();
        async move { handler.handle(peer, request).await }
    });
    let connection = connections.watch(http1(request_timeout).serve_connection(io(stream, request_timeout), service));
    // An error is the end of the connection.
    edge.serve(peer.ip(), connection.map(drop));
}

/// Waits 100 ms if accepting failed for lack of file descriptors. Does nothing if the client had closed the connection already.
async fn pause_after_accept_error(error: &io::Error) {
    if !matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused) {
        warn!(%error, "cannot accept a connection");
        sleep(Duration::from_millis(100)).await;
    }
}
