//! Group commit for SQLite: statements that arrive during a commit share the next one. A caller is answered after the commit that its
//! statement is in; if that fails, all statements in it fail.

use super::connection::begin;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, Statement};
use tokio::sync::{mpsc, oneshot};

/// The largest number of statements in one commit.
const MAX_MEMBERS: usize = 256;

#[derive(Clone)]
pub(super) struct Group {
    queue: mpsc::Sender<Member>,
}

struct Member {
    statement: Statement,
    answer: oneshot::Sender<Result<u64, DbErr>>,
}

impl Group {
    /// Writes through this connection until the last clone is dropped.
    pub(super) fn start(writer: DatabaseConnection) -> Self {
        let (queue, mut waiting) = mpsc::channel(MAX_MEMBERS);
        tokio::spawn(async move {
            let mut members = Vec::new();
            while waiting.recv_many(&mut members, MAX_MEMBERS).await > 0 {
                // A task of its own, so that a panic does not stop the queue.
                let _ = tokio::spawn(commit(writer.clone(), std::mem::take(&mut members))).await;
            }
        });
        Self { queue }
    }

    /// Executes one statement. Returns the number of changed rows once they are durable. It is executed even if the caller is dropped.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        let (answer, answered) = oneshot::channel();
        let broke_off = || DbErr::Conn(RuntimeErr::Internal("the database writer stopped".into()));
        self.queue.send(Member { statement, answer }).await.map_err(|_| broke_off())?;
        answered.await.map_err(|_| broke_off())?
    }
}

async fn commit(writer: DatabaseConnection, members: Vec<Member>) {
    let (statements, answers): (Vec<_>, Vec<_>) = members.into_iter().map(|member| (member.statement, member.answer)).unzip();
    let done = execute(&writer, statements).await;
    for (at, answer) in answers.into_iter().enumerate() {
        let _ = answer.send(done.as_ref().map(|rows| rows[at]).map_err(Clone::clone));
    }
}

/// Executes all or none. Returns the number of changed rows of each.
async fn execute(writer: &DatabaseConnection, statements: Vec<Statement>) -> Result<Vec<u64>, DbErr> {
    let transaction = begin(writer).await?;
    let mut rows = Vec::with_capacity(statements.len());
    for statement in statements {
        rows.push(transaction.execute_raw(statement).await?.rows_affected());
    }
    transaction.commit().await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::{
        connection::connect,
        sqlite::{self, File},
    };
    use sea_orm::DbBackend;
    use tempfile::TempDir;
    use tokio::task::{JoinSet, yield_now};

    /// A database with two accounts, and a card whose account is checked at commit. Returns the writer and another connection.
    async fn database() -> (DatabaseConnection, DatabaseConnection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let (writer, other) = (
            connect(sqlite::writer(&url, File::MayBeCreated)).await.unwrap(),
            connect(sqlite::writer(&url, File::MayBeCreated)).await.unwrap(),
        );
        for statement in [
            "CREATE TABLE account (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL)",
            "CREATE TABLE card (id INTEGER PRIMARY KEY, account INTEGER REFERENCES account DEFERRABLE INITIALLY DEFERRED)",
            "INSERT INTO account VALUES (1, 0), (2, 0)",
            "INSERT INTO card VALUES (1, 1)",
        ] {
            writer.execute_unprepared(statement).await.unwrap();
        }
        (writer, other, folder)
    }

    fn sql(text: &str) -> Statement {
        Statement::from_string(DbBackend::Sqlite, text)
    }

    fn rotate(account: i64, from: i64) -> Statement {
        sql(&format!("UPDATE account SET generation = generation + 1 WHERE id = {account} AND generation = {from}"))
    }

    async fn number(db: &DatabaseConnection, text: &str, column: usize) -> i64 {
        db.query_one_raw(sql(text)).await.unwrap().unwrap().try_get_by_index(column).unwrap()
    }

    async fn generations(db: &DatabaseConnection) -> i64 {
        number(db, "SELECT sum(generation) FROM account", 0).await
    }

    /// The results of statements that share a commit.
    async fn together<const N: usize>(writer: &DatabaseConnection, statements: [Statement; N]) -> [Result<u64, DbErr>; N] {
        let (members, answers): (Vec<_>, Vec<_>) = statements
            .into_iter()
            .map(|statement| {
                let (answer, answered) = oneshot::channel();
                (Member { statement, answer }, answered)
            })
            .unzip();
        commit(writer.clone(), members).await;
        let results: Vec<_> = answers.into_iter().map(|mut answered| answered.try_recv().unwrap()).collect();
        results.try_into().unwrap()
    }

    #[tokio::test]
    async fn case_04_of_two_rotations_in_one_commit_one_wins() {
        let (writer, other, _folder) = database().await;
        assert_eq!(together(&writer, [rotate(1, 0), rotate(1, 0), rotate(2, 0), rotate(9, 0)]).await, [Ok(1), Ok(0), Ok(1), Ok(0)]);
        assert_eq!(generations(&other).await, 2);
    }

    #[tokio::test]
    async fn a_statement_that_fails_fails_all_in_its_commit() {
        let (writer, other, _folder) = database().await;
        let results = together(&writer, [rotate(1, 0), sql("UPDATE missing SET id = 1"), rotate(2, 0)]).await;
        assert!(results.iter().all(Result::is_err), "{results:?}");
        assert_eq!(generations(&other).await, 0);
        assert_eq!(together(&writer, [rotate(1, 0)]).await, [Ok(1)], "the next commit succeeds");
    }

    /// All statements succeed and the commit fails.
    #[tokio::test]
    async fn callers_are_answered_after_the_commit() {
        let (writer, other, _folder) = database().await;
        let results = together(&writer, [rotate(1, 0), sql("UPDATE card SET account = 9"), rotate(2, 0)]).await;
        assert!(results.iter().all(Result::is_err), "{results:?}");
        assert_eq!(generations(&other).await, 0);
        assert_eq!(together(&writer, [rotate(1, 0)]).await, [Ok(1)]);
    }

    #[tokio::test]
    async fn statements_that_arrive_during_a_commit_share_the_next_one() {
        let (writer, other, _folder) = database().await;
        let group = Group::start(writer.clone());
        number(&other, "PRAGMA wal_checkpoint(TRUNCATE)", 0).await;
        let busy = begin(&writer).await.unwrap();
        let mut callers = JoinSet::new();
        for generation in 0..20 {
            let group = group.clone();
            callers.spawn(async move { group.execute(rotate(1, generation)).await });
        }
        // On one thread, so that all statements are queued after the tasks ran.
        for _ in 0..100 {
            yield_now().await;
        }
        busy.rollback().await.unwrap();
        let results = callers.join_all().await;
        assert_eq!(results.len(), 20);
        assert!(results.iter().all(|results| *results == Ok(1)), "{results:?}");
        // Each commit writes the one page that all statements change.
        let commits = number(&other, "PRAGMA wal_checkpoint(PASSIVE)", 1).await;
        assert!((1..=2).contains(&commits), "{commits} commits");
    }

    #[tokio::test]
    async fn a_cancelled_caller_does_not_affect_the_others() {
        let (writer, other, _folder) = database().await;
        let group = Group::start(writer.clone());
        let busy = begin(&writer).await.unwrap();
        let [first, second] = [(1, 0), (2, 0)].map(|(account, from)| {
            let group = group.clone();
            tokio::spawn(async move { group.execute(rotate(account, from)).await })
        });
        for _ in 0..100 {
            yield_now().await;
        }
        first.abort();
        busy.rollback().await.unwrap();
        assert_eq!(second.await.unwrap(), Ok(1));
        assert_eq!(generations(&other).await, 2, "the cancelled statement is executed");
    }

    /// Without a connection, a commit panics.
    #[tokio::test]
    async fn a_commit_that_breaks_off_is_results_of_and_there_is_a_next() {
        let group = Group::start(DatabaseConnection::default());
        for _ in 0..2 {
            assert!(matches!(group.execute(rotate(1, 0)).await, Err(DbErr::Conn(_))));
        }
    }
}
