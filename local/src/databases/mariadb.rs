//! A temporary MariaDB.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use wugan_bundle::step::{Result, failure, step};

use super::{Database, Folder, OTHERWISE, program};
use crate::packages;
use crate::process::free_port;

/// Without durability: its data does not survive a test.
///
/// # Errors
/// If it cannot be installed or does not start.
pub fn start() -> Result<Database> {
    start_with_databases(&[])
}

/// As [`start`], with these databases.
///
/// # Errors
/// As [`start`].
pub fn start_with_databases(databases: &[&str]) -> Result<Database> {
    start_with(&["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0"], databases)
}

/// With the durability of a production server and these databases, to measure with.
///
/// # Errors
/// If it cannot be installed or does not start.
pub fn start_durable(databases: &[&str]) -> Result<Database> {
    start_with(&[], databases)
}

fn start_with(settings: &[&str], databases: &[&str]) -> Result<Database> {
    if programs().is_none() {
        // These packages have the programs and start no service. The installer runs a program of the client's package.
        packages::install(&["mariadb-server-core", "mariadb-client-core"], "MariaDB's server", "1 min")
            .map_err(|e| failure(format!("{e}, {OTHERWISE}")))?;
    }
    let missing = || failure(format!("no mariadbd and mariadb-install-db in PATH or /usr/sbin, {OTHERWISE}"));
    let (server, installer) = programs().ok_or_else(missing)?;
    step("Starting MariaDB in a temporary folder", "10 s", || {
        let (folder, port) = (Folder::new()?, free_port()?);
        let data = format!("--datadir={}", folder.data().display());
        folder.run(Command::new(installer).args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=socket", &data]))?;
        let mut sql = format!("CREATE OR REPLACE USER wugan@'127.0.0.1' IDENTIFIED BY '{}';\n", folder.password());
        sql += "GRANT ALL ON *.* TO wugan@'127.0.0.1';\n";
        databases.iter().for_each(|database| sql += &format!("CREATE DATABASE {database};\n"));
        let sql = folder.write("init.sql", &sql)?;
        let mut server = Command::new(server);
        // --no-defaults must come first: this machine's settings are not for this server.
        server.args(["--no-defaults", &data, &format!("--init-file={}", sql.display()), &format!("--port={port}")]);
        server.args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--socket=socket", "--pid-file=pid"]);
        // Each test has one or two connection pools.
        server.args(["--max-connections=1000", "--innodb-buffer-pool-size=64M", "--performance-schema=off"]).args(settings);
        let url = format!("mysql://wugan:{}@127.0.0.1:{port}/mysql", folder.password());
        Database::start("MariaDB", folder, &mut server, url, |_| is_ready(port))
    })
}

/// Whether it sends the greeting of protocol 10, which it does once it has run its `--init-file`.
fn is_ready(port: u16) -> bool {
    let protocol = || -> std::io::Result<u8> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut greeting = [0; 5];
        stream.read_exact(&mut greeting)?;
        Ok(greeting[4])
    };
    protocol().is_ok_and(|protocol| protocol == 10)
}

/// The server and the installer.
pub(super) fn programs() -> Option<(PathBuf, PathBuf)> {
    program("my_print_defaults")?;
    Some((program("mariadbd")?, program("mariadb-install-db")?))
}
