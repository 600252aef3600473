//! SQLite connection options, and the check that drops a connection whose transaction state is unknown.

use super::File;
use crate::store::connection::{BUSY_TIMEOUT, options as common};
use sea_orm::{
    ConnectOptions,
    sqlx::{
        self, Connection,
        sqlite::{SqliteConnection, SqliteSynchronous},
    },
};

const READERS: u32 = 4;

/// Options of the one connection that writes.
pub(in crate::store) fn writer(url: &str, file: File) -> ConnectOptions {
    let mut options = options(url, 1, file);
    options.map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_clean(connection))));
    options
}

/// Options of the connections that read, outside of transactions.
pub(in crate::store) fn readers(url: &str, file: File) -> ConnectOptions {
    options(url, READERS, file)
}

fn options(url: &str, connections: u32, file: File) -> ConnectOptions {
    let mut options = common(url, connections);
    options.map_sqlx_sqlite_opts(move |options| {
        // FULL: an answered rotation or revocation survives a power failure.
        options
            .create_if_missing(file == File::MayBeCreated)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
    });
    options
}

/// Whether a released connection may be used again. When the disk is full, SQLite rolls back on its own and sqlx still counts the
/// transaction as open: it would make each later transaction a savepoint, whose commit writes nothing.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A dropped transaction is rolled back before this is answered.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::connection::{begin, connect};
    use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

    async fn rows(db: &DatabaseConnection) -> i64 {
        let count = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM words");
        db.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn case_24_after_a_full_disk_commits_are_durable() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let (writer, reader) =
            (connect(super::writer(&url, File::MayBeCreated)).await.unwrap(), connect(readers(&url, File::MayBeCreated)).await.unwrap());
        writer.execute_unprepared("CREATE TABLE words (text TEXT)").await.unwrap();
        for written in 0..3 {
            // The file may not grow, which SQLite reports as a full disk.
            writer.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
            let full = begin(&writer).await.unwrap();
            full.execute_unprepared("INSERT INTO words VALUES (hex(zeroblob(10000)))").await.unwrap_err();
            drop(full);
            begin(&writer).await.unwrap().rollback().await.unwrap();
            writer.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
            let transaction = begin(&writer).await.unwrap();
            transaction.execute_unprepared("INSERT INTO words VALUES ('kept')").await.unwrap();
            transaction.commit().await.unwrap();
            assert_eq!(rows(&reader).await, written + 1);
        }
    }
}
