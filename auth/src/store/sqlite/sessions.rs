//! The frequent operations on SQLite. One thread decides and writes, so there are no conflicts.

use super::worker::{Worker, WriteLock};
use crate::{
    clock::Millis,
    store::{
        audit::{Entry, Event},
        exchange::{Account, Advance, Exchanged},
        session::Model,
        sql,
    },
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use sea_orm::DbErr;
use std::path::Path;
use uuid::Uuid;

/// The threads that read and write sessions.
#[derive(Clone)]
pub(in crate::store) struct Sqlite {
    reader: Worker,
    writer: Worker,
}

impl Sqlite {
    pub(in crate::store) fn open(path: &Path, write_lock: WriteLock) -> Result<Self, DbErr> {
        Ok(Self { reader: Worker::start(path, None)?, writer: Worker::start(path, Some(write_lock))? })
    }

    pub(in crate::store) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(in crate::store) async fn probe(&self) -> Result<(), DbErr> {
        self.reader.call(|connection| connection.prepare_cached(sql::PROBE)?.query_row([], |_| Ok(()))).await
    }

    pub(in crate::store) async fn session(&self, id: Uuid) -> Result<Option<Model>, DbErr> {
        self.reader.call(move |connection| connection.prepare_cached(sql::SESSION)?.query_row([id], model).optional()).await
    }

    pub(in crate::store) async fn exchange<D: Send + 'static>(
        &self,
        id: Uuid,
        decide: impl FnOnce(&Model, &Account) -> (D, Option<Advance>) + Send + 'static,
    ) -> Result<Option<Exchanged<D>>, DbErr> {
        let job = move |connection: &Connection| {
            let find = |row: &Row<'_>| {
                let account = Account { username: row.get(21)?, is_disabled: row.get::<_, Option<Millis>>(22)?.is_some() };
                Ok((model(row)?, account))
            };
            let found = connection.prepare_cached(sql::SESSION_AND_ACCOUNT)?.query_row([id], find).optional()?;
            let Some((row, account)) = found else { return Ok(None) };
            let (decision, advance) = decide(&row, &account);
            let session = match advance {
                Some(advance) => {
                    write(connection, &advance)?;
                    advance.next.current()
                }
                None => row.current(),
            };
            Ok(Some(Exchanged { decision, session, username: account.username }))
        };
        self.writer.call_to_completion(job).await
    }

    pub(in crate::store) async fn record_first_use(&self, id: Uuid, generation: i64, now: Millis) -> Result<bool, DbErr> {
        let job = move |connection: &Connection| {
            connection.prepare_cached(sql::FIRST_USE)?.execute(params![generation, now, id, generation, generation])
        };
        Ok(self.writer.call(job).await? == 1)
    }
}

fn write(connection: &Connection, advance: &Advance) -> rusqlite::Result<()> {
    let Some((event, entry)) = &advance.record else { return update(connection, advance) };
    connection.prepare_cached("SAVEPOINT recorded")?.execute([])?;
    let written = update(connection, advance).and_then(|()| record(connection, *event, entry, advance.next.rotated_at));
    if written.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK TO recorded")?;
    }
    if !connection.is_autocommit() {
        connection.prepare_cached("RELEASE recorded")?.execute([])?;
    }
    written
}

fn update(connection: &Connection, advance: &Advance) -> rusqlite::Result<()> {
    let next = &advance.next;
    let changed = connection.prepare_cached(sql::ADVANCE)?.execute(params![
        next.generation,
        next.rotated_at,
        next.last_used_at,
        next.expires_at,
        next.last_user_agent,
        next.last_ip,
        next.lineage_generation,
        next.parent,
        next.rotated_by,
        next.grandparent,
        next.parent_rotated_by,
        next.superseded,
        next.access_floor,
        next.id,
        advance.from_generation,
        advance.used_before,
    ])?;
    // The row was read in the same transaction.
    if changed == 1 { Ok(()) } else { Err(rusqlite::Error::StatementChangedRows(changed)) }
}

fn record(connection: &Connection, event: Event, entry: &Entry, at: Millis) -> rusqlite::Result<()> {
    let Entry { user_id, session_id, ip, user_agent, detail } = entry;
    connection.prepare_cached(sql::AUDIT)?.execute(params![at, event.name(), user_id, session_id, ip, user_agent, detail]).map(drop)
}

/// By the order of the columns in `sql`.
fn model(row: &Row<'_>) -> rusqlite::Result<Model> {
    Ok(Model {
        id: row.get(0)?,
        user_id: row.get(1)?,
        generation: row.get(2)?,
        last_used_generation: row.get(3)?,
        rotated_at: row.get(4)?,
        created_at: row.get(5)?,
        last_used_at: row.get(6)?,
        expires_at: row.get(7)?,
        revoked_at: row.get(8)?,
        user_agent: row.get(9)?,
        ip: row.get(10)?,
        last_user_agent: row.get(11)?,
        last_ip: row.get(12)?,
        lineage_generation: row.get(13)?,
        parent: row.get(14)?,
        rotated_by: row.get(15)?,
        grandparent: row.get(16)?,
        parent_rotated_by: row.get(17)?,
        superseded: row.get(18)?,
        access_floor: row.get(19)?,
        jkt: row.get(20)?,
    })
}
