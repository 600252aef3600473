//! Registration, sign-in and the guard: cases 10, 14, 15.

use crate::{
    database::{Kind, on_each_database},
    test_server::{PASSWORD, TestServer, claims, expect_error, part},
};
use reqwest::{Response, StatusCode, header};
use serde_json::json;
use wugan_wire::{Code, Me};

fn challenge(answer: &Response) -> &str {
    answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap()
}

on_each_database! {
    async fn an_account_is_made_and_signed_in_to(kind: Kind) {
        let server = TestServer::start(kind).await;
        let tokens = server.register("Zoë").await;
        assert_eq!((tokens.token_type.as_str(), tokens.expires_in, tokens.refresh_expires_in), ("Bearer", 1800, 604_800));
        assert_eq!(part(&tokens.access_token, 0)["typ"], "at+jwt");
        assert_eq!(part(&tokens.refresh_token, 0)["typ"], "rt+jwt");
        let (access, refresh) = (claims(&tokens.access_token), claims(&tokens.refresh_token));
        for claim in ["userId", "username", "sub", "sid", "gen", "iss", "aud", "iat", "exp"] {
            assert!(!access[claim].is_null(), "{claim}");
        }
        for claim in ["userId", "sid", "gen", "iss", "aud", "iat", "exp"] {
            assert!(!refresh[claim].is_null(), "{claim}");
        }
        let me: Me = server.get_as(&tokens.access_token, "/user/me").await.json().await.unwrap();
        assert_eq!((me.username.as_str(), access["userId"].as_i64()), ("Zoë", Some(me.id)));
        assert_eq!(server.login("zoË").await.token_type, "Bearer", "names are compared without case");
        assert_eq!(server.try_login("zoe", PASSWORD).await.status(), StatusCode::UNAUTHORIZED, "accents are compared");
        server.stop().await;
    }

    async fn a_name_is_never_part_of_a_query(kind: Kind) {
        let server = TestServer::start(kind).await;
        let ada = server.register("ada").await;
        for name in ["ada' --", "' OR '1'='1", "ada\" OR 1=1 #", "\\' OR 1=1; DROP TABLE sessions; --", "ada\u{0}", "a%", "___"] {
            assert_eq!(server.try_login(name, PASSWORD).await.status(), StatusCode::UNAUTHORIZED, "{name}");
        }
        let end = server.http.delete(format!("{}/user/sessions/x'%20OR%201=1", server.url)).bearer_auth(&ada.access_token).send();
        assert_eq!(end.await.unwrap().status(), StatusCode::NOT_FOUND);
        assert!(server.accepts(&ada.access_token).await);
        server.stop().await;
    }

    async fn a_name_is_taken_once(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register("ada").await;
        for name in ["ada", "ADA"] {
            let answer = server.post("/user/register", &json!({"username": name, "password": "another password"})).await;
            expect_error(answer, StatusCode::CONFLICT, Code::UsernameTaken).await;
        }
        let body = json!({"username": "bob", "password": PASSWORD});
        let both = tokio::join!(server.post("/user/register", &body), server.post("/user/register", &body));
        let mut statuses = [both.0.status().as_u16(), both.1.status().as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "one of two concurrent registrations succeeds");
        server.stop().await;
    }

    async fn case_15_an_unknown_name_and_a_wrong_password_get_the_same_answer(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register("ada").await;
        let (wrong, unknown) = (server.try_login("ada", "wrong password").await, server.try_login("eve", "wrong password").await);
        assert_eq!(challenge(&wrong), "Bearer");
        let strip = |answer: &Response| {
            let mut headers = answer.headers().clone();
            headers.remove("x-request-id");
            headers.remove(header::DATE);
            headers
        };
        assert_eq!(strip(&wrong), strip(&unknown));
        let wrong = expect_error(wrong, StatusCode::UNAUTHORIZED, Code::InvalidCredentials).await;
        assert_eq!(wrong, expect_error(unknown, StatusCode::UNAUTHORIZED, Code::InvalidCredentials).await);
        server.stop().await;
    }
}

#[tokio::test]
async fn case_10_a_401_says_error_only_where_a_token_was_sent() {
    let server = TestServer::start(Kind::Sqlite).await;
    let tokens = server.register("ada").await;
    assert_eq!(challenge(&server.get("/bbb").await), "Bearer");
    let basic = server.http.get(format!("{}/bbb", server.url)).basic_auth("ada", Some("x")).send().await.unwrap();
    assert_eq!(challenge(&basic), "Bearer");
    for bad in ["rubbish", tokens.refresh_token.as_str()] {
        let answer = server.get_as(bad, "/bbb").await;
        assert_eq!(challenge(&answer), "Bearer error=\"invalid_token\"");
        expect_error(answer, StatusCode::UNAUTHORIZED, Code::InvalidToken).await;
    }
    assert_eq!(challenge(&server.try_refresh("rubbish").await), "Bearer");
    for (path, text) in [("/aaa", "aaa"), ("/bbb", "bbb")] {
        let answer = server.get_as(&tokens.access_token, path).await;
        assert_eq!((answer.status(), answer.text().await.unwrap().as_str()), (StatusCode::OK, text));
    }
    assert_eq!(server.get("/aaa").await.text().await.unwrap(), "aaa");
    server.stop().await;
}

#[tokio::test]
async fn case_14_fields_that_break_a_rule_are_named() {
    let server = TestServer::start(Kind::Sqlite).await;
    let long = "x".repeat(10_000);
    for (name, password, wrong) in [
        ("ada", "short", vec![("password", "too_short")]),
        ("ada", long.as_str(), vec![("password", "too_long")]),
        ("a", "short", vec![("username", "too_short"), ("password", "too_short")]),
        ("a b", PASSWORD, vec![("username", "bad_characters")]),
        (long.as_str(), PASSWORD, vec![("username", "too_long")]),
    ] {
        let answer = server.post("/user/register", &json!({"username": name, "password": password})).await;
        let body = expect_error(answer, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
        let problems: Vec<_> = body.fields.iter().map(|field| (field.field.as_str(), field.problem.as_str())).collect();
        assert_eq!(problems, wrong);
    }
    expect_error(server.try_login("ada", &long).await, StatusCode::UNAUTHORIZED, Code::InvalidCredentials).await;
    let kept = "pass word\u{0}with\teverything 🦀 ".repeat(5);
    assert_eq!(server.post("/user/register", &json!({"username": "bob", "password": kept})).await.status(), StatusCode::CREATED);
    assert_eq!(server.try_login("bob", &kept).await.status(), StatusCode::OK);
    assert_eq!(server.try_login("bob", kept.trim()).await.status(), StatusCode::UNAUTHORIZED, "a password is not trimmed");
    server.stop().await;
}

#[tokio::test]
async fn a_demo_user_is_made_once_and_may_have_a_short_password() {
    let server = TestServer::with(Kind::Sqlite, &["--demo-user", "demo:demo"]).await;
    let again = server.another().await;
    for node in [&server, &again] {
        assert_eq!(node.try_login("demo", "demo").await.status(), StatusCode::OK);
    }
    again.stop().await;
    server.stop().await;
}
