//! A thread that owns a connection and runs jobs; those that write run in batches of one transaction each.

use crate::store::{connection::BUSY_TIMEOUT, exchange::unavailable};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sea_orm::{DbErr, RuntimeErr};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::timeout,
};
use tracing::warn;

/// The largest number of jobs in one transaction.
const MAX_BATCH: usize = 256;

/// The thread ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Worker {
    queue: mpsc::Sender<Message>,
}

enum Message {
    Do(Job),
    Close(oneshot::Sender<()>),
}

type Job = Box<dyn FnOnce(&Connection) -> Answer + Send>;
/// Sends a job's result, or the error of its commit.
type Answer = Box<dyn FnOnce(Result<(), DbErr>) + Send>;

/// Serialises the writers of this process. SQLite's own lock is polled, which is not fair.
pub(in crate::store) type WriteLock = Arc<Mutex<()>>;

impl Worker {
    /// Opens a connection. Its jobs may write if a lock is given.
    pub(super) fn start(path: &Path, write_lock: Option<WriteLock>) -> Result<Self, DbErr> {
        let connection = open(path).map_err(db_err)?;
        let (queue, jobs) = mpsc::channel(MAX_BATCH);
        let name = if write_lock.is_some() { "sqlite-writer" } else { "sqlite-reader" };
        let run = move || {
            let closed = match write_lock {
                Some(write_lock) => write(&connection, jobs, &write_lock),
                None => read(&connection, jobs),
            };
            drop(connection);
            drop(closed);
        };
        thread::Builder::new().name(name.into()).spawn(run).map_err(|error| unavailable(error.to_string()))?;
        Ok(Self { queue })
    }

    /// Like [`call_to_completion`](Self::call_to_completion), for ten seconds at most: the queue, the lock of this process and that of the
    /// file may each take as long.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbErr> {
        let answer = self.call_to_completion(job);
        timeout(BUSY_TIMEOUT, answer).await.unwrap_or_else(|_| Err(unavailable("the database is locked")))
    }

    /// Runs a job. Its writes are durable when this succeeds, and may be committed even if the caller is dropped. A job that fails must have
    /// written nothing.
    pub(super) async fn call_to_completion<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, DbErr> {
        let (answer, answered) = oneshot::channel();
        let job = move |connection: &Connection| -> Answer {
            let result = job(connection).map_err(db_err);
            Box::new(move |committed| {
                let _ = answer.send(committed.and(result));
            })
        };
        let stopped = || unavailable("the database writer is busy or stopped");
        self.queue.send(Message::Do(Box::new(job))).await.map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }

    /// Closes the connection.
    pub(super) async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.queue.send(Message::Close(closed)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // The journal's mode is kept in the file. FULL: an answered rotation survives a power failure.
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL")?;
    Ok(connection)
}

/// Runs jobs until the queue is closed or a `Close` arrives; its sender is returned, to be dropped when the connection is closed.
/// Jobs that wait together read in one transaction, which locks the file once. It begins after they have arrived, so that each reads what was
/// committed before.
fn read(connection: &Connection, mut queue: mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
    let mut messages = Vec::new();
    while queue.blocking_recv_many(&mut messages, MAX_BATCH) > 0 {
        let execute = |text| connection.prepare_cached(text).and_then(|mut statement| statement.execute([]));
        // If it fails, each job is a transaction.
        let begun = messages.len() > 1 && execute("BEGIN").is_ok();
        let mut closed = None;
        for message in messages.drain(..) {
            match message {
                Message::Do(job) => run(connection, job).into_iter().for_each(|answer| answer(Ok(()))),
                Message::Close(close) => closed = Some(close),
            }
        }
        if begun && execute("COMMIT").is_err() && !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        if closed.is_some() {
            return closed;
        }
    }
    None
}

fn write(connection: &Connection, mut queue: mpsc::Receiver<Message>, write_lock: &WriteLock) -> Option<oneshot::Sender<()>> {
    let (mut messages, mut answers) = (Vec::new(), Vec::new());
    while queue.blocking_recv_many(&mut messages, MAX_BATCH) > 0 {
        // The first message wakes this thread. Messages of other requests that have arrived by now join the same commit.
        thread::yield_now();
        let guard = write_lock.blocking_lock();
        // Messages that arrived meanwhile.
        while messages.len() < MAX_BATCH
            && let Ok(message) = queue.try_recv()
        {
            messages.push(message);
        }
        let mut closed = None;
        let jobs = messages.drain(..).filter_map(|message| match message {
            Message::Do(job) => Some(job),
            Message::Close(close) => {
                closed = Some(close);
                None
            }
        });
        let committed = commit(connection, jobs, &mut answers).map_err(db_err);
        drop(guard);
        for answer in answers.drain(..) {
            answer(committed.clone());
        }
        if closed.is_some() {
            return closed;
        }
    }
    None
}

/// Runs all jobs in one transaction. If it cannot begin, or SQLite rolls it back on its own as on a full disk, the other jobs are not run,
/// their callers' channels close, and the commit fails.
fn commit(connection: &Connection, jobs: impl Iterator<Item = Job>, answers: &mut Vec<Answer>) -> rusqlite::Result<()> {
    let execute = |text| connection.prepare_cached(text)?.execute([]);
    let begun = execute("BEGIN IMMEDIATE");
    for job in jobs {
        if !connection.is_autocommit() {
            answers.extend(run(connection, job));
        }
    }
    let committed = begun.and_then(|_| execute("COMMIT")).map(drop);
    if !connection.is_autocommit() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    if let Err(error) = &committed {
        warn!(%error, "a transaction failed");
    }
    committed
}

/// A job that panics is dropped: its caller gets an error.
fn run(connection: &Connection, job: Job) -> Option<Answer> {
    catch_unwind(AssertUnwindSafe(|| job(connection))).ok()
}

/// Converts the primary codes that `ServerError::of` counts as busy to transient errors.
pub(super) fn db_err(error: rusqlite::Error) -> DbErr {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, ReadOnly, SystemIoFailure};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked | ReadOnly | SystemIoFailure | DiskFull | CannotOpen) => unavailable(error.to_string()),
        _ => DbErr::Exec(RuntimeErr::Internal(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rusqlite::params;
    use std::sync::{
        atomic::{AtomicU32, Ordering},
        mpsc as std_mpsc,
    };
    use tempfile::TempDir;
    use tokio::task::JoinSet;

    /// A worker that writes to a table of two accounts, and another connection.
    fn database() -> (Worker, Connection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        let other = Connection::open(&path).unwrap();
        other.pragma_update(None, "journal_mode", "wal").unwrap();
        other
            .execute_batch("CREATE TABLE account (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, text TEXT); INSERT INTO account VALUES (1, 0, ''), (2, 0, '')")
            .unwrap();
        (Worker::start(&path, Some(WriteLock::default())).unwrap(), other, folder)
    }

    fn rotate(account: i64, from: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static {
        move |connection| {
            let update = "UPDATE account SET generation = generation + 1 WHERE id = ? AND generation = ?";
            connection.prepare_cached(update)?.execute(params![account, from])
        }
    }

    fn generations(connection: &Connection) -> i64 {
        connection.query_row("SELECT sum(generation) FROM account", [], |row| row.get(0)).unwrap()
    }

    /// Holds the worker in a job until the returned sender is used, so that later jobs share the next transaction.
    fn hold(worker: &Worker) -> (std_mpsc::Sender<()>, tokio::task::JoinHandle<Result<(), DbErr>>) {
        let (release, released) = std_mpsc::channel();
        let worker = worker.clone();
        let held = tokio::spawn(async move {
            let wait = move |_: &Connection| {
                let _ = released.recv();
                Ok(())
            };
            worker.call(wait).await
        });
        (release, held)
    }

    type Results = Vec<Result<usize, DbErr>>;
    type CountJob = Box<dyn FnOnce(&Connection) -> rusqlite::Result<usize> + Send>;

    /// The results of jobs that share a transaction, in their order.
    async fn run_in_one_transaction(worker: &Worker, jobs: Vec<CountJob>) -> Results {
        let (release, held) = hold(worker);
        tokio::task::yield_now().await;
        let mut callers = JoinSet::new();
        for (n, job) in jobs.into_iter().enumerate() {
            let worker = worker.clone();
            callers.spawn(async move { (n, worker.call(job).await) });
        }
        // On one thread, so that all jobs are queued after the tasks ran.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        held.await.unwrap().unwrap();
        let mut results = callers.join_all().await;
        results.sort_by_key(|(n, _)| *n);
        results.into_iter().map(|(_, result)| result).collect()
    }

    #[tokio::test]
    async fn case_04_of_two_rotations_in_one_transaction_one_wins() {
        let (worker, other, _folder) = database();
        let jobs = [(1, 0), (1, 0), (2, 0), (9, 0)].map(|(account, from)| Box::new(rotate(account, from)) as Box<_>);
        assert_eq!(run_in_one_transaction(&worker, jobs.into()).await, [Ok(1), Ok(0), Ok(1), Ok(0)]);
        assert_eq!(generations(&other), 2);
    }

    #[tokio::test]
    async fn a_job_that_fails_or_panics_fails_alone() {
        let (worker, other, _folder) = database();
        let jobs: Vec<CountJob> = vec![
            Box::new(rotate(1, 0)),
            Box::new(|connection| connection.execute("UPDATE missing SET id = 1", [])),
            Box::new(|_| panic!("a job panics on purpose")),
            Box::new(rotate(2, 0)),
        ];
        let results = run_in_one_transaction(&worker, jobs).await;
        assert!(matches!(&results[..], [Ok(1), Err(_), Err(_), Ok(1)]), "{results:?}");
        assert_eq!(generations(&other), 2);
    }

    #[tokio::test]
    async fn reads_that_wait_together_share_a_snapshot_that_is_not_older_than_they_are() {
        fn read() -> CountJob {
            Box::new(|connection| Ok(usize::try_from(generations(connection)).unwrap()))
        }
        let (_, other, folder) = database();
        let reader = Worker::start(&folder.path().join("test.db"), None).unwrap();
        assert_eq!(reader.call(read()).await, Ok(0));
        rotate(1, 0)(&other).unwrap();
        let jobs: Vec<CountJob> = vec![
            read(),
            Box::new(move |_| rotate(2, 0)(&other)),
            Box::new(|connection| connection.query_row("SELECT id FROM missing", [], |_| Ok(1))),
            Box::new(|_| panic!("a job panics on purpose")),
            read(),
        ];
        let results = run_in_one_transaction(&reader, jobs).await;
        assert!(matches!(&results[..], [Ok(1), Ok(1), Err(_), Err(_), Ok(1)]), "{results:?}");
        assert_eq!(reader.call(read()).await, Ok(2));
    }

    #[tokio::test]
    async fn jobs_that_arrive_during_a_commit_share_the_next_one() {
        let (worker, other, _folder) = database();
        other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let jobs = (0..20).map(|generation| Box::new(rotate(1, generation)) as Box<_>).collect();
        assert_eq!(run_in_one_transaction(&worker, jobs).await, vec![Ok(1); 20]);
        // A commit writes the one page that all jobs change. On a busy machine a job may be queued after the others were taken.
        let commits: i64 = other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1)).unwrap();
        assert!((1..=2).contains(&commits), "{commits} commits for 20 jobs");
    }

    #[tokio::test]
    async fn callers_are_answered_after_the_commit_and_a_full_disk_is_a_transient_error() {
        let (worker, other, _folder) = database();
        let fill = "UPDATE account SET text = hex(zeroblob(100000))";
        for written in 0..3 {
            // The file may not grow, which SQLite reports as a full disk.
            worker.call(|connection| connection.query_row("PRAGMA max_page_count = 1", [], |_| Ok(()))).await.unwrap();
            let jobs: Vec<CountJob> =
                vec![Box::new(rotate(1, written)), Box::new(move |connection| connection.execute(fill, [])), Box::new(rotate(2, written))];
            let results = run_in_one_transaction(&worker, jobs).await;
            assert!(matches!(&results[1], Err(DbErr::Conn(_))), "{results:?}");
            let done = results.iter().filter(|result| **result == Ok(1)).count();
            assert_eq!(i64::try_from(done).unwrap() + 2 * written, generations(&other), "exactly the answered jobs are durable");
            worker.call(|connection| connection.query_row("PRAGMA max_page_count = 1000000", [], |_| Ok(()))).await.unwrap();
            for account in [1, 2] {
                let _ = worker.call(rotate(account, written)).await.unwrap();
            }
            assert_eq!(generations(&other), 2 * (written + 1));
        }
    }

    #[tokio::test]
    async fn the_work_of_a_dropped_caller_commits() {
        let (worker, other, _folder) = database();
        let (release, held) = hold(&worker);
        tokio::task::yield_now().await;
        let [first, second] = [1, 2].map(|account| {
            let worker = worker.clone();
            tokio::spawn(async move { worker.call(rotate(account, 0)).await })
        });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        first.abort();
        release.send(()).unwrap();
        held.await.unwrap().unwrap();
        assert_eq!(second.await.unwrap(), Ok(1));
        assert_eq!(generations(&other), 2);
    }

    #[tokio::test]
    async fn a_job_waits_for_the_other_writer_of_the_process() {
        let (_, other, folder) = database();
        let write_lock = WriteLock::default();
        let worker = Worker::start(&folder.path().join("test.db"), Some(write_lock.clone())).unwrap();
        let guard = write_lock.lock().await;
        let done = Arc::new(AtomicU32::new(0));
        let counted = done.clone();
        let caller = tokio::spawn(async move {
            worker.call(rotate(1, 0)).await.unwrap();
            counted.store(1, Ordering::SeqCst);
        });
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert_eq!((done.load(Ordering::SeqCst), generations(&other)), (0, 0), "it waits");
        drop(guard);
        caller.await.unwrap();
        assert_eq!(generations(&other), 1);
    }

    #[tokio::test]
    async fn a_closed_worker_refuses_jobs_and_removes_the_log() {
        let (worker, other, folder) = database();
        worker.call(rotate(1, 0)).await.unwrap();
        drop(other);
        worker.close().await;
        assert!(!folder.path().join("test.db-wal").exists());
        assert!(matches!(worker.call(rotate(1, 1)).await, Err(DbErr::Conn(_))));
    }
}
