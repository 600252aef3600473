//! Validates responses against the OpenAPI document: each of its routes is called with valid and invalid requests.

use crate::{
    database::Kind,
    dpop::ClientKey,
    test_server::{PASSWORD, TestServer, claims},
};
use reqwest::{Method, Response, header};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

struct Document {
    json: Value,
    /// The responses so far, such as `post /user/login 200`.
    seen: BTreeSet<String>,
}

impl Document {
    /// Validates a response against the document.
    async fn validate(&mut self, method: &str, path: &str, answer: Response) -> Value {
        let expected = self.json["paths"][path][method]["responses"][answer.status().as_u16().to_string()].clone();
        self.validate_against(expected, method, path, answer).await
    }

    /// Validates a response against one of the document's responses.
    async fn validate_against(&mut self, mut expected: Value, method: &str, path: &str, answer: Response) -> Value {
        let (status, kind) = (answer.status().as_u16(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let headers = answer.headers().clone();
        let text = answer.text().await.unwrap();
        if let Some(reference) = expected["$ref"].as_str() {
            expected = self.json.pointer(&reference[1..]).unwrap().clone();
        }
        assert!(expected.is_object(), "{method} {path} answers {status}, which is not in the document: {text}");
        for name in expected["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(headers.contains_key(name), "{method} {path} {status} lacks {name}");
        }
        self.seen.insert(format!("{method} {path} {status}"));
        let Some((media, content)) = expected["content"].as_object().and_then(|content| content.iter().next()) else {
            assert!(text.is_empty(), "{method} {path} {status}: {text}");
            return Value::Null;
        };
        assert!(kind.unwrap().to_str().unwrap().starts_with(media.as_str()), "{method} {path} {status}");
        if media != "application/json" {
            return Value::Null;
        }
        let value: Value = serde_json::from_str(&text).unwrap();
        let mut schema = content["schema"].clone();
        schema["components"] = self.json["components"].clone();
        let rules = jsonschema::validator_for(&schema).unwrap();
        if let Err(problem) = rules.validate(&value) {
            panic!("{method} {path} {status}: {problem} in {text}");
        }
        value
    }
}

#[tokio::test]
async fn the_document_describes_the_answers() {
    let server =
        TestServer::with(Kind::Sqlite, &["--name-limit", "4/1h", "--signing-algorithm", "eddsa", "--issuer", "https://id.example.com"])
            .await;
    let json: Value = server.get("/openapi.json").await.json().await.unwrap();
    assert!(json["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut document = Document { json, seen: BTreeSet::new() };
    let tokens = server.register("ada").await;
    let other = server.login("ada").await;
    let (access, refresh) = (tokens.access_token.as_str(), tokens.refresh_token.as_str());
    let id = claims(&other.access_token)["sid"].as_str().unwrap().to_owned();
    let call = async |method: &str, path: &str, access: &str, body: Option<Value>| {
        let request = server.http.request(method.to_uppercase().parse::<Method>().unwrap(), format!("{}{path}", server.url));
        let request = if access.is_empty() { request } else { request.bearer_auth(access) };
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    };
    let good = |name: &str| json!({"username": name, "password": PASSWORD});
    let none = None::<Value>;
    let code = server.auth.accounts().make_reset_code("ada").await.unwrap();
    let calls = [
        ("post", "/user/register", "", Some(good("bob"))),
        ("post", "/user/register", "", Some(good("ada"))),
        ("post", "/user/register", "", Some(json!({"username": "x", "password": "x"}))),
        ("post", "/user/register", "", Some(json!([]))),
        ("post", "/user/login", "", Some(good("ada"))),
        ("post", "/user/login", "", Some(good("unknown"))),
        ("post", "/user/login", "", Some(json!({}))),
        ("post", "/user/login", "", none.clone()),
        ("post", "/user/refresh", "", Some(json!({"refresh_token": refresh}))),
        ("post", "/user/refresh", "", Some(json!({"refresh_token": refresh, "attempt": "an-attempt-of-its-own"}))),
        ("post", "/user/refresh", "", Some(json!({"refresh_token": refresh, "attempt": "x"}))),
        ("post", "/user/refresh", "", Some(json!({"refresh_token": "x"}))),
        ("get", "/user/refresh", "", none.clone()),
        ("post", "/user/logout", "", Some(json!({"refresh_token": "x"}))),
        ("get", "/user/me", access, none.clone()),
        ("get", "/user/me", "", none.clone()),
        ("get", "/user/sessions", access, none.clone()),
        ("get", "/user/sessions", "x", none.clone()),
        ("post", "/user/password", access, Some(json!({"current_password": PASSWORD, "new_password": "x"}))),
        ("post", "/user/password", access, Some(json!({"current_password": "x", "new_password": PASSWORD}))),
        ("post", "/user/reset", "", Some(json!({"code": "x", "new_password": PASSWORD}))),
        ("post", "/user/reset", "", Some(json!({"code": &code, "new_password": "x"}))),
        ("post", "/user/delete", "", Some(json!({"password": "x"}))),
        ("get", "/aaa", "", none.clone()),
        ("get", "/bbb", access, none.clone()),
        ("get", "/bbb", "x", none.clone()),
        ("get", "/healthz", "", none.clone()),
        ("get", "/readyz", "", none.clone()),
        ("get", "/.well-known/jwks.json", "", none.clone()),
        ("get", "/.well-known/oauth-authorization-server", "", none.clone()),
        ("get", "/openapi.json", "", none.clone()),
    ];
    for (method, path, access, body) in calls {
        let answer = call(method, path, access, body).await;
        document.validate(method, path, answer).await;
    }
    let one = "/user/sessions/{id}";
    for session in [id.as_str(), "x"] {
        // The second one is not an id.
        let answer = call("delete", &one.replace("{id}", session), access, None).await;
        document.validate("delete", one, answer).await;
    }
    let another = claims(&server.login("ada").await.access_token)["sid"].as_str().unwrap().to_owned();
    document.validate("delete", one, call("delete", &one.replace("{id}", &another), access, None).await).await;
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let changed = document.validate("post", "/user/password", call("post", "/user/password", access, Some(change)).await).await;
    let reset = json!({"code": server.auth.accounts().make_reset_code("ada").await.unwrap(), "new_password": PASSWORD});
    let reset = document.validate("post", "/user/reset", call("post", "/user/reset", "", Some(reset)).await).await;
    document.validate("get", "/user/me", call("get", "/user/me", changed["access_token"].as_str().unwrap(), None).await).await;
    let (access, refresh) = (reset["access_token"].as_str().unwrap(), reset["refresh_token"].as_str().unwrap());
    let query = format!("/user/refresh?refresh_token={refresh}");
    document.validate("get", "/user/refresh", call("get", &query, "", None).await).await;
    for _ in 0..5 {
        let answer = call("post", "/user/delete", access, Some(json!({"password": "x"}))).await;
        document.validate("post", "/user/delete", answer).await;
    }
    let bob = server.login("bob").await.access_token;
    document.validate("post", "/user/delete", call("post", "/user/delete", &bob, Some(json!({"password": PASSWORD}))).await).await;
    // Four attempts are the name's, one is the network's.
    for _ in 0..6 {
        let answer = call("post", "/user/login", "", Some(good("eve"))).await;
        document.validate("post", "/user/login", answer).await;
    }
    // Every route was called, and succeeded at least once.
    for (path, methods) in document.json["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let start = format!("{method} {path} 2");
            assert!(document.seen.iter().any(|seen| seen.starts_with(&start)), "{start}xx was not seen");
        }
    }
    for needed in [
        "post /user/login 401",
        "post /user/login 415",
        "post /user/login 429",
        "post /user/register 409",
        "delete /user/sessions/{id} 404",
    ] {
        assert!(document.seen.contains(needed), "{needed}: {:?}", document.seen);
    }
    server.stop().await;
}

/// Responses to missing and invalid proofs.
#[tokio::test]
async fn the_document_describes_the_responses_to_invalid_proofs() {
    let server = TestServer::start(Kind::Sqlite).await;
    let with_nonces = server.configured(wugan_server::config::Config { dpop_nonce: true, ..server.config.clone() }).await;
    let json: Value = server.get("/openapi.json").await.json().await.unwrap();
    let mut document = Document { json, seen: BTreeSet::new() };
    let (key, good) = (ClientKey::new(), json!({"username": "ada", "password": PASSWORD}));
    let tokens = document.validate("post", "/user/register", key.post(&server, "/user/register", &good).await).await;
    let body = json!({"refresh_token": tokens["refresh_token"]});
    for path in ["/user/refresh", "/user/logout"] {
        document.validate("post", path, server.post(path, &body).await).await;
        document.validate("post", path, ClientKey::new().post(&server, path, &body).await).await;
        document.validate("post", path, key.post(&with_nonces, path, &body).await).await;
    }
    for scheme in ["Bearer", "DPoP"] {
        let request = server.http.get(format!("{}/bbb", server.url));
        let request = request.header(header::AUTHORIZATION, format!("{scheme} {}", tokens["access_token"].as_str().unwrap()));
        document.validate("get", "/bbb", request.send().await.unwrap()).await;
    }
    document.validate("post", "/user/login", key.post(&with_nonces, "/user/login", &good).await).await;
    let wrong = server.http.post(format!("{}/user/login", server.url)).header("dpop", "x").json(&good);
    document.validate("post", "/user/login", wrong.send().await.unwrap()).await;
    let seen: Vec<_> = document.seen.iter().map(String::as_str).collect();
    let expected = [
        "get /bbb 401",
        "post /user/login 400",
        "post /user/logout 400",
        "post /user/logout 401",
        "post /user/refresh 400",
        "post /user/refresh 401",
        "post /user/register 201",
    ];
    assert_eq!(seen, expected);
    with_nonces.stop().await;
    server.stop().await;
}

/// Responses under overload, with a broken database, and after a timeout.
#[tokio::test]
async fn the_document_describes_the_answers_to_failures() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "1s"]).await;
    let json: Value = server.get("/openapi.json").await.json().await.unwrap();
    let mut document = Document { json, seen: BTreeSet::new() };
    let good = json!({"username": "ada", "password": PASSWORD});
    let (login, route) = (format!("{}/user/login", server.url), "/user/login");
    let large = server.http.post(&login).header(header::CONTENT_TYPE, "application/json").body(" ".repeat((1 << 20) + 1));
    document.validate("post", route, large.send().await.unwrap()).await;
    document.validate("post", route, half_sent(&server.url).await).await;
    let other = document.json["components"]["responses"]["MethodNotAllowed"].clone();
    document.validate_against(other, "put", route, server.http.put(&login).send().await.unwrap()).await;
    let mut all = Vec::new();
    while let Ok(permit) = server.auth.accounts().passwords().permit(None) {
        all.push(permit);
    }
    document.validate("post", route, server.post(route, &good).await).await;
    let metadata = "/.well-known/oauth-authorization-server";
    document.validate("get", metadata, server.get(metadata).await).await;
    drop(all);
    server.auth.store().writer().execute_unprepared("DROP TABLE sessions").await.unwrap();
    document.validate("get", "/readyz", server.get("/readyz").await).await;
    server.auth.store().writer().execute_unprepared("DROP TABLE users").await.unwrap();
    document.validate("post", route, server.post(route, &good).await).await;
    let seen: Vec<_> = document.seen.iter().map(String::as_str).collect();
    let expected = [
        "get /.well-known/oauth-authorization-server 404",
        "get /readyz 503",
        "post /user/login 408",
        "post /user/login 413",
        "post /user/login 500",
        "post /user/login 503",
        "put /user/login 405",
    ];
    assert_eq!(seen, expected);
    server.stop().await;
}

/// Sends half a body, which no HTTP client does, and returns the response.
async fn half_sent(url: &str) -> Response {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let head = "POST /user/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status: u16 = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let answer = headers.fold(axum::http::Response::builder().status(status), |answer, (name, value)| answer.header(name, value));
    answer.body(body.to_owned()).unwrap().into()
}
