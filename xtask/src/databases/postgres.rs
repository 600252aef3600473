//! A throw-away PostgreSQL.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Engine, Ground, OTHERWISE, folder_with, versions_in};
use crate::debian;
use crate::step::{Result, failure};

const PROGRAMS: [&str; 2] = ["initdb", "postgres"];

pub(super) struct Postgres {
    programs: PathBuf,
    lasts: bool,
}

impl Postgres {
    /// One that is not for tests: it writes what it is told to the disk.
    pub(super) fn lasting(self) -> Self {
        Self { lasts: true, ..self }
    }
}

impl Engine for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const VARIABLE: &'static str = "WUGAN_TEST_POSTGRES";

    fn get() -> Result<Self> {
        if find().is_none() {
            debian::install(&["postgresql"], "PostgreSQL's server (for the tests)", "1 min")
                .map_err(|e| failure(format!("{e}, {OTHERWISE}")))?;
        }
        let programs =
            find().ok_or_else(|| failure(format!("no initdb and postgres in /usr/lib/postgresql/*/bin or PATH, {OTHERWISE}")))?;
        Ok(Self { programs, lasts: false })
    }

    fn prepare(&self, ground: &Ground) -> Result<()> {
        let password = ground.write("password", ground.password())?;
        let mut make = Command::new(self.programs.join("initdb"));
        make.args(["--username=wugan", "--auth=password", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"]);
        ground.run(make.arg("--pwfile").arg(password).arg("--pgdata").arg(ground.data()))
    }

    fn server(&self, ground: &Ground, port: u16) -> Result<Command> {
        let mut server = Command::new(self.programs.join("postgres"));
        server.arg("-D").arg(ground.data()).args(["-p", &port.to_string()]);
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // Each test has a pool, or two.
            "max_connections=1000",
        ];
        // Nothing of a test shall survive.
        let forgetful = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"];
        settings.iter().chain(if self.lasts { &[][..] } else { &forgetful }).for_each(|setting| {
            server.args(["-c", setting]);
        });
        Ok(server)
    }

    /// The file is what its own `pg_ctl` waits for. One that an earlier try left behind says nothing of `ready`.
    fn is_ready(ground: &Ground, _port: u16) -> bool {
        fs::read_to_string(ground.data().join("postmaster.pid"))
            .is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
    }

    fn url(password: &str, port: u16) -> String {
        format!("postgres://wugan:{password}@127.0.0.1:{port}/postgres")
    }
}

/// Debian keeps them out of `PATH`, a folder for each version.
fn find() -> Option<PathBuf> {
    let versions = versions_in(Path::new("/usr/lib/postgresql"));
    folder_with(&PROGRAMS, versions.into_iter().map(|version| version.join("bin")).collect())
}

/// The folder of the programs that a primary and a standby need.
pub(super) fn programs() -> Option<PathBuf> {
    find().filter(|folder| folder.join("pg_basebackup").exists())
}
