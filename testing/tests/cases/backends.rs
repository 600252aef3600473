//! Cases 38, 40: several backends on one page, and an identity provider apart from the API.

use crate::*;
use wugan::{
    RequestCredentials, Warning,
    grant::{Json, OAuth2},
};

const OTHER: &str = "https://other.example.com";

#[test]
fn case_38_two_backends_on_one_page_do_not_share_tokens() {
    for other_base in [OTHER, "https://api.example.com/other/"] {
        let sim = Simulation::new(1);
        let tab = sim.tab();
        let (server, other_server) = (sim.server(), sim.add_server(other_base));
        let client = tab.client(builder());
        client.session().sign_in(server.sign_in("ada"));
        let other = tab.client(Client::builder(other_base).grant(Json::new("user/refresh")));
        other.session().sign_in(other_server.sign_in("bob"));
        assert_eq!((user(&client).as_deref(), user(&other).as_deref()), (Some("ada"), Some("bob")));
        for client in [&client, &other] {
            client.session().corrupt_access_token();
            let url = if std::ptr::eq(client, &other) { "bbb" } else { "/bbb" };
            let response = get(&tab, client, url);
            assert_eq!(sim.block_on(response), bbb());
        }
        other_server.end_sessions("bob");
        other.session().corrupt_access_token();
        let response = get(&tab, &other, "bbb");
        assert!(matches!(sim.block_on(response), Err(Error::SignedOut(_))));
        assert!(is_signed_in(&client) && !is_signed_in(&other), "{other_base}");
        let violations: Vec<_> = [server.violations(), other_server.violations()].concat();
        assert!(!violations.iter().any(|violation| violation.contains("backend") || violation.contains("origin")), "{violations:?}");
    }
}

#[test]
fn case_38_one_oauth_client_has_a_session_for_each_api() {
    const KEY: &str = "wugan:https://api.example.com/oauth/token#app";
    for name in ["resource", "audience"] {
        let sim = Simulation::new(1);
        let (server, tab) = (sim.server(), sim.tab());
        server.add_base("https://files.example.com", 0.0);
        let grant = || OAuth2::new("https://api.example.com/oauth/token", "app").parameter("prompt", "none");
        let plain = tab.client(builder().grant(grant()));
        plain.session().sign_in(server.sign_in("ada"));
        assert!(sim.stored(KEY).is_some(), "without such a parameter, the key is that of the client id: {:?}", sim.store());
        let api = |base: &str| tab.client(Client::builder(base).grant(grant().parameter(name, base)));
        let (notes, files) = (api(API), api("https://files.example.com"));
        assert!(!is_signed_in(&notes) && !is_signed_in(&files), "{name}");
        notes.session().sign_in(server.sign_in("bob"));
        let token_of = |client: &Client| {
            let session = client.session().clone();
            sim.block_on(tab.run(async move { session.token().await })).unwrap().map(|token| token.as_str().to_owned())
        };
        let of_notes = token_of(&notes);
        assert_eq!(token_of(&files), None, "{name}: the token for the notes is not sent to the files");
        files.session().sign_in(server.sign_in("bob"));
        files.session().corrupt_access_token();
        assert_eq!(sim.block_on(get(&tab, &files, "/bbb")), bbb());
        assert_eq!((token_of(&notes), user(&plain).as_deref()), (of_notes, Some("ada")), "{name}");
        assert_eq!((server.stats().rotated, server.violations()), (1, vec![]));
    }
}

#[test]
fn case_54_the_clients_credentials_do_not_hold_for_an_oauth_provider() {
    let sim = Simulation::new(1);
    let (server, tab) = (sim.server(), sim.tab());
    // An earlier visit left a cookie at the provider.
    let login = tab.client(builder()).post("/cookie/login").credentials(RequestCredentials::Include);
    let login = login.json(&serde_json::json!({"username": "ada", "password": "any"}));
    assert_eq!(status(sim.block_on(send(&tab, login))), Ok(200));
    assert!(sim.has_cookie(API));
    let grant = OAuth2::new("/oauth/token", "app").revoke("/oauth/revoke");
    let client = tab.client(builder().grant(grant).credentials(RequestCredentials::Include));
    client.session().sign_in(server.sign_in("bob"));
    client.session().corrupt_access_token();
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!((server.stats().rotated, server.violations()), (1, vec![]));
}

#[test]
fn case_38_a_record_of_another_issuer_is_ignored() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let (server, other_server) = (sim.server(), sim.add_server(OTHER));
    let client = tab.client(builder().storage_key("shared"));
    client.session().sign_in(server.sign_in("ada"));
    // A hidden tab does not renew its token.
    tab.hide(true);
    let record = sim.stored("shared");
    sim.advance(seconds(1.0));

    let other_tab = sim.tab();
    let other = other_tab.client(Client::builder(OTHER).storage_key("shared"));
    assert!(!is_signed_in(&other));
    assert!(other.session().info().warnings.contains(&Warning::StoreOfOtherBackend), "{:?}", other.session().info());
    let response = get(&other_tab, &other, "/bbb");
    assert_eq!(status(sim.block_on(response)), Ok(401));
    sim.advance(seconds(3_600.0));
    assert_eq!((other_server.stats().refreshes, other_server.violations()), (0, vec![]));
    assert!(record.is_some());
    assert_eq!(sim.stored("shared"), record);
    // A user of the other backend is signed in in memory only.
    other.session().sign_in(other_server.sign_in("bob"));
    other.session().corrupt_access_token();
    assert_eq!(sim.block_on(get(&other_tab, &other, "/bbb")), bbb());
    other.session().sign_out();
    sim.advance(seconds(1.0));
    assert_eq!(sim.stored("shared"), record);
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!((user(&client).as_deref(), server.violations()), (Some("ada"), vec![]));
}

#[test]
fn case_40_the_age_of_a_token_is_measured_by_the_clock_of_its_issuer() {
    for offset in [70_000.0, -70_000.0, 0.0] {
        let sim = Simulation::new(1);
        let tab = sim.tab();
        tab.hide(true);
        let server = sim.server();
        server.add_base("https://id.example.com", offset);
        server.set_access_ttl(seconds(60.0));
        let client = tab.client(builder().grant(Json::new("https://id.example.com/user/refresh")));
        let sign_in = client.post("https://id.example.com/user/login").json(&serde_json::json!({"username": "ada", "password": "x"}));
        let signed_in = tab.run(async move { sign_in.sign_in().await.map(drop) });
        assert_eq!(sim.block_on(signed_in), Ok(()));
        // Twenty minutes: the token is renewed once a minute, not before each request.
        for _ in 0..240 {
            let response = get(&tab, &client, "/bbb");
            assert_eq!(sim.block_on(response), bbb(), "{offset}");
            sim.advance(seconds(5.0));
        }
        let stats = server.stats();
        assert!((18..=26).contains(&stats.refreshes), "{offset}: {stats:?}");
        assert!(stats.unauthorized <= 1, "{offset}: {stats:?}");
    }
}

#[test]
fn case_40_a_token_signed_in_without_its_response_is_aged_by_its_own_claims() {
    for offset in [70_000.0, -70_000.0] {
        let sim = Simulation::new(1);
        let tab = sim.tab();
        tab.hide(true);
        let server = sim.server();
        server.add_base("https://id.example.com", offset);
        server.set_access_ttl(seconds(60.0));
        let client = tab.client(builder().grant(Json::new("https://id.example.com/user/refresh")));
        client.session().sign_in(server.sign_in("ada"));
        for _ in 0..60 {
            let response = get(&tab, &client, "/bbb");
            assert_eq!(sim.block_on(response), bbb(), "{offset}");
            sim.advance(seconds(5.0));
        }
        assert!((3..=8).contains(&server.stats().refreshes), "{offset}: {:?}", server.stats());
    }
}
