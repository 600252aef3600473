//! The SQLite file's mode, and URLs of databases in memory: cases 34 and 51.

use crate::process::{Process, run};
use tempfile::TempDir;

#[cfg(unix)]
#[tokio::test]
async fn case_34_only_the_owner_can_read_the_sqlite_file() {
    use std::{
        fs::{Permissions, metadata, set_permissions},
        os::unix::fs::PermissionsExt,
    };
    let folder = TempDir::new().unwrap();
    let files = ["wugan.db", "wugan.db-wal", "wugan.db-shm"].map(|name| folder.path().join(name));
    let server = Process::start(folder.path(), &[]);
    server.register("ada").await;
    for file in &files {
        assert_eq!(metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert!(!server.log().contains("chmod"), "{}", server.log());
    drop(server);
    set_permissions(&files[0], Permissions::from_mode(0o644)).unwrap();
    let server = Process::start(folder.path(), &[]);
    server.register("bob").await;
    let log = server.log();
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("chmod it to 600") && line.contains("0644")).collect();
    assert_eq!(warnings.len(), 1, "{log}");
}

#[test]
fn case_51_a_database_in_memory_is_refused_in_one_line() {
    let folder = TempDir::new().unwrap();
    for url in ["sqlite::memory:", "sqlite://:memory:", "sqlite://file?mode=memory", "sqlite:file:wugan?mode=memory&cache=shared"] {
        let output = run(folder.path(), &["--database-url", url]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{url}");
        let lines: Vec<_> = error.lines().filter(|line| line.starts_with("wugan-server:")).collect();
        assert!(lines.len() == 1 && lines[0].contains("in memory"), "{url}: {error}");
    }
}
