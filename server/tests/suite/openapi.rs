//! The OpenAPI document is what is answered: each route in it is called, well and badly, and each answer is held to its schema.

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
    whole: Value,
    /// What was answered so far, as `post /user/login 200`.
    seen: BTreeSet<String>,
}

impl Document {
    /// Holds an answer to what the document says of it.
    async fn hold(&mut self, method: &str, path: &str, answer: Response) -> Value {
        let promised = self.whole["paths"][path][method]["responses"][answer.status().as_u16().to_string()].clone();
        self.hold_to(promised, method, path, answer).await
    }

    /// Holds an answer to one of the document's answers.
    async fn hold_to(&mut self, mut promised: Value, method: &str, path: &str, answer: Response) -> Value {
        let (status, kind) = (answer.status().as_u16(), answer.headers().get(header::CONTENT_TYPE).cloned());
        let headers = answer.headers().clone();
        let text = answer.text().await.unwrap();
        if let Some(reference) = promised["$ref"].as_str() {
            promised = self.whole.pointer(&reference[1..]).unwrap().clone();
        }
        assert!(promised.is_object(), "{method} {path} answers {status}, which is not in the document: {text}");
        for name in promised["headers"].as_object().into_iter().flat_map(|headers| headers.keys()) {
            assert!(headers.contains_key(name), "{method} {path} {status} lacks {name}");
        }
        self.seen.insert(format!("{method} {path} {status}"));
        let Some((media, content)) = promised["content"].as_object().and_then(|content| content.iter().next()) else {
            assert!(text.is_empty(), "{method} {path} {status}: {text}");
            return Value::Null;
        };
        assert!(kind.unwrap().to_str().unwrap().starts_with(media.as_str()), "{method} {path} {status}");
        if media != "application/json" {
            return Value::Null;
        }
        let value: Value = serde_json::from_str(&text).unwrap();
        let mut schema = content["schema"].clone();
        schema["components"] = self.whole["components"].clone();
        let rules = jsonschema::validator_for(&schema).unwrap();
        if let Err(problem) = rules.validate(&value) {
            panic!("{method} {path} {status}: {problem} in {text}");
        }
        value
    }
}

#[tokio::test]
async fn the_document_describes_the_answers() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "4/1h", "--signing-algorithm", "eddsa"]).await;
    let whole: Value = server.get("/openapi.json").await.json().await.unwrap();
    assert!(whole["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut document = Document { whole, seen: BTreeSet::new() };
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
        document.hold(method, path, answer).await;
    }
    let one = "/user/sessions/{id}";
    for session in [id.as_str(), "x"] {
        // The second is no id.
        let answer = call("delete", &one.replace("{id}", session), access, None).await;
        document.hold("delete", one, answer).await;
    }
    let another = claims(&server.login("ada").await.access_token)["sid"].as_str().unwrap().to_owned();
    document.hold("delete", one, call("delete", &one.replace("{id}", &another), access, None).await).await;
    let change = json!({"current_password": PASSWORD, "new_password": PASSWORD});
    let changed = document.hold("post", "/user/password", call("post", "/user/password", access, Some(change)).await).await;
    let reset = json!({"code": server.auth.accounts().make_reset_code("ada").await.unwrap(), "new_password": PASSWORD});
    let reset = document.hold("post", "/user/reset", call("post", "/user/reset", "", Some(reset)).await).await;
    document.hold("get", "/user/me", call("get", "/user/me", changed["access_token"].as_str().unwrap(), None).await).await;
    let (access, refresh) = (reset["access_token"].as_str().unwrap(), reset["refresh_token"].as_str().unwrap());
    let query = format!("/user/refresh?refresh_token={refresh}");
    document.hold("get", "/user/refresh", call("get", &query, "", None).await).await;
    for _ in 0..5 {
        let answer = call("post", "/user/delete", access, Some(json!({"password": "x"}))).await;
        document.hold("post", "/user/delete", answer).await;
    }
    let bob = server.login("bob").await.access_token;
    document.hold("post", "/user/delete", call("post", "/user/delete", &bob, Some(json!({"password": PASSWORD}))).await).await;
    // Four are the name's, one is the network's.
    for _ in 0..6 {
        let answer = call("post", "/user/login", "", Some(good("eve"))).await;
        document.hold("post", "/user/login", answer).await;
    }
    // Every route was called, and succeeded at least once.
    for (path, methods) in document.whole["paths"].as_object().unwrap() {
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

/// What is answered to proofs that are missing or wrong.
#[tokio::test]
async fn the_document_says_what_is_answered_to_proofs() {
    let server = TestServer::start(Kind::Sqlite).await;
    let with_nonces = server.configured(wugan_server::config::Config { dpop_nonce: true, ..server.config.clone() }).await;
    let whole: Value = server.get("/openapi.json").await.json().await.unwrap();
    let mut document = Document { whole, seen: BTreeSet::new() };
    let (key, good) = (ClientKey::new(), json!({"username": "ada", "password": PASSWORD}));
    let tokens = document.hold("post", "/user/register", key.post(&server, "/user/register", &good).await).await;
    let body = json!({"refresh_token": tokens["refresh_token"]});
    for path in ["/user/refresh", "/user/logout"] {
        document.hold("post", path, server.post(path, &body).await).await;
        document.hold("post", path, ClientKey::new().post(&server, path, &body).await).await;
        document.hold("post", path, key.post(&with_nonces, path, &body).await).await;
    }
    for scheme in ["Bearer", "DPoP"] {
        let request = server.http.get(format!("{}/bbb", server.url));
        let request = request.header(header::AUTHORIZATION, format!("{scheme} {}", tokens["access_token"].as_str().unwrap()));
        document.hold("get", "/bbb", request.send().await.unwrap()).await;
    }
    document.hold("post", "/user/login", key.post(&with_nonces, "/user/login", &good).await).await;
    let wrong = server.http.post(format!("{}/user/login", server.url)).header("dpop", "x").json(&good);
    document.hold("post", "/user/login", wrong.send().await.unwrap()).await;
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

/// What a server answers that has too much to do, whose database is broken, or that waits in vain.
#[tokio::test]
async fn the_document_describes_the_answers_to_failures() {
    let server = TestServer::with(Kind::Sqlite, &["--request-timeout", "1s"]).await;
    let whole: Value = server.get("/openapi.json").await.json().await.unwrap();
    let mut document = Document { whole, seen: BTreeSet::new() };
    let good = json!({"username": "ada", "password": PASSWORD});
    let (login, route) = (format!("{}/user/login", server.url), "/user/login");
    let large = server.http.post(&login).header(header::CONTENT_TYPE, "application/json").body(" ".repeat((1 << 20) + 1));
    document.hold("post", route, large.send().await.unwrap()).await;
    document.hold("post", route, half_sent(&server.url).await).await;
    let other = document.whole["components"]["responses"]["MethodNotAllowed"].clone();
    document.hold_to(other, "put", route, server.http.put(&login).send().await.unwrap()).await;
    let mut all = Vec::new();
    while let Ok(place) = server.auth.accounts().passwords().permit(None) {
        all.push(place);
    }
    document.hold("post", route, server.post(route, &good).await).await;
    drop(all);
    server.auth.store().writer().execute_unprepared("DROP TABLE sessions").await.unwrap();
    document.hold("get", "/readyz", server.get("/readyz").await).await;
    server.auth.store().writer().execute_unprepared("DROP TABLE users").await.unwrap();
    document.hold("post", route, server.post(route, &good).await).await;
    let seen: Vec<_> = document.seen.iter().map(String::as_str).collect();
    let expected = [
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

/// The answer to a body that never ends, read by hand: no client sends half a body.
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
