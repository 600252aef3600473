//! Classifies errors of a database: whether to retry, whether to discard the connection, and whether the caller may try again.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError, mysql::MySqlDatabaseError, sqlite::SqliteError},
};

/// The SQLSTATE classes of transient errors: connection, transaction rollback, insufficient resources, operator intervention, system error;
/// and of MySQL an interrupted statement, and a lock timeout or a read-only server.
const TRANSIENT: [&str; 7] = ["08", "40", "53", "57", "58", "70", "HY000"];

/// An error of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerError {
    /// Another transaction won: a deadlock, a serialisation failure, a Galera certification conflict. A retry helps.
    Conflict,
    /// Another transaction has had a lock for longer than the lock timeout.
    Locked,
    /// The connection's node is read-only, or is not part of its cluster. A new connection may reach another node.
    ReadOnly,
    /// The connection is closed. The statement may have been executed.
    Lost,
    /// The statement may succeed later.
    Busy,
    Other,
}

impl ServerError {
    pub(crate) fn of(error: &DbErr) -> Self {
        let (DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
        else {
            return if matches!(error, DbErr::ConnectionAcquire(_) | DbErr::Conn(_)) { Self::Busy } else { Self::Other };
        };
        match cause.as_ref() {
            sqlx::Error::Database(error) => Self::of_database(error.as_ref()),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Self::Lost,
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => Self::Busy,
            _ => Self::Other,
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        let code = error.code().unwrap_or_default();
        let other = if TRANSIENT.iter().any(|class| code.starts_with(class)) { Self::Busy } else { Self::Other };
        if error.try_downcast_ref::<SqliteError>().is_some() {
            // The low byte is the primary code: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
            let is_transient = matches!(code.parse::<i32>().unwrap_or(0) & 0xff, 5 | 6 | 8 | 10 | 13 | 14);
            return if is_transient { Self::Busy } else { Self::Other };
        }
        if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
            return match error.number() {
                // A deadlock or certification conflict, a row that changed since the snapshot.
                1213 | 1020 => Self::Conflict,
                1205 => Self::Locked,
                // --read-only, a read-only transaction, InnoDB in read-only mode, a Galera node that is not ready.
                1290 | 1792 | 1836 | 1047 => Self::ReadOnly,
                // The server stops, or the connection was killed.
                1053 | 1317 | 1927 => Self::Lost,
                // The account has too many connections, which happens in a failover while old ones linger.
                1203 => Self::Busy,
                _ => other,
            };
        }
        match code.as_ref() {
            "40001" | "40P01" => Self::Conflict,
            "55P03" => Self::Locked,
            "25006" => Self::ReadOnly,
            // The server stops, crashed, or starts; it closed an idle connection.
            "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Self::Lost,
            code if code.starts_with("08") => Self::Lost,
            _ => other,
        }
    }
}
