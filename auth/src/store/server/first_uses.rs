//! Group commit of first uses: those that arrive while a statement is in flight share the next one, which is one round trip and one commit.

use super::{options::Statements, pool::Pool};
use crate::{
    clock::Millis,
    store::{exchange::unavailable, server_error::ServerError, sql::MAX_FIRST_USES},
};
use sea_orm::{DbErr, Value};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::timeout,
};
use uuid::Uuid;

/// How long a statement delays the next one. One that waits for a locked row takes longer.
const MAX_DELAY: Duration = Duration::from_millis(500);
/// The largest number of statements in flight: half of the connections, so that locked rows leave the others to other operations.
const MAX_STATEMENTS: usize = 4;

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
    pub(super) fn start(pool: Arc<Pool>, statements: Arc<Statements>) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(run(Arc::new(Recorder { pool, statements, permits: Semaphore::new(MAX_STATEMENTS) }), waiting));
        Self { queue }
    }

    /// Records the first use of a session's current generation, durably. `false` if another request did, if the generation is not the
    /// current one, or if that is so for a session in the same statement: the row must be read.
    pub(super) async fn record(&self, id: Uuid, generation: i64, now: Millis) -> Result<bool, DbErr> {
        let (answer, answered) = oneshot::channel();
        let stopped = || unavailable("the database is closed");
        self.queue.send(FirstUse { id, generation, now, answer }).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

async fn run(recorder: Arc<Recorder>, mut waiting: mpsc::UnboundedReceiver<FirstUse>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, MAX_FIRST_USES).await > 0 {
        let (mut uses, mut now) = (Uses::new(), 0);
        for waiting in batch.drain(..) {
            uses.entry((waiting.id, waiting.generation)).or_default().push(waiting.answer);
            now = now.max(waiting.now);
        }
        let _ = timeout(MAX_DELAY, tokio::spawn(recorder.clone().record_together(uses, now))).await;
    }
}

struct Recorder {
    pool: Arc<Pool>,
    statements: Arc<Statements>,
    permits: Semaphore,
}

impl Recorder {
    /// Records by one statement. If other transactions prevent that, by one statement for each session.
    async fn record_together(self: Arc<Self>, uses: Uses, now: Millis) {
        let recorded = self.execute(&uses, now).await;
        let is_prevented =
            recorded.as_ref().is_err_and(|error| matches!(ServerError::of(error), ServerError::Locked | ServerError::Conflict));
        if !is_prevented || uses.len() == 1 {
            return answer(uses, &recorded);
        }
        for (id, answers) in uses {
            let (recorder, uses) = (self.clone(), Uses::from([(id, answers)]));
            tokio::spawn(async move {
                let recorded = recorder.execute(&uses, now).await;
                answer(uses, &recorded);
            });
        }
    }

    async fn execute(&self, uses: &Uses, now: Millis) -> Result<bool, DbErr> {
        let _permit = self.permits.acquire().await;
        let changed = self.pool.execute(self.statements.first_uses(uses.len()), values(uses, now)).await?;
        Ok(u64::try_from(uses.len()) == Ok(changed))
    }
}

fn answer(uses: Uses, recorded: &Result<bool, DbErr>) {
    for waiting in uses.into_values().flatten() {
        let _ = waiting.send(recorded.clone());
    }
}

/// The values of `sql::first_uses`, filled up to a power of two by repeating the last use. In the order of the primary key, in which the
/// databases usually lock the rows, so that the statements of two nodes seldom deadlock.
fn values(uses: &Uses, now: Millis) -> Vec<Value> {
    let padding = uses.len().next_power_of_two() - uses.len();
    let padded = || uses.keys().chain(uses.keys().next_back().into_iter().cycle().take(padding));
    let ids = padded().map(|(id, _)| (*id).into());
    let pairs = padded().flat_map(|(id, generation)| [(*id).into(), (*generation).into()]);
    std::iter::once(now.into()).chain(ids).chain(pairs).collect()
}
