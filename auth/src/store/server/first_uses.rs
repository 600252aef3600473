//! Group commit of first uses: those that arrive while a statement is in flight share the next one, which is one round trip and one commit.

use super::{options::Statements, pool::Pool};
use crate::{
    clock::Millis,
    store::{exchange::unavailable, sql::MAX_FIRST_USES},
};
use sea_orm::{DbErr, Value};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// The task ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct FirstUses {
    queue: mpsc::UnboundedSender<FirstUse>,
}

struct FirstUse {
    id: Uuid,
    generation: i64,
    now: Millis,
    answer: oneshot::Sender<Result<bool, DbErr>>,
}

impl FirstUses {
    pub(super) fn start(pool: Arc<Pool>, statements: Arc<Statements>) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        tokio::spawn(run(pool, statements, waiting));
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

async fn run(pool: Arc<Pool>, statements: Arc<Statements>, mut waiting: mpsc::UnboundedReceiver<FirstUse>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, MAX_FIRST_USES).await > 0 {
        // Two requests may use the same token. In the order of the primary key, so that the statements of two nodes do not deadlock.
        let uses: BTreeSet<_> = batch.iter().map(|waiting| (waiting.id, waiting.generation)).collect();
        let now = batch.iter().map(|waiting| waiting.now).max().unwrap_or_default();
        let recorded = pool.execute(statements.first_uses(uses.len()), values(&uses, now)).await;
        let recorded = recorded.map(|changed| u64::try_from(uses.len()) == Ok(changed));
        for waiting in batch.drain(..) {
            let _ = waiting.answer.send(recorded.clone());
        }
    }
}

/// The values of `sql::first_uses`, filled up to a power of two by repeating the last use.
fn values(uses: &BTreeSet<(Uuid, i64)>, now: Millis) -> Vec<Value> {
    let padding = uses.len().next_power_of_two() - uses.len();
    let padded = || uses.iter().chain(uses.last().into_iter().cycle().take(padding));
    let ids = padded().map(|(id, _)| (*id).into());
    let pairs = padded().flat_map(|(id, generation)| [(*id).into(), (*generation).into()]);
    std::iter::once(now.into()).chain(ids).chain(pairs).collect()
}
