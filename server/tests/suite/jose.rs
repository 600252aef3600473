//! Access tokens, verified by an independent library: the npm package `jose`, in a service that knows the issuer's name and public keys.

use crate::{
    database::Kind,
    keys::signing_key,
    test_server::{TestServer, claims, part},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};
use wugan_axum::{SigningAlgorithm, keys as key_file};

const ISSUER: &str = "https://id.example.com";
const AUDIENCE: &str = "https://api.example.com";

/// Node with a program that may import `jose`. `WUGAN_TEST_JOSE` names the folder in which Node finds it.
pub(crate) fn node_with_jose(program: &str) -> Command {
    let folder = std::env::var_os("WUGAN_TEST_JOSE").expect("WUGAN_TEST_JOSE names a folder: `cargo xtask test` sets it");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "-e", program]).current_dir(folder);
    node
}

/// Answers each line, a token with the options of `jwtVerify`, by the user's name or by the error. `keys` is kept, as a service keeps it;
/// with `restarted` the keys are fetched as after a restart.
const VERIFIER: &str = r"
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { createInterface } from 'node:readline';
const fetched = () => createRemoteJWKSet(new URL(process.argv[1]), { cooldownDuration: 0 });
const keys = fetched();
for await (const line of createInterface({ input: process.stdin })) {
  const { token, restarted, now, ...options } = JSON.parse(line);
  if (now) options.currentDate = new Date(now * 1000);
  const verified = jwtVerify(token, restarted ? fetched() : keys, options);
  const answer = await verified.then(({ payload }) => payload.username, (error) => [error.code, error.claim].filter(Boolean).join(' '));
  console.log(JSON.stringify(answer));
}
";

struct Service {
    process: Child,
    tokens: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Service {
    /// A service that fetches the keys from this server.
    fn start(server: &TestServer) -> Self {
        let mut node = node_with_jose(VERIFIER);
        node.arg(format!("{}/.well-known/jwks.json", server.url)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = node.spawn().unwrap();
        let (tokens, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, tokens, answers }
    }

    /// The name of the token's user, or the error, under the usual rules with these changes.
    fn verify(&mut self, token: &str, changes: &Value) -> String {
        let required = ["exp", "iat", "sub", "jti", "client_id"];
        let mut rules = json!({ "token": token, "issuer": ISSUER, "audience": AUDIENCE, "typ": "at+jwt", "requiredClaims": required });
        rules.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        writeln!(self.tokens, "{rules}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The id of the key that signed a token.
fn key_id(token: &str) -> String {
    part(token, 0)["kid"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the npm package `jose`: `cargo xtask test` installs it"]
async fn case_58_an_independent_library_verifies_access_tokens_across_a_rotation_and_a_revocation() {
    let flags = ["--signing-algorithm", "eddsa", "--issuer", ISSUER, "--audience", AUDIENCE];
    let server = TestServer::with(Kind::Sqlite, &flags).await;
    let mut service = Service::start(&server);
    let mut verify = |token: &str, changes: Value| tokio::task::block_in_place(|| service.verify(token, &changes));
    let before = server.register("ada").await;
    let (old, end) = (&before.access_token, claims(&before.access_token)["exp"].as_i64().unwrap());
    assert_eq!(verify(old, json!({})), "ada");
    assert_eq!(verify(old, json!({ "now": end - 1 })), "ada");
    assert_eq!(verify(old, json!({ "now": end })), "ERR_JWT_EXPIRED exp");
    assert_eq!(verify(old, json!({ "issuer": "https://other.example.com" })), "ERR_JWT_CLAIM_VALIDATION_FAILED iss");
    assert_eq!(verify(old, json!({ "audience": "https://other.example.com" })), "ERR_JWT_CLAIM_VALIDATION_FAILED aud");
    assert_eq!(verify(&before.refresh_token, json!({ "requiredClaims": [] })), "ERR_JWT_CLAIM_VALIDATION_FAILED typ");
    let (head, signature) = old.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    assert_eq!(verify(&forged, json!({})), "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");

    let file = &server.config.signing_key;
    let new = key_file::rotate(file, SigningAlgorithm::EdDsa, 3_600_000, server.clock.now()).unwrap();
    while signing_key(&server).await != new {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = server.refresh(&before.refresh_token).await;
    assert_eq!(key_id(&after.access_token), new);
    for token in [&after.access_token, old] {
        assert_eq!(verify(token, json!({})), "ada", "both keys are in the set");
    }

    let revoked = key_id(old);
    key_file::revoke(file, &revoked, SigningAlgorithm::EdDsa, server.clock.now()).unwrap();
    while server.auth.tokens().public_keys().len() > 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(verify(old, json!({ "restarted": true })), "ERR_JWKS_NO_MATCHING_KEY");
    assert!(!server.accepts(old).await);
    assert_eq!(verify(&after.access_token, json!({ "restarted": true })), "ada");
    assert!(server.accepts(&after.access_token).await);
    drop(service);
    server.stop().await;
}
