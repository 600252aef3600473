//! Ending and listing sessions, and revocation across nodes: cases 7, 11, 29 and 60.

use crate::{
    database::{Kind, on_each_database},
    test_server::{MANY, PASSWORD, TestServer, claims, expect_error, long, sid},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};
use wugan_wire::{Code, SessionItem};

on_each_database! {
    async fn case_11_a_logout_is_never_an_error(kind: Kind) {
        let server = TestServer::start(kind).await;
        let tokens = server.register("ada").await;
        server.logout(&tokens.refresh_token, "").await;
        server.refused(&tokens.refresh_token).await;
        assert!(!server.accepts(&tokens.access_token).await);
        server.logout(&tokens.refresh_token, "").await;
        for rubbish in ["rubbish", "", "a.b.c", tokens.access_token.as_str()] {
            server.logout(rubbish, "").await;
            server.logout(rubbish, "?scope=all").await;
        }
        let odd = server.post("/user/logout?scope=unknown", &json!({"refresh_token": "x"})).await;
        expect_error(odd, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
        server.stop().await;
    }

    async fn a_logout_works_with_an_expired_access_token(kind: Kind) {
        let server = TestServer::start(kind).await;
        let tokens = server.register("ada").await;
        server.clock.shift(2 * 3600 * 1000);
        server.logout(&tokens.refresh_token, "?scope=this").await;
        server.refused(&tokens.refresh_token).await;
        server.stop().await;
    }

    async fn case_11_a_logout_works_with_an_expired_refresh_token(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        server.clock.shift(6 * 24 * 3600 * 1000);
        let lost = server.refresh(&first.refresh_token).await;
        server.clock.shift(2 * 24 * 3600 * 1000);
        server.logout(&first.refresh_token, "").await;
        server.refused(&lost.refresh_token).await;
        server.stop().await;
    }

    async fn scopes_end_those_that_they_name(kind: Kind) {
        let server = TestServer::start(kind).await;
        let a = server.register("ada").await;
        let (b, c, bob) = (server.login("ada").await, server.login("ada").await, server.register("bob").await);
        server.logout(&a.refresh_token, "?scope=others").await;
        server.refused(&b.refresh_token).await;
        server.refused(&c.refresh_token).await;
        assert!(server.accepts(&a.access_token).await);
        let d = server.login("ada").await;
        server.logout(&a.refresh_token, "?scope=all").await;
        server.refused(&a.refresh_token).await;
        assert!(!server.accepts(&d.access_token).await);
        assert!(server.accepts(&bob.access_token).await);
        server.stop().await;
    }

    async fn case_29_expired_sessions_do_not_count_as_ended(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "1h"]).await;
        let expired = [server.register("ada").await, server.login("ada").await, server.login("ada").await];
        server.clock.shift(2 * 3600 * 1000);
        let live = server.login("ada").await;
        let end = server.http.delete(format!("{}/user/sessions/{}", server.url, sid(&expired[0]))).bearer_auth(&live.access_token);
        expect_error(end.send().await.unwrap(), StatusCode::NOT_FOUND, Code::NotFound).await;
        assert_eq!(server.auth.end_session(sid(&expired[0])).await.unwrap(), 0);
        let user = server.auth.user_id("ada").await.unwrap();
        assert_eq!(server.auth.end_sessions(user).await.unwrap(), 1);
        let trail = server.auth.store().events(0, Some(user), 1).await.unwrap();
        assert_eq!((trail[0].event.as_str(), trail[0].detail.as_deref()), ("ended_by_operator", Some("1 session ended")));
        assert_eq!(server.auth.set_disabled("ada", true).await.unwrap(), 0);
        server.stop().await;
    }

    /// As after a restored backup, in whose row the session has expired.
    async fn case_60_a_session_with_a_token_later_than_its_expired_row_is_ended_by_its_account(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = server.register("ada").await;
        let row = server.row(&first).await;
        server.clock.shift(6 * 24 * 3600 * 1000);
        let later = server.refresh(&first.refresh_token).await;
        server.restore(&row).await;
        server.clock.shift(2 * 24 * 3600 * 1000);
        assert_eq!(server.auth.end_sessions(row.user_id).await.unwrap(), 0);
        server.refused(&later.refresh_token).await;
        server.stop().await;
    }

    async fn a_logout_with_a_reused_token_ends_its_own_session_only(kind: Kind) {
        let server = TestServer::start(kind).await;
        let (stolen, other) = (server.register("ada").await, server.login("ada").await);
        let second = server.refresh(&stolen.refresh_token).await;
        let third = server.refresh(&second.refresh_token).await;
        server.logout(&stolen.refresh_token, "?scope=all").await;
        server.refused(&third.refresh_token).await;
        assert!(server.accepts(&other.access_token).await);
        server.stop().await;
    }

    async fn a_logout_with_the_parent_token_is_not_reuse(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "0s"]).await;
        let (first, other) = (server.register("ada").await, server.login("ada").await);
        let next = server.refresh(&first.refresh_token).await;
        assert!(server.accepts(&next.access_token).await);
        server.logout(&first.refresh_token, "?scope=all").await;
        assert!(!server.accepts(&next.access_token).await);
        assert!(!server.accepts(&other.access_token).await, "the scope that was asked for");
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 0);
        server.stop().await;
    }

    async fn sessions_are_listed_and_ended_by_their_owner_alone(kind: Kind) {
        let server = TestServer::start(kind).await;
        let (a, b, bob) = (server.register("ada").await, server.login("ada").await, server.register("bob").await);
        let list: Vec<SessionItem> = server.get_as(&a.access_token, "/user/sessions").await.json().await.unwrap();
        assert_eq!(list.len(), 2);
        assert_eq!(list.iter().filter(|item| item.current).map(|item| Value::from(item.id.clone())).collect::<Vec<_>>(), [claims(&a.access_token)["sid"].clone()]);
        assert!(list.iter().all(|item| item.ip.as_deref() == Some("127.0.0.1")));
        let to_the_minute = |item: &SessionItem| item.last_used_at == item.created_at || item.last_used_at.ends_with(":00Z");
        assert!(list.iter().all(to_the_minute), "{list:?}");
        let end = async |access: &str, id: &str| {
            server.http.delete(format!("{}/user/sessions/{id}", server.url)).bearer_auth(access).send().await.unwrap()
        };
        let b_id = claims(&b.access_token)["sid"].as_str().unwrap().to_owned();
        for (access, id) in [(&bob.access_token, b_id.as_str()), (&a.access_token, "rubbish"), (&a.access_token, "%FF"), (&a.access_token, "00000000-0000-4000-8000-000000000000")] {
            expect_error(end(access, id).await, StatusCode::NOT_FOUND, Code::NotFound).await;
        }
        assert!(server.accepts(&b.access_token).await);
        assert_eq!(end(&a.access_token, &b_id).await.status(), StatusCode::NO_CONTENT);
        server.refused(&b.refresh_token).await;
        assert!(!server.accepts(&b.access_token).await);
        expect_error(end(&a.access_token, &b_id).await, StatusCode::NOT_FOUND, Code::NotFound).await;
        let list: Vec<SessionItem> = server.get_as(&a.access_token, "/user/sessions").await.json().await.unwrap();
        assert_eq!(list.len(), 1);
        server.stop().await;
    }

    async fn a_revocation_holds_on_another_node_within_five_seconds(kind: Kind) {
        let server = TestServer::start(kind).await;
        let other = server.another().await;
        let tokens = server.register("ada").await;
        assert!(other.accepts(&tokens.access_token).await);
        server.logout(&tokens.refresh_token, "").await;
        let revoked = Instant::now();
        assert!(!server.accepts(&tokens.access_token).await, "at once on the node that did it");
        other.refused(&tokens.refresh_token).await;
        // The time of sending counts: a busy machine may answer late.
        let mut sent = revoked.elapsed();
        while other.accepts(&tokens.access_token).await {
            assert!(sent < Duration::from_secs(5));
            tokio::time::sleep(Duration::from_millis(50)).await;
            sent = revoked.elapsed();
        }
        other.stop().await;
        server.stop().await;
    }

    /// Refreshes, guarded requests and a revocation at the same time. After the answer to the revocation no token is accepted.
    async fn case_07_no_token_is_accepted_after_an_answered_revocation(kind: Kind) {
        let rounds = if long() { 1000 } else { 25 };
        let server = Arc::new(TestServer::with(kind, MANY).await);
        server.register("ada").await;
        for (round, how) in (0..rounds).flat_map(|round| ["logout", "sessions", "password", "delete"].map(|how| (round, how))) {
            // In the short form, requests that need a hash run less often.
            if rounds < 1000 && matches!(how, "password" | "delete") && round % 5 != 0 {
                continue;
            }
            let name = format!("{how}{round}");
            let tokens = if how == "delete" || how == "password" { server.register(&name).await } else { server.login("ada").await };
            let ender = if how == "password" { server.login(&name).await } else { tokens.clone() };
            let racers: Vec<_> = (0..4).map(|_| {
                let (server, token) = (server.clone(), tokens.refresh_token.clone());
                tokio::spawn(async move {
                    let mut seen = Vec::new();
                    let mut token = token;
                    for _ in 0..3 {
                        let answer = server.try_refresh(&token).await;
                        if answer.status() != StatusCode::OK {
                            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
                            break;
                        }
                        let next: wugan_wire::TokenAnswer = answer.json().await.unwrap();
                        token.clone_from(&next.refresh_token);
                        server.accepts(&next.access_token).await;
                        seen.push(next);
                    }
                    seen
                })
            }).collect();
            let ended = match how {
                "logout" => server.post("/user/logout", &json!({"refresh_token": ender.refresh_token})).await,
                "sessions" => {
                    let id = claims(&ender.access_token)["sid"].as_str().unwrap().to_owned();
                    server.http.delete(format!("{}/user/sessions/{id}", server.url)).bearer_auth(&ender.access_token).send().await.unwrap()
                }
                "password" => server.post_as(&ender.access_token, "/user/password", &json!({"current_password": PASSWORD, "new_password": "another horse"})).await,
                _ => server.post_as(&ender.access_token, "/user/delete", &json!({"password": PASSWORD})).await,
            };
            // After two refreshes, the logout's token is a reused one, which ends the session, too.
            assert!(matches!(ended.status().as_u16(), 200 | 204 | 401 | 404), "{how}: {}", ended.status());
            assert!(!server.accepts(&tokens.access_token).await, "{how}");
            // A password change answers with the tokens of a new session.
            if how == "password" && ended.status() == StatusCode::OK {
                let new: wugan_wire::TokenAnswer = ended.json().await.unwrap();
                assert!(server.accepts(&new.access_token).await);
            }
            let mut all = vec![tokens];
            for racer in racers {
                all.extend(racer.await.unwrap());
            }
            for tokens in all {
                assert!(!server.accepts(&tokens.access_token).await, "{how}");
                server.refused(&tokens.refresh_token).await;
            }
        }
        Arc::into_inner(server).unwrap().stop().await;
    }
}

/// On SQLite a writer blocks the others, so that these clients have disconnected before their transactions begin.
#[tokio::test(flavor = "multi_thread")]
async fn case_08_a_disconnecting_client_undoes_no_revocation() {
    let server = TestServer::start(Kind::Sqlite).await;
    let (signed_out, first) = (server.register("ada").await, server.login("ada").await);
    let second = server.refresh(&first.refresh_token).await;
    let third = server.refresh(&second.refresh_token).await;
    for tokens in [&signed_out, &third] {
        assert!(server.accepts(&tokens.access_token).await);
    }
    let busy = server.auth.store().begin().await.unwrap();
    for (path, token) in [("/user/logout", &signed_out.refresh_token), ("/user/refresh", &first.refresh_token)] {
        let body = json!({"refresh_token": token}).to_string();
        let mut caller = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        caller.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        sleep(Duration::from_millis(300)).await;
        drop(caller);
    }
    sleep(Duration::from_millis(300)).await;
    drop(busy);
    for tokens in [signed_out, third] {
        let id = claims(&tokens.access_token)["sid"].as_str().unwrap().parse().unwrap();
        let ended = async {
            while server.auth.store().session(id).await.unwrap().unwrap().revoked_at.is_none() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the session is ended");
        server.refused(&tokens.refresh_token).await;
    }
    server.stop().await;
}
