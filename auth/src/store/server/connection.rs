//! A connection to PostgreSQL or MySQL.

use sea_orm::{
    DbErr, QueryResult, RuntimeErr, Value,
    sea_query::Values,
    sqlx::{self, Connection as _, SqlStr, mysql::MySqlConnection, postgres::PgConnection},
};
use sea_query_sqlx::SqlxValues;
use std::sync::Arc;

/// A prepared statement with its values.
pub(super) struct Statement {
    pub(super) text: SqlStr,
    pub(super) values: Vec<Value>,
}

pub(super) enum Request {
    /// One statement, of which the rows are wanted.
    Fetch(Statement),
    /// One statement.
    Execute(Statement),
    /// Two statements in one transaction, the second only if the first changed a row.
    ExecuteBoth(Statement, Statement),
}

#[derive(Default)]
pub(super) struct Reply {
    pub(super) rows: Vec<QueryResult>,
    /// The number of rows that the first statement changed.
    pub(super) changed: u64,
}

pub(super) enum Connection {
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Connection {
    pub(super) async fn send(&mut self, request: &Request) -> Result<Reply, DbErr> {
        match request {
            Request::Fetch(statement) => Ok(Reply { rows: self.fetch(statement).await?, changed: 0 }),
            Request::Execute(statement) => Ok(Reply { rows: Vec::new(), changed: self.execute(statement).await? }),
            Request::ExecuteBoth(first, second) => {
                self.run("BEGIN").await?;
                let changed = self.execute_both(first, second).await;
                self.run(if matches!(changed, Ok(1..)) { "COMMIT" } else { "ROLLBACK" }).await?;
                Ok(Reply { rows: Vec::new(), changed: changed? })
            }
        }
    }

    async fn execute_both(&mut self, first: &Statement, second: &Statement) -> Result<u64, DbErr> {
        let changed = self.execute(first).await?;
        if changed > 0 {
            self.execute(second).await?;
        }
        Ok(changed)
    }

    /// The rows, after the statement has ended: a row may arrive before its commit.
    async fn fetch(&mut self, statement: &Statement) -> Result<Vec<QueryResult>, DbErr> {
        let (text, values) = (statement.text.clone(), SqlxValues(Values(statement.values.clone())));
        let rows = match self {
            Self::Postgres(connection) => {
                sqlx::query_with(text, values).fetch_all(connection).await.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            Self::Mysql(connection) => {
                sqlx::query_with(text, values).fetch_all(connection).await.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        rows.map_err(query_error)
    }

    async fn execute(&mut self, statement: &Statement) -> Result<u64, DbErr> {
        let (text, values) = (statement.text.clone(), SqlxValues(Values(statement.values.clone())));
        let changed = match self {
            Self::Postgres(connection) => sqlx::query_with(text, values).execute(connection).await.map(|done| done.rows_affected()),
            Self::Mysql(connection) => sqlx::query_with(text, values).execute(connection).await.map(|done| done.rows_affected()),
        };
        changed.map_err(query_error)
    }

    /// Executes `BEGIN`, `COMMIT` or `ROLLBACK`.
    async fn run(&mut self, text: &'static str) -> Result<(), DbErr> {
        let done = match self {
            Self::Postgres(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
            Self::Mysql(connection) => sqlx::raw_sql(text).execute(connection).await.map(drop),
        };
        done.map_err(query_error)
    }

    pub(super) async fn close(self) {
        let _ = match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Mysql(connection) => connection.close().await,
        };
    }
}

fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}
