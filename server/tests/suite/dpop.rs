//! DPoP (RFC 9449): binding at sign-in, hostile proofs, a stolen pair, nonces, and an independent client.

use crate::{
    database::{Kind, on_each_database},
    jose::node_with_jose,
    test_server::{MANY, PASSWORD, TestServer, claims, expect_error, part},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use reqwest::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use wugan_axum::{Verifier, VerifyError};
use wugan_wire::{Code, TokenAnswer};

/// A client's key.
pub(crate) struct ClientKey(SigningKey);

impl ClientKey {
    pub(crate) fn new() -> Self {
        Self(SigningKey::from_slice(&rand::random::<[u8; 32]>()).unwrap())
    }

    fn jwk(&self) -> Value {
        let point = self.0.verifying_key().to_encoded_point(false);
        json!({"kty": "EC", "crv": "P-256", "x": BASE64.encode(point.x().unwrap()), "y": BASE64.encode(point.y().unwrap())})
    }

    fn jkt(&self) -> String {
        // The members of a `Value` are sorted.
        BASE64.encode(Sha256::digest(self.jwk().to_string()))
    }

    /// Signs a proof with this header and these claims.
    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        let signature: Signature = self.0.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64.encode(signature.to_bytes()))
    }

    /// Header and claims of a valid proof.
    fn parts(&self, server: &TestServer, method: &str, path: &str, access: Option<&str>) -> (Value, Value) {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk()});
        let path = path.split('?').next().unwrap();
        let mut claims =
            json!({"jti": Uuid::new_v4(), "htm": method, "htu": format!("{}{path}", server.url), "iat": server.clock.now() / 1000});
        if let Some(access) = access {
            claims["ath"] = BASE64.encode(Sha256::digest(access)).into();
        }
        (header, claims)
    }

    fn proof(&self, server: &TestServer, method: &str, path: &str, access: Option<&str>) -> String {
        let (header, claims) = self.parts(server, method, path, access);
        self.sign(&header, &claims)
    }

    /// A POST with a proof.
    pub(crate) async fn post(&self, server: &TestServer, path: &str, body: &Value) -> Response {
        send(server, "POST", path, None, Some(&self.proof(server, "POST", path, None)), Some(body)).await
    }

    /// A request with a bound access token.
    async fn call(&self, server: &TestServer, method: &str, path: &str, access: &str, body: Option<&Value>) -> Response {
        send(server, method, path, Some(("DPoP", access)), Some(&self.proof(server, method, path, Some(access))), body).await
    }

    async fn tokens(&self, server: &TestServer, path: &str, body: &Value) -> TokenAnswer {
        let answer = self.post(server, path, body).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    pub(crate) async fn sign_in(&self, server: &TestServer, path: &str, name: &str) -> TokenAnswer {
        self.tokens(server, path, &json!({"username": name, "password": PASSWORD})).await
    }

    async fn refresh(&self, server: &TestServer, token: &str) -> TokenAnswer {
        self.tokens(server, "/user/refresh", &json!({"refresh_token": token})).await
    }

    async fn accepts(&self, server: &TestServer, access: &str) -> bool {
        self.call(server, "GET", "/bbb", access, None).await.status() == StatusCode::OK
    }
}

async fn send(
    server: &TestServer,
    method: &str,
    path: &str,
    access: Option<(&str, &str)>,
    proof: Option<&str>,
    body: Option<&Value>,
) -> Response {
    let mut request = server.http.request(method.parse::<Method>().unwrap(), format!("{}{path}", server.url));
    if let Some((scheme, token)) = access {
        request = request.header(header::AUTHORIZATION, format!("{scheme} {token}"));
    }
    if let Some(proof) = proof {
        request = request.header("dpop", proof);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    request.send().await.unwrap()
}

fn challenge(answer: &Response) -> String {
    answer.headers().get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Checks a refusal of a bound token or, at a resource, of its proof: 401, with the challenge of its error.
async fn expect_refused(answer: Response, error: &str, case: &str) {
    let challenge = challenge(&answer);
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{case}");
    assert!(challenge.starts_with(&format!("DPoP error=\"{error}\"")), "{case}: {challenge}");
    let code = if error == "invalid_token" { Code::InvalidToken } else { Code::InvalidDpopProof };
    expect_error(answer, StatusCode::UNAUTHORIZED, code).await;
}

/// Checks the refusal of a proof at the token endpoint or a sign-out: 400, with OAuth's error code and no challenge (RFC 9449 §5).
async fn expect_proof_refused(answer: Response, case: &str) {
    assert_eq!((answer.status(), challenge(&answer).as_str()), (StatusCode::BAD_REQUEST, ""), "{case}");
    let error = expect_error(answer, StatusCode::BAD_REQUEST, Code::InvalidDpopProof).await;
    assert_eq!(error.error, "invalid_dpop_proof", "{case}");
}

/// Proofs that may not be accepted for this request, by what is wrong with them.
fn hostile(server: &TestServer, key: &ClientKey, method: &str, path: &str, access: Option<&str>) -> Vec<(&'static str, String)> {
    let (header, claims) = key.parts(server, method, path, access);
    let now = server.clock.now() / 1000;
    let with_header = |name: &str, value: Value| {
        let mut header = header.clone();
        header[name] = value;
        key.sign(&header, &claims)
    };
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        key.sign(&header, &claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        key.sign(&header, &claims)
    };
    let jwk_with = |name: &str, value: Value| {
        let mut jwk = key.jwk();
        jwk[name] = value;
        with_header("jwk", jwk)
    };
    let valid = key.sign(&header, &claims);
    let (signed, signature) = valid.rsplit_once('.').unwrap();
    let unsigned = |algorithm: &str| {
        let mut header = header.clone();
        header["alg"] = algorithm.into();
        format!("{}.{}.", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
    };
    let by_secret = {
        let header = json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "c2VjcmV0"}});
        let mut head = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        head.typ = Some("dpop+jwt".into());
        let token = jsonwebtoken::encode(&head, &claims, &jsonwebtoken::EncodingKey::from_secret(b"secret")).unwrap();
        format!("{}.{}", BASE64.encode(header.to_string()), token.split_once('.').unwrap().1)
    };
    let split = {
        let point = key.0.verifying_key().to_encoded_point(false);
        let (x, y) = point.as_bytes()[1..].split_at(31);
        json!({"kty": "EC", "crv": "P-256", "x": BASE64.encode(x), "y": BASE64.encode(y)})
    };
    let url = format!("{}{path}", server.url);
    let mut proofs = vec![
        ("empty", String::new()),
        ("no token", "rubbish".into()),
        ("too long", format!("{valid}{}", "a".repeat(5000))),
        ("alg none", unsigned("none")),
        ("alg none in capitals", unsigned("None")),
        ("no signature", format!("{signed}.")),
        ("alg HS256 with a secret in jwk", by_secret),
        ("alg HS256 with the public key", with_header("alg", "HS256".into())),
        ("alg ES384", with_header("alg", "ES384".into())),
        ("alg EdDSA with a P-256 key", with_header("alg", "EdDSA".into())),
        ("another type", with_header("typ", "JWT".into())),
        ("an access token's type", with_header("typ", "at+jwt".into())),
        ("a critical extension", with_header("crit", json!(["x"]))),
        ("no key", with_header("jwk", Value::Null)),
        ("a private key", jwk_with("d", BASE64.encode([1; 32]).into())),
        ("another curve", jwk_with("crv", "P-384".into())),
        ("another kind of key", jwk_with("kty", "RSA".into())),
        ("a coordinate that is too short", jwk_with("x", "AAAA".into())),
        ("coordinates that are split elsewhere", with_header("jwk", split)),
        ("a point that is not on the curve", jwk_with("x", BASE64.encode([1; 32]).into())),
        ("a key that did not sign", with_header("jwk", ClientKey::new().jwk())),
        ("another signature", format!("{signed}.{}{}", if signature.starts_with('A') { "B" } else { "A" }, &signature[1..])),
        ("another method", with("htm", "PUT".into())),
        ("a method in lower case", with("htm", method.to_lowercase().into())),
        ("another path", with("htu", format!("{}/other", server.url).into())),
        ("another host", with("htu", format!("http://attacker.example{path}").into())),
        ("another scheme", with("htu", url.replace("http:", "https:").into())),
        ("no URL", with("htu", path.into())),
        ("issued two minutes ago", with("iat", (now - 120).into())),
        ("issued in two minutes", with("iat", (now + 120).into())),
        ("issued at a time that is no number", with("iat", "now".into())),
        ("issued at a time out of range", with("iat", json!(1e300))),
        ("an empty id", with("jti", "".into())),
        ("without id", without("jti")),
        ("without method", without("htm")),
        ("without URL", without("htu")),
        ("without time", without("iat")),
    ];
    if access.is_some() {
        proofs.push(("without the token's hash", without("ath")));
        proofs.push(("the hash of another token", with("ath", BASE64.encode(Sha256::digest("x")).into())));
    }
    proofs
}

on_each_database! {
    async fn a_sign_in_with_a_proof_binds_its_session_to_the_key(kind: Kind) {
        let server = TestServer::start(kind).await;
        let key = ClientKey::new();
        let is_bound = async |tokens: &TokenAnswer| {
            assert_eq!(tokens.token_type, "DPoP");
            for token in [&tokens.access_token, &tokens.refresh_token] {
                assert_eq!(claims(token)["cnf"], json!({"jkt": key.jkt()}));
            }
            assert_eq!(server.row(tokens).await.jkt, Some(key.jkt()));
            assert!(key.accepts(&server, &tokens.access_token).await);
        };
        let registered = key.sign_in(&server, "/user/register", "ada").await;
        is_bound(&registered).await;
        let next = key.refresh(&server, &registered.refresh_token).await;
        is_bound(&next).await;
        let path = format!("/user/refresh?refresh_token={}", next.refresh_token);
        let in_query = send(&server, "GET", &path, None, Some(&key.proof(&server, "GET", &path, None)), None).await;
        is_bound(&in_query.json().await.unwrap()).await;
        is_bound(&key.sign_in(&server, "/user/login", "ada").await).await;
        let code = server.auth.accounts().make_reset_code("ada").await.unwrap();
        let reset = key.tokens(&server, "/user/reset", &json!({"code": code, "new_password": PASSWORD})).await;
        is_bound(&reset).await;
        let change = json!({"current_password": PASSWORD, "new_password": "another horse"});
        let changed = key.call(&server, "POST", "/user/password", &reset.access_token, Some(&change)).await;
        is_bound(&changed.json().await.unwrap()).await;
        assert!(!key.accepts(&server, &reset.access_token).await, "the password change ended the session before");
        server.stop().await;
    }

    /// The attacker has both tokens and the attempt ids, and not the key.
    async fn a_stolen_pair_is_refused_without_ending_its_owners_session(kind: Kind) {
        let server = TestServer::with(kind, MANY).await;
        let (owner, thief) = (ClientKey::new(), ClientKey::new());
        let first = owner.sign_in(&server, "/user/register", "ada").await;
        let second = owner.refresh(&server, &first.refresh_token).await;
        assert!(owner.accepts(&server, &second.access_token).await);
        let stolen = owner.refresh(&server, &second.refresh_token).await;
        let before = server.row(&stolen).await;
        let captured = owner.proof(&server, "GET", "/bbb", Some(&second.access_token));
        let access = stolen.access_token.as_str();
        let bearer = server.get_as(access, "/bbb").await;
        expect_refused(bearer, "invalid_token", "as a Bearer token").await;
        expect_refused(send(&server, "GET", "/bbb", Some(("Bearer", access)), Some(&owner.proof(&server, "GET", "/bbb", Some(access))), None).await, "invalid_token", "as a Bearer token with a proof").await;
        expect_refused(send(&server, "GET", "/bbb", Some(("DPoP", access)), None, None).await, "invalid_dpop_proof", "without a proof").await;
        expect_refused(send(&server, "GET", "/bbb", Some(("DPoP", access)), Some(&captured), None).await, "invalid_dpop_proof", "with a proof for another token").await;
        expect_refused(thief.call(&server, "GET", "/bbb", access, None).await, "invalid_token", "with another key").await;
        // A replaced token that the rotation rules would answer by ending the session.
        for token in [&stolen.refresh_token, &second.refresh_token, &first.refresh_token] {
            let body = json!({"refresh_token": token});
            for path in ["/user/refresh", "/user/logout", "/user/logout?scope=all"] {
                expect_proof_refused(server.post(path, &body).await, path).await;
                expect_refused(thief.post(&server, path, &body).await, "invalid_token", path).await;
            }
            expect_proof_refused(server.get(&format!("/user/refresh?refresh_token={token}")).await, "by query").await;
        }
        assert_eq!(server.row(&stolen).await, before, "nothing was changed");
        let third = owner.refresh(&server, &stolen.refresh_token).await;
        assert!(owner.accepts(&server, &third.access_token).await);
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 0);
        // The owner's own reuse still ends the session.
        expect_error(owner.post(&server, "/user/refresh", &json!({"refresh_token": first.refresh_token})).await, StatusCode::UNAUTHORIZED, Code::InvalidGrant).await;
        assert!(!owner.accepts(&server, &third.access_token).await);
        // In an ended session, too, the key is checked first.
        expect_proof_refused(server.post("/user/refresh", &json!({"refresh_token": third.refresh_token})).await, "ended").await;
        server.stop().await;
    }

    async fn sessions_of_one_account_are_bound_to_keys_of_their_own(kind: Kind) {
        let server = TestServer::with(kind, MANY).await;
        let (one, other) = (ClientKey::new(), ClientKey::new());
        let (a, b, bearer) = (one.sign_in(&server, "/user/register", "ada").await, other.sign_in(&server, "/user/login", "ada").await, server.login("ada").await);
        expect_refused(other.call(&server, "GET", "/bbb", &a.access_token, None).await, "invalid_token", "the other session's key").await;
        assert!(one.accepts(&server, &a.access_token).await && other.accepts(&server, &b.access_token).await && server.accepts(&bearer.access_token).await);
        // A Bearer session stays one: a proof binds at sign-in only.
        let refreshed = one.refresh(&server, &bearer.refresh_token).await;
        assert_eq!((refreshed.token_type.as_str(), &claims(&refreshed.access_token)["cnf"]), ("Bearer", &Value::Null));
        expect_refused(one.call(&server, "GET", "/bbb", &refreshed.access_token, None).await, "invalid_token", "not bound").await;
        assert_eq!(one.post(&server, "/user/logout?scope=others", &json!({"refresh_token": a.refresh_token})).await.status(), StatusCode::NO_CONTENT);
        assert!(one.accepts(&server, &a.access_token).await && !other.accepts(&server, &b.access_token).await);
        assert_eq!(one.post(&server, "/user/logout", &json!({"refresh_token": a.refresh_token})).await.status(), StatusCode::NO_CONTENT);
        let ended = one.call(&server, "GET", "/bbb", &a.access_token, None).await;
        expect_refused(ended, "invalid_token", "ended").await;
        server.stop().await;
    }
}

#[tokio::test]
async fn hostile_proofs_are_refused_and_change_nothing() {
    let server = TestServer::with(Kind::Sqlite, MANY).await;
    let key = ClientKey::new();
    let tokens = key.sign_in(&server, "/user/register", "ada").await;
    assert!(key.accepts(&server, &tokens.access_token).await);
    let (before, access) = (server.row(&tokens).await, tokens.access_token.as_str());
    for (case, proof) in hostile(&server, &key, "GET", "/bbb", Some(access)) {
        expect_refused(send(&server, "GET", "/bbb", Some(("DPoP", access)), Some(&proof), None).await, "invalid_dpop_proof", case).await;
    }
    let body = json!({"refresh_token": tokens.refresh_token});
    for path in ["/user/refresh", "/user/logout"] {
        for (case, proof) in hostile(&server, &key, "POST", path, None) {
            expect_proof_refused(send(&server, "POST", path, None, Some(&proof), Some(&body)).await, case).await;
        }
    }
    let good = json!({"username": "ada", "password": PASSWORD});
    for (case, proof) in hostile(&server, &key, "POST", "/user/login", None) {
        let answer = send(&server, "POST", "/user/login", None, Some(&proof), Some(&good)).await;
        expect_proof_refused(answer, case).await;
    }
    let twice = server.http.post(format!("{}/user/login", server.url)).json(&good);
    let [one, other] = [(); 2].map(|()| key.proof(&server, "POST", "/user/login", None));
    expect_error(twice.header("dpop", one).header("dpop", other).send().await.unwrap(), StatusCode::BAD_REQUEST, Code::InvalidDpopProof)
        .await;
    assert_eq!(server.row(&tokens).await, before);
    assert_eq!(server.auth.sessions().list(before.user_id).await.unwrap().len(), 1, "no session was started");
    server.stop().await;
}

#[tokio::test]
async fn a_proof_is_accepted_once_and_for_a_minute() {
    let server = TestServer::start(Kind::Sqlite).await;
    let key = ClientKey::new();
    let tokens = key.sign_in(&server, "/user/register", "ada").await;
    let access = tokens.access_token.as_str();
    let get = async |proof: &str| send(&server, "GET", "/bbb", Some(("DPoP", access)), Some(proof), None).await;
    let proof = key.proof(&server, "GET", "/bbb", Some(access));
    let late = key.proof(&server, "GET", "/bbb", Some(access));
    assert_eq!(get(&proof).await.status(), StatusCode::OK);
    expect_refused(get(&proof).await, "invalid_dpop_proof", "replayed").await;
    // The same id in another proof.
    let (header, mut claims) = key.parts(&server, "GET", "/bbb", Some(access));
    claims["jti"] = part(&proof, 1)["jti"].clone();
    expect_refused(get(&key.sign(&header, &claims)).await, "invalid_dpop_proof", "a repeated id").await;
    server.clock.shift(55_000);
    expect_refused(get(&proof).await, "invalid_dpop_proof", "replayed later").await;
    assert_eq!(get(&late).await.status(), StatusCode::OK);
    server.clock.shift(10_000);
    expect_refused(get(&key.sign(&header, &claims)).await, "invalid_dpop_proof", "too old").await;
    // The proof of a refresh is in the replay cache, too.
    let body = json!({"refresh_token": tokens.refresh_token, "attempt": "an-attempt-of-its-own"});
    let proof = key.proof(&server, "POST", "/user/refresh", None);
    assert_eq!(send(&server, "POST", "/user/refresh", None, Some(&proof), Some(&body)).await.status(), StatusCode::OK);
    expect_proof_refused(send(&server, "POST", "/user/refresh", None, Some(&proof), Some(&body)).await, "replayed").await;
    server.stop().await;
}

#[tokio::test]
async fn where_dpop_is_required_bearer_tokens_are_neither_issued_nor_accepted() {
    let before = TestServer::start(Kind::Sqlite).await;
    let bearer = before.register("ada").await;
    assert_eq!(bearer.token_type, "Bearer");
    let config = wugan_server::config::Config { require_dpop: true, ..before.config.clone() };
    let server = before.configured(config).await;
    let body = json!({"username": "ada", "password": PASSWORD});
    for path in ["/user/register", "/user/login"] {
        expect_error(server.post(path, &body).await, StatusCode::BAD_REQUEST, Code::InvalidDpopProof).await;
    }
    expect_refused(server.get_as(&bearer.access_token, "/bbb").await, "invalid_token", "a Bearer token from before").await;
    server.refused(&bearer.refresh_token).await;
    let key = ClientKey::new();
    let tokens = key.sign_in(&server, "/user/login", "ada").await;
    assert!(key.accepts(&server, &tokens.access_token).await);
    server.logout(&bearer.refresh_token, "").await;
    assert!(!before.accepts(&bearer.access_token).await, "a sign-out needs no key");
    server.stop().await;
    before.stop().await;
}

#[tokio::test]
async fn a_nonce_is_asked_for_and_replaces_the_time() {
    let server = TestServer::with(Kind::Sqlite, &["--dpop-nonce"]).await;
    let other = server.another().await;
    let key = ClientKey::new();
    let nonce = |answer: &Response| answer.headers()["dpop-nonce"].to_str().unwrap().to_owned();
    let body = json!({"username": "ada", "password": PASSWORD});
    let refused = key.post(&server, "/user/register", &body).await;
    let first = nonce(&refused);
    assert_eq!(challenge(&refused), "", "RFC 9449 §8");
    let error = expect_error(refused, StatusCode::BAD_REQUEST, Code::UseDpopNonce).await;
    assert_eq!(error.error, "use_dpop_nonce");
    let with = |method: &str, path: &str, access: Option<&str>, nonce: &str| {
        let (header, mut claims) = key.parts(&server, method, path, access);
        claims["nonce"] = nonce.into();
        // The client's clock is wrong.
        claims["iat"] = 1.into();
        key.sign(&header, &claims)
    };
    let registered = send(&server, "POST", "/user/register", None, Some(&with("POST", "/user/register", None, &first)), Some(&body)).await;
    assert_eq!((registered.status(), nonce(&registered)), (StatusCode::CREATED, first.clone()));
    let tokens: TokenAnswer = registered.json().await.unwrap();
    let access = tokens.access_token.as_str();
    for wrong in [None, Some("x")] {
        let proof = wrong.map_or_else(|| key.proof(&server, "GET", "/bbb", Some(access)), |wrong| with("GET", "/bbb", Some(access), wrong));
        let refused = send(&server, "GET", "/bbb", Some(("DPoP", access)), Some(&proof), None).await;
        assert!(challenge(&refused).starts_with("DPoP error=\"use_dpop_nonce\""), "RFC 9449 §9");
        assert_eq!(nonce(&refused), first);
        expect_error(refused, StatusCode::UNAUTHORIZED, Code::UseDpopNonce).await;
    }
    let get = async |server: &TestServer, nonce: &str| {
        let (header, mut claims) = key.parts(server, "GET", "/bbb", Some(access));
        claims["nonce"] = nonce.into();
        let proof = key.sign(&header, &claims);
        (send(server, "GET", "/bbb", Some(("DPoP", access)), Some(&proof), None).await, proof)
    };
    let (answer, proof) = get(&other, &first).await;
    assert_eq!(answer.status(), StatusCode::OK, "another node");
    expect_refused(send(&other, "GET", "/bbb", Some(("DPoP", access)), Some(&proof), None).await, "invalid_dpop_proof", "replayed").await;
    server.clock.shift(60_000);
    let (answer, _) = get(&server, &first).await;
    let second = nonce(&answer);
    assert_eq!(answer.status(), StatusCode::OK, "the nonce of the step before");
    assert_ne!(second, first, "the response has the next nonce");
    server.clock.shift(60_000);
    assert_eq!(get(&server, &first).await.0.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(get(&server, &second).await.0.status(), StatusCode::OK);
    // Before the rotation rules: the exchange is repeated with the nonce and the same attempt id.
    let exchange = json!({"refresh_token": tokens.refresh_token, "attempt": "an-attempt-of-its-own"});
    let refused = key.post(&server, "/user/refresh", &exchange).await;
    let third = nonce(&refused);
    expect_error(refused, StatusCode::BAD_REQUEST, Code::UseDpopNonce).await;
    assert_eq!(server.row(&tokens).await.generation, 0);
    let proof = with("POST", "/user/refresh", None, &third);
    assert_eq!(send(&server, "POST", "/user/refresh", None, Some(&proof), Some(&exchange)).await.status(), StatusCode::OK);
    other.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_proof_names_the_issuers_origin_or_the_one_that_a_proxy_tells() {
    let server = TestServer::with(Kind::Sqlite, &["--issuer", "https://app.example.com", "--name-limit", "100/1m"]).await;
    let key = ClientKey::new();
    let body = json!({"username": "ada", "password": PASSWORD});
    let register = async |server: &TestServer, url: &str| {
        let (header, mut claims) = key.parts(server, "POST", "/user/register", None);
        claims["htu"] = url.into();
        let proof = key.sign(&header, &claims);
        let request = server.http.post(format!("{}/user/register?x", server.url)).header("x-forwarded-proto", "https");
        request.header("dpop", proof).json(&body).send().await.unwrap().status()
    };
    let here = format!("{}/user/register", server.url);
    assert_eq!(register(&server, &here).await, StatusCode::BAD_REQUEST);
    assert_eq!(register(&server, "https://APP.example.com:443/user/./register?query#fragment").await, StatusCode::CREATED);
    server.stop().await;
    // A proxy forwards `/api/user/register` as `/user/register`, or as it is.
    let server = TestServer::with(Kind::Sqlite, &["--issuer", "https://app.example.com/api/", "--name-limit", "100/1m"]).await;
    assert_eq!(register(&server, "https://app.example.com/other/user/register").await, StatusCode::BAD_REQUEST);
    assert_eq!(register(&server, "https://app.example.com/api/user/register").await, StatusCode::CREATED);
    assert_eq!(register(&server, "https://app.example.com/user/register").await, StatusCode::CONFLICT, "the proof is accepted");
    server.stop().await;
    for (flags, scheme) in [(&["--trusted-proxy", "127.0.0.1/32"][..], "https"), (&[], "http")] {
        let server = TestServer::with(Kind::Sqlite, flags).await;
        let here = format!("{}/user/register", server.url);
        let (right, wrong) = (here.replace("http", scheme), here.replace("http", if scheme == "http" { "https" } else { "http" }));
        assert_eq!(register(&server, &wrong).await, StatusCode::BAD_REQUEST);
        assert_eq!(register(&server, &right).await, StatusCode::CREATED);
        server.stop().await;
    }
}

#[tokio::test]
async fn pages_of_listed_origins_send_proofs_and_read_nonces() {
    let server = TestServer::with(Kind::Sqlite, &["--allow-origin", "https://app.example.com"]).await;
    let preflight = server.http.request(Method::OPTIONS, format!("{}/user/login", server.url)).header("origin", "https://app.example.com");
    let preflight = preflight.header("access-control-request-method", "POST").header("access-control-request-headers", "dpop");
    let allowed = preflight.send().await.unwrap().headers()["access-control-allow-headers"].to_str().unwrap().to_lowercase();
    assert!(allowed.split(',').any(|name| name.trim() == "dpop"), "{allowed}");
    let answer = server.http.get(format!("{}/aaa", server.url)).header("origin", "https://app.example.com").send().await.unwrap();
    let exposed = answer.headers()["access-control-expose-headers"].to_str().unwrap().to_lowercase();
    assert!(["dpop-nonce", "www-authenticate"].iter().all(|name| exposed.contains(name)), "{exposed}");
    server.stop().await;
}

const JOSE_CLIENT: &str = r"
import { SignJWT, generateKeyPair, exportJWK, calculateJwkThumbprint } from 'jose';
import { createHash, randomUUID } from 'node:crypto';
const [url, password] = process.argv.slice(1);
const seen = [];
for (const alg of ['ES256', 'EdDSA']) {
  const { privateKey, publicKey } = await generateKeyPair(alg);
  const jwk = await exportJWK(publicKey);
  let nonce;
  const call = async (method, path, body, token) => {
    const claims = { jti: randomUUID(), htm: method, htu: url + path, nonce };
    if (token) claims.ath = createHash('sha256').update(token).digest('base64url');
    const proof = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'dpop+jwt', jwk }).setIssuedAt().sign(privateKey);
    const headers = { dpop: proof, 'content-type': 'application/json' };
    if (token) headers.authorization = `DPoP ${token}`;
    const answer = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) });
    nonce = answer.headers.get('dpop-nonce') ?? nonce;
    return answer;
  };
  const refused = await call('POST', '/user/register', { username: alg, password });
  const first = await (await call('POST', '/user/register', { username: alg, password })).json();
  const next = await (await call('POST', '/user/refresh', { refresh_token: first.refresh_token })).json();
  const guarded = await call('GET', '/bbb', undefined, next.access_token);
  const { cnf } = JSON.parse(Buffer.from(next.access_token.split('.')[1], 'base64url'));
  const isBound = cnf.jkt === await calculateJwkThumbprint(jwk);
  seen.push([refused.status, (await refused.json()).error, next.token_type, guarded.status, await guarded.text(), isBound]);
}
console.log(JSON.stringify(seen));
";

/// The proofs, thumbprints and keys of the npm package `jose`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the npm package `jose`: `cargo xtask test` installs it"]
async fn an_independent_client_signs_in_refreshes_and_calls() {
    let mut node = node_with_jose(JOSE_CLIENT);
    let server = TestServer::with(Kind::Sqlite, &["--dpop-nonce", "--require-dpop"]).await;
    let url = server.url.clone();
    let client = move || node.args([&url, PASSWORD]).output().unwrap();
    let output = tokio::task::spawn_blocking(client).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let each = json!([400, "use_dpop_nonce", "DPoP", 200, "bbb", true]);
    assert_eq!(seen, json!([each, each]));
    server.stop().await;
}

#[tokio::test]
async fn bound_tokens_are_refused_by_services_without_proofs() {
    let server = TestServer::with(Kind::Sqlite, &["--signing-algorithm", "eddsa"]).await;
    let verifier = Verifier::jwks(&format!("{}/.well-known/jwks.json", server.url), "wugan", "wugan").unwrap();
    let (bound, bearer) = (ClientKey::new().sign_in(&server, "/user/register", "ada").await, server.login("ada").await);
    assert_eq!(verifier.verify(&bound.access_token).await, Err(VerifyError::Invalid));
    assert!(verifier.verify(&bearer.access_token).await.is_ok());
    server.stop().await;
}
