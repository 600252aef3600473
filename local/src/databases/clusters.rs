//! The programs of databases with several nodes, which tests start: a PostgreSQL primary with a standby, and three Galera nodes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure, step};

use super::{mariadb, postgres};
use crate::packages;
use crate::process::{run, temporary_folder};

const PROVIDERS: [&str; 3] =
    ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so", "/usr/lib64/galera/libgalera_smm.so"];
/// A node that joins copies another node's data with these scripts.
const SCRIPTS: [&str; 2] = ["wsrep_sst_rsync", "wsrep_sst_common"];

/// Sets the programs' paths for a test command, as the last of its arguments. Tests whose programs are missing are skipped, and a line says so.
/// Returns the folder with Galera's scripts, which must exist until the tests end.
pub fn find(tests: &mut Command) -> Option<TempDir> {
    match postgres::programs(&["initdb", "postgres", "pg_basebackup"]) {
        Some(folder) => drop(tests.env("WUGAN_TEST_POSTGRES_BIN", folder)),
        None => skip(tests, &["case_41_postgres", "case_60_postgres"], "no initdb, postgres and pg_basebackup are found"),
    }
    let scripts = galera(tests);
    scripts.inspect_err(|why| skip(tests, &["case_41_a_galera"], &why.to_string())).ok()
}

fn skip(tests: &mut Command, names: &[&str], why: &str) {
    println!("    The tests {} are skipped: {why}", names.join(", "));
    tests.args(names.iter().flat_map(|name| ["--skip", name]));
}

fn galera(tests: &mut Command) -> Result<TempDir> {
    let (server, _) = mariadb::programs().ok_or_else(|| failure("no mariadbd is found"))?;
    let provider = || PROVIDERS.iter().map(PathBuf::from).find(|path| path.exists());
    if provider().is_none() || super::program("rsync").is_none() {
        packages::install(&["galera-4", "rsync"], "Galera (for the tests)", "1 min")?;
    }
    let provider = provider().ok_or_else(|| failure("no libgalera_smm.so is found"))?;
    let source = super::folder_with(&SCRIPTS, Vec::new()).map_or_else(unpacked, Ok)?;
    let folder = temporary_folder()?;
    for name in SCRIPTS {
        fs::copy(source.join(name), folder.path().join(name)).map_err(|e| failure(format!("{name} can't be copied: {e}")))?;
    }
    #[cfg(unix)]
    fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .map_err(|e| failure(format!("{} can't be made readable: {e}", folder.path().display())))?;
    tests.env("WUGAN_TEST_MARIADB_BIN", server).env("WUGAN_TEST_GALERA", provider).env("WUGAN_TEST_SST", folder.path());
    Ok(folder)
}

/// The scripts of Debian's package, which is not installed, as it would start a service.
fn unpacked() -> Result<PathBuf> {
    let folder = project::target().join("galera-scripts");
    let programs = folder.join("usr/bin");
    if SCRIPTS.iter().all(|name| programs.join(name).exists()) {
        return Ok(programs);
    }
    step("Fetching Galera's scripts", "10 s", || {
        fs::create_dir_all(&folder).map_err(|e| failure(format!("{} can't be created: {e}", folder.display())))?;
        run(Command::new("sh")
            .args(["-c", "apt-get download -qq mariadb-server && dpkg-deb -x mariadb-server_*.deb ."])
            .current_dir(&folder))
    })?;
    Ok(programs)
}
