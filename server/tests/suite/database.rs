//! A new database for each test, on each kind of database.

use sea_orm::{ConnectionTrait, Database as Connection};
use std::{env, path::Path};
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

    /// The URL of the server for tests. A test that needs one panics without it.
    pub(crate) fn server(self) -> String {
        let name = self.variable();
        env::var(name).ok().filter(|url| !url.is_empty()).unwrap_or_else(|| {
            panic!("{name} must be the URL of a {self:?} whose account may create databases: `cargo xtask test` starts one and sets it")
        })
    }

    /// The URL of a new, empty database.
    pub(crate) async fn create(self, folder: &Path) -> String {
        if self == Self::Sqlite {
            return format!("sqlite://{}", folder.join("wugan.db").display());
        }
        let server = self.server();
        let name = format!("wugan_{}", Uuid::new_v4().simple());
        let admin = Connection::connect(&server).await.unwrap();
        admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
        admin.close().await.unwrap();
        with_name(&server, &name)
    }

    /// Drops the database that `create` created.
    pub(crate) async fn drop(self, url: &str) {
        if self == Self::Sqlite {
            return;
        }
        let name = url.split('?').next().unwrap().rsplit('/').next().unwrap();
        if let Ok(admin) = Connection::connect(self.server()).await {
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

/// Runs a test on each kind of database, as three tests. Two of them need a server: they are ignored by default, and fail if they are run
/// without one.
macro_rules! on_each_database {
    ($($(#[$doc:meta])* async fn $name:ident($server:ident: Kind) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn test($server: Kind) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                test(Kind::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
            async fn postgres() {
                test(Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
            async fn mysql() {
                test(Kind::Mysql).await;
            }
        }
    )*};
}
pub(crate) use on_each_database;

/// Runs a test on PostgreSQL and on MariaDB, as two tests; see [`on_each_database`].
macro_rules! on_each_server {
    ($($name:ident: $test:ident;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a PostgreSQL: `cargo xtask test` starts one"]
            async fn postgres() {
                $test(Kind::Postgres).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs a MariaDB: `cargo xtask test` starts one"]
            async fn mysql() {
                $test(Kind::Mysql).await;
            }
        }
    )*};
}
pub(crate) use on_each_server;
