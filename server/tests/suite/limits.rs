//! Limits for password guessing: case 17.

use crate::{
    database::Kind,
    test_server::{PASSWORD, TestServer, expect_error},
};
use reqwest::{Response, StatusCode, header};
use serde_json::json;
use wugan_wire::Code;

async fn login_from(server: &TestServer, ip: &str, name: &str, password: &str) -> Response {
    let body = json!({"username": name, "password": password});
    server.http.post(format!("{}/user/login", server.url)).header("x-forwarded-for", ip).json(&body).send().await.unwrap()
}

#[tokio::test]
async fn case_17_guessing_is_limited_and_the_owner_is_not_locked_out() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "5/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    server.register("ada").await;
    assert_eq!(login_from(&server, "198.51.100.1", "ada", PASSWORD).await.status(), StatusCode::OK, "the owner's address");
    for n in 0..5 {
        let guess = login_from(&server, &format!("203.0.113.{n}"), "ADA", "wrong password").await;
        assert_eq!(guess.status(), StatusCode::UNAUTHORIZED, "{n}");
    }
    for ip in ["203.0.113.9", "203.0.113.1"] {
        let guess = login_from(&server, ip, "ada", "wrong password").await;
        assert_eq!(guess.status(), StatusCode::UNAUTHORIZED, "the network's own attempt");
        let limited = login_from(&server, ip, "ada", PASSWORD).await;
        let wait: u64 = limited.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        expect_error(limited, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    }
    assert_eq!(
        login_from(&server, "198.51.100.1", "ada", PASSWORD).await.status(),
        StatusCode::OK,
        "a network with a session of the account has attempts of its own"
    );
    assert_eq!(login_from(&server, "203.0.113.9", "bob", PASSWORD).await.status(), StatusCode::UNAUTHORIZED, "other names are not limited");
    server.clock.shift(60_000);
    assert_eq!(login_from(&server, "203.0.113.9", "ada", PASSWORD).await.status(), StatusCode::OK, "another network waits a minute");
    assert!(server.counted("wugan_login_total{outcome=\"limited\"}").await >= 2);
    server.stop().await;
}

/// The owner signs in from networks that have no session of the account.
#[tokio::test]
async fn case_17_the_owner_signs_in_during_an_attack() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "10/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    server.register("ada").await;
    for round in 0..12 {
        let mut guesses = 0;
        while login_from(&server, &format!("203.0.113.{}", round % 3), "ada", "wrong password").await.status() == StatusCode::UNAUTHORIZED {
            guesses += 1;
            assert!(guesses < 20, "round {round}: guessing is not slowed down");
        }
        let home = format!("2001:db8:0:{round:x}00::1");
        assert_eq!(login_from(&server, &home, "ada", "mistyped").await.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(login_from(&server, &home, "ada", PASSWORD).await.status(), StatusCode::OK, "round {round}");
        let nearby = format!("2001:db8:0:{round:x}ff::2");
        assert_eq!(login_from(&server, &nearby, "ada", PASSWORD).await.status(), StatusCode::OK, "an address changes within its network");
        server.clock.shift(20_000);
    }
    server.stop().await;
}

#[tokio::test]
async fn case_17_an_unknown_name_is_limited_like_a_known_one() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "3/5m"]).await;
    // Three attempts for the name, and one for the network.
    for _ in 0..4 {
        assert_eq!(server.try_login("unknown", "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    expect_error(server.try_login("unknown", "wrong password").await, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    server.stop().await;
}

/// The networks of one customer of a provider, a /56, share the limit of a name.
#[tokio::test]
async fn case_54_one_customers_ipv6_networks_share_the_limit_of_a_name() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "5/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    let mut guesses = 0;
    for network in 0..8 {
        let ip = format!("2001:db8:0:{network:x}::1");
        while login_from(&server, &ip, "ada", "wrong password").await.status() == StatusCode::UNAUTHORIZED {
            guesses += 1;
        }
    }
    assert_eq!(guesses, 6, "five for the name, one for the network");
    assert_eq!(
        login_from(&server, "2001:db8:0:100::1", "ada", "wrong password").await.status(),
        StatusCode::UNAUTHORIZED,
        "another customer"
    );
    server.stop().await;
}

/// The attempt is counted before the password's strength is estimated, which takes as long as a hash.
#[tokio::test]
async fn case_17_registrations_that_break_a_rule_count_for_their_network() {
    let server = TestServer::with(Kind::Sqlite, &["--address-limit", "2/5m"]).await;
    let register = async |name: &str, password: &str| server.post("/user/register", &json!({"username": name, "password": password})).await;
    for (name, password) in [("not a name", PASSWORD), ("ada", "password")] {
        expect_error(register(name, password).await, StatusCode::UNPROCESSABLE_ENTITY, Code::InvalidInput).await;
    }
    expect_error(register("not a name", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    server.stop().await;
}

/// One valid proof serves a whole flood of sign-ins, and verifying a signature takes longer than a refusal.
#[tokio::test]
async fn case_16_a_proof_is_verified_only_within_the_limit() {
    let server = TestServer::with(Kind::Sqlite, &["--address-limit", "3/5m"]).await;
    let credentials = json!({"username": "ada", "password": PASSWORD, "code": "code", "new_password": PASSWORD});
    let send = async |path: &str| {
        let request = server.http.post(format!("{}{path}", server.url)).header("dpop", "broken").json(&credentials);
        request.send().await.unwrap()
    };
    let paths = ["/user/login", "/user/register", "/user/reset"];
    for path in paths {
        expect_error(send(path).await, StatusCode::BAD_REQUEST, Code::InvalidDpopProof).await;
    }
    for path in paths {
        expect_error(send(path).await, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    }
    server.stop().await;
}

/// A /48 contains 256 networks.
#[tokio::test]
async fn case_54_a_site_shares_the_limit_of_a_name() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "5/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    let guess = async |network: u8| login_from(&server, &format!("2001:db8:0:{network:x}00::1"), "ada", "wrong password").await.status();
    let mut guesses = 0;
    for network in 0..12 {
        guesses +=
            usize::from(guess(network).await == StatusCode::UNAUTHORIZED) + usize::from(guess(network).await == StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guesses, 9, "five for the name, and four for the /48");
    assert_eq!(login_from(&server, "2001:db8:1::1", "ada", "wrong password").await.status(), StatusCode::UNAUTHORIZED, "another /48");
    server.stop().await;
}

#[tokio::test]
async fn case_17_one_address_with_many_names_is_limited() {
    let server = TestServer::with(Kind::Sqlite, &["--address-limit", "4/5m", "--trusted-proxy", "127.0.0.0/8"]).await;
    for n in 0..4 {
        assert_eq!(login_from(&server, "203.0.113.1", &format!("user{n}"), "wrong password").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(login_from(&server, "203.0.113.1", "another", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(login_from(&server, "203.0.113.2", "another", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    server.stop().await;
}

#[tokio::test]
async fn case_17_addresses_are_measured_on_connections_unless_a_proxy_is_trusted() {
    let server = TestServer::with(Kind::Sqlite, &["--address-limit", "2/5m"]).await;
    for n in 0..2 {
        assert_eq!(
            login_from(&server, &format!("203.0.113.{n}"), &format!("user{n}"), "wrong password").await.status(),
            StatusCode::UNAUTHORIZED
        );
    }
    assert_eq!(login_from(&server, "203.0.113.77", "another", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
    server.stop().await;
}

#[tokio::test]
async fn case_17_right_passwords_are_refunded_to_the_name() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "2/5m"]).await;
    server.register("ada").await;
    for _ in 0..6 {
        server.login("ada").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn case_17_guessing_with_a_stolen_access_token_is_limited() {
    let server = TestServer::with(Kind::Sqlite, &["--name-limit", "3/5m"]).await;
    let stolen = server.register("ada").await.access_token;
    for n in 0..3 {
        let path = if n % 2 == 0 { "/user/delete" } else { "/user/password" };
        let guess = json!({"password": "wrong password", "current_password": "wrong password", "new_password": "another password"});
        assert_eq!(server.post_as(&stolen, path, &guess).await.status(), StatusCode::FORBIDDEN);
    }
    let right = server.post_as(&stolen, "/user/delete", &json!({"password": PASSWORD})).await;
    expect_error(right, StatusCode::TOO_MANY_REQUESTS, Code::RateLimited).await;
    server.stop().await;
}
