//! How a SQLite file is opened, and what becomes of a connection on which something went wrong.

use super::{PATIENCE, options as common};
use sea_orm::{
    ConnectOptions,
    sqlx::{
        self, Connection,
        sqlite::{SqliteConnection, SqliteJournalMode, SqliteSynchronous},
    },
};

const READERS: u32 = 4;

/// What to do where there is no file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum File {
    MayBeMade,
    MustExist,
}

/// The one connection that writes.
pub(super) fn writer(url: &str, file: File) -> ConnectOptions {
    let mut options = options(url, 1, file);
    options.map_sqlx_sqlite_pool_opts(|pool| pool.after_release(|connection, _| Box::pin(is_clean(connection))));
    options
}

/// Those that read, each in no transaction.
pub(super) fn readers(url: &str, file: File) -> ConnectOptions {
    options(url, READERS, file)
}

fn options(url: &str, connections: u32, file: File) -> ConnectOptions {
    let mut options = common(url, connections);
    options.map_sqlx_sqlite_opts(move |options| {
        // FULL: a rotation or a revocation that was answered survives a power cut, not only a crash.
        options
            .create_if_missing(file == File::MayBeMade)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(PATIENCE)
    });
    options
}

/// Whether a connection that comes back may be used again. When the disk is full SQLite rolls back by itself, and sqlx goes on counting
/// the transaction as open: it would make a savepoint of each later one, whose commit commits nothing.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // A transaction that was dropped is rolled back before this is answered.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{begin, connect};
    use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

    async fn rows(db: &DatabaseConnection) -> i64 {
        let count = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM paper");
        db.query_one_raw(count).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    #[tokio::test]
    async fn case_24_after_a_full_disk_a_commit_is_a_commit() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let (paper, other) =
            (connect(writer(&url, File::MayBeMade)).await.unwrap(), connect(readers(&url, File::MayBeMade)).await.unwrap());
        paper.execute_unprepared("CREATE TABLE paper (text TEXT)").await.unwrap();
        for written in 0..3 {
            // No page more than there are: to SQLite that is a full disk.
            paper.execute_unprepared("PRAGMA max_page_count = 1").await.unwrap();
            let full = begin(&paper).await.unwrap();
            full.execute_unprepared("INSERT INTO paper VALUES (hex(zeroblob(10000)))").await.unwrap_err();
            drop(full);
            begin(&paper).await.unwrap().rollback().await.unwrap();
            paper.execute_unprepared("PRAGMA max_page_count = 1000000").await.unwrap();
            let roomy = begin(&paper).await.unwrap();
            roomy.execute_unprepared("INSERT INTO paper VALUES ('kept')").await.unwrap();
            roomy.commit().await.unwrap();
            assert_eq!(rows(&other).await, written + 1);
        }
    }
}
