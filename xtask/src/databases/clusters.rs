//! The programs with which the tests start databases of several nodes: a PostgreSQL primary with a standby, and three Galera nodes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{mariadb, postgres};
use crate::debian;
use crate::process::run;
use crate::project;
use crate::step::{Result, failure, step};

const PROVIDERS: [&str; 3] =
    ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so", "/usr/lib64/galera/libgalera_smm.so"];
/// A node that joins copies another one's data with these scripts.
const SCRIPTS: [&str; 2] = ["wsrep_sst_rsync", "wsrep_sst_common"];

/// What the tests of failovers need. Those whose programs are missing are skipped, and a line says so.
#[derive(Default)]
pub(crate) struct Clusters {
    variables: Vec<(&'static str, OsString)>,
    skipped: Vec<&'static str>,
    /// The scripts, where the account that runs the databases can read them.
    _scripts: Option<TempDir>,
}

impl Clusters {
    pub(crate) fn find() -> Self {
        let mut clusters = Self::default();
        match postgres::programs() {
            Some(folder) => clusters.variables.push(("WUGAN_TEST_POSTGRES_BIN", folder.into())),
            None => clusters.skip(&["case_41_postgres", "case_60_postgres"], "no initdb, postgres and pg_basebackup are found"),
        }
        if let Err(why) = clusters.find_galera() {
            clusters.skip(&["case_41_a_galera"], &why.to_string());
        }
        clusters
    }

    /// Tells a test command where they are, as the last of its arguments.
    pub(crate) fn show(&self, tests: &mut Command) {
        tests.envs(self.variables.iter().map(|(name, value)| (name, value)));
        for name in &self.skipped {
            tests.args(["--skip", name]);
        }
    }

    fn skip(&mut self, tests: &[&'static str], why: &str) {
        println!("    The tests {} are skipped: {why}", tests.join(", "));
        self.skipped.extend(tests);
    }

    fn find_galera(&mut self) -> Result<()> {
        let server = mariadb::server().ok_or_else(|| failure("no mariadbd is found"))?;
        if provider().is_none() || super::program("rsync").is_none() {
            debian::install(&["galera-4", "rsync"], "Galera (for the tests)", "1 min")?;
        }
        let provider = provider().ok_or_else(|| failure("no libgalera_smm.so is found"))?;
        let scripts = scripts()?;
        self.variables.extend([
            ("WUGAN_TEST_MARIADB_BIN", server.into()),
            ("WUGAN_TEST_GALERA", provider.into()),
            ("WUGAN_TEST_SST", scripts.path().into()),
        ]);
        self._scripts = Some(scripts);
        Ok(())
    }
}

fn provider() -> Option<PathBuf> {
    PROVIDERS.iter().map(PathBuf::from).find(|path| path.exists())
}

/// The scripts of the machine, or those of Debian's package without installing it: it would start a service.
fn scripts() -> Result<TempDir> {
    let source = match super::folder_with(&SCRIPTS, Vec::new()) {
        Some(folder) => folder,
        None => unpacked()?,
    };
    let folder = tempfile::Builder::new().prefix("wugan-test-").tempdir().map_err(|e| failure(format!("no temporary folder ({e})")))?;
    for name in SCRIPTS {
        fs::copy(source.join(name), folder.path().join(name)).map_err(|e| failure(format!("{name} can't be copied: {e}")))?;
    }
    readable(folder.path())?;
    Ok(folder)
}

fn unpacked() -> Result<PathBuf> {
    const PACKAGE: &str = "mariadb-server";
    let folder = project::target().join("galera-scripts");
    let programs = folder.join("usr/bin");
    if SCRIPTS.iter().all(|name| programs.join(name).exists()) {
        return Ok(programs);
    }
    step("Fetching Galera's scripts", "10 s", || {
        fs::create_dir_all(&folder).map_err(|e| failure(format!("{} can't be created: {e}", folder.display())))?;
        run(Command::new("apt-get").args(["download", "-qq", PACKAGE]).current_dir(&folder))?;
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let package = entries.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "deb"));
        let package = package.ok_or_else(|| failure(format!("apt-get downloaded no {PACKAGE}")))?;
        run(Command::new("dpkg-deb").arg("-x").arg(package).arg(&folder))
    })?;
    Ok(programs)
}

#[cfg(unix)]
fn readable(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::set_permissions(folder, fs::Permissions::from_mode(0o755));
    mode.map_err(|e| failure(format!("{} can't be made readable: {e}", folder.display())))
}

#[cfg(not(unix))]
fn readable(_folder: &Path) -> Result<()> {
    Ok(())
}
