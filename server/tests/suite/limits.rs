//! Guessing: case 17.

use crate::{
    database::Kind,
    world::{PASSWORD, World, expect_error},
};
use reqwest::{Response, StatusCode, header};
use serde_json::json;
use wugan_wire::Code;

async fn login_from(world: &World, ip: &str, name: &str, password: &str) -> Response {
    let body = json!({"username": name, "password": password});
    world.http.post(format!("{}/user/login", world.url)).header("x-forwarded-for", ip).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn case_17_guessing_a_password_is_slowed_down_and_the_owner_is_not_locked_out() {
    let world = World::with(Kind::Sqlite, &["--name-limit", "5/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    world.register("ada").await;
    assert_eq!(login_from(&world, "198.51.100.1", "ada", PASSWORD).await.status(), StatusCode::OK, "the owner's address");
    for n in 0..5 {
        let guess = login_from(&world, &format!("203.0.113.{n}"), "ADA", "wrong password").await;
        assert_eq!(guess.status(), StatusCode::UNAUTHORIZED, "{n}");
    }
    for ip in ["203.0.113.9", "203.0.113.1"] {
        let guess = login_from(&world, ip, "ada", "wrong password").await;
        assert_eq!(guess.status(), StatusCode::UNAUTHORIZED, "one that is this network's own");
        let limited = login_from(&world, ip, "ada", PASSWORD).await;
        let wait: u64 = limited.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        expect_error(limited, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    }
    assert_eq!(
        login_from(&world, "198.51.100.1", "ada", PASSWORD).await.status(),
        StatusCode::OK,
        "where he is signed in, he has tries of his own"
    );
    assert_eq!(login_from(&world, "203.0.113.9", "bob", PASSWORD).await.status(), StatusCode::UNAUTHORIZED, "other names are not limited");
    world.clock.shift(60_000);
    assert_eq!(
        login_from(&world, "203.0.113.9", "ada", PASSWORD).await.status(),
        StatusCode::OK,
        "and a stranger waits a minute, not for good"
    );
    assert!(world.counted("wugan_login_total{outcome=\"limited\"}").await >= 2);
    world.stop().await;
}

/// He comes from networks where he never was, and is let in each time.
#[tokio::test]
async fn case_17_the_owner_gets_in_while_the_guessing_goes_on() {
    let world = World::with(Kind::Sqlite, &["--name-limit", "10/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    world.register("ada").await;
    for round in 0..12 {
        let mut guesses = 0;
        while login_from(&world, &format!("203.0.113.{}", round % 3), "ada", "wrong password").await.status() == StatusCode::UNAUTHORIZED {
            guesses += 1;
            assert!(guesses < 20, "round {round}: guessing is not slowed down");
        }
        let home = format!("2001:db8:0:{round}::1");
        assert_eq!(login_from(&world, &home, "ada", "mistyped").await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(login_from(&world, &home, "ada", PASSWORD).await.status(), StatusCode::OK, "round {round}");
        let nearby = format!("2001:db8:0:{round}::2");
        assert_eq!(login_from(&world, &nearby, "ada", PASSWORD).await.status(), StatusCode::OK, "an address changes within its network");
        world.clock.shift(20_000);
    }
    world.stop().await;
}

#[tokio::test]
async fn case_17_an_unknown_name_is_limited_like_a_known_one() {
    let world = World::with(Kind::Sqlite, &["--name-limit", "3/5m"]).await;
    // The name's three, and the network's one.
    for _ in 0..4 {
        assert_eq!(world.try_login("nobody", "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    expect_error(world.try_login("nobody", "wrong password").await, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    world.stop().await;
}

#[tokio::test]
async fn case_17_an_address_that_tries_many_names_is_slowed_down() {
    let world = World::with(Kind::Sqlite, &["--address-limit", "4/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    for n in 0..4 {
        assert_eq!(login_from(&world, "203.0.113.1", &format!("user{n}"), "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(login_from(&world, "203.0.113.1", "another", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(login_from(&world, "203.0.113.2", "another", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    world.stop().await;
}

#[tokio::test]
async fn case_17_addresses_are_measured_on_connections_unless_a_proxy_is_trusted() {
    let world = World::with(Kind::Sqlite, &["--address-limit", "2/5m"]).await;
    for n in 0..2 {
        assert_eq!(
            login_from(&world, &format!("203.0.113.{n}"), &format!("user{n}"), "wrong password").await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(login_from(&world, "203.0.113.77", "another", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    world.stop().await;
}

#[tokio::test]
async fn case_17_right_passwords_are_not_guesses() {
    let world = World::with(Kind::Sqlite, &["--name-limit", "2/5m", "--address-limit", "3/5m"]).await;
    world.register("ada").await;
    for _ in 0..6 {
        world.login("ada").await;
    }
    world.stop().await;
}

#[tokio::test]
async fn case_17_a_stolen_access_token_may_not_guess_the_password_either() {
    let world = World::with(Kind::Sqlite, &["--name-limit", "3/5m"]).await;
    let stolen = world.register("ada").await.access_token;
    for n in 0..3 {
        let path = if n % 2 == 0 { "/user/delete" } else { "/user/password" };
        let guess = json!({"password": "wrong password", "current_password": "wrong password", "new_password": "another password"});
        assert_eq!(world.post_as(&stolen, path, &guess).await.status(), StatusCode::FORBIDDEN);
    }
    let right = world.post_as(&stolen, "/user/delete", &json!({"password": PASSWORD})).await;
    expect_error(right, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    world.stop().await;
}
