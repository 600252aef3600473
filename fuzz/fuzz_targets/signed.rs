//! Signs any head (the first line) and claims (the rest) with the server's key: the token is accepted only if all its members are valid.
//!
//! Each input is also used as the value of one member of a valid token, which would show a missing check.
#![no_main]

use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use wugan_fuzz::{ISSUER, KID, NOW, SECRET, tokens};

const HEAD_MEMBERS: [&str; 4] = ["typ", "alg", "kid", "crit"];
const CLAIMS: [&str; 11] = ["userId", "sid", "gen", "iss", "aud", "iat", "exp", "cnf", "sub", "client_id", "jti"];

fuzz_target!(|input: &[u8]| {
    let cut = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    verify(&input[..cut], input.get(cut + 1..).unwrap_or_default());
    let Some((which, value)) = input.split_first() else { return };
    let text = || Value::from(String::from_utf8_lossy(value));
    let value = serde_json::from_slice(value).unwrap_or_else(|_| text());
    let mut head = json!({"typ": "at+jwt", "alg": "HS256", "kid": KID});
    let end = NOW / 1000 + 60;
    let sid = "12345678-9abc-4def-8123-456789abcdef";
    let mut claims = json!({"userId": 1, "sid": sid, "gen": 3, "iss": ISSUER, "aud": ISSUER, "iat": 1, "exp": end});
    // For other services (RFC 9068 §2.2). Their values change nothing here: the user is `userId`.
    for (name, value) in [("sub", "1"), ("client_id", "app"), ("jti", "a")] {
        claims[name] = value.into();
    }
    match usize::from(*which) % (HEAD_MEMBERS.len() + CLAIMS.len()) {
        at if at < HEAD_MEMBERS.len() => head[HEAD_MEMBERS[at]] = value,
        at => claims[CLAIMS[at - HEAD_MEMBERS.len()]] = value,
    }
    verify(head.to_string().as_bytes(), claims.to_string().as_bytes());
});

fn verify(head: &[u8], claims: &[u8]) {
    let message = format!("{}.{}", base64(head), base64(claims));
    let signature = sign(message.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256).expect("HS256 signs any message");
    let token = format!("{message}.{signature}");
    let (access, refresh) = (tokens().read_access(&token, NOW), tokens().read_refresh(&token));
    assert!(access.is_err() || refresh.is_err(), "a token is either an access token or a refresh token");
    let kind = if access.is_ok() { "at+jwt" } else { "rt+jwt" };
    let Ok(read) = access.or(refresh) else { return };
    let head: Value = serde_json::from_slice(head).expect("an accepted head is JSON");
    assert_eq!((head["typ"].as_str(), head["kid"].as_str(), head["alg"].as_str()), (Some(kind), Some(KID), Some("HS256")));
    assert!(head["crit"].is_null(), "a critical extension is refused");
    let claims: Value = serde_json::from_slice(claims).expect("accepted claims are JSON");
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(ISSUER), Some(ISSUER)));
    assert!(kind == "rt+jwt" || claims["exp"].as_i64().expect("an expiry") > NOW / 1000);
    assert_eq!((claims["userId"].as_i64(), claims["gen"].as_i64()), (Some(read.user_id), Some(read.generation)));
    // Read as unbound, a token that is bound to a key would be accepted without a proof.
    assert_eq!(read.jkt().is_some(), !claims["cnf"].is_null(), "a token is bound exactly if it has a confirmation claim");
    assert!(!claims["cnf"].is_object() || read.jkt() == claims["cnf"]["jkt"].as_str());
    assert!(claims["sid"].as_str().is_some_and(|sid| sid.parse() == Ok(read.sid)));
}

/// Base64url without padding (RFC 4648 §5).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        (0..=three.len()).for_each(|at| text.push(char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize])));
    }
    text
}
