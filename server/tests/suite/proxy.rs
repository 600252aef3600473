//! A TCP proxy in front of a database: it can be cut, can lose what is sent, can point to another database, and counts round trips.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};

#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<String>,
    cut: AtomicBool,
    open: AtomicUsize,
    /// How many connections were ever opened.
    opened: AtomicUsize,
    round_trips: AtomicU64,
    /// How often [`Proxy::lose`] was called.
    losses: AtomicUsize,
}

impl Proxy {
    pub(crate) async fn start(target: &str) -> Self {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, open, opened, round_trips, losses) = Default::default();
        let shared = Arc::new(Shared { target: Mutex::new(target.into()), cut, open, opened, round_trips, losses });
        let accepting = shared.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = accepting.clone();
                shared.opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    shared.open.fetch_add(1, Ordering::SeqCst);
                    shared.forward(client).await;
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self { port, shared }
    }

    /// Closes all connections, and refuses new ones until it is restored.
    pub(crate) async fn cut(&self) {
        self.shared.cut.store(true, Ordering::SeqCst);
        while self.shared.open.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn restore(&self) {
        self.shared.cut.store(false, Ordering::SeqCst);
    }

    /// Loses what is sent from now on through the connections that are open, which stay open. New ones work.
    pub(crate) fn lose(&self) {
        self.shared.losses.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// The number of connections that were ever opened.
    pub(crate) fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst)
    }

    /// Sends new connections to another database. Open ones stay where they are.
    pub(crate) fn redirect(&self, target: &str) {
        *self.shared.target.lock().unwrap() = target.into();
    }

    /// The number of round trips: how often data was sent to the database after it had answered.
    pub(crate) async fn round_trips(&self) -> u64 {
        // What follows an answer, such as the ping of sqlx's pool, counts too.
        let mut count = None;
        loop {
            let now = self.shared.round_trips.load(Ordering::SeqCst);
            if count.replace(now) == Some(now) {
                return now;
            }
            sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Shared {
    async fn forward(&self, client: TcpStream) {
        let target = self.target.lock().unwrap().clone();
        if self.cut.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect(target).await else { return };
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let is_answered = AtomicBool::new(true);
        let losses = self.losses.load(Ordering::SeqCst);
        let is_lost = || self.losses.load(Ordering::SeqCst) != losses;
        let requests = async {
            let mut buffer = [0; 16 * 1024];
            while let Ok(size @ 1..) = from_client.read(&mut buffer).await {
                if is_answered.swap(false, Ordering::SeqCst) {
                    self.round_trips.fetch_add(1, Ordering::SeqCst);
                }
                if !is_lost() && to_server.write_all(&buffer[..size]).await.is_err() {
                    break;
                }
            }
        };
        let answers = async {
            let mut buffer = [0; 16 * 1024];
            while let Ok(size @ 1..) = from_server.read(&mut buffer).await {
                is_answered.store(true, Ordering::SeqCst);
                if !is_lost() && to_client.write_all(&buffer[..size]).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = requests => {}
            () = answers => {}
            () = async { while !self.cut.load(Ordering::SeqCst) { sleep(Duration::from_millis(10)).await } } => {}
        }
    }
}

/// Host and port of a database URL.
pub(crate) fn host(url: &str) -> &str {
    let after = url.split("://").nth(1).unwrap();
    after.rsplit('@').next().unwrap().split('/').next().unwrap()
}
