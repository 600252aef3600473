//! Classifies errors of a database server: whether to retry, and whether to discard the connection.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError, mysql::MySqlDatabaseError},
};

/// An error of a database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ServerError {
    /// Another transaction won: a deadlock, a serialisation failure, a Galera certification conflict. A retry helps.
    Conflict,
    /// Another transaction has had a lock for longer than the lock timeout.
    Locked,
    /// The connection's node is read-only, or is not part of its cluster. A new connection may reach another node.
    ReadOnly,
    /// The connection is closed. The statement may have been executed.
    Lost,
    Other,
}

impl ServerError {
    pub(super) fn of(error: &DbErr) -> Self {
        let (DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
        else {
            return Self::Other;
        };
        match cause.as_ref() {
            sqlx::Error::Database(error) => Self::of_database(error.as_ref()),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Self::Lost,
            _ => Self::Other,
        }
    }

    fn of_database(error: &dyn DatabaseError) -> Self {
        if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
            return match error.number() {
                // A deadlock or certification conflict, a row that changed since the snapshot.
                1213 | 1020 => Self::Conflict,
                1205 => Self::Locked,
                // --read-only, a read-only transaction, InnoDB in read-only mode, a Galera node that is not ready.
                1290 | 1792 | 1836 | 1047 => Self::ReadOnly,
                // The server stops, or the connection was killed.
                1053 | 1317 | 1927 => Self::Lost,
                _ => Self::Other,
            };
        }
        match error.code().unwrap_or_default().as_ref() {
            "40001" | "40P01" => Self::Conflict,
            "55P03" => Self::Locked,
            "25006" => Self::ReadOnly,
            // The server stops, crashed, or starts.
            "57P01" | "57P02" | "57P03" => Self::Lost,
            code if code.starts_with("08") => Self::Lost,
            _ => Self::Other,
        }
    }
}
