//! A throw-away MariaDB.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Engine, Ground, OTHERWISE, program};
use crate::debian;
use crate::step::{Result, failure};

pub(super) struct MariaDb {
    server: PathBuf,
    installer: PathBuf,
    lasts: bool,
    databases: &'static [&'static str],
}

impl MariaDb {
    /// One that is not for tests: it writes what it is told to the disk, and has these databases.
    pub(super) fn lasting(self, databases: &'static [&'static str]) -> Self {
        Self { lasts: true, databases, ..self }
    }
}

impl Engine for MariaDb {
    const NAME: &'static str = "MariaDB";
    const VARIABLE: &'static str = "WUGAN_TEST_MYSQL";

    fn get() -> Result<Self> {
        if find().is_none() {
            // The programs alone: these packages start no service. The installer asks a program of the client's.
            debian::install(&["mariadb-server-core", "mariadb-client-core"], "MariaDB's server (for the tests)", "1 min")
                .map_err(|e| failure(format!("{e}, {OTHERWISE}")))?;
        }
        find().ok_or_else(|| failure(format!("no mariadbd and mariadb-install-db in PATH or /usr/sbin, {OTHERWISE}")))
    }

    fn prepare(&self, ground: &Ground) -> Result<()> {
        let mut make = Command::new(&self.installer);
        make.args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=socket"]);
        ground.run(make.arg(format!("--datadir={}", ground.data().display())))
    }

    fn server(&self, ground: &Ground, port: u16) -> Result<Command> {
        let mut user = format!(
            "CREATE OR REPLACE USER wugan@'127.0.0.1' IDENTIFIED BY '{}';\nGRANT ALL ON *.* TO wugan@'127.0.0.1';\n",
            ground.password()
        );
        for database in self.databases {
            user += &format!("CREATE DATABASE IF NOT EXISTS {database};\n");
        }
        let user = ground.write("user.sql", &user)?;
        let mut server = Command::new(&self.server);
        // Must be the first: what this machine's own MariaDB is told is not for this one.
        server.arg("--no-defaults");
        server.arg(format!("--datadir={}", ground.data().display())).arg(format!("--init-file={}", user.display()));
        server.args([&format!("--port={port}"), "--bind-address=127.0.0.1", "--skip-name-resolve", "--socket=socket", "--pid-file=pid"]);
        // Each test has a pool, or two.
        server.args(["--max-connections=1000", "--innodb-buffer-pool-size=64M", "--performance-schema=off"]);
        if !self.lasts {
            server.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"]);
        }
        Ok(server)
    }

    /// It greets those who call once it has read its `--init-file`.
    fn is_ready(_ground: &Ground, port: u16) -> bool {
        const PROTOCOL: u8 = 10;
        let greeting = || -> std::io::Result<u8> {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut greeting = [0; 5];
            stream.read_exact(&mut greeting)?;
            Ok(greeting[4])
        };
        greeting().is_ok_and(|protocol| protocol == PROTOCOL)
    }

    fn url(password: &str, port: u16) -> String {
        format!("mysql://wugan:{password}@127.0.0.1:{port}/mysql")
    }
}

fn find() -> Option<MariaDb> {
    program("my_print_defaults")?;
    Some(MariaDb { server: program("mariadbd")?, installer: program("mariadb-install-db")?, lasts: false, databases: &[] })
}

/// The server's program.
pub(super) fn server() -> Option<PathBuf> {
    find().map(|found| found.server)
}
