//! The binary as a process: cases 6, 16, 20, 24, 26.

use crate::{
    database::{Kind, on_each_database, on_each_server},
    proxy::{Proxy, host},
    test_server::{MANY, PASSWORD, folder, long},
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

pub(crate) fn command(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wugan-server"));
    command.current_dir(folder).args(flags).env_clear().env("WUGAN_LISTEN", "127.0.0.1:0").env("WUGAN_SESSION_LIMIT", "60000/1m");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(folder: &Path, flags: &[&str]) -> Output {
    command(folder, flags).output().unwrap()
}

/// A server process. Dropping it kills it, as `kill -9` does.
pub(crate) struct Process {
    child: Child,
    url: String,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    http: Client,
}

impl Process {
    pub(crate) fn start(folder: &Path, flags: &[&str]) -> Self {
        Self::of(&mut command(folder, flags))
    }

    pub(crate) fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (stderr, kept) = (child.stderr.take().unwrap(), log.clone());
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        let Some(url) = line.trim().strip_prefix("listening on ").map(str::to_owned) else {
            let (end, ()) = (child.wait().unwrap(), reader.join().unwrap());
            let log = log.lock().unwrap().clone();
            panic!("it did not start ({end}) and printed {line:?}: {log}");
        };
        Self { child, url, log, reader: Some(reader), http: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Result<(StatusCode, Value), reqwest::Error> {
        let answer = self.http.post(format!("{}{path}", self.url)).json(&body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    pub(crate) async fn register(&self, name: &str) -> Value {
        let (status, tokens) = self.post("/user/register", json!({"username": name, "password": PASSWORD})).await.unwrap();
        assert_eq!(status, StatusCode::CREATED);
        tokens
    }

    pub(crate) async fn refresh(&self, token: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
        self.post("/user/refresh", json!({"refresh_token": token})).await
    }

    /// The resident memory.
    #[cfg(target_os = "linux")]
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
    }

    pub(crate) async fn get(&self, path: &str) -> StatusCode {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap().status()
    }

    pub(crate) async fn get_as(&self, access: &Value, path: &str) -> StatusCode {
        let asking = self.http.get(format!("{}{path}", self.url)).bearer_auth(access.as_str().unwrap());
        asking.send().await.unwrap().status()
    }

    /// Whether the guarded route accepts this access token.
    pub(crate) async fn accepts(&self, access: &Value) -> bool {
        let asking = self.http.get(format!("{}/bbb", self.url)).bearer_auth(access.as_str().unwrap());
        match asking.send().await.unwrap().status() {
            StatusCode::OK => true,
            StatusCode::UNAUTHORIZED => false,
            other => panic!("{other}"),
        }
    }

    /// Stops it with SIGTERM. Returns its log.
    pub(crate) fn ended_with_log(mut self) -> String {
        self.signal("-TERM");
        self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

on_each_database! {
async fn case_06_answered_rotations_survive_kill_9(kind: Kind) {
    let folder = folder();
    let url = kind.create(folder.path()).await;
    let flags = ["--database-url", &url];
    let rounds = if long() { 50 } else { 6 };
    let mut server = Process::start(folder.path(), &flags);
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
                        // The process was killed: the token may or may not have been rotated.
                        Err(_) => return (old, current),
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(60 + 37 * round)).await;
        shared.signal("-KILL");
        tokens = users.join_all().await;
        drop(shared);
        server = Process::start(folder.path(), &flags);
        for (_, current) in &mut tokens {
            // The token of the cut-off refresh is the current one, or its answer was lost: it is accepted in both cases.
            let (status, next) = server.refresh(current).await.unwrap();
            assert_eq!(status, StatusCode::OK, "round {round}");
            let (status, newest) = server.refresh(&next["refresh_token"]).await.unwrap();
            assert_eq!(status, StatusCode::OK);
            *current = newest["refresh_token"].clone();
        }
    }
    for (old, current) in &tokens {
        assert_eq!(server.refresh(old).await.unwrap().0, StatusCode::UNAUTHORIZED, "an old token is refused after the restart");
        assert_eq!(server.refresh(current).await.unwrap().0, StatusCode::UNAUTHORIZED, "the reuse has ended the session");
    }
    drop(server);
    kind.drop(&url).await;
}
}

#[tokio::test(flavor = "multi_thread")]
async fn case_26_sigterm_lets_requests_in_flight_end() {
    let folder = TempDir::new().unwrap();
    let server = Arc::new(Process::start(folder.path(), &["--address-limit", "100000/1h"]));
    let mut calls = JoinSet::new();
    for n in 0..8 {
        let server = server.clone();
        // Hashing takes long enough for the signal to arrive meanwhile.
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
    assert!(!folder.path().join("wugan.db-wal").exists(), "the database was closed");
}

/// A refused sign-in is to be recorded when the server stops, through connections whose packets are lost.
async fn a_shutdown_waits_a_bounded_time_for_its_database(kind: Kind) {
    let folder = folder();
    let url = kind.create(folder.path()).await;
    let proxy = Proxy::start(host(&url)).await;
    let through = url.replace(host(&url), &format!("127.0.0.1:{}", proxy.port));
    let path = folder.path().to_owned();
    let server = tokio::task::spawn_blocking(move || Process::start(&path, &["--database-url", &through])).await.unwrap();
    let wrong = json!({"username": "ada", "password": "wrong password"});
    assert_eq!(server.post("/user/login", wrong).await.unwrap().0, StatusCode::UNAUTHORIZED);
    proxy.lose();
    let started = Instant::now();
    let log = tokio::task::spawn_blocking(move || server.ended_with_log()).await.unwrap();
    assert!(log.contains("stopped"), "{log}");
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    kind.drop(&url).await;
}

on_each_server! {
    case_56_a_shutdown_waits_a_bounded_time_for_its_database: a_shutdown_waits_a_bounded_time_for_its_database;
}

/// The database accepts a connection and never answers. Without the signal, the process would end with an error.
#[test]
fn case_56_a_signal_ends_a_process_that_waits_for_its_database() {
    let (folder, database) = (TempDir::new().unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let url = format!("postgres://wugan:pw@{}/wugan", database.local_addr().unwrap());
    let child = command(folder.path(), &["--database-url", &url]).spawn().unwrap();
    let _silent = database.accept().unwrap();
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let end = child.wait_with_output().unwrap();
    assert!(end.status.success(), "{}: {}", end.status, String::from_utf8_lossy(&end.stderr));
}

#[tokio::test]
async fn case_56_a_second_signal_ends_the_process_at_once() {
    let folder = TempDir::new().unwrap();
    let mut server = Process::start(folder.path(), &["--drain", "60s"]);
    server.signal("-TERM");
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(server.child.try_wait().unwrap().is_none(), "the first signal starts the drain time");
    server.signal("-TERM");
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while server.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ended.await.expect("the second signal ends the process");
}

/// A file of a network file system may never answer.
#[cfg(unix)]
#[tokio::test]
async fn case_56_a_file_operation_that_hangs_does_not_keep_the_process() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("dist");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("index.html"), "<!doctype html>").unwrap();
    assert!(Command::new("mkfifo").arg(root.join("pipe")).status().unwrap().success());
    let mut server = Process::start(folder.path(), &[]);
    let asked = server.http.get(format!("{}/pipe", server.url)).timeout(Duration::from_millis(500)).send().await;
    assert!(asked.is_err(), "the pipe has no writer");
    server.signal("-TERM");
    let ended = tokio::time::timeout(Duration::from_secs(5), async {
        while server.child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ended.await.expect("the process ends");
}

/// 300 open files are enough for 50 connections, ten of one network.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn case_33_connections_are_limited_by_the_open_files() {
    let folder = TempDir::new().unwrap();
    let server = command(folder.path(), &[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 300 && exec \"$0\"", server.get_program().to_str().unwrap()]).current_dir(folder.path()).env_clear();
    limited.env("WUGAN_LISTEN", "127.0.0.1:0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Process::of(&mut limited);
    let address = server.url.trim_start_matches("http://").to_owned();
    let open: Vec<_> = (0..400).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();
    let other = Client::builder().no_proxy().local_address(Some([127, 0, 0, 2].into())).build().unwrap();
    assert_eq!(other.get(format!("{}/readyz", server.url)).send().await.unwrap().status(), StatusCode::OK);
    drop(open);
    let log = server.ended_with_log();
    assert_eq!(log.matches("ulimit -n").count(), 1, "{log}");
    assert!(!log.contains("cannot accept"), "{log}");
}

/// The log is a pipe without a reader.
#[tokio::test(flavor = "multi_thread")]
async fn case_32_a_stalled_log_reader_does_not_stall_the_server() {
    let folder = TempDir::new().unwrap();
    let mut command = command(folder.path(), &["--admin-listen", "127.0.0.1:0"]);
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut address = async |prefix: &str| {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        line.trim().strip_prefix(prefix).unwrap().to_owned()
    };
    let (url, admin) = (address("listening on ").await, address("admin listener on ").await);
    let http = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (http, url) = (http.clone(), url.clone());
        callers.spawn(async move {
            for _ in 0..1_000 {
                assert_eq!(http.get(format!("{url}/healthz")).send().await.unwrap().status(), StatusCode::OK);
            }
        });
    }
    callers.join_all().await;
    let metrics = http.get(format!("{admin}/metrics")).send().await.unwrap().text().await.unwrap();
    let dropped = metrics.lines().find_map(|line| line.strip_prefix("wugan_dropped_log_lines ")).unwrap();
    assert!(dropped.parse::<u64>().unwrap() > 0, "dropped lines are counted: {dropped}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// As where the reader of stdout and stderr stalls, which are one full pipe. The log's guard then waits for its lines, or prints.
#[cfg(unix)]
#[tokio::test]
async fn case_56_a_stalled_reader_of_log_and_output_does_not_keep_the_process() {
    let folder = TempDir::new().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut command = command(folder.path(), &[]);
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer.try_clone().unwrap()).spawn().unwrap();
    let mut reader = BufReader::new(reader);
    // Between lines of the log.
    let url = loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(url) = line.trim().strip_prefix("listening on ") {
            break url.to_owned();
        }
    };
    let (filled, is_full) = std::sync::mpsc::channel();
    // Ends with the reader.
    std::thread::spawn(move || while writer.write_all(b".").is_ok() && filled.send(()).is_ok() {});
    while is_full.recv_timeout(Duration::from_millis(500)).is_ok() {}
    // More lines than the log buffers.
    let http = Client::builder().no_proxy().build().unwrap();
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let (http, url) = (http.clone(), url.clone());
        callers.spawn(async move {
            for _ in 0..600 {
                assert_eq!(http.get(format!("{url}/healthz")).send().await.unwrap().status(), StatusCode::OK);
            }
        });
    }
    callers.join_all().await;
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let ended = ended.await;
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    ended.expect("the process ends");
}

/// A load balancer opens new connections until it has noticed that the server is not ready.
#[tokio::test(flavor = "multi_thread")]
async fn case_26_requests_are_answered_while_the_load_balancer_still_sends() {
    let folder = TempDir::new().unwrap();
    let mut server = Process::start(folder.path(), &["--drain", "3s"]);
    let sending = Arc::new(AtomicBool::new(true));
    let answered = Arc::new(AtomicUsize::new(0));
    let mut load = JoinSet::new();
    for _ in 0..4 {
        let (url, sending, answered) = (server.url.clone(), sending.clone(), answered.clone());
        load.spawn(async move {
            let each_its_own = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
            while sending.load(Ordering::Relaxed) {
                assert_eq!(each_its_own.get(format!("{url}/aaa")).send().await.unwrap().status(), StatusCode::OK);
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let ready = async || server.http.get(format!("{}/readyz", server.url)).send().await.unwrap().status();
    assert_eq!(ready().await, StatusCode::OK);
    server.signal("-TERM");
    while ready().await == StatusCode::OK {}
    // The load balancer has not noticed yet.
    let before = answered.load(Ordering::Relaxed);
    let twenty_more = async {
        while answered.load(Ordering::Relaxed) < before + 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), twenty_more).await.unwrap();
    sending.store(false, Ordering::Relaxed);
    load.join_all().await;
    assert!(server.child.wait().unwrap().success());
}

/// This test and the server share one thread: while the one connects, the other cannot accept.
#[tokio::test]
async fn case_26_connections_that_wait_to_be_accepted_are_answered() {
    let server = crate::test_server::TestServer::start(Kind::Sqlite).await;
    let address = server.url.trim_start_matches("http://").to_owned();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = std::net::TcpStream::connect(&address).unwrap();
            stream.write_all(b"GET /aaa HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
            stream
        })
        .collect();
    server.stop().await;
    for mut call in calls {
        let mut answer = String::new();
        call.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// Memory is bounded by the number of concurrent hashes, not of sign-ins.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn case_16_memory_of_hashing_is_returned_after_many_sign_ins() {
    const MIB: u64 = 1024 * 1024;
    let folder = folder();
    let server = Arc::new(Process::start(folder.path(), &[MANY, &["--trusted-proxy", "127.0.0.1/32"]].concat()));
    let before = server.memory();
    server.register("ada").await;
    let mut calls = JoinSet::new();
    for n in 0..64 {
        // Each from another network.
        let login = server.http.post(format!("{}/user/login", server.url)).header("x-forwarded-for", format!("203.0.113.{n}"));
        let login = login.json(&json!({"username": "ada", "password": PASSWORD}));
        calls.spawn(async move { login.send().await.unwrap().status() });
    }
    let signed_in = calls.join_all().await.into_iter().filter(|status| *status == StatusCode::OK).count();
    assert!(signed_in >= 17, "{signed_in}");
    // The memory of each hash is 19 MiB, and is returned when no password waits.
    let mut after = server.memory();
    for _ in 0..100 {
        if after < before + 16 * MIB {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        after = server.memory();
    }
    println!("{signed_in} of 64 signed in; resident: {} MiB before, {} MiB after", before / MIB, after / MIB);
    assert!(after < before + 16 * MIB, "{before} before, {after} after");
}

/// Two rounds of 2 000 connections from four addresses, of which the limits accept half. Each sends as much as the server reads before it
/// answers: a head, a body, or the beginning of a body that is too long.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn case_38_memory_is_bounded_in_a_flood_of_unfinished_requests() {
    const ACCEPTED: u64 = 1_000;
    // The head has at most 16 KiB. The body's buffer grows to 32 KiB, twice its limit. The rest is the state of connection and handler.
    const MAX_PER_CONNECTION: u64 = 72 * 1024;
    rlimit::increase_nofile_limit(2_500).unwrap();
    let folder = folder();
    let server = Process::start(folder.path(), &["--connection-limit", &(ACCEPTED / 4).to_string(), "--request-timeout", "5m"]);
    let address: SocketAddr = server.url.trim_start_matches("http://").parse().unwrap();
    let before = server.memory();
    let tokens = server.register("ada").await;
    for round in 1..=2 {
        let mut flood = Vec::new();
        for n in 0..2 * ACCEPTED {
            flood.push(unfinished_request(address, n).await);
        }
        let started = Instant::now();
        // With the connection of ada's client.
        while connections(address.port()) != (ACCEPTED + 1, 0) {
            assert!(started.elapsed() < Duration::from_secs(60), "{:?}", connections(address.port()));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let per_connection = server.memory().saturating_sub(before) / ACCEPTED;
        println!("round {round}: {per_connection} bytes for each connection");
        assert!(per_connection < MAX_PER_CONNECTION, "{per_connection} bytes for each connection");
        assert!(server.accepts(&tokens["access_token"]).await);
        drop(flood);
        while connections(address.port()).0 > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A connection from one of four addresses, with a request that the server goes on reading.
#[cfg(target_os = "linux")]
async fn unfinished_request(server: SocketAddr, n: u64) -> TcpStream {
    const HEAD: &str = "POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ";
    let request = match n / 4 % 3 {
        0 => format!("GET /aaa HTTP/1.1\r\nx: {}", "x".repeat(16_000)),
        1 => format!("{HEAD}16384\r\n\r\n{}", " ".repeat(16_383)),
        _ => format!("{HEAD}4000000\r\n\r\n{}", " ".repeat(128 * 1024)),
    };
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 2 + (n % 4) as u8], 0))).unwrap();
    let mut stream = socket.connect(server).await.unwrap();
    // A connection above the limit is closed.
    let _ = stream.write_all(request.as_bytes()).await;
    stream
}

/// How many connections are open at a port, and how many bytes in their buffers the server has not read.
#[cfg(target_os = "linux")]
fn connections(port: u16) -> (u64, u64) {
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!("0100007F:{port:04X}");
    let unread = table.lines().filter_map(|line| {
        let fields: Vec<_> = line.split_whitespace().collect();
        let is_open = fields[1] == local && fields[3] == "01";
        is_open.then(|| u64::from_str_radix(fields[4].split_once(':').unwrap().1, 16).unwrap())
    });
    unread.fold((0, 0), |(count, sum), unread| (count + 1, sum + unread))
}

#[tokio::test]
async fn case_20_no_token_and_no_password_is_in_log_or_database() {
    let folder = TempDir::new().unwrap();
    let mut all = command(folder.path(), &["--log-format", "json", "--demo-user", "demo:demo-secret-word"]);
    // The most verbose log level.
    let mut server = Process::of(all.env("WUGAN_LOG", "trace"));
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
    let forged = server.http.get(format!("{}/nope%0a{{}}", server.url)).header("x-request-id", "x\t{\"level\":\"ERROR\"}");
    assert_eq!(forged.send().await.unwrap().status(), StatusCode::NOT_FOUND);
    server.signal("-TERM");
    server.child.wait().unwrap();
    let log = server.log.lock().unwrap().clone();
    assert!(log.contains("\"ip\":\"127.0.0.1\""), "the client's address: {log}");
    assert!(log.contains("reuse of a token") && log.contains("/user/refresh"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "every line is JSON: {log}");
    assert!(!log.contains("refresh_token=") && !log.contains("eyJ"), "no beginning of a token: {log}");
    let database = String::from_utf8_lossy(&fs::read(folder.path().join("wugan.db")).unwrap()).into_owned();
    let key = fs::read_to_string(folder.path().join("wugan.key")).unwrap();
    let key: Value = serde_json::from_str(&key).unwrap();
    secrets.push(key["keys"][0]["k"].as_str().unwrap().to_owned());
    for secret in secrets {
        // The signature is the secret part of a token.
        let tail = secret.rsplit('.').next().unwrap();
        assert!(!log.contains(tail), "{tail} is in the log");
        assert!(!database.contains(tail), "{tail} is in the database");
    }
}

/// The limit on file sizes has the effect of a full disk; then it is raised.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn case_24_a_full_disk_loses_no_answered_change() {
    let folder = TempDir::new().unwrap();
    let limited = format!("trap '' XFSZ; ulimit -S -f 1200; exec {} {}", env!("CARGO_BIN_EXE_wugan-server"), MANY.join(" "));
    let mut child = Command::new("sh");
    child
        .args(["-c", &limited])
        .current_dir(folder.path())
        .env_clear()
        .env("WUGAN_LISTEN", "127.0.0.1:0")
        .env("WUGAN_SESSION_LIMIT", "60000/1m");
    let server = Process::of(child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut made = Vec::new();
    let refused = loop {
        let name = format!("user{}", made.len());
        let (status, body) = server.post("/user/register", json!({"username": name, "password": PASSWORD})).await.unwrap();
        if status != StatusCode::CREATED {
            break (status, body);
        }
        made.push((name, body["refresh_token"].clone()));
        assert!(made.len() < 2000, "the limit is not reached");
    };
    assert_eq!((refused.0, refused.1["code"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("busy")), "{}", refused.1);
    assert!(made.len() > 3);
    assert_eq!(server.http.get(format!("{}/healthz", server.url)).send().await.unwrap().status(), StatusCode::OK);
    // Small changes may still succeed: each one that is answered 200 must be durable.
    for round in 0..20 {
        for (name, token) in made.iter_mut().rev().take(3) {
            match server.refresh(token).await.unwrap() {
                (StatusCode::OK, next) => *token = next["refresh_token"].clone(),
                (status, body) => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{name}, round {round}: {body}"),
            }
            let (status, _) = server.post("/user/login", json!({"username": name, "password": PASSWORD})).await.unwrap();
            assert!(matches!(status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE), "{status}");
        }
    }
    let process = i32::try_from(server.child.id()).unwrap();
    rlimit::prlimit(process, rlimit::Resource::FSIZE, Some((rlimit::INFINITY, rlimit::INFINITY)), None).unwrap();
    for (name, token) in &mut made {
        let (status, next) = server.refresh(token).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{name}: the same process continues: {next}");
        *token = next["refresh_token"].clone();
    }
    let newest = server.register("and-another").await["refresh_token"].clone();
    server.signal("-KILL");
    drop(server);
    let next = Process::start(folder.path(), MANY);
    for (name, token) in &made {
        assert_eq!(next.refresh(token).await.unwrap().0, StatusCode::OK, "{name}");
    }
    assert_eq!(next.refresh(&newest).await.unwrap().0, StatusCode::OK);
}
