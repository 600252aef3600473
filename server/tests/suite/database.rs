//! A database of its own for each test, on each kind of server that is there.

use sea_orm::{ConnectionTrait, Database as Connection};
use std::{
    env,
    io::{Write, stderr},
    path::Path,
};
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Mysql,
}

impl Kind {
    fn variable(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => "WUGAN_TEST_POSTGRES",
            Self::Mysql => "WUGAN_TEST_MYSQL",
        }
    }

    /// Whether it can be tested here. Says so past the test runner's capture if it can't: a test that did not run must not look as if.
    pub(crate) fn is_here(self, test: &str) -> bool {
        let here = self == Self::Sqlite || env::var(self.variable()).is_ok_and(|url| !url.is_empty());
        if !here {
            let _ = writeln!(stderr(), "NOT RUN on {self:?}: {test} ({} is not set)", self.variable());
        }
        here
    }

    /// The URL of a new, empty database.
    pub(crate) async fn create(self, folder: &Path) -> String {
        if self == Self::Sqlite {
            return format!("sqlite://{}", folder.join("wugan.db").display());
        }
        let server = env::var(self.variable()).unwrap();
        let name = format!("wugan_{}", Uuid::new_v4().simple());
        let admin = Connection::connect(&server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        with_name(&server, &name)
    }

    /// Drops what `create` made.
    pub(crate) async fn drop(self, url: &str) {
        if self == Self::Sqlite {
            return;
        }
        let name = url.split('?').next().unwrap().rsplit('/').next().unwrap();
        if let Ok(admin) = Connection::connect(env::var(self.variable()).unwrap()).await {
            let force = if self == Self::Postgres { " WITH (FORCE)" } else { "" };
            let _ = admin.execute_unprepared(&format!("DROP DATABASE {name}{force}")).await;
            let _ = admin.close().await;
        }
    }
}

/// The same URL with another database's name.
fn with_name(url: &str, name: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, String::new()), |(before, query)| (before, format!("?{query}")));
    let (server, _) = before.rsplit_once('/').unwrap();
    format!("{server}/{name}{query}")
}

/// Runs a test on each kind of database, as three tests.
macro_rules! on_each_database {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: Kind) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn test($world: Kind) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                test(Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                if Kind::Postgres.is_here(stringify!($name)) {
                    test(Kind::Postgres).await;
                }
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn mysql() {
                if Kind::Mysql.is_here(stringify!($name)) {
                    test(Kind::Mysql).await;
                }
            }
        }
    )*};
}
pub(crate) use on_each_database;
