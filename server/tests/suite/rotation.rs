//! Refresh token rotation: cases 1 to 6, 8, 9, 13, 28, 30, 53 and 60.

use crate::{
    database::{Kind, on_each_database},
    test_server::{MANY, TestServer, claims, expect_error, long},
};
use reqwest::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::json;
use std::{collections::HashSet, sync::Arc};
use tokio::sync::Barrier;
use wugan_axum::store::{audit, session};
use wugan_wire::{Code, TokenAnswer};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
const OWNER: &str = "attempt-of-the-owner";
const THIEF: &str = "attempt-of-the-thief";
const REVOKED: &str = "wugan_refresh_total{outcome=\"revoked\"}";

on_each_database! {
    async fn an_attempt_id_of_the_exchange_before_is_refused(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let next = server.exchange(&first.refresh_token, "one-id-for-all-tokens").await;
        for _ in 0..2 {
            let refused = server.try_exchange(&next.refresh_token, "one-id-for-all-tokens").await;
            expect_error(refused, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
        }
        server.exchange(&next.refresh_token, "an-id-of-its-own").await;
        let (mut tokens, generations) = (server.login("ada").await, 3);
        for _ in 0..generations {
            tokens = server.refresh(&tokens.refresh_token).await;
        }
        assert_eq!(server.row(&tokens).await.generation, generations, "a client without ids is the same presenter each time");
        server.stop().await;
    }

    async fn case_01_reuse_ends_the_session(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let other = server.login("ada").await;
        let second = server.refresh(&first.refresh_token).await;
        let third = server.refresh(&second.refresh_token).await;
        server.refused(&first.refresh_token).await;
        server.refused(&second.refresh_token).await;
        server.refused(&third.refresh_token).await;
        assert!(!server.accepts(&third.access_token).await, "the access token is refused after the session ended");
        assert!(server.accepts(&other.access_token).await, "the user's other session stays valid");
        server.refresh(&other.refresh_token).await;
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 1);
        server.stop().await;
    }

    async fn case_02_a_lost_answer_is_repeated(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let lost = server.refresh(&first.refresh_token).await;
        for late in [0, 5 * SECOND, 24 * SECOND, HOUR] {
            server.clock.shift(late);
            let again = server.refresh(&first.refresh_token).await;
            assert_eq!(again.refresh_token, lost.refresh_token, "the same successor, byte for byte");
        }
        let again = server.refresh(&first.refresh_token).await;
        assert!(server.accepts(&again.access_token).await, "the access token is newly issued");
        server.stop().await;
    }

    async fn case_02_an_answer_lost_near_the_sessions_end_is_repeated(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = server.register("ada").await;
        server.clock.shift(7 * DAY - HOUR);
        let lost = server.refresh(&first.refresh_token).await;
        server.clock.shift(2 * HOUR);
        assert_eq!(server.refresh(&first.refresh_token).await.refresh_token, lost.refresh_token, "although the old token has expired");
        server.refresh(&lost.refresh_token).await;
        server.stop().await;
    }

    async fn case_02_another_node_repeats_the_same_answer(kind: Kind) {
        let server = TestServer::start(kind).await;
        let other = server.another().await;
        let first = server.register("ada").await;
        let lost = server.refresh(&first.refresh_token).await;
        assert_eq!(other.refresh(&first.refresh_token).await.refresh_token, lost.refresh_token);
        other.stop().await;
        server.stop().await;
    }

    async fn case_03_a_thief_is_found_once_the_successor_was_used(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "10s"]).await;
        for (used_by_access, late) in [(true, 11 * SECOND), (true, HOUR), (false, 0), (false, 11 * SECOND)] {
            let stolen = server.register(&format!("ada{used_by_access}{late}")).await.refresh_token;
            let next = server.refresh(&stolen).await;
            if used_by_access {
                assert!(server.accepts(&next.access_token).await);
            } else {
                server.refresh(&next.refresh_token).await;
            }
            server.clock.shift(late);
            server.refused(&stolen).await;
            server.refused(&next.refresh_token).await;
        }
        server.stop().await;
    }

    async fn case_03_reuse_of_an_expired_token_is_detected(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d"]).await;
        let owners = server.register("ada").await;
        server.clock.shift(6 * DAY);
        let thiefs = server.refresh(&owners.refresh_token).await;
        let thiefs = server.refresh(&thiefs.refresh_token).await;
        server.clock.shift(2 * DAY);
        server.refused(&owners.refresh_token).await;
        server.refused(&thiefs.refresh_token).await;
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 1);
        server.stop().await;
    }

    async fn case_03_within_the_leeway_a_second_tab_gets_the_same_token(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "10s"]).await;
        let first = server.register("ada").await;
        let next = server.refresh(&first.refresh_token).await;
        assert!(server.accepts(&next.access_token).await);
        server.clock.shift(8 * SECOND);
        assert_eq!(server.refresh(&first.refresh_token).await.refresh_token, next.refresh_token);
        server.stop().await;
    }

    async fn case_03_without_leeway_the_first_use_ends_the_parent(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "0s"]).await;
        let first = server.register("ada").await;
        let next = server.refresh(&first.refresh_token).await;
        assert_eq!(server.refresh(&first.refresh_token).await.refresh_token, next.refresh_token, "unused: a lost answer");
        assert!(server.accepts(&next.access_token).await);
        server.refused(&first.refresh_token).await;
        server.stop().await;
    }

    async fn case_04_of_many_refreshes_at_once_one_rotates(kind: Kind) {
        const CONCURRENT: usize = 64;
        let rounds = if long() { 200 } else { 12 };
        let server = Arc::new(TestServer::start(kind).await);
        let other = Arc::new(server.another().await);
        let mut token = server.register("ada").await.refresh_token;
        for round in 1..=rounds {
            let barrier = Arc::new(Barrier::new(CONCURRENT));
            let callers: Vec<_> = (0..CONCURRENT).map(|n| {
                let (node, barrier, token) = (if n % 2 == 0 { server.clone() } else { other.clone() }, barrier.clone(), token.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    // With one attempt id, and without.
                    if round % 2 == 0 { node.exchange(&token, OWNER).await.refresh_token } else { node.refresh(&token).await.refresh_token }
                })
            }).collect();
            let mut successors = HashSet::new();
            for caller in callers {
                successors.insert(caller.await.unwrap());
            }
            assert_eq!(successors.len(), 1, "round {round}");
            token = successors.into_iter().next().unwrap();
            assert_eq!(claims(&token)["gen"], round);
        }
        let rotated = "wugan_refresh_total{outcome=\"rotated\"}";
        assert_eq!(server.counted(rotated).await + other.counted(rotated).await, rounds);
        for node in [other, server] {
            Arc::into_inner(node).unwrap().stop().await;
        }
    }

    async fn case_05_replays_within_one_second_are_refused(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register("ada").await;
        // Each replay has its own session: the first refusal ends the session.
        for old in 0..4 {
            let mut tokens = vec![server.login("ada").await.refresh_token];
            for _ in 0..5 {
                let next = server.refresh(tokens.last().unwrap()).await;
                tokens.push(next.refresh_token);
            }
            assert_eq!(server.refresh(&tokens[4]).await.refresh_token, tokens[5], "the session is live");
            server.refused(&tokens[old]).await;
            server.refused(&tokens[5]).await;
        }
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 4);
        server.stop().await;
    }

    async fn case_06_a_restart_forgets_nothing(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let second = server.refresh(&first.refresh_token).await;
        let third = server.refresh(&second.refresh_token).await;
        let restarted = server.another().await;
        assert_eq!(restarted.refresh(&second.refresh_token).await.refresh_token, third.refresh_token);
        restarted.refused(&first.refresh_token).await;
        restarted.refused(&third.refresh_token).await;
        restarted.stop().await;
        server.stop().await;
    }

    async fn case_08_the_revocation_stays_though_the_request_failed(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        let second = server.refresh(&first.refresh_token).await;
        let third = server.refresh(&second.refresh_token).await;
        server.refused(&first.refresh_token).await;
        let other = server.another().await;
        other.refused(&third.refresh_token).await;
        assert!(!other.accepts(&third.access_token).await);
        other.stop().await;
        server.stop().await;
    }

    async fn case_09_an_access_token_lives_until_its_end(kind: Kind) {
        let server = TestServer::with(kind, &["--access-ttl", "30m"]).await;
        let first = server.register("ada").await;
        server.refresh(&first.refresh_token).await;
        server.clock.shift(HOUR / 2 - 5 * SECOND);
        assert!(server.accepts(&first.access_token).await);
        server.clock.shift(6 * SECOND);
        assert!(!server.accepts(&first.access_token).await);
        server.stop().await;
    }

    async fn case_13_an_idle_session_ends(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = server.register("ada").await;
        assert_eq!(first.refresh_expires_in, 7 * 24 * 3600);
        let second = server.refresh(&first.refresh_token).await;
        server.clock.shift(7 * DAY - 5 * SECOND);
        let third = server.refresh(&second.refresh_token).await;
        assert_eq!(third.refresh_expires_in, 7 * 24 * 3600);
        server.clock.shift(7 * DAY + SECOND);
        server.refused(&third.refresh_token).await;
        server.stop().await;
    }

    async fn case_13_no_refresh_outlives_the_session(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d", "--session-ttl", "30d"]).await;
        let mut tokens = server.register("ada").await;
        for _ in 0..5 {
            server.clock.shift(5 * DAY);
            tokens = server.refresh(&tokens.refresh_token).await;
        }
        assert!(tokens.refresh_expires_in <= 5 * 24 * 3600, "{}", tokens.refresh_expires_in);
        server.clock.shift(5 * DAY - 10 * SECOND);
        tokens = server.refresh(&tokens.refresh_token).await;
        assert!(tokens.expires_in <= 10, "the access token does not outlive the session: {}", tokens.expires_in);
        server.clock.shift(11 * SECOND);
        server.refused(&tokens.refresh_token).await;
        assert!(!server.accepts(&tokens.access_token).await);
        server.stop().await;
    }

    async fn case_02_a_lost_answer_is_repeated_to_its_attempt_id(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "0s"]).await;
        let other = server.another().await;
        let first = server.register("ada").await;
        let lost = server.exchange(&first.refresh_token, OWNER).await;
        for late in [0, 5 * SECOND, 24 * SECOND, HOUR] {
            server.clock.shift(late);
            assert_eq!(other.exchange(&first.refresh_token, OWNER).await.refresh_token, lost.refresh_token);
        }
        let again = server.exchange(&first.refresh_token, OWNER).await;
        assert!(server.accepts(&again.access_token).await);
        server.clock.shift(4 * 60 * SECOND);
        assert_eq!(server.exchange(&first.refresh_token, OWNER).await.refresh_token, lost.refresh_token, "another tab's request, late");
        server.clock.shift(2 * 60 * SECOND);
        server.exchange_refused(&first.refresh_token, OWNER).await;
        let next = server.exchange(&lost.refresh_token, "another-attempt-id").await;
        server.exchange_refused(&first.refresh_token, OWNER).await;
        assert!(server.accepts(&next.access_token).await, "a late duplicate changes nothing");
        assert_eq!(server.counted(REVOKED).await, 0);
        other.stop().await;
        server.stop().await;
    }

    /// The thief refreshes and does not use the result, the owner refreshes, the thief refreshes again.
    async fn case_30_a_thief_that_refreshes_without_using_is_found(kind: Kind) {
        let server = TestServer::with(kind, &["--reuse-leeway", "0s"]).await;
        for by_access in [false, true] {
            let copied = server.register(&format!("ada{by_access}")).await;
            let thiefs = server.exchange(&copied.refresh_token, THIEF).await;
            let owners = server.exchange(&copied.refresh_token, OWNER).await;
            assert_ne!(owners.refresh_token, thiefs.refresh_token, "another presenter gets another successor");
            assert!(server.accepts(&owners.access_token).await);
            if by_access {
                assert!(!server.accepts(&thiefs.access_token).await);
            } else {
                server.exchange_refused(&thiefs.refresh_token, THIEF).await;
            }
            assert!(!server.accepts(&owners.access_token).await);
            server.exchange_refused(&owners.refresh_token, OWNER).await;
        }
        assert_eq!(server.counted("wugan_refresh_total{outcome=\"superseded\"}").await, 2);
        assert_eq!(server.counted(REVOKED).await, 2);
        server.stop().await;
    }

    async fn case_30_a_thief_that_uses_before_the_owner_refreshes_is_found(kind: Kind) {
        let server = TestServer::start(kind).await;
        let copied = server.register("ada").await;
        let thiefs = server.exchange(&copied.refresh_token, THIEF).await;
        assert!(server.accepts(&thiefs.access_token).await);
        server.exchange_refused(&copied.refresh_token, OWNER).await;
        assert!(!server.accepts(&thiefs.access_token).await);
        server.stop().await;
    }

    /// A node decides about a first use by the row, not by its cache.
    async fn case_30_a_superseded_access_token_is_found_by_a_node_that_remembers_the_session(kind: Kind) {
        let server = TestServer::start(kind).await;
        let other = server.another().await;
        let copied = server.register("ada").await;
        let thiefs = server.exchange(&copied.refresh_token, THIEF).await;
        assert!(other.accepts(&copied.access_token).await, "cached there");
        let owners = server.exchange(&copied.refresh_token, OWNER).await;
        assert!(!other.accepts(&thiefs.access_token).await);
        server.exchange_refused(&owners.refresh_token, OWNER).await;
        other.stop().await;
        server.stop().await;
    }

    async fn case_30_of_a_first_use_and_a_supersede_at_once_one_wins(kind: Kind) {
        let rounds = if long() { 500 } else { 20 };
        let server = TestServer::with(kind, MANY).await;
        let other = server.another().await;
        server.register("ada").await;
        for round in 0..rounds {
            let copied = server.login("ada").await;
            let thiefs = server.exchange(&copied.refresh_token, THIEF).await;
            let (admitted, answer) = tokio::join!(other.accepts(&thiefs.access_token), server.try_exchange(&copied.refresh_token, OWNER));
            // If the use came first, the owner's refresh is detected as reuse; if the supersede came first, the use is.
            assert_eq!(admitted, answer.status() == StatusCode::UNAUTHORIZED, "round {round}");
            assert!(server.row(&copied).await.revoked_at.is_some(), "round {round}");
        }
        other.stop().await;
        server.stop().await;
    }

    async fn case_30_a_parent_is_superseded_eight_times_and_then_the_session_ends(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        server.exchange(&first.refresh_token, OWNER).await;
        for n in 0..8 {
            server.exchange(&first.refresh_token, &format!("another-attempt-{n}")).await;
        }
        server.exchange_refused(&first.refresh_token, "another-attempt-8").await;
        assert!(server.row(&first).await.revoked_at.is_some());
        server.stop().await;
    }

    async fn case_53_a_refresh_of_an_account_disabled_by_hand_is_refused(kind: Kind) {
        let server = TestServer::start(kind).await;
        let first = server.register("ada").await;
        server.auth.store().writer().execute_unprepared("UPDATE users SET disabled_at = 1").await.unwrap();
        server.refused(&first.refresh_token).await;
        server.auth.store().writer().execute_unprepared("UPDATE users SET disabled_at = NULL").await.unwrap();
        server.refresh(&first.refresh_token).await;
        server.stop().await;
    }

    /// A failover that loses commits, or a restored backup.
    async fn case_60_a_session_goes_on_from_a_token_later_than_its_row(kind: Kind) {
        let server = TestServer::start(kind).await;
        let mut tokens = vec![server.register("ada").await];
        let mut older = None;
        for n in 1..=3 {
            let next = server.exchange(&tokens[n - 1].refresh_token, &format!("attempt-number-{n}")).await;
            assert!(server.accepts(&next.access_token).await);
            tokens.push(next);
            older = older.or(Some(server.row(&tokens[0]).await));
        }
        server.restore(&older.unwrap()).await;
        assert!(!server.accepts(&tokens[3].access_token).await, "an access token later than the row is refused");
        let next = server.exchange(&tokens[3].refresh_token, "attempt-number-4").await;
        assert_eq!(claims(&next.refresh_token)["gen"], 4);
        assert!(server.accepts(&next.access_token).await);
        assert!(server.accepts(&tokens[3].access_token).await, "its generation was presented");
        assert!(!server.accepts(&tokens[2].access_token).await, "an access token of a lost generation may have been superseded");
        assert_eq!(server.exchange(&tokens[3].refresh_token, "attempt-number-4").await.refresh_token, next.refresh_token);
        assert_eq!(server.counted(REVOKED).await, 0);
        let trail = audit::since(server.auth.store().reader(), 0, None, 10).await.unwrap();
        let entry = trail.iter().find(|entry| entry.event == "row_behind_token").expect("it is in the audit trail");
        assert_eq!(entry.detail.as_deref(), Some("the token is of generation 3, the row was at 1"));
        server.exchange_refused(&tokens[2].refresh_token, "attempt-number-3").await;
        assert_eq!(server.counted(REVOKED).await, 1, "an older refresh token is still reuse");
        server.stop().await;
    }

    async fn case_60_a_token_later_than_its_row_expires_by_its_own_claim(kind: Kind) {
        let server = TestServer::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = server.register("ada").await;
        let row = server.row(&first).await;
        server.clock.shift(6 * DAY);
        let second = server.refresh(&first.refresh_token).await;
        server.restore(&row).await;
        server.clock.shift(2 * DAY);
        server.refused(&first.refresh_token).await;
        let third = server.refresh(&second.refresh_token).await;
        server.restore(&row).await;
        server.clock.shift(8 * DAY);
        server.refused(&third.refresh_token).await;
        server.restore(&session::Model { revoked_at: Some(1), ..row }).await;
        server.refused(&third.refresh_token).await;
        server.stop().await;
    }

    /// A failover or a restored backup that loses a revocation.
    async fn case_60_a_session_that_this_node_ended_is_ended_again(kind: Kind) {
        let server = TestServer::start(kind).await;
        server.register("ada").await;
        for is_stolen in [false, true] {
            let first = server.login("ada").await;
            let second = server.exchange(&first.refresh_token, OWNER).await;
            let live = server.row(&second).await;
            if is_stolen {
                assert!(server.accepts(&second.access_token).await);
                server.exchange_refused(&first.refresh_token, THIEF).await;
            } else {
                server.logout(&second.refresh_token, "").await;
            }
            server.set_row(&live).await;
            assert!(!server.accepts(&second.access_token).await);
            assert!(server.row(&second).await.revoked_at.is_none(), "the row is live");
            server.refused(&second.refresh_token).await;
            assert!(server.row(&second).await.revoked_at.is_some(), "ended again");
        }
        let trail = audit::since(server.auth.store().reader(), 0, None, 20).await.unwrap();
        let again = trail.iter().filter(|entry| entry.detail.as_deref() == Some("ended again: the database had lost the first end"));
        assert_eq!(again.count(), 2);
        server.stop().await;
    }

    async fn case_28_clock_jumps_end_no_session(kind: Kind) {
        let server = TestServer::start(kind).await;
        let mut tokens = server.register("ada").await;
        for jump in [HOUR, -HOUR, -HOUR, 2 * HOUR, -DAY, DAY] {
            server.clock.shift(jump);
            let parent = tokens.refresh_token.clone();
            tokens = server.refresh(&parent).await;
            assert_eq!(server.refresh(&parent).await.refresh_token, tokens.refresh_token);
            assert!(server.accepts(&tokens.access_token).await);
        }
        server.clock.shift(20 * 365 * DAY);
        server.refused(&tokens.refresh_token).await;
        let later = server.login("ada").await;
        assert!(claims(&later.access_token)["exp"].as_i64().unwrap() > i64::from(i32::MAX), "after 2038");
        assert!(server.accepts(&later.access_token).await);
        server.stop().await;
    }
}

#[tokio::test]
async fn case_30_without_ids_the_presenter_is_network_and_user_agent() {
    let server = TestServer::with(Kind::Sqlite, &["--reuse-leeway", "0s"]).await;
    let copied = server.register("ada").await;
    let thiefs = server.refresh(&copied.refresh_token).await;
    assert_eq!(server.refresh(&copied.refresh_token).await.refresh_token, thiefs.refresh_token, "the same client: a lost answer");
    let sent = server.http.post(format!("{}/user/refresh", server.url)).header("user-agent", "another browser");
    let answer = sent.json(&json!({"refresh_token": copied.refresh_token})).send().await.unwrap();
    let owners: TokenAnswer = answer.json().await.unwrap();
    assert_ne!(owners.refresh_token, thiefs.refresh_token);
    server.refused(&thiefs.refresh_token).await;
    server.refused(&owners.refresh_token).await;
    server.stop().await;
}

#[tokio::test]
async fn an_attempt_id_of_another_form_is_refused_and_changes_nothing() {
    let server = TestServer::start(Kind::Sqlite).await;
    let first = server.register("ada").await;
    let long = "x".repeat(65);
    for attempt in ["", "fifteen-letters", long.as_str(), "sixteen letters!", "sixteen-letters\u{e9}", "sixteen-letters."] {
        expect_error(server.try_exchange(&first.refresh_token, attempt).await, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    }
    let number = server.post("/user/refresh", &json!({"refresh_token": first.refresh_token, "attempt": 1_234_567_890_123_456_i64})).await;
    expect_error(number, StatusCode::BAD_REQUEST, Code::InvalidRequest).await;
    assert_eq!(server.row(&first).await.generation, 0);
    let next = server.exchange(&first.refresh_token, "sixteen-letters_").await;
    server.exchange(&next.refresh_token, &"x".repeat(64)).await;
    server.stop().await;
}

#[tokio::test]
async fn the_tutorials_query_form_can_be_switched_off() {
    let server = TestServer::with(Kind::Sqlite, &["--allow-query-refresh", "false"]).await;
    let first = server.register("ada").await;
    let answer = server.get(&format!("/user/refresh?refresh_token={}", first.refresh_token)).await;
    assert_eq!(answer.headers()["allow"], "POST");
    expect_error(answer, StatusCode::METHOD_NOT_ALLOWED, Code::MethodNotAllowed).await;
    assert_eq!(server.row(&first).await.generation, 0);
    server.refresh(&first.refresh_token).await;
    server.stop().await;
}

#[tokio::test]
async fn the_tutorials_query_form_is_the_same_refresh() {
    let server = TestServer::start(Kind::Sqlite).await;
    let first = server.register("ada").await;
    let answer = server.get(&format!("/user/refresh?refresh_token={}", first.refresh_token)).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let next: TokenAnswer = answer.json().await.unwrap();
    assert_eq!(server.refresh(&first.refresh_token).await.refresh_token, next.refresh_token);
    let head = server.http.head(format!("{}/user/refresh?refresh_token={}", server.url, next.refresh_token)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::METHOD_NOT_ALLOWED, "a HEAD would discard the tokens");
    assert_eq!(server.get("/user/refresh").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    server.stop().await;
}
