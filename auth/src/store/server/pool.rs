//! A connection pool. Unlike sqlx's, it sends no ping at each release.

use super::{
    connection::{Connection, Reply, Request, Statement},
    options::Options,
};
use crate::store::{discards::Discards, exchange::unavailable, server_error::ServerError};
use sea_orm::{ConnAcquireErr, DbErr, QueryResult, Value, sqlx::SqlStr};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};

/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an operation may take. A connection that does not answer is dropped.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may be idle. Firewalls and load balancers forget idle connections after minutes and lose what is sent then.
const MAX_IDLE: Duration = Duration::from_secs(15);
/// How often an operation is retried that lost to another transaction.
const MAX_CONFLICTS: u32 = 8;
const CONFLICT_PAUSE: Duration = Duration::from_millis(2);
/// How often an operation is retried on a new connection.
const MAX_RECONNECTS: u32 = 2;

pub(super) struct Pool {
    options: Options,
    idle: Mutex<Vec<Idle>>,
    permits: Arc<Semaphore>,
    discards: Discards,
}

struct Idle {
    connection: Connection,
    opened: Instant,
    since: Instant,
}

impl Pool {
    pub(super) fn new(options: Options, connections: u32, discards: Discards) -> Self {
        Self { options, idle: Mutex::default(), permits: Arc::new(Semaphore::new(connections as usize)), discards }
    }

    /// The first row of a query or of an UPDATE that returns rows.
    pub(super) async fn fetch(self: &Arc<Self>, text: &SqlStr, values: Vec<Value>) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.fetch_all(text, values).await?.into_iter().next())
    }

    /// The rows of a query.
    pub(super) async fn fetch_all(self: &Arc<Self>, text: &SqlStr, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run(Request::Fetch(Statement { text: text.clone(), values })).await?.rows)
    }

    /// Executes a statement. Returns the number of changed rows.
    pub(super) async fn execute(self: &Arc<Self>, text: &SqlStr, values: Vec<Value>) -> Result<u64, DbErr> {
        Ok(self.run(Request::Execute(Statement { text: text.clone(), values })).await?.changed)
    }

    /// Sends a request, which must be idempotent: it is sent again when it lost to another transaction, and on a new connection when the
    /// connection is closed or its node is read-only. In a task of its own: if it were dropped with its caller, the connection would close.
    pub(super) async fn run(self: &Arc<Self>, request: Request) -> Result<Reply, DbErr> {
        let permit = timeout(ACQUIRE_TIMEOUT, self.permits.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = permit else { return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) };
        let pool = self.clone();
        let sent = tokio::spawn(async move {
            let _permit = permit;
            pool.send(&request).await
        });
        sent.await.unwrap_or_else(|_| Err(unavailable("a task panicked")))
    }

    async fn send(&self, request: &Request) -> Result<Reply, DbErr> {
        let (mut conflicts, mut reconnects) = (0, 0);
        loop {
            let idle = self.take();
            let is_new = idle.is_none();
            let (mut connection, opened) = match idle {
                Some(idle) => (idle.connection, idle.opened),
                None => (self.connect().await?, Instant::now()),
            };
            let Ok(done) = timeout(OPERATION_TIMEOUT, connection.send(request)).await else {
                self.discards.discard();
                return Err(unavailable("the database does not answer"));
            };
            match done.as_ref().err().map(ServerError::of) {
                Some(ServerError::Conflict) if conflicts < MAX_CONFLICTS => {
                    conflicts += 1;
                    self.put(connection, opened);
                    sleep(CONFLICT_PAUSE * conflicts).await;
                }
                Some(ServerError::ReadOnly | ServerError::Lost) => {
                    self.discards.discard();
                    if is_new || reconnects == MAX_RECONNECTS {
                        return done;
                    }
                    reconnects += 1;
                }
                _ => {
                    self.put(connection, opened);
                    return done;
                }
            }
        }
    }

    async fn connect(&self) -> Result<Connection, DbErr> {
        let connected = timeout(ACQUIRE_TIMEOUT, self.options.connect()).await;
        connected.unwrap_or(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)))
    }

    /// The idle connection that was used last, so that the number of connections in use stays small.
    fn take(&self) -> Option<Idle> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| self.discards.keeps(idle.opened.elapsed()));
        for stale in idle.extract_if(.., |idle| idle.since.elapsed() >= MAX_IDLE) {
            // MariaDB logs a warning for a connection that ends without being closed.
            tokio::spawn(stale.connection.close());
        }
        idle.pop()
    }

    fn put(&self, connection: Connection, opened: Instant) {
        let idle = Idle { connection, opened, since: Instant::now() };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for idle in idle {
            idle.connection.close().await;
        }
    }
}
