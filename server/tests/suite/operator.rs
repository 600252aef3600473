//! Configuration errors and the operator's commands: cases 25 and 29.

use crate::{
    process::{Process, command, run},
    test_server::PASSWORD,
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    process::{Output, Stdio},
};
use tempfile::TempDir;
use wugan_axum::clock::{Clock, rfc3339};

fn expect_refusal(output: &Output, words: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{error}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(error.contains(word), "{word} is not in: {error}");
    }
}

#[test]
fn case_25_configuration_errors_are_one_line_before_serving() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fs::write(here.join("broken.key"), "s3cret").unwrap();
    fs::create_dir(here.join("folder.key")).unwrap();
    fs::write(here.join("broken.db"), "this is no database, though it is long enough to be one; this is no database".repeat(99)).unwrap();
    for (flags, words) in [
        (&["--listen", &address][..], &[address.as_str(), "in use", "--listen"][..]),
        (&["--listen", "192.0.2.1:1"], &["192.0.2.1:1", "--listen"]),
        (&["--database-url", "sqlite:///nonexistent/folder/wugan.db"], &["--database-url", "folder can be written"]),
        (&["--database-url", "sqlite://broken.db"], &["database"]),
        (&["--database-url", "oracle://x"], &["sqlite://", "postgres://", "mysql://"]),
        (&["--database-url", "postgres://user:s3cret@127.0.0.1:1/x"], &["--database-url"]),
        (&["--signing-key", "broken.key"], &["broken.key", "not a set of keys"]),
        (&["--signing-key", "folder.key"], &["folder.key", "--signing-key"]),
        (&["--signing-key", "/nonexistent/wugan.key"], &["/nonexistent/wugan.key"]),
    ] {
        let output = run(here, flags);
        expect_refusal(&output, words);
        let error = String::from_utf8_lossy(&output.stderr);
        let lines = error.lines().filter(|line| line.starts_with("wugan-server:")).count();
        assert_eq!(lines, 1, "{flags:?}: {error}");
        assert!(!error.contains("s3cret"), "{error}");
        assert!(!error.contains("panicked"), "{error}");
    }
    for (flags, words) in [
        (&["--access-ttl", "soon"][..], &["--access-ttl"][..]),
        (&["--access-ttl", "0s"], &["--access-ttl", "1s"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
        (&["--allow-origin", "*"], &["--allow-origin", "https://app.example.com"]),
        (&["--allow-header", "x-tenant, bad name"], &["--allow-header", "bad name"]),
        (&["--trusted-proxy", "10.0.0.0/99"], &["--trusted-proxy"]),
        (&["--demo-user", "nocolon"], &["NAME:PASSWORD"]),
        (&["--name-limit", "many"], &["ATTEMPTS/TIME"]),
        (&["--connection-limit", "0"], &["--connection-limit", "0 is not in 1.."]),
        (&["--request-limit", "99"], &["--request-limit", "99 is not in 100..=1000000"]),
        (&["--database-connections", "3"], &["--database-connections", "3 is not in 4.."]),
    ] {
        expect_refusal(&run(here, flags), words);
    }
    let mut wrong = command(here, &[]);
    expect_refusal(&wrong.env("WUGAN_REFRESH_TTL", "never").output().unwrap(), &["--refresh-ttl"]);
    let mut mistyped = command(here, &[]);
    mistyped.env("WUGAN_ACCES_TTL", "5m").env("WUGAN_TLS", "on");
    expect_refusal(&mistyped.output().unwrap(), &["WUGAN_ACCES_TTL", "WUGAN_TLS", "--help"]);
    assert!(!here.join("wugan.db").exists(), "no database was created");
    let help = String::from_utf8(run(here, &["--help"]).stdout).unwrap();
    for flag in ["--listen", "--database-url", "--web-root", "--reuse-leeway", "--demo-user", "WUGAN_TRUSTED_PROXY", "audit"] {
        assert!(help.contains(flag), "{flag}: {help}");
    }
}

#[tokio::test]
async fn case_25_a_database_of_a_later_version_is_left_alone() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = TempDir::new().unwrap();
    drop(Process::start(folder.path(), &[]));
    let url = format!("sqlite://{}", folder.path().join("wugan.db").display());
    let db = Database::connect(&url).await.unwrap();
    db.execute_unprepared("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9_from_the_future', 1)").await.unwrap();
    db.close().await.unwrap();
    expect_refusal(&run(folder.path(), &[]), &["later version", "m9_from_the_future"]);
}

#[tokio::test]
async fn case_25_a_database_with_the_tables_of_another_application_is_left_alone() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("wugan.db").display());
    let db = Database::connect(&url).await.unwrap();
    db.execute_unprepared("CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT)").await.unwrap();
    for (flags, words) in [(&[][..], "named users: use a database of its own"), (&["user", "list"], "start the server once")] {
        expect_refusal(&run(folder.path(), flags), &[words]);
        let query = async |text: &str| db.query_all_raw(sea_orm::Statement::from_string(sea_orm::DbBackend::Sqlite, text)).await.unwrap();
        assert_eq!(query("PRAGMA table_info(users)").await.len(), 2, "the table is unchanged");
        let mode: String = query("PRAGMA journal_mode").await[0].try_get_by_index(0).unwrap();
        assert_eq!(mode, "delete", "the file's journal is unchanged");
    }
    db.close().await.unwrap();
}

#[tokio::test]
async fn without_registration_the_operator_makes_accounts() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &["--allow-registration", "false"]);
    let ada = json!({"username": "ada", "password": PASSWORD});
    let (status, error) = server.post("/user/register", ada.clone()).await.unwrap();
    assert_eq!((status, error["code"].as_str()), (StatusCode::NOT_FOUND, Some("not_found")));
    let mut add = command(folder.path(), &["user", "add", "ada"]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(add.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(add.wait().unwrap().success());
    assert_eq!(server.post("/user/login", ada).await.unwrap().0, StatusCode::OK);
}

#[tokio::test]
async fn case_52_the_link_of_a_reset_leads_to_the_server() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &[]);
    server.register("ada").await;
    let link = |listen: &str, flags: &[&str]| {
        let output = command(folder.path(), &[&["user", "reset", "ada"], flags].concat()).env("WUGAN_LISTEN", listen).output().unwrap();
        (String::from_utf8(output.stdout).unwrap().trim().to_owned(), String::from_utf8(output.stderr).unwrap())
    };
    let here = server.url().trim_start_matches("http://");
    let port = here.split(':').next_back().unwrap();
    for (listen, origin) in [("0.0.0.0:3000", "http://localhost:3000"), ("[::]:3000", "http://localhost:3000"), (here, server.url())] {
        let (link, hint) = link(listen, &[]);
        assert!(link.starts_with(&format!("{origin}/reset#code=")), "{link}");
        assert!(hint.contains("--issuer"), "{hint}");
    }
    let (public, hint) = link("0.0.0.0:3000", &["--issuer", "https://app.example.com/"]);
    assert!(public.starts_with("https://app.example.com/reset#code="), "{public}");
    assert_eq!(hint, "");
    let (link, _) = link(&format!("0.0.0.0:{port}"), &[]);
    let code = link.split_once("#code=").unwrap().1;
    let (status, _) = server.post("/user/reset", json!({"code": code, "new_password": "another good password"})).await.unwrap();
    assert_eq!(status, StatusCode::OK);
}

/// Ids of keys are in base64url.
#[test]
fn case_29_ids_and_names_may_begin_with_a_hyphen() {
    let folder = TempDir::new().unwrap();
    drop(Process::start(folder.path(), &[]));
    let file = folder.path().join("wugan.key");
    let text = fs::read_to_string(&file).unwrap();
    let mut set: Value = serde_json::from_str(&text).unwrap();
    set["keys"][0]["kid"] = "-x".into();
    fs::write(&file, set.to_string()).unwrap();
    let revoked = run(folder.path(), &["key", "revoke", "-x"]);
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    assert!(!fs::read_to_string(&file).unwrap().contains("\"-x\""));
    for name in [&["-x"][..], &["--", "--help"]] {
        let output = run(folder.path(), &[&["user", "disable"], name].concat());
        assert!(String::from_utf8_lossy(&output.stderr).contains("there is no such user"), "{name:?}");
    }
}

#[tokio::test]
async fn case_29_an_operator_manages_users_sessions_and_keys() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &[]);
    let lines = |flags: &[&str]| -> Vec<String> {
        let output = run(folder.path(), flags);
        assert!(output.status.success(), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    };
    let mut add = command(folder.path(), &["user", "add", "ada"]).stdin(Stdio::piped()).spawn().unwrap();
    writeln!(add.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(add.wait().unwrap().success());
    let login = || server.post("/user/login", json!({"username": "ada", "password": PASSWORD}));
    let (status, tokens) = login().await.unwrap();
    assert_eq!(status, StatusCode::OK);
    let sessions = lines(&["session", "list", "ada"]);
    let session: Value = serde_json::from_str(&sessions[0]).unwrap();
    assert_eq!(lines(&["session", "end", session["id"].as_str().unwrap()]), ["1 session ended"]);
    assert_eq!(server.refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert!(lines(&["session", "list", "ada"]).is_empty());
    let (_, tokens) = login().await.unwrap();
    assert_eq!(lines(&["user", "disable", "ADA"]), ["1 session ended"]);
    assert_eq!(server.refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert_eq!(login().await.unwrap().0, StatusCode::UNAUTHORIZED);
    let user: Value = serde_json::from_str(&lines(&["user", "list"])[0]).unwrap();
    assert_eq!((user["username"].as_str(), user["disabled_at"].is_string()), (Some("ada"), true));
    lines(&["user", "enable", "ada"]);
    assert_eq!(login().await.unwrap().0, StatusCode::OK);
    let id = "123e4567-e89b-12d3-a456-426614174000";
    server.register(id).await;
    assert_eq!(lines(&["session", "end", id]), ["1 session ended"], "a name that has the form of an id");
    let before = lines(&["key", "rotate"]);
    assert_ne!(before, lines(&["--session-ttl", "60d", "key", "rotate"]));
    let keys = || lines(&["key", "list"]).into_iter().map(|line| serde_json::from_str::<Value>(&line).unwrap()).collect::<Vec<_>>();
    assert_eq!(
        keys().iter().map(|key| key["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
        ["will sign", "verifies", "verifies"]
    );
    let in_59_days = rfc3339(Clock::default().now() + 59 * 24 * 3_600_000);
    assert!(keys()[1]["verifies_until"].as_str().unwrap() > in_59_days.as_str(), "for the lifetime of a session");
    let (_, tokens) = login().await.unwrap();
    let signing = keys()[2]["id"].as_str().unwrap().to_owned();
    assert!(server.accepts(&tokens["access_token"]).await);
    let made = lines(&["key", "revoke", &signing]);
    assert_eq!(made, [keys()[0]["id"].as_str().unwrap()], "no other key signed");
    let revoked = async {
        while server.accepts(&tokens["access_token"]).await {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), revoked).await.expect("its tokens are refused");
    expect_refusal(&run(folder.path(), &["key", "revoke", &signing]), &["no key", "key list"]);
    let trail = lines(&["audit", "--user", "ada", "--since", "1h"]);
    let events: Vec<_> =
        trail.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned()).collect();
    let expected = ["signed_in", "signed_in", "user_enabled", "user_disabled", "signed_in", "ended_by_operator", "signed_in", "registered"];
    assert_eq!(events, expected);
    let last: Value = serde_json::from_str(&trail[0]).unwrap();
    assert_eq!(last["name"], "ada");
    assert_eq!(lines(&["audit", "--user", &last["user"].to_string()]), trail, "by its id as well");
    server.ended_with_log();
    let stopped = lines(&["audit", "--user", "ada", "--since", "1h"]);
    assert_eq!(stopped.len(), trail.len() + 1);
    assert!(stopped[3].contains("sign_in_refused"), "recorded at the stop, at its time: {stopped:?}");
    expect_refusal(&run(folder.path(), &["session", "list", "unknown"]), &["no such user"]);
    expect_refusal(&run(folder.path(), &["user", "add", "x"]), &["at least 2 characters"]);
}

/// If the entry in the audit trail cannot be written, the session is not ended.
#[tokio::test]
async fn case_29_a_session_is_ended_only_with_its_entry_in_the_trail() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &[]);
    let tokens = server.register("ada").await;
    let db = Database::connect(format!("sqlite://{}", folder.path().join("wugan.db").display())).await.unwrap();
    db.execute_unprepared("CREATE TRIGGER none BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'on purpose'); END").await.unwrap();
    expect_refusal(&run(folder.path(), &["session", "end", "ada"]), &["on purpose"]);
    assert_eq!(server.refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::OK);
}

/// A command that reads creates no database, no key and no tables.
#[tokio::test]
async fn case_25_a_command_without_a_database_creates_nothing() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = TempDir::new().unwrap();
    for flags in [&["user", "list"][..], &["audit"], &["session", "end", "ada"]] {
        expect_refusal(&run(folder.path(), flags), &["--database-url"]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    let url = format!("sqlite://{}", folder.path().join("wugan.db").display());
    let db = Database::connect(format!("{url}?mode=rwc")).await.unwrap();
    db.execute_unprepared("CREATE TABLE theirs (id INTEGER)").await.unwrap();
    expect_refusal(&run(folder.path(), &["user", "list"]), &["start the server once"]);
    assert!(db.execute_unprepared("SELECT * FROM seaql_migrations").await.is_err(), "no table of migrations was created");
    db.close().await.unwrap();
    fs::remove_file(folder.path().join("wugan.db")).unwrap();
    drop(Process::start(folder.path(), &[]));
    fs::remove_file(folder.path().join("wugan.key")).unwrap();
    assert!(run(folder.path(), &["user", "list"]).status.success());
    assert!(!folder.path().join("wugan.key").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_file_readable_by_other_users_is_logged() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    assert!(!Process::start(folder.path(), &[]).ended_with_log().contains("0600"));
    fs::set_permissions(folder.path().join("wugan.key"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(Process::start(folder.path(), &[]).ended_with_log().contains("set mode 0600"));
}
