//! Group commit for SQLite. One connection writes, and each commit waits for the disk: statements that come while it does share the next
//! one. Nobody is answered before the commit that his statement is in, and if that fails, all who are in it hear so.

use super::begin;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr, Statement};
use tokio::sync::{mpsc, oneshot};

/// How many statements share a commit at most: others want to write too.
const MOST: usize = 256;

#[derive(Clone)]
pub(super) struct Group {
    queue: mpsc::Sender<Member>,
}

struct Member {
    statement: Statement,
    answer: oneshot::Sender<Result<u64, DbErr>>,
}

impl Group {
    /// Writes by this connection until the last of its clones is dropped.
    pub(super) fn start(writer: DatabaseConnection) -> Self {
        let (queue, mut waiting) = mpsc::channel(MOST);
        tokio::spawn(async move {
            let mut members = Vec::new();
            while waiting.recv_many(&mut members, MOST).await > 0 {
                // A task of its own: whatever becomes of it, there is a next.
                let _ = tokio::spawn(commit(writer.clone(), std::mem::take(&mut members))).await;
            }
        });
        Self { queue }
    }

    /// Executes one statement. Returns how many rows it changed when that is on the disk, whoever stops waiting meanwhile.
    pub(super) async fn execute(&self, statement: Statement) -> Result<u64, DbErr> {
        let (answer, answered) = oneshot::channel();
        let broke_off = || DbErr::Conn(RuntimeErr::Internal("writing to the database broke off".into()));
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

/// All or none. Returns how many rows each of them changed.
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
        connect,
        sqlite::{self, File},
    };
    use sea_orm::DbBackend;
    use tempfile::TempDir;
    use tokio::task::{JoinSet, yield_now};

    /// Two accounts, and a card that must belong to one of them when it is committed: by one connection that writes, and another.
    async fn world() -> (DatabaseConnection, DatabaseConnection, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let (writer, other) =
            (connect(sqlite::writer(&url, File::MayBeMade)).await.unwrap(), connect(sqlite::writer(&url, File::MayBeMade)).await.unwrap());
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

    /// What each of these hears when they share a commit.
    async fn together<const N: usize>(writer: &DatabaseConnection, statements: [Statement; N]) -> [Result<u64, DbErr>; N] {
        let (members, answers): (Vec<_>, Vec<_>) = statements
            .into_iter()
            .map(|statement| {
                let (answer, answered) = oneshot::channel();
                (Member { statement, answer }, answered)
            })
            .unzip();
        commit(writer.clone(), members).await;
        let heard: Vec<_> = answers.into_iter().map(|mut answered| answered.try_recv().unwrap()).collect();
        heard.try_into().unwrap()
    }

    #[tokio::test]
    async fn case_04_of_two_rotations_in_one_commit_one_wins() {
        let (writer, other, _folder) = world().await;
        assert_eq!(together(&writer, [rotate(1, 0), rotate(1, 0), rotate(2, 0), rotate(9, 0)]).await, [Ok(1), Ok(0), Ok(1), Ok(0)]);
        assert_eq!(generations(&other).await, 2);
    }

    #[tokio::test]
    async fn a_statement_that_fails_fails_all_in_its_commit() {
        let (writer, other, _folder) = world().await;
        let heard = together(&writer, [rotate(1, 0), sql("UPDATE missing SET id = 1"), rotate(2, 0)]).await;
        assert!(heard.iter().all(Result::is_err), "{heard:?}");
        assert_eq!(generations(&other).await, 0);
        assert_eq!(together(&writer, [rotate(1, 0)]).await, [Ok(1)], "and the next one is none the worse");
    }

    /// The statements all succeed; it is the commit itself that the database refuses.
    #[tokio::test]
    async fn nobody_is_answered_before_the_commit() {
        let (writer, other, _folder) = world().await;
        let heard = together(&writer, [rotate(1, 0), sql("UPDATE card SET account = 9"), rotate(2, 0)]).await;
        assert!(heard.iter().all(Result::is_err), "{heard:?}");
        assert_eq!(generations(&other).await, 0);
        assert_eq!(together(&writer, [rotate(1, 0)]).await, [Ok(1)]);
    }

    #[tokio::test]
    async fn what_comes_during_a_commit_shares_the_next_one() {
        let (writer, other, _folder) = world().await;
        let group = Group::start(writer.clone());
        number(&other, "PRAGMA wal_checkpoint(TRUNCATE)", 0).await;
        let busy = begin(&writer).await.unwrap();
        let mut callers = JoinSet::new();
        for generation in 0..20 {
            let group = group.clone();
            callers.spawn(async move { group.execute(rotate(1, generation)).await });
        }
        // One thread: when all tasks have had their turn, all statements are on their way.
        for _ in 0..100 {
            yield_now().await;
        }
        busy.rollback().await.unwrap();
        let heard = callers.join_all().await;
        assert_eq!(heard.len(), 20);
        assert!(heard.iter().all(|heard| *heard == Ok(1)), "{heard:?}");
        // Each commit writes the one page that all of them change.
        let commits = number(&other, "PRAGMA wal_checkpoint(PASSIVE)", 1).await;
        assert!((1..=2).contains(&commits), "{commits} commits");
    }

    #[tokio::test]
    async fn who_hangs_up_takes_nobody_with_him() {
        let (writer, other, _folder) = world().await;
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
        assert_eq!(generations(&other).await, 2, "what was ordered is done");
    }

    /// Without a connection there is nothing that could commit, and whoever tries panics.
    #[tokio::test]
    async fn a_commit_that_breaks_off_is_heard_of_and_there_is_a_next() {
        let group = Group::start(DatabaseConnection::default());
        for _ in 0..2 {
            assert!(matches!(group.execute(rotate(1, 0)).await, Err(DbErr::Conn(_))));
        }
    }
}
