//! Signing keys: case 27, and verification by other services.

use crate::{
    database::Kind,
    test_server::{TestServer, expect_error, part},
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, jwk::JwkSet};
use reqwest::StatusCode;
use serde_json::Value;
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};
use wugan_axum::{Device, SigningAlgorithm, Verifier, VerifyError, clock::Clock, keys};
use wugan_server::config::Config;
use wugan_wire::Code;

/// The id of the key that a node signs with.
pub(crate) async fn signing_key(node: &TestServer) -> String {
    let tokens = node.auth.start_session("google:1", &Device::default()).await.unwrap();
    part(&tokens.access_token, 0)["kid"].as_str().unwrap().to_owned()
}

/// Sessions are used on two nodes while the key is rotated three times. No request is refused.
#[tokio::test(flavor = "multi_thread")]
async fn case_27_keys_are_rotated_without_a_401() {
    let server = Arc::new(TestServer::start(Kind::Sqlite).await);
    let other = Arc::new(server.another().await);
    let (stop, turns) = (Arc::new(AtomicBool::new(false)), Arc::new([const { AtomicUsize::new(0) }; 4]));
    let users: Vec<_> = (0..turns.len())
        .map(|n| {
            let (nodes, stop, turns) = ([server.clone(), other.clone()], stop.clone(), turns.clone());
            tokio::spawn(async move {
                let mut tokens = nodes[0].register(&format!("user{n}")).await;
                let mut kids = std::collections::HashSet::new();
                for turn in n.. {
                    assert!(nodes[turn % 2].accepts(&tokens.access_token).await);
                    tokens = nodes[(turn + 1) % 2].refresh(&tokens.refresh_token).await;
                    kids.insert(part(&tokens.access_token, 0)["kid"].to_string());
                    turns[n].fetch_add(1, Ordering::Relaxed);
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                }
                kids.len()
            })
        })
        .collect();
    let key = &server.config.signing_key;
    let wait_for_turns = async || {
        for user in &*turns {
            let before = user.load(Ordering::Relaxed);
            while user.load(Ordering::Relaxed) < before + 10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    for algorithm in [SigningAlgorithm::Hs256, SigningAlgorithm::EdDsa, SigningAlgorithm::Hs256] {
        wait_for_turns().await;
        let id = keys::rotate(key, algorithm, 1_000_000, server.clock.now()).unwrap();
        while signing_key(&server).await != id || signing_key(&other).await != id {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    wait_for_turns().await;
    stop.store(true, Ordering::Relaxed);
    for user in users {
        assert_eq!(user.await.unwrap(), 4, "four keys have signed");
    }
    for node in [other, server] {
        Arc::into_inner(node).unwrap().stop().await;
    }
}

/// The file has the key, and the modification time of the file before: it is not read again until that changes.
#[tokio::test]
async fn case_35_an_unknown_key_id_causes_no_read_of_the_file() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (key, new) = (&server.config.signing_key, server.folder().join("new.key"));
    let other = server.configured(Config { signing_key: new.clone(), ..server.config.clone() }).await;
    let token = other.auth.start_session("google:1", &Device::default()).await.unwrap().access_token;
    let replacement = fs::File::options().append(true).open(&new).unwrap();
    replacement.set_modified(fs::metadata(key).unwrap().modified().unwrap()).unwrap();
    fs::rename(&new, key).unwrap();
    for _ in 0..20 {
        assert!(!server.accepts(&token).await);
    }
    replacement.set_modified(SystemTime::now()).unwrap();
    while !server.accepts(&token).await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for node in [other, server] {
        node.stop().await;
    }
}

/// The system calls by which a process of the server makes the key file durable, in their order.
#[cfg(target_os = "linux")]
fn durable_steps(folder: &std::path::Path, flags: &[&str]) -> Vec<&'static str> {
    let (server, trace) = (crate::process::command(folder, flags), folder.join("trace"));
    let mut strace = std::process::Command::new("strace");
    // The calls with `?` do not exist on all processors.
    strace.args(["-f", "-y", "-s", "1000", "-e", "trace=fsync,fdatasync,?link,linkat,?rename,?renameat,renameat2", "-o"]).arg(&trace);
    let done = strace.arg(server.get_program()).args(flags).current_dir(folder).env_clear().output().expect("strace is installed");
    let calls = fs::read_to_string(&trace).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)));
    let of_folder = format!("<{}>)", folder.display());
    let step = |call: &str| match call.split_once('(') {
        Some((name, file)) if name.ends_with("sync") && file.contains("wugan.new-") => Some("sync the new file"),
        Some((name, file)) if name.ends_with("sync") && file.contains(&of_folder) => Some("sync the folder"),
        Some((name, files)) if name.contains("link") && files.contains("wugan.new-") => Some("link"),
        Some((name, files)) if name.contains("rename") && files.contains("wugan.new-") => Some("rename"),
        _ => None,
    };
    calls.lines().filter_map(step).collect()
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs strace: `cargo xtask test` installs it"]
fn case_35_the_key_file_is_durable_before_and_after_it_is_replaced() {
    let tracing = std::process::Command::new("strace").args(["-o", "/dev/null", "true"]).output().expect("strace is installed");
    if !tracing.status.success() {
        println!("not run: this system forbids tracing ({})", String::from_utf8_lossy(&tracing.stderr));
        return;
    }
    let folder = tempfile::TempDir::new().unwrap();
    let here = folder.path().canonicalize().unwrap();
    let replaced = ["sync the new file", "rename", "sync the folder"];
    // It ends by itself after it has created the file, and replaced it to record the lifetime of tokens.
    let created = durable_steps(&here, &["--database-url", "sqlite:///nonexistent/folder/wugan.db"]);
    assert_eq!(created, [["sync the new file", "link", "sync the folder"], replaced].concat());
    assert_eq!(durable_steps(&here, &["key", "rotate"]), replaced);
}

/// The steps of docs/operations.md: revoke on one machine, copy to the other.
#[tokio::test]
async fn case_35_after_a_revoked_key_was_copied_both_nodes_accept_each_others_tokens() {
    let server = TestServer::start(Kind::Sqlite).await;
    let copy = server.folder().join("copy.key");
    fs::copy(&server.config.signing_key, &copy).unwrap();
    let other = server.configured(Config { signing_key: copy.clone(), ..server.config.clone() }).await;
    let stolen = signing_key(&server).await;
    let made = keys::revoke(&server.config.signing_key, &stolen, SigningAlgorithm::Hs256, server.clock.now()).unwrap().unwrap();
    fs::copy(&server.config.signing_key, &copy).unwrap();
    while signing_key(&server).await != made || signing_key(&other).await != made {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let tokens = server.register("ada").await;
    assert!(other.accepts(&tokens.access_token).await);
    let next = other.refresh(&tokens.refresh_token).await;
    server.refresh(&next.refresh_token).await;
    for node in [other, server] {
        node.stop().await;
    }
}

#[tokio::test]
async fn other_services_verify_by_the_public_keys() {
    let server = TestServer::with(Kind::Sqlite, &["--signing-algorithm", "eddsa", "--issuer", "https://id.example.com"]).await;
    let tokens = server.register("ada").await;
    let set: JwkSet = server.get("/.well-known/jwks.json").await.json().await.unwrap();
    let header = jsonwebtoken::decode_header(&tokens.access_token).unwrap();
    let key = DecodingKey::from_jwk(set.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_audience(&["wugan"]);
    rules.set_issuer(&["https://id.example.com"]);
    let read = decode::<Value>(&tokens.access_token, &key, &rules).unwrap();
    assert_eq!(read.claims["username"], "ada");
    assert!(server.accepts(&tokens.access_token).await);
    server.refresh(&tokens.refresh_token).await;
    server.stop().await;
}

/// A token with an unknown key id causes no log line.
#[tokio::test]
async fn case_35_a_broken_key_file_is_logged_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let server = crate::process::Process::start(folder.path(), &[]);
    let tokens = server.register("ada").await;
    fs::write(folder.path().join("wugan.key"), "broken").unwrap();
    let header = part(tokens["access_token"].as_str().unwrap(), 0);
    let forged = |n: usize| {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        let mut header = header.clone();
        header["kid"] = format!("made-up-{n}").into();
        let rest = tokens["access_token"].as_str().unwrap().split_once('.').unwrap().1.to_owned();
        format!("{}.{rest}", BASE64_URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    for n in 0..300 {
        assert!(!server.accepts(&forged(n).into()).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.accepts(&tokens["access_token"]).await, "the keys stay as they were");
    let log = server.ended_with_log();
    assert_eq!(log.matches("were not reloaded").count(), 1, "{log}");
}

/// The file may be made readable, or be completed within one tick of the file system's clock, without another modification time.
#[tokio::test]
async fn case_35_a_key_file_that_could_not_be_read_is_read_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let server = crate::process::Process::start(folder.path(), &[]);
    let tokens = server.register("ada").await;
    let (file, copy) = (folder.path().join("wugan.key"), folder.path().join("copy.key"));
    fs::copy(&file, &copy).unwrap();
    let stolen = keys::list(&copy).unwrap()[0].id.clone();
    keys::revoke(&copy, &stolen, SigningAlgorithm::Hs256, Clock::default().now()).unwrap();
    fs::write(&file, "broken").unwrap();
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    while !server.log().contains("were not reloaded") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    fs::File::options().write(true).open(&copy).unwrap().set_modified(modified).unwrap();
    fs::rename(&copy, &file).unwrap();
    let refused = async {
        while server.accepts(&tokens["access_token"]).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.expect("the file is read again");
    let log = server.ended_with_log();
    assert_eq!(log.matches("were not reloaded").count(), 1, "{log}");
}

/// The token is exchanged shortly before it would end, and the answer is lost.
#[tokio::test]
async fn case_27_a_lost_answer_is_repeated_though_the_key_of_its_token_has_retired() {
    let server = TestServer::start(Kind::Sqlite).await;
    let first = server.register("ada").await;
    let next = keys::rotate(&server.config.signing_key, SigningAlgorithm::Hs256, 0, server.clock.now()).unwrap();
    server.clock.shift(10_000);
    while signing_key(&server).await != next {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let hours = |count: i64| count * 3_600_000;
    server.clock.shift(hours(167));
    let lost = server.exchange(&first.refresh_token, "the-attempt-of-a-lost-answer").await;
    server.clock.shift(hours(13));
    let repeated = server.exchange(&first.refresh_token, "the-attempt-of-a-lost-answer").await;
    assert_eq!(repeated.refresh_token, lost.refresh_token);
    server.stop().await;
}

/// Claims that RFC 9068 §2.2 requires of an access token.
#[tokio::test]
async fn case_58_access_tokens_have_the_claims_of_rfc_9068() {
    let flags = ["--signing-algorithm", "eddsa", "--issuer", "https://id.example.com", "--audience", "https://api.example.com"];
    let server = TestServer::with(Kind::Sqlite, &flags).await;
    let tokens = server.register("ada").await;
    let claims = crate::test_server::claims(&tokens.access_token);
    assert_eq!((&claims["iss"], &claims["aud"]), (&"https://id.example.com".into(), &"https://api.example.com".into()));
    for claim in ["exp", "sub", "client_id", "iat", "jti"] {
        assert!(!claims[claim].is_null(), "{claim}");
    }
    let again = crate::test_server::claims(&server.refresh(&tokens.refresh_token).await.access_token);
    assert_ne!(claims["jti"], again["jti"]);
    let metadata: Value = server.get("/.well-known/oauth-authorization-server").await.json().await.unwrap();
    assert_eq!(metadata["issuer"], "https://id.example.com");
    assert_eq!(metadata["jwks_uri"], "https://id.example.com/.well-known/jwks.json");
    server.stop().await;
}

/// RFC 8414 §2, §3.1: an issuer is a URL, and its path follows the well-known one.
#[tokio::test]
async fn case_58_metadata_is_that_of_an_issuer_with_a_url_and_public_keys() {
    let address = "/.well-known/oauth-authorization-server";
    for (issuer, algorithm, keys) in [
        ("wugan", "eddsa", None),
        ("urn://wugan", "eddsa", None),
        ("https://id.example.com", "hs256", Some(Value::Null)),
        ("https://example.com/t%C3%A9", "eddsa", Some("https://example.com/t%C3%A9/.well-known/jwks.json".into())),
        ("https://example.com/auth/", "eddsa", Some("https://example.com/auth/.well-known/jwks.json".into())),
    ] {
        let server = TestServer::with(Kind::Sqlite, &["--issuer", issuer, "--signing-algorithm", algorithm]).await;
        let answer = server.get(address).await;
        match keys {
            None => drop(expect_error(answer, StatusCode::NOT_FOUND, Code::NotFound).await),
            Some(keys) => {
                let metadata: Value = answer.json().await.unwrap();
                assert_eq!((&metadata["issuer"], &metadata["jwks_uri"]), (&issuer.into(), &keys));
            }
        }
        for path in ["/auth", "/t%C3%A9"] {
            let of_path = server.get(&format!("{address}{path}")).await.status();
            assert_eq!(of_path == StatusCode::OK, issuer.trim_end_matches('/').ends_with(path), "{issuer}: {of_path}");
        }
        server.stop().await;
    }
}

/// A service without the database verifies by the public keys, and reports when they cannot be fetched.
#[tokio::test]
async fn case_58_a_service_verifies_access_tokens_by_the_issuers_keys() {
    let server = TestServer::with(Kind::Sqlite, &["--signing-algorithm", "eddsa", "--issuer", "https://id.example.com"]).await;
    let tokens = server.register("ada").await;
    let url = format!("{}/.well-known/jwks.json", server.url);
    let verifier = Verifier::jwks(&url, "https://id.example.com", "wugan").unwrap();
    let access = verifier.verify(&tokens.access_token).await.unwrap();
    assert_eq!((access.username.as_str(), access.sid), ("ada", crate::test_server::sid(&tokens)));
    assert_eq!(verifier.verify(&tokens.refresh_token).await, Err(VerifyError::Invalid), "a refresh token is no access token");
    let (head, signature) = tokens.access_token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    for wrong in ["", "a.b.c", &forged] {
        assert_eq!(verifier.verify(wrong).await, Err(VerifyError::Invalid), "{wrong}");
    }
    for (issuer, audience) in [("https://other.example.com", "wugan"), ("https://id.example.com", "other")] {
        let other = Verifier::jwks(&url, issuer, audience).unwrap();
        assert_eq!(other.verify(&tokens.access_token).await, Err(VerifyError::Invalid), "{issuer} {audience}");
    }
    let away = Verifier::jwks("http://127.0.0.1:9/keys", "https://id.example.com", "wugan").unwrap();
    assert!(matches!(away.verify(&tokens.access_token).await, Err(VerifyError::KeysUnavailable(_))));
    for insecure in ["http://id.example.com/keys", "ftp://127.0.0.1/", "keys"] {
        assert!(Verifier::jwks(insecure, "", "").is_err(), "{insecure}");
    }
    let secrets = TestServer::start(Kind::Sqlite).await;
    let none = Verifier::jwks(&format!("{}/.well-known/jwks.json", secrets.url), "wugan", "wugan").unwrap();
    let error = none.verify(&secrets.register("ada").await.access_token).await.unwrap_err().to_string();
    assert!(error.contains("--signing-algorithm eddsa"), "{error}");
    secrets.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_secret_is_not_handed_out() {
    let server = TestServer::start(Kind::Sqlite).await;
    let set: Value = server.get("/.well-known/jwks.json").await.json().await.unwrap();
    assert_eq!(set, serde_json::json!({"keys": []}));
    server.stop().await;
}
