//! The frequent operations on PostgreSQL and MySQL: one conditional UPDATE; the row is read only if that changed none.

use super::{
    connection::{Request, Statement},
    first_uses::FirstUses,
    options::{Options, Statements},
    pool::Pool,
};
use crate::{
    clock::Millis,
    store::{
        discards::Discards,
        exchange::{Account, Advance, Exchanged, Rotation, unavailable},
        session::Model,
        sql,
    },
};
use sea_orm::{DbErr, FromQueryResult, QueryResult};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};
use uuid::Uuid;

/// How often a request decides again after another request changed the row. The second decision usually succeeds.
const MAX_ATTEMPTS: usize = 8;
/// The largest number of cached names.
const MAX_NAMES: usize = 65_536;

/// A database server, with the connections that read and write sessions.
#[derive(Clone)]
pub(in crate::store) struct Server {
    pool: Arc<Pool>,
    statements: Arc<Statements>,
    first_uses: FirstUses,
    discards: Discards,
    /// For MySQL, whose UPDATE returns no name: names with the time when they were read. An account's name never changes, but a failover
    /// that loses a registration lets its id be assigned again, so a name that was read before connections were discarded is not used.
    names: Arc<Mutex<HashMap<i64, (String, Instant)>>>,
    returns_rows: bool,
}

impl Server {
    pub(in crate::store) fn open(url: &str, connections: u32, discards: Discards) -> Result<Self, DbErr> {
        let options = Options::parse(url)?;
        let returns_rows = matches!(options, Options::Postgres(_));
        let statements = Arc::new(options.statements());
        let pool = Arc::new(Pool::new(options, connections, discards.clone()));
        let first_uses = FirstUses::start(pool.clone(), statements.clone(), connections);
        Ok(Self { pool, statements, first_uses, discards, names: Arc::default(), returns_rows })
    }

    pub(in crate::store) async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether the database answers, has its tables, and writes.
    pub(in crate::store) async fn probe(&self) -> Result<(), DbErr> {
        let row = self.pool.fetch(&self.statements.probe, Vec::new()).await?;
        row.map_or(Ok(()), |row| self.check_writes(&row))
    }

    pub(in crate::store) async fn session(&self, id: Uuid) -> Result<Option<Model>, DbErr> {
        let row = self.pool.fetch(&self.statements.session, vec![id.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        self.check_writes(&row)?;
        Model::from_query_result(&row, "").map(Some)
    }

    /// Rotates if the row is as expected; otherwise decides by the row, until no other request changes it meanwhile.
    pub(in crate::store) async fn exchange<D>(
        &self,
        id: Uuid,
        expected: Option<(Rotation, D)>,
        decide: impl Fn(&Model, &Account) -> (D, Option<Advance>),
    ) -> Result<Option<Exchanged<D>>, DbErr> {
        if let Some((rotation, decision)) = expected
            && let Some(username) = self.rotate(&rotation).await?
        {
            return Ok(Some(Exchanged { decision, session: rotation.current(), username }));
        }
        for _ in 0..MAX_ATTEMPTS {
            let Some((row, account)) = self.find(id).await? else { return Ok(None) };
            let (decision, advance) = decide(&row, &account);
            let session = match advance {
                None => row.current(),
                Some(advance) => {
                    if !self.write(&advance).await? {
                        continue;
                    }
                    advance.next.current()
                }
            };
            return Ok(Some(Exchanged { decision, session, username: account.username }));
        }
        Err(unavailable("a refresh lost to other requests each time"))
    }

    pub(in crate::store) async fn record_first_use(&self, id: Uuid, generation: i64, now: Millis) -> Result<bool, DbErr> {
        self.first_uses.record(id, generation, now).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<(Model, Account)>, DbErr> {
        let row = self.pool.fetch(&self.statements.session_and_account, vec![id.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        self.check_writes(&row)?;
        let is_disabled = row.try_get::<Option<Millis>>("", "disabled_at")?.is_some();
        let account = Account { username: row.try_get("", "username")?, is_disabled };
        Ok(Some((Model::from_query_result(&row, "")?, account)))
    }

    /// The account's name, if the row was as expected.
    pub(in crate::store) async fn rotate(&self, rotation: &Rotation) -> Result<Option<String>, DbErr> {
        let values = rotation.values();
        if self.returns_rows {
            let row = self.pool.fetch(&self.statements.rotate, values).await?;
            return row.map(|row| row.try_get("", "username")).transpose();
        }
        let changed = self.pool.execute(&self.statements.rotate, values).await?;
        if changed == 1 { self.name(rotation.user_id).await } else { Ok(None) }
    }

    async fn name(&self, user_id: i64) -> Result<Option<String>, DbErr> {
        let names = || self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((name, read)) = names().get(&user_id)
            && self.discards.keeps(read.elapsed())
        {
            return Ok(Some(name.clone()));
        }
        let read = Instant::now();
        let row = self.pool.fetch(&self.statements.username, vec![user_id.into()]).await?;
        let Some(row) = row else { return Ok(None) };
        let name: String = row.try_get("", "username")?;
        let mut names = names();
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.insert(user_id, (name.clone(), read));
        Ok(Some(name))
    }

    /// Whether the row was still the one that was decided on.
    pub(in crate::store) async fn write(&self, advance: &Advance) -> Result<bool, DbErr> {
        let advance_row = Statement { text: self.statements.advance.clone(), values: advance.values() };
        let request = match advance.record.clone() {
            None => Request::Execute(advance_row),
            Some((event, entry)) => {
                let values = vec![
                    advance.next.rotated_at.into(),
                    event.name().into(),
                    entry.user_id.into(),
                    entry.session_id.into(),
                    entry.ip.into(),
                    entry.user_agent.into(),
                    entry.detail.into(),
                ];
                Request::ExecuteBoth(advance_row, Statement { text: self.statements.audit.clone(), values })
            }
        };
        Ok(self.pool.run(request).await?.changed == 1)
    }

    /// Rows of a read-only node may be old.
    fn check_writes(&self, row: &QueryResult) -> Result<(), DbErr> {
        let read_only: String = row.try_get("", sql::READ_ONLY_COLUMN)?;
        if matches!(read_only.as_str(), "0" | "off" | "OFF") {
            return Ok(());
        }
        self.discards.discard();
        Err(unavailable("this node of the database is read-only"))
    }
}
