//! The binary as an operator runs it: cases 6, 20, 25, 26 and the subcommands.

use crate::world::PASSWORD;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

fn command(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wugan-server"));
    command.current_dir(folder).args(flags).env_clear().env("WUGAN_LISTEN", "127.0.0.1:0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(folder: &Path, flags: &[&str]) -> Output {
    command(folder, flags).output().unwrap()
}

/// A server as a process of its own. Dropping it kills it, as `kill -9` does.
struct Process {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
    http: Client,
}

impl Process {
    fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::of(&mut command(folder, flags))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), log.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}: {}", log.lock().unwrap())).to_owned();
        Self { child, url, log, http: Client::builder().no_proxy().build().unwrap() }
    }

    async fn post(&self, path: &str, body: Value) -> Result<(StatusCode, Value), reqwest::Error> {
        let answer = self.http.post(format!("{}{path}", self.url)).json(&body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    async fn register(&self, name: &str) -> Value {
        let (status, tokens) = self.post("/user/register", json!({"username": name, "password": PASSWORD})).await.unwrap();
        assert_eq!(status, StatusCode::CREATED);
        tokens
    }

    async fn refresh(&self, token: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
        self.post("/user/refresh", json!({"refresh_token": token})).await
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_06_what_was_answered_before_kill_9_holds_after_it() {
    let folder = TempDir::new().unwrap();
    let rounds = if std::env::var_os("WUGAN_TEST_LONG").is_some() { 50 } else { 6 };
    let mut server = Process::start(folder.path(), &[]);
    let mut tokens = Vec::new();
    for n in 0..4 {
        tokens.push((Value::Null, server.register(&format!("user{n}")).await["refresh_token"].clone()));
    }
    for round in 0..rounds {
        let shared = Arc::new(server);
        let mut users = JoinSet::new();
        for (old, current) in tokens.drain(..) {
            let server = shared.clone();
            users.spawn(async move {
                let (mut old, mut current) = (old, current);
                loop {
                    match server.refresh(&current).await {
                        Ok((StatusCode::OK, next)) => (old, current) = (current, next["refresh_token"].clone()),
                        Ok((status, body)) => panic!("{status} {body}"),
                        // Killed: whether it was rotated is not known.
                        Err(_) => return (old, current),
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(60 + 37 * round)).await;
        shared.signal("-KILL");
        tokens = users.join_all().await;
        drop(shared);
        server = Process::start(folder.path(), &[]);
        for (_, current) in &mut tokens {
            // The one that was being rotated is current, or its answer was lost: it works either way.
            let (status, next) = server.refresh(current).await.unwrap();
            assert_eq!(status, StatusCode::OK, "round {round}");
            let (status, newest) = server.refresh(&next["refresh_token"]).await.unwrap();
            assert_eq!(status, StatusCode::OK);
            *current = newest["refresh_token"].clone();
        }
    }
    for (old, current) in &tokens {
        assert_eq!(server.refresh(old).await.unwrap().0, StatusCode::UNAUTHORIZED, "an old one is still known to be old");
        assert_eq!(server.refresh(current).await.unwrap().0, StatusCode::UNAUTHORIZED, "and has ended its session");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn case_26_sigterm_cuts_nobody_short() {
    let folder = TempDir::new().unwrap();
    let server = Arc::new(Process::start(folder.path(), &["--address-limit", "100000/1h"]));
    let mut calls = JoinSet::new();
    for n in 0..12 {
        let server = server.clone();
        // Hashing takes long enough that the signal comes in the middle of it.
        calls.spawn(async move { server.post("/user/register", json!({"username": format!("user{n}"), "password": PASSWORD})).await });
    }
    let first = calls.join_next().await.unwrap().unwrap();
    assert_eq!(first.unwrap().0, StatusCode::CREATED);
    server.signal("-TERM");
    while let Some(call) = calls.join_next().await {
        assert_eq!(call.unwrap().unwrap().0, StatusCode::CREATED);
    }
    let mut server = Arc::into_inner(server).unwrap();
    assert!(server.child.wait().unwrap().success());
    assert!(!folder.path().join("wugan.db-wal").exists(), "the database is tidy");
}

#[tokio::test]
async fn case_20_no_token_and_no_password_is_in_log_or_database() {
    let folder = TempDir::new().unwrap();
    let mut server = Process::start(folder.path(), &["--log-format", "json", "--demo-user", "demo:demo-secret-word"]);
    let tokens = server.register("ada").await;
    let token = |tokens: &Value, name: &str| tokens[name].as_str().unwrap().to_owned();
    let mut secrets = vec![PASSWORD.to_owned(), "demo-secret-word".into(), token(&tokens, "refresh_token"), token(&tokens, "access_token")];
    let query = server.http.get(format!("{}/user/refresh?refresh_token={}", server.url, secrets[2])).send().await.unwrap();
    assert_eq!(query.status(), StatusCode::OK);
    let next: Value = query.json().await.unwrap();
    secrets.extend([token(&next, "refresh_token"), token(&next, "access_token")]);
    server.refresh(&next["refresh_token"]).await.unwrap();
    server.refresh(&tokens["refresh_token"]).await.unwrap();
    server.post("/user/login", json!({"username": "ada", "password": "a-wrong-secret"})).await.unwrap();
    server.post("/user/login", json!({"username": "a-misplaced-secret", "password": "x"})).await.unwrap();
    secrets.extend(["a-wrong-secret".into(), "a-misplaced-secret".into()]);
    server.signal("-TERM");
    server.child.wait().unwrap();
    let log = server.log.lock().unwrap().clone();
    assert!(log.contains("reuse of a refresh token") && log.contains("/user/refresh"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "every line is JSON: {log}");
    let database = String::from_utf8_lossy(&fs::read(folder.path().join("wugan.db")).unwrap()).into_owned();
    let key = fs::read_to_string(folder.path().join("wugan.key")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    secrets.push(key["keys"][0]["k"].as_str().unwrap().to_owned());
    for secret in secrets {
        // A token's signature is what makes it one.
        let tail = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(tail), "{tail} is in the log");
        assert!(!database.contains(tail), "{tail} is in the database");
    }
}

/// A full disk, as a process sees it that may not make its files longer.
#[tokio::test(flavor = "multi_thread")]
async fn case_24_a_full_disk_loses_nothing_that_was_answered() {
    let folder = TempDir::new().unwrap();
    let flags = ["--name-limit", "100000/1h", "--address-limit", "100000/1h"];
    let limited = format!("trap '' XFSZ; ulimit -f 1200; exec {} {}", env!("CARGO_BIN_EXE_wugan-server"), flags.join(" "));
    let mut child = Command::new("sh");
    child.args(["-c", &limited]).current_dir(folder.path()).env_clear().env("WUGAN_LISTEN", "127.0.0.1:0");
    let full = Process::of(child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut made = Vec::new();
    let refused = loop {
        let name = format!("user{}", made.len());
        let (status, body) = full.post("/user/register", json!({"username": name, "password": PASSWORD})).await.unwrap();
        if status != StatusCode::CREATED {
            break (status, body);
        }
        made.push((name, body["refresh_token"].clone()));
        assert!(made.len() < 2000, "the disk does not get full");
    };
    assert_eq!((refused.0, refused.1["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("busy")), "{}", refused.1);
    assert!(!made.is_empty());
    assert_eq!(full.http.get(format!("{}/healthz", full.url)).send().await.unwrap().status(), StatusCode::OK);
    drop(full);
    let roomy = Process::start(folder.path(), &flags);
    for (name, token) in &made {
        assert_eq!(roomy.refresh(token).await.unwrap().0, StatusCode::OK, "{name}");
    }
    roomy.register("and-another").await;
}

fn expect_refusal(output: &Output, words: &[&str]) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{told}");
    assert!(output.stdout.is_empty());
    for word in words {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
}

#[test]
fn case_25_mistakes_are_told_in_one_line_before_anything_is_served() {
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
        (&["--signing-key", "broken.key"], &["broken.key", "no set of keys"]),
        (&["--signing-key", "folder.key"], &["folder.key", "--signing-key"]),
        (&["--signing-key", "/nonexistent/wugan.key"], &["/nonexistent/wugan.key"]),
    ] {
        let output = run(here, flags);
        expect_refusal(&output, words);
        let told = String::from_utf8_lossy(&output.stderr);
        let lines = told.lines().filter(|line| line.starts_with("wugan-server:")).count();
        assert_eq!(lines, 1, "{flags:?}: {told}");
        assert!(!told.contains("s3cret"), "{told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    for (flags, words) in [
        (&["--access-ttl", "soon"][..], &["--access-ttl"][..]),
        (&["--access-ttl", "0s"], &["--access-ttl", "1s"]),
        (&["--no-such-flag"], &["--no-such-flag"]),
        (&["--allow-origin", "*"], &["--allow-origin", "https://app.example.com"]),
        (&["--trusted-proxy", "10.0.0.0/99"], &["--trusted-proxy"]),
        (&["--demo-user", "nocolon"], &["NAME:PASSWORD"]),
        (&["--name-limit", "many"], &["TRIES/TIME"]),
    ] {
        expect_refusal(&run(here, flags), words);
    }
    let mut wrong = command(here, &[]);
    expect_refusal(&wrong.env("WUGAN_REFRESH_TTL", "never").output().unwrap(), &["--refresh-ttl"]);
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
async fn case_29_an_operator_looks_after_users_sessions_and_keys() {
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
    assert_eq!(lines(&["session", "end", session["id"].as_str().unwrap()]), ["1 sessions ended"]);
    assert_eq!(server.refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert!(lines(&["session", "list", "ada"]).is_empty());
    let (_, tokens) = login().await.unwrap();
    assert_eq!(lines(&["user", "disable", "ADA"]), ["1 sessions ended"]);
    assert_eq!(server.refresh(&tokens["refresh_token"]).await.unwrap().0, StatusCode::UNAUTHORIZED);
    assert_eq!(login().await.unwrap().0, StatusCode::UNAUTHORIZED);
    let user: Value = serde_json::from_str(&lines(&["user", "list"])[0]).unwrap();
    assert_eq!((user["username"].as_str(), user["disabled_at"].is_string()), (Some("ada"), true));
    lines(&["user", "enable", "ada"]);
    assert_eq!(login().await.unwrap().0, StatusCode::OK);
    let before = lines(&["key", "rotate"]);
    assert_ne!(before, lines(&["key", "rotate"]));
    let trail = lines(&["audit", "--user", "ada", "--since", "1h"]);
    let events: Vec<_> =
        trail.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["event"].as_str().unwrap().to_owned()).collect();
    let expected =
        ["signed_in", "user_enabled", "sign_in_refused", "user_disabled", "signed_in", "ended_by_operator", "signed_in", "registered"];
    assert_eq!(events, expected);
    expect_refusal(&run(folder.path(), &["session", "list", "nobody"]), &["no such user"]);
    expect_refusal(&run(folder.path(), &["user", "add", "x"]), &["at least 2 characters"]);
}
