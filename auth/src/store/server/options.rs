//! How a database server is reached, and the frequent statements in its dialect.

use super::connection::Connection;
use crate::store::sql;
use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions as _, SqlSafeStr, SqlStr,
        mysql::{MySqlConnectOptions, MySqlConnection},
        postgres::{PgConnectOptions, PgConnection},
    },
};
use std::{str::FromStr, sync::Arc, time::Duration};

/// How long a frequent statement waits for a locked row: the shortest time of MySQL.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// How connections are opened.
#[derive(Clone, Debug)]
pub(super) enum Options {
    Postgres(PgConnectOptions),
    Mysql(MySqlConnectOptions),
}

/// The statements in the text of one database.
pub(super) struct Statements {
    pub(super) session: SqlStr,
    pub(super) session_and_account: SqlStr,
    pub(super) rotate: SqlStr,
    pub(super) username: SqlStr,
    pub(super) advance: SqlStr,
    /// For 1, 2, 4, … sessions.
    first_uses: Vec<SqlStr>,
    unlocked: Vec<SqlStr>,
    existing: Vec<SqlStr>,
    pub(super) audit: SqlStr,
    pub(super) probe: SqlStr,
}

impl Statements {
    /// The statement that records the first uses of this number of sessions, up to [`sql::MAX_FIRST_USES`].
    pub(super) fn first_uses(&self, sessions: usize) -> &SqlStr {
        of_size(&self.first_uses, sessions)
    }

    /// The statement that returns those of this number of sessions that no other transaction has locked.
    pub(super) fn unlocked(&self, sessions: usize) -> &SqlStr {
        of_size(&self.unlocked, sessions)
    }

    /// The statement that returns those of this number of sessions that exist.
    pub(super) fn existing(&self, sessions: usize) -> &SqlStr {
        of_size(&self.existing, sessions)
    }
}

fn of_size(statements: &[SqlStr], sessions: usize) -> &SqlStr {
    &statements[usize::try_from(sessions.next_power_of_two().ilog2()).unwrap_or_default()]
}

impl Options {
    pub(super) fn parse(url: &str) -> Result<Self, DbErr> {
        Ok(if url.starts_with("mysql:") {
            Self::Mysql(MySqlConnectOptions::from_str(url).map_err(connect_error)?.disable_statement_logging())
        } else {
            Self::Postgres(PgConnectOptions::from_str(url).map_err(connect_error)?.disable_statement_logging())
        })
    }

    pub(super) fn statements(&self) -> Statements {
        let is_postgres = matches!(self, Self::Postgres(_));
        let text = |text: &str| AssertSqlSafe(if is_postgres { numbered(text) } else { text.to_owned() }).into_sql_str();
        let read_only = if is_postgres { sql::READ_ONLY_POSTGRES } else { sql::READ_ONLY_MYSQL };
        // In front, so that the other columns are those of the table.
        let checked = |select: &str| text(&select.replacen("SELECT ", &format!("SELECT {read_only}, "), 1));
        let sizes = || (0..=sql::MAX_FIRST_USES.ilog2()).map(|size| 1 << size);
        Statements {
            session: checked(sql::SESSION),
            session_and_account: checked(sql::SESSION_AND_ACCOUNT),
            rotate: text(if is_postgres { sql::ROTATE_POSTGRES } else { sql::ROTATE_MYSQL }),
            username: text(sql::USERNAME),
            advance: text(sql::ADVANCE),
            first_uses: sizes().map(|size| text(&sql::first_uses(size))).collect(),
            unlocked: sizes().map(|size| text(&sql::unlocked(size))).collect(),
            existing: sizes().map(|size| text(&sql::existing(size))).collect(),
            audit: text(sql::AUDIT),
            probe: checked(sql::PROBE),
        }
    }

    pub(super) async fn connect(&self) -> Result<Connection, DbErr> {
        match self {
            Self::Postgres(options) => {
                let mut connection = options.connect().await.map_err(connect_error)?;
                prepare_postgres(&mut connection, LOCK_TIMEOUT).await.map_err(connect_error)?;
                Ok(Connection::Postgres(connection))
            }
            Self::Mysql(options) => {
                let mut connection = options.connect().await.map_err(connect_error)?;
                prepare_mysql(&mut connection, LOCK_TIMEOUT).await.map_err(connect_error)?;
                Ok(Connection::Mysql(connection))
            }
        }
    }
}

/// A statement that waits for a lock fails after `lock_timeout`. Otherwise it would wait on after its caller has given up.
pub(in crate::store) async fn prepare_postgres(connection: &mut PgConnection, lock_timeout: Duration) -> Result<(), sqlx::Error> {
    let lock_timeout = format!("SET lock_timeout = {}", lock_timeout.as_millis());
    sqlx::raw_sql(AssertSqlSafe(lock_timeout)).execute(connection).await.map(drop)
}

/// As [`prepare_postgres`]. Each statement sees what is committed when it begins; on Galera also what other nodes have committed by then.
pub(in crate::store) async fn prepare_mysql(connection: &mut MySqlConnection, lock_timeout: Duration) -> Result<(), sqlx::Error> {
    let lock_timeout = format!("SET SESSION innodb_lock_wait_timeout = {}", lock_timeout.as_secs());
    sqlx::raw_sql(AssertSqlSafe(lock_timeout)).execute(&mut *connection).await?;
    sqlx::raw_sql("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").execute(&mut *connection).await?;
    // A server may be configured with 0, with which a statement alone is never committed.
    sqlx::raw_sql("SET SESSION autocommit = 1").execute(&mut *connection).await?;
    let galera = sqlx::raw_sql("SHOW VARIABLES WHERE Variable_name = 'wsrep_on' AND Value = 'ON'").fetch_all(&mut *connection).await?;
    if !galera.is_empty() {
        sqlx::raw_sql("SET SESSION wsrep_sync_wait = 1").execute(connection).await?;
    }
    Ok(())
}

fn connect_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}

/// With `$1`, `$2` … in place of each `?`.
fn numbered(text: &str) -> String {
    let mut parts = text.split('?');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.zip(1..).fold(first, |text, (part, number)| format!("{text}${number}{part}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A server that is configured with `autocommit=0` opens its sessions so.
    #[tokio::test]
    #[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
    async fn a_mysql_session_that_commits_nothing_is_switched_to_autocommit() {
        let url = std::env::var("WUGAN_TEST_MYSQL").unwrap();
        let mut connection = MySqlConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
        sqlx::raw_sql("SET SESSION autocommit = 0").execute(&mut connection).await.unwrap();
        prepare_mysql(&mut connection, LOCK_TIMEOUT).await.unwrap();
        let autocommit: i64 = sqlx::query_scalar("SELECT @@SESSION.autocommit").fetch_one(&mut connection).await.unwrap();
        assert_eq!(autocommit, 1);
    }

    #[test]
    fn placeholders_are_numbered_for_postgres() {
        assert_eq!(numbered("SELECT ? FROM t WHERE a = ? AND b = ?"), "SELECT $1 FROM t WHERE a = $2 AND b = $3");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
