//! The SQLite file's mode, and URLs that name no file: cases 34 and 51.

use crate::process::{Process, run};
use std::fs;
use tempfile::TempDir;

#[cfg(unix)]
#[tokio::test]
async fn case_34_only_the_owner_can_read_the_sqlite_file() {
    use fs::{Permissions, metadata, set_permissions};
    use std::os::unix::fs::PermissionsExt;
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

fn expect_refusal(urls: &[&str]) {
    let folder = TempDir::new().unwrap();
    for url in urls {
        let output = run(folder.path(), &["--database-url", url]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{url}");
        let lines: Vec<_> = error.lines().filter(|line| line.starts_with("wugan-server:")).collect();
        assert!(lines.len() == 1 && lines[0].contains("must be a file"), "{url}: {error}");
        let files = fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let made: Vec<_> = files.filter(|name| !matches!(name.as_str(), "wugan.key" | "wugan.lock")).collect();
        assert!(made.is_empty(), "{url}: {made:?}");
    }
}

/// An empty name is a temporary database of each connection.
#[test]
fn case_51_a_database_in_memory_is_refused_in_one_line() {
    expect_refusal(&[
        "sqlite::memory:",
        "sqlite://:memory:",
        "sqlite://file?mode=memory",
        "sqlite:%3Amemory%3A",
        "sqlite://",
        "sqlite:?mode=rwc",
    ]);
}

/// SQLite takes such a name for a URI, whose file is not the one that was created with mode 0600.
#[test]
fn case_34_a_database_given_as_a_uri_is_refused() {
    expect_refusal(&["sqlite:file:wugan.db", "sqlite:file:wugan?mode=memory&cache=shared", "sqlite:%66ile:wugan.db"]);
}
