//! Group commit of first uses: those that arrive while a statement is in flight share the next one, which is one round trip and one commit.

use super::{options::Statements, pool::Pool};
use crate::{
    clock::Millis,
    store::{exchange::unavailable, server_error::ServerError, sql::MAX_FIRST_USES},
};
use sea_orm::{DbErr, Value, sqlx::SqlStr};
use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::{sleep, timeout},
};
use uuid::Uuid;

/// The next statement is sent after this time, even if the one before it still waits for a locked row.
const MAX_DELAY: Duration = Duration::from_millis(500);
/// The largest number of statements in flight, and at most half of the connections, so that locked rows leave the others to other operations.
const MAX_STATEMENTS: usize = 4;
/// How long a request waits for its first use to be recorded.
const MAX_WAIT: Duration = Duration::from_secs(5);
/// How long another node's statement may take to commit.
const COMMIT_TIME: Duration = Duration::from_millis(50);
/// How long after a locked row each statement leaves out the rows that are locked.
const SKIP_LOCKED_FOR: Duration = Duration::from_secs(10);

/// The task ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct FirstUses {
    queue: mpsc::UnboundedSender<FirstUse>,
}

struct FirstUse {
    id: Uuid,
    generation: i64,
    now: Millis,
    answer: Answer,
}

type Answer = oneshot::Sender<Result<bool, DbErr>>;
/// Ids with generations, and the requests that wait for each: two requests may use the same token.
type Uses = BTreeMap<(Uuid, i64), Vec<Answer>>;

impl FirstUses {
    pub(super) fn start(pool: Arc<Pool>, statements: Arc<Statements>, connections: u32) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let permits = Semaphore::new((connections as usize / 2).min(MAX_STATEMENTS));
        tokio::spawn(run(Arc::new(Recorder { pool, statements, permits, last_lock_timeout: Mutex::default() }), waiting));
        Self { queue }
    }

    /// Records the first use of a session's current generation, durably. `false` if another request did, if the generation is not the
    /// current one, or if that is so for a session in the same statement: the row must be read.
    pub(super) async fn record(&self, id: Uuid, generation: i64, now: Millis) -> Result<bool, DbErr> {
        let (answer, answered) = oneshot::channel();
        let stopped = || unavailable("the database is closed");
        self.queue.send(FirstUse { id, generation, now, answer }).map_err(|_| stopped())?;
        let answered = timeout(MAX_WAIT, answered).await.map_err(|_| unavailable("other first uses wait for the database"))?;
        answered.map_err(|_| stopped())?
    }
}

async fn run(recorder: Arc<Recorder>, mut waiting: mpsc::UnboundedReceiver<FirstUse>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, MAX_FIRST_USES).await > 0 {
        let (mut uses, mut now) = (Uses::new(), 0);
        // Those that were given up are not recorded, so that those that wait on are.
        for waiting in batch.drain(..).filter(|waiting| !waiting.answer.is_closed()) {
            uses.entry((waiting.id, waiting.generation)).or_default().push(waiting.answer);
            now = now.max(waiting.now);
        }
        if !uses.is_empty() {
            let _ = timeout(MAX_DELAY, tokio::spawn(recorder.clone().record_together(uses, now))).await;
        }
    }
}

struct Recorder {
    pool: Arc<Pool>,
    statements: Arc<Statements>,
    permits: Semaphore,
    /// When a statement last met a locked row.
    last_lock_timeout: Mutex<Option<Instant>>,
}

impl Recorder {
    /// Records by one statement. If other transactions have locked rows of it, their sessions are recorded later, and do not delay the others.
    async fn record_together(self: Arc<Self>, mut uses: Uses, now: Millis) {
        let _permit = self.permits.acquire().await;
        uses.retain(|_, waiting| waiting.iter().any(|answer| !answer.is_closed()));
        if self.last_lock_timeout().is_some_and(|at| at.elapsed() < SKIP_LOCKED_FOR) {
            self.leave_out_locked(&mut uses, now).await;
        }
        let mut recorded = self.execute(&uses, now).await;
        if is_prevented(&recorded) {
            *self.last_lock_timeout() = Some(Instant::now());
            self.leave_out_locked(&mut uses, now).await;
            recorded = self.execute(&uses, now).await;
        }
        answer(uses, &recorded);
    }

    async fn execute(&self, uses: &Uses, now: Millis) -> Result<bool, DbErr> {
        if uses.is_empty() {
            return Ok(true);
        }
        let changed = self.pool.execute(self.statements.first_uses(uses.len()), values(uses, now)).await?;
        Ok(u64::try_from(uses.len()) == Ok(changed))
    }

    /// Leaves the uses whose rows are locked to a task of their own. If the query for locked rows fails, no use is left out.
    async fn leave_out_locked(self: &Arc<Self>, uses: &mut Uses, now: Millis) {
        let locked = self.take_locked(uses).await;
        if !locked.is_empty() {
            tokio::spawn(self.clone().record_later(locked, now));
        }
    }

    /// Records after a pause: a statement of another node locks a row for the time of its commit. Sessions that are still locked are answered
    /// as busy, and of those that are missing the row must be read.
    async fn record_later(self: Arc<Self>, mut uses: Uses, now: Millis) {
        sleep(COMMIT_TIME).await;
        let _permit = self.permits.acquire().await;
        let mut locked = self.take_locked(&mut uses).await;
        let missing = self.take_others(&mut locked, Statements::existing).await;
        answer(missing, &Ok(false));
        answer(locked, &Err(unavailable("another transaction has locked the session")));
        let recorded = self.execute(&uses, now).await;
        answer(uses, &recorded);
    }

    /// Takes those whose rows are locked, or missing.
    async fn take_locked(&self, uses: &mut Uses) -> Uses {
        self.take_others(uses, Statements::unlocked).await
    }

    /// Takes those whose rows a statement does not return; none if it fails.
    async fn take_others(&self, uses: &mut Uses, statement: fn(&Statements, usize) -> &SqlStr) -> Uses {
        if uses.is_empty() {
            return Uses::new();
        }
        let ids = padded(uses).map(|(id, _)| (*id).into()).collect();
        let Ok(rows) = self.pool.fetch_all(statement(&self.statements, uses.len()), ids).await else { return Uses::new() };
        let found: BTreeSet<Uuid> = rows.iter().filter_map(|row| row.try_get("", "id").ok()).collect();
        let (kept, others) = mem::take(uses).into_iter().partition(|((id, _), _)| found.contains(id));
        *uses = kept;
        others
    }

    fn last_lock_timeout(&self) -> MutexGuard<'_, Option<Instant>> {
        self.last_lock_timeout.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_prevented(recorded: &Result<bool, DbErr>) -> bool {
    recorded.as_ref().is_err_and(|error| matches!(ServerError::of(error), ServerError::Locked | ServerError::Conflict))
}

fn answer(uses: Uses, recorded: &Result<bool, DbErr>) {
    for waiting in uses.into_values().flatten() {
        let _ = waiting.send(recorded.clone());
    }
}

/// The ids and generations, filled up to a power of two by repeating the last use. In the order of the primary key, in which the databases
/// usually lock the rows, so that the statements of two nodes seldom deadlock.
fn padded(uses: &Uses) -> impl Iterator<Item = &(Uuid, i64)> {
    let padding = uses.len().next_power_of_two() - uses.len();
    uses.keys().chain(uses.keys().next_back().into_iter().cycle().take(padding))
}

/// The values of `sql::first_uses`.
fn values(uses: &Uses, now: Millis) -> Vec<Value> {
    let ids = padded(uses).map(|(id, _)| (*id).into());
    let pairs = padded(uses).flat_map(|(id, generation)| [(*id).into(), (*generation).into()]);
    std::iter::once(now.into()).chain(ids).chain(pairs).collect()
}
