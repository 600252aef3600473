//! Case 39: responses of caches do not set the clock.

use crate::*;
use wugan::{
    Request, SignIn, TokenSet,
    grant::{Exchange, Json, RefreshGrant, RefreshOutcome, TokenResponse},
};

#[test]
fn case_39_a_response_of_the_browser_cache_makes_no_token_younger() {
    for url in ["/cached", "/replayed"] {
        let (sim, tab, client) = ada();
        tab.hide(true);
        let response = get(&tab, &client, url);
        assert!(sim.block_on(response).is_ok());
        sim.advance(seconds(1_750.0));
        // Its `Date` is half an hour old, and there is no `Age`.
        let response = get(&tab, &client, url);
        assert!(sim.block_on(response).is_ok());
        let expires_in = client.session().info().expires_in.unwrap();
        assert!(expires_in <= seconds(52.0), "{url}: {expires_in:?}");
        sim.advance(seconds(60.0));
        assert_eq!(client.session().info().expires_in, Some(Duration::ZERO), "{url}");
        // A socket asks for a token without a request that could be refused.
        let session = client.session().clone();
        let token = sim.block_on(tab.run(async move { session.token().await })).unwrap().unwrap();
        assert!(sim.server().accepts(token.as_str()), "{url}");
        assert_eq!((sim.server().stats().refreshes, sim.server().stats().unauthorized), (1, 0), "{url}");
    }
}

#[test]
fn case_39_after_a_sleep_a_cached_response_does_not_hide_that_the_token_expired() {
    let (sim, tab, client) = ada();
    let response = get(&tab, &client, "/cached");
    assert!(sim.block_on(response).is_ok());
    tab.freeze();
    sim.advance(seconds(1_900.0));
    tab.add_sleep(1_900_000.0);
    tab.thaw();
    let response = get(&tab, &client, "/cached");
    assert!(sim.block_on(response).is_ok());
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().refreshes, sim.server().stats().unauthorized), (1, 0));
}

/// A response with any text signs in with these tokens.
struct SignsInWith(TokenSet);

impl RefreshGrant for SignsInWith {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        Json::default().refresh(exchange)
    }

    fn parse(&self, _: &TokenResponse<'_>) -> RefreshOutcome {
        RefreshOutcome::Granted(self.0.clone())
    }
}

#[test]
fn case_39_a_sign_in_that_a_cache_answers_makes_no_token_younger() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    tab.hide(true);
    let client = tab.client(builder().grant(SignsInWith(sim.server().sign_in("ada"))));
    assert!(sim.block_on(get(&tab, &client, "/cached")).is_ok());
    sim.advance(seconds(1_750.0));
    assert!(sim.block_on(send(&tab, client.post("/echo"))).is_ok(), "it shows the server's time");
    let request = client.get("/cached");
    let signed_in = tab.run(async move { request.sign_in().await.is_ok_and(|signed_in| matches!(signed_in, SignIn::Done(_))) });
    assert!(sim.block_on(signed_in));
    let expires_in = client.session().info().expires_in;
    assert!(expires_in <= Some(seconds(52.0)), "{expires_in:?}");
}
