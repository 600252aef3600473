//! Refresh token rotation: cases 1 to 6, 8, 9, 13 and 28.

use crate::{
    database::{Kind, on_each_database},
    world::{World, claims, long},
};
use reqwest::StatusCode;
use std::{collections::HashSet, sync::Arc};
use tokio::sync::Barrier;

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

on_each_database! {
    async fn case_01_reuse_ends_the_session(kind: Kind) {
        let world = World::start(kind).await;
        let first = world.register("ada").await;
        let other = world.login("ada").await;
        let second = world.refresh(&first.refresh_token).await;
        let third = world.refresh(&second.refresh_token).await;
        world.refused(&first.refresh_token).await;
        world.refused(&second.refresh_token).await;
        world.refused(&third.refresh_token).await;
        assert!(!world.lets_in(&third.access_token).await, "the access token dies with its session");
        assert!(world.lets_in(&other.access_token).await, "the same user's other session lives");
        world.refresh(&other.refresh_token).await;
        assert_eq!(world.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 1);
        world.stop().await;
    }

    async fn case_02_a_lost_answer_is_given_again(kind: Kind) {
        let world = World::start(kind).await;
        let first = world.register("ada").await;
        let lost = world.refresh(&first.refresh_token).await;
        for late in [0, 5 * SECOND, 24 * SECOND, HOUR] {
            world.clock.shift(late);
            let again = world.refresh(&first.refresh_token).await;
            assert_eq!(again.refresh_token, lost.refresh_token, "the same successor, byte for byte");
        }
        let again = world.refresh(&first.refresh_token).await;
        assert!(world.lets_in(&again.access_token).await, "with an access token that is good now, not an hour ago");
        world.stop().await;
    }

    async fn case_02_an_answer_that_was_lost_near_the_end_is_given_again(kind: Kind) {
        let world = World::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = world.register("ada").await;
        world.clock.shift(7 * DAY - HOUR);
        let lost = world.refresh(&first.refresh_token).await;
        world.clock.shift(2 * HOUR);
        assert_eq!(world.refresh(&first.refresh_token).await.refresh_token, lost.refresh_token, "though the old one has run out");
        world.refresh(&lost.refresh_token).await;
        world.stop().await;
    }

    async fn case_02_the_other_node_gives_the_same_answer_again(kind: Kind) {
        let world = World::start(kind).await;
        let other = world.another().await;
        let first = world.register("ada").await;
        let lost = world.refresh(&first.refresh_token).await;
        assert_eq!(other.refresh(&first.refresh_token).await.refresh_token, lost.refresh_token);
        other.stop().await;
        world.stop().await;
    }

    async fn case_03_a_thief_is_found_once_the_successor_was_used(kind: Kind) {
        let world = World::with(kind, &["--reuse-leeway", "10s"]).await;
        for (used_by_access, late) in [(true, 11 * SECOND), (true, HOUR), (false, 0), (false, 11 * SECOND)] {
            let stolen = world.register(&format!("ada{used_by_access}{late}")).await.refresh_token;
            let next = world.refresh(&stolen).await;
            if used_by_access {
                assert!(world.lets_in(&next.access_token).await);
            } else {
                world.refresh(&next.refresh_token).await;
            }
            world.clock.shift(late);
            world.refused(&stolen).await;
            world.refused(&next.refresh_token).await;
        }
        world.stop().await;
    }

    async fn case_03_a_thief_is_found_though_the_owners_token_has_run_out(kind: Kind) {
        let world = World::with(kind, &["--refresh-ttl", "7d"]).await;
        let owners = world.register("ada").await;
        world.clock.shift(6 * DAY);
        let thiefs = world.refresh(&owners.refresh_token).await;
        let thiefs = world.refresh(&thiefs.refresh_token).await;
        world.clock.shift(2 * DAY);
        world.refused(&owners.refresh_token).await;
        world.refused(&thiefs.refresh_token).await;
        assert_eq!(world.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 1);
        world.stop().await;
    }

    async fn case_03_within_the_leeway_a_second_tab_gets_the_same_token(kind: Kind) {
        let world = World::with(kind, &["--reuse-leeway", "10s"]).await;
        let first = world.register("ada").await;
        let next = world.refresh(&first.refresh_token).await;
        assert!(world.lets_in(&next.access_token).await);
        world.clock.shift(8 * SECOND);
        assert_eq!(world.refresh(&first.refresh_token).await.refresh_token, next.refresh_token);
        world.stop().await;
    }

    async fn case_03_without_leeway_the_first_use_ends_the_parent(kind: Kind) {
        let world = World::with(kind, &["--reuse-leeway", "0s"]).await;
        let first = world.register("ada").await;
        let next = world.refresh(&first.refresh_token).await;
        assert_eq!(world.refresh(&first.refresh_token).await.refresh_token, next.refresh_token, "unused: a lost answer");
        assert!(world.lets_in(&next.access_token).await);
        world.refused(&first.refresh_token).await;
        world.stop().await;
    }

    async fn case_04_of_many_refreshes_at_once_one_rotates(kind: Kind) {
        const AT_ONCE: usize = 64;
        let rounds = if long() { 200 } else { 12 };
        let world = Arc::new(World::start(kind).await);
        let other = Arc::new(world.another().await);
        let mut token = world.register("ada").await.refresh_token;
        for round in 1..=rounds {
            let barrier = Arc::new(Barrier::new(AT_ONCE));
            let callers: Vec<_> = (0..AT_ONCE).map(|n| {
                let (node, barrier, token) = (if n % 2 == 0 { world.clone() } else { other.clone() }, barrier.clone(), token.clone());
                tokio::spawn(async move {
                    barrier.wait().await;
                    node.refresh(&token).await.refresh_token
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
        assert_eq!(world.counted(rotated).await + other.counted(rotated).await, rounds);
        for node in [other, world] {
            Arc::into_inner(node).unwrap().stop().await;
        }
    }

    async fn case_05_replays_within_one_second_are_refused(kind: Kind) {
        let world = World::start(kind).await;
        world.register("ada").await;
        // A session of its own for each: the first that is refused ends it, and all would be refused after that.
        for old in 0..4 {
            let mut tokens = vec![world.login("ada").await.refresh_token];
            for _ in 0..5 {
                let next = world.refresh(tokens.last().unwrap()).await;
                tokens.push(next.refresh_token);
            }
            assert_eq!(world.refresh(&tokens[4]).await.refresh_token, tokens[5], "it is alive");
            world.refused(&tokens[old]).await;
            world.refused(&tokens[5]).await;
        }
        assert_eq!(world.counted("wugan_refresh_total{outcome=\"revoked\"}").await, 4);
        world.stop().await;
    }

    async fn case_06_a_restart_forgets_nothing(kind: Kind) {
        let world = World::start(kind).await;
        let first = world.register("ada").await;
        let second = world.refresh(&first.refresh_token).await;
        let third = world.refresh(&second.refresh_token).await;
        let restarted = world.another().await;
        assert_eq!(restarted.refresh(&second.refresh_token).await.refresh_token, third.refresh_token);
        restarted.refused(&first.refresh_token).await;
        restarted.refused(&third.refresh_token).await;
        restarted.stop().await;
        world.stop().await;
    }

    async fn case_08_the_revocation_stays_though_the_request_failed(kind: Kind) {
        let world = World::start(kind).await;
        let first = world.register("ada").await;
        let second = world.refresh(&first.refresh_token).await;
        let third = world.refresh(&second.refresh_token).await;
        world.refused(&first.refresh_token).await;
        let other = world.another().await;
        other.refused(&third.refresh_token).await;
        assert!(!other.lets_in(&third.access_token).await);
        other.stop().await;
        world.stop().await;
    }

    async fn case_09_an_access_token_lives_until_its_end(kind: Kind) {
        let world = World::with(kind, &["--access-ttl", "30m"]).await;
        let first = world.register("ada").await;
        world.refresh(&first.refresh_token).await;
        world.clock.shift(HOUR / 2 - 5 * SECOND);
        assert!(world.lets_in(&first.access_token).await);
        world.clock.shift(6 * SECOND);
        assert!(!world.lets_in(&first.access_token).await);
        world.stop().await;
    }

    async fn case_13_a_session_that_lies_idle_ends(kind: Kind) {
        let world = World::with(kind, &["--refresh-ttl", "7d"]).await;
        let first = world.register("ada").await;
        assert_eq!(first.refresh_expires_in, 7 * 24 * 3600);
        let second = world.refresh(&first.refresh_token).await;
        world.clock.shift(7 * DAY - 5 * SECOND);
        let third = world.refresh(&second.refresh_token).await;
        assert_eq!(third.refresh_expires_in, 7 * 24 * 3600);
        world.clock.shift(7 * DAY + SECOND);
        world.refused(&third.refresh_token).await;
        world.stop().await;
    }

    async fn case_13_no_refresh_outlives_the_session(kind: Kind) {
        let world = World::with(kind, &["--refresh-ttl", "7d", "--session-ttl", "30d"]).await;
        let mut tokens = world.register("ada").await;
        for _ in 0..5 {
            world.clock.shift(5 * DAY);
            tokens = world.refresh(&tokens.refresh_token).await;
        }
        assert!(tokens.refresh_expires_in <= 5 * 24 * 3600, "{}", tokens.refresh_expires_in);
        world.clock.shift(5 * DAY - 10 * SECOND);
        tokens = world.refresh(&tokens.refresh_token).await;
        assert!(tokens.expires_in <= 10, "nor does an access token: {}", tokens.expires_in);
        world.clock.shift(11 * SECOND);
        world.refused(&tokens.refresh_token).await;
        assert!(!world.lets_in(&tokens.access_token).await);
        world.stop().await;
    }

    async fn case_28_clocks_that_jump_sign_nobody_out(kind: Kind) {
        let world = World::start(kind).await;
        let mut tokens = world.register("ada").await;
        for jump in [HOUR, -HOUR, -HOUR, 2 * HOUR, -DAY, DAY] {
            world.clock.shift(jump);
            let parent = tokens.refresh_token.clone();
            tokens = world.refresh(&parent).await;
            assert_eq!(world.refresh(&parent).await.refresh_token, tokens.refresh_token);
            assert!(world.lets_in(&tokens.access_token).await);
        }
        world.clock.shift(20 * 365 * DAY);
        world.refused(&tokens.refresh_token).await;
        let later = world.login("ada").await;
        assert!(claims(&later.access_token)["exp"].as_i64().unwrap() > i64::from(i32::MAX), "after 2038");
        assert!(world.lets_in(&later.access_token).await);
        world.stop().await;
    }
}

#[tokio::test]
async fn the_tutorials_query_form_is_the_same_refresh() {
    let world = World::start(Kind::Sqlite).await;
    let first = world.register("ada").await;
    let answer = world.get(&format!("/user/refresh?refresh_token={}", first.refresh_token)).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let next: wugan_wire::TokenAnswer = answer.json().await.unwrap();
    assert_eq!(world.refresh(&first.refresh_token).await.refresh_token, next.refresh_token);
    let head = world.http.head(format!("{}/user/refresh?refresh_token={}", world.url, next.refresh_token)).send().await.unwrap();
    assert_eq!(head.status(), StatusCode::METHOD_NOT_ALLOWED, "a HEAD would throw its tokens away");
    assert_eq!(world.get("/user/refresh").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    world.stop().await;
}
