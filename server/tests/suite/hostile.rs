//! Hostile tokens: case 12 (RFC 8725). They are refused everywhere with the error of any invalid token.

use crate::{
    database::Kind,
    test_server::{TestServer, claims, part},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use rand::{RngExt, SeedableRng};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::fs;

/// Signs a header and claims with a secret.
fn signed(header: &str, claims: &str, secret: &[u8]) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
    let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
    let signature = sign(message.as_bytes(), &EncodingKey::from_secret(secret), Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// Hostile variations of a valid token; some are signed with the server's own secret.
fn corpus(good: &str, other_kind: &str, secret: &[u8]) -> Vec<(String, String)> {
    let [head, body, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let (header, payload) = (part(good, 0), claims(good));
    let mut all = Vec::new();
    let mut add = |what: &str, token: String| all.push((what.to_owned(), token));
    let with = |object: &Value, key: &str, value: Value| {
        let mut object = object.clone();
        object[key] = value;
        object.to_string()
    };
    let without = |object: &Value, key: &str| {
        let mut object = object.clone();
        object.as_object_mut().unwrap().remove(key);
        object.to_string()
    };
    for alg in
        ["none", "None", "NONE", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA", "hs256", "HS256 ", "HS 256", "null"]
    {
        let header = with(&header, "alg", json!(alg));
        add(&format!("alg {alg}, signed"), signed(&header, &payload.to_string(), secret));
        add(&format!("alg {alg}, unsigned"), format!("{}.{body}.", BASE64.encode(&header)));
        add(&format!("alg {alg}, old signature"), format!("{}.{body}.{signature}", BASE64.encode(&header)));
    }
    for alg in [json!(null), json!(0), json!(["HS256"]), json!({"a": 1}), json!(true)] {
        add(&format!("alg {alg}"), signed(&with(&header, "alg", alg.clone()), &payload.to_string(), secret));
    }
    for typ in ["JWT", "at+jwt ", "AT+JWT", "rt+jwt", "at+JWT", "", "application/at+jwt", "at", "dpop+jwt", "logout+jwt"] {
        if typ != header["typ"] {
            add(&format!("typ {typ:?}"), signed(&with(&header, "typ", json!(typ)), &payload.to_string(), secret));
        }
    }
    for key in ["alg", "typ", "kid"] {
        add(&format!("no {key}"), signed(&without(&header, key), &payload.to_string(), secret));
    }
    for kid in ["", "x", "../../etc/passwd", "/dev/null", "' OR 1=1 --", "\u{0}", "http://evil.example/key", &"k".repeat(3000)] {
        add("kid", signed(&with(&header, "kid", json!(kid)), &payload.to_string(), b""));
        add("kid, own secret", signed(&with(&header, "kid", json!(kid)), &payload.to_string(), secret));
    }
    let own = json!({"kty": "oct", "k": BASE64.encode("attacker's own secret, thirty-two bytes"), "alg": "HS256"});
    for (key, value) in [
        ("jwk", own.clone()),
        ("jku", json!("http://127.0.0.1:1/jwks")),
        ("x5u", json!("http://127.0.0.1:1/x5u")),
        ("x5c", json!(["MIIB"])),
    ] {
        add(key, signed(&with(&header, key, value), &payload.to_string(), b"attacker's own secret, thirty-two bytes"));
    }
    add("crit", signed(&with(&header, "crit", json!(["exp"])), &payload.to_string(), secret));
    for claim in ["sid", "gen", "iss", "aud", "exp", "userId"] {
        add(&format!("without {claim}"), signed(&header.to_string(), &without(&payload, claim), secret));
        for value in [json!(null), json!([]), json!({}), json!(true), json!(-1.5), json!("x"), json!("")] {
            add(&format!("{claim} is {value}"), signed(&header.to_string(), &with(&payload, claim, value.clone()), secret));
        }
        let again = format!("{},\"{claim}\":{}}}", payload.to_string().trim_end_matches('}'), payload[claim]);
        add(&format!("{claim} twice"), signed(&header.to_string(), &again, secret));
    }
    // The expiry of a refresh token is the session's, not its claim.
    let ends = if header["typ"] == "at+jwt" { &[0, 1, -1][..] } else { &[] };
    let ends = ends.iter().map(|end| ("exp", json!(end)));
    for (claim, value) in ends.chain([("iss", json!("evil")), ("aud", json!("evil")), ("aud", json!(["evil"]))]) {
        add(&format!("{claim} is {value}"), signed(&header.to_string(), &with(&payload, claim, value.clone()), secret));
    }
    add("another session", signed(&header.to_string(), &with(&payload, "sid", json!("00000000-0000-4000-8000-000000000000")), secret));
    let another = payload["userId"].as_i64().unwrap() + 1;
    add("another user", signed(&header.to_string(), &with(&payload, "userId", json!(another)), secret));
    for key in [&b""[..], b"secret", b"wugan", &[0; 32], b"attacker's own secret, thirty-two bytes"] {
        add("another key", signed(&header.to_string(), &payload.to_string(), key));
    }
    add("the other kind", other_kind.to_owned());
    for broken in ["", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "Bearer", "null", "undefined", "eyJ", "🦀.🦀.🦀"] {
        add("malformed", broken.to_owned());
    }
    add("no signature", format!("{head}.{body}."));
    add("no dot", format!("{head}.{body}"));
    add("no body", format!("{head}..{signature}"));
    add("no head", format!(".{body}.{signature}"));
    add("a fourth part", format!("{good}.{signature}"));
    add("five parts, as an encrypted one", format!("{good}.a.b"));
    add("padding", format!("{good}="));
    add("a trailing byte", format!("{good}A"));
    add("a newline within", format!("{head}.{body}\\n.{signature}"));
    add("a blank within", format!("{head}. {body}.{signature}"));
    add("a part swapped", format!("{body}.{head}.{signature}"));
    add("standard base64", format!("{head}.{body}.{}", signature.replace('-', "+").replace('_', "/") + "+/=="));
    for at in 0..signature.len() - 1 {
        let mut bytes = signature.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        add("a changed signature", format!("{head}.{body}.{}", String::from_utf8(bytes).unwrap()));
    }
    add("deep JSON in the head", signed(&"[".repeat(1000), &payload.to_string(), secret));
    add("deep JSON in the body", signed(&header.to_string(), &format!("{{\"a\":{}", "[".repeat(1000)), secret));
    add("not an object", signed("[]", "[]", secret));
    add("not JSON", signed("x", "x", secret));
    add("a head of a megabyte", signed(&with(&header, "x", json!("x".repeat(700_000))), &payload.to_string(), secret));
    add("a body that is too large", signed(&header.to_string(), &with(&payload, "x", json!("x".repeat(5000))), secret));
    all
}

/// Valid tokens with random changes cause no panic and are refused.
#[tokio::test]
async fn case_12_random_tokens_are_refused() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    let mut rng = rand::rngs::SmallRng::seed_from_u64(rand::rng().random());
    for _ in 0..200_000 {
        let mut token = if rng.random() { tokens.access_token.clone() } else { tokens.refresh_token.clone() }.into_bytes();
        for _ in 0..rng.random_range(1..6) {
            let at = rng.random_range(0..token.len());
            match rng.random_range(0..5) {
                0 => token[at] = rng.random(),
                1 => token.insert(at, *b".AZaz09-_= {}\"\\".get(rng.random_range(0..15)).unwrap_or(&b'x')),
                2 => token.truncate(at.max(1)),
                3 => drop(token.remove(at)),
                _ => token[at] = b'.',
            }
            if token.is_empty() {
                token.push(b'.');
            }
        }
        let token = String::from_utf8_lossy(&token);
        if token != tokens.access_token && token != tokens.refresh_token {
            assert!(server.auth.tokens().read_access(&token, server.clock.now()).is_err(), "{token}");
            assert!(server.auth.tokens().read_refresh(&token).is_err(), "{token}");
        }
    }
    server.stop().await;
}

fn secret(server: &TestServer) -> Vec<u8> {
    let set: Value = serde_json::from_slice(&fs::read(&server.config.signing_key).unwrap()).unwrap();
    BASE64.decode(set["keys"][0]["k"].as_str().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn case_12_hostile_tokens_are_refused_like_any_other() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (tokens, secret) = (server.register("ada").await, secret(&server));
    server.register("the-next-one").await;
    let control = signed(&part(&tokens.access_token, 0).to_string(), &claims(&tokens.access_token).to_string(), &secret);
    assert!(server.accepts(&control).await, "an unchanged token that is signed in the same way is accepted");
    let access = corpus(&tokens.access_token, &tokens.refresh_token, &secret);
    let refresh = corpus(&tokens.refresh_token, &tokens.access_token, &secret);
    assert!(access.len() >= 200, "{}", access.len());
    for (what, token) in &access {
        let Ok(value) = reqwest::header::HeaderValue::from_str(&format!("Bearer {token}")) else { continue };
        let answer = server.http.get(format!("{}/bbb", server.url)).header("authorization", value).send().await;
        // A token that is longer than any head is refused without parsing.
        let expected = if token.len() > 16_000 { StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE } else { StatusCode::UNAUTHORIZED };
        assert_eq!(answer.unwrap().status(), expected, "{what}");
    }
    for (what, token) in &refresh {
        // A token that is longer than any body is refused without parsing.
        let expected = if token.len() > 16_000 { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::UNAUTHORIZED };
        assert_eq!(server.try_refresh(token).await.status(), expected, "{what}");
    }
    assert!(server.accepts(&tokens.access_token).await);
    server.refresh(&tokens.refresh_token).await;
    server.stop().await;
}

/// The least of a few times: other load only adds to them.
#[tokio::test]
async fn case_12_no_hostile_token_takes_a_millisecond() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (tokens, secret) = (server.register("ada").await, secret(&server));
    for (what, token) in corpus(&tokens.access_token, &tokens.refresh_token, &secret) {
        let times = (0..9).map(|_| {
            let started = std::time::Instant::now();
            let read = server.auth.tokens().read_access(&token, server.clock.now());
            assert!(read.is_err() || matches!(what.as_str(), "another session" | "another user"), "{what}");
            started.elapsed()
        });
        let least = times.min().unwrap();
        assert!(least.as_micros() < 1000, "{what}: {least:?}");
    }
    server.stop().await;
}
