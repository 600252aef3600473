//! Tokens that are bound to a key (DPoP, RFC 9449): proofs, nonces, a lost key, a copy of the store.

use super::requests::stream;
use crate::*;
use std::cell::Cell;
use wugan::{Body, SignIn, SignOutReason, Warning};
use wugan_testing::{Fault, Server};

/// How long the server gives out a nonce.
const STEP: f64 = 60.0;

const SENT: usize = 20;

fn bound() -> ClientBuilder {
    builder().dpop(true)
}

/// Signs ada in, with a proof.
fn sign_in(sim: &Simulation, tab: &Tab, client: &Client) -> Result<bool, Error> {
    let request = client.post("/user/login").json(&serde_json::json!({"username": "ada", "password": "any"}));
    sim.block_on(tab.run(async move { Ok(matches!(request.sign_in().await?, SignIn::Done(_))) }))
}

/// A tab in which ada is signed in, at a server with these nonces.
fn bound_ada(nonces: Option<Duration>) -> (Simulation, Server, Tab, Client) {
    let sim = Simulation::new(1);
    let (server, tab) = (sim.server(), sim.tab());
    server.use_dpop(nonces);
    let client = tab.client(bound());
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    (sim, server, tab, client)
}

/// Sends at once from each of these tabs; all requests are answered.
fn burst(sim: &Simulation, tabs: &[(Tab, Client)]) {
    let sent: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..SENT).map(|_| get(tab, client, "/bbb"))).collect();
    sent.into_iter().for_each(|response| assert_eq!(sim.block_on(response), bbb()));
}

#[test]
fn dpop_four_tabs_share_the_key_and_make_one_refresh() {
    for nonces in [None, Some(seconds(STEP))] {
        let (sim, server, tab, client) = bound_ada(nonces);
        let mut tabs = vec![(tab, client)];
        for _ in 0..3 {
            let tab = sim.tab();
            let client = tab.client(bound());
            tabs.push((tab, client));
        }
        for round in 1..=5 {
            sim.advance(seconds(600.0));
            server.revoke_access_tokens();
            burst(&sim, &tabs);
            assert_eq!(server.stats().rotated, round, "{nonces:?}");
        }
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[test]
fn dpop_a_sign_in_keeps_its_deadline_while_the_key_store_does_not_answer() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    sim.server().use_dpop(None);
    tab.stall_keys();
    let client = tab.client(bound());
    let request = client.post("/user/login").timeout(seconds(5.0));
    let started = sim.now();
    let signed_in = tab.run(async move { request.sign_in().await.map(drop) });
    assert_eq!(sim.block_on(signed_in), Err(Error::Timeout));
    assert!(sim.now() - started < 5_100.0);
}

#[test]
fn dpop_a_nonce_is_asked_for_once_and_is_no_refused_token() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    assert_eq!(server.stats().missing_nonces, 1, "the sign-in has asked for it");
    for _ in 0..SENT {
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    }
    assert_eq!(server.stats().missing_nonces, 1);
    // Two steps later the nonce is too old.
    sim.advance(seconds(3.0 * STEP));
    for _ in 0..SENT {
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    }
    let stats = server.stats();
    assert_eq!((stats.missing_nonces, stats.refreshes, stats.unauthorized), (2, 0, 0));
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn dpop_a_token_endpoint_that_asks_for_a_nonce_by_401_does_not_reject_the_session() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    for round in 1..=3 {
        // The token has expired, and the nonce too.
        tab.hide(true);
        sim.advance(seconds(3_600.0));
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
        let stats = server.stats();
        assert_eq!((stats.rotated, stats.refused, stats.refreshes, stats.missing_nonces), (round, 0, 2 * round, 1 + round));
    }
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn dpop_a_server_that_accepts_no_nonce_is_an_error_and_ends_nothing() {
    let (sim, server, tab, client) = bound_ada(None);
    // Each nonce is too old when it arrives.
    server.use_dpop(Some(seconds(0.001)));
    assert!(matches!(sim.block_on(get(&tab, &client, "/bbb")), Err(Error::InvalidRequest(reason)) if reason.contains("nonce")));
    assert_eq!(server.stats().missing_nonces, 3);
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    assert!(matches!(sim.block_on(get(&tab, &client, "/bbb")), Err(Error::Unavailable { .. })));
    assert!(is_signed_in(&client));
    server.use_dpop(None);
    sim.advance(seconds(60.0));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
}

#[test]
fn dpop_a_stream_that_is_refused_for_its_nonce_is_a_typed_error_without_a_refresh() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    sim.advance(seconds(3.0 * STEP));
    let response = send(&tab, client.post("/echo").body(stream()));
    assert_eq!(status(sim.block_on(response)), Err(Error::NotReplayable));
    assert_eq!(server.stats().refreshes, 0);
}

#[test]
fn case_09_with_dpop_a_stream_that_can_be_made_again_is_sent_with_the_nonce() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    sim.advance(seconds(3.0 * STEP));
    let made = Rc::new(Cell::new(0));
    let count = made.clone();
    let body = Body::from_fn(move || {
        count.set(count.get() + 1);
        stream()
    });
    let response = send(&tab, client.post("/echo").body(body));
    assert_eq!(status(sim.block_on(response)), Ok(200));
    assert_eq!((made.get(), server.stats().missing_nonces, server.stats().refreshes), (2, 2, 0));
}

#[test]
fn dpop_the_clock_of_the_device_may_be_wrong() {
    for hours in [-24.0, -2.0, 2.0, 24.0] {
        let sim = Simulation::new(1);
        let (server, tab) = (sim.server(), sim.tab());
        server.use_dpop(None);
        tab.set_clock_offset(hours * 3_600_000.0);
        let client = tab.client(bound());
        assert_eq!(sign_in(&sim, &tab, &client), Ok(true), "{hours}");
        for _ in 0..SENT {
            assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb(), "{hours}");
        }
        assert_eq!(server.stats().untimely_proofs, 1, "{hours}");
        // The user corrects it.
        tab.set_clock_offset(0.0);
        server.allow_early_refreshes();
        for _ in 0..SENT {
            assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb(), "{hours}");
        }
        assert!(server.stats().untimely_proofs <= 2, "{hours}: {:?}", server.stats());
        assert_eq!(server.violations(), Vec::<String>::new());
    }
}

#[test]
fn dpop_each_server_gets_proofs_with_its_own_time() {
    let sim = Simulation::new(1);
    let (server, tab) = (sim.server(), sim.tab());
    server.use_dpop(None);
    // The API's clock is two hours ahead of the identity provider's.
    server.add_base("https://files.example.com", 7_200_000.0);
    let client = tab.client(bound().allow_origin("https://files.example.com"));
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    for _ in 0..SENT {
        for url in ["/bbb", "https://files.example.com/bbb"] {
            assert_eq!(sim.block_on(get(&tab, &client, url)), bbb(), "{url}");
        }
    }
    let stats = server.stats();
    assert_eq!((stats.untimely_proofs, stats.refreshes), (1, 0));
}

#[test]
fn dpop_a_lost_key_ends_the_session_with_its_reason_and_the_next_sign_in_makes_another() {
    let (sim, server, tab, client) = bound_ada(None);
    sim.clear_keys();
    // This page has read the key.
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    let other = sim.tab();
    let events = record(&client);
    let reopened = other.client(bound());
    sim.advance(seconds(1.0));
    for client in [&client, &reopened] {
        assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::KeyLost) });
    }
    assert_eq!(count(&events, |event| matches!(event, Event::SignedOut { reason: SignOutReason::KeyLost })), 1);
    assert_eq!(sign_in(&sim, &other, &reopened), Ok(true));
    sim.advance(seconds(1.0));
    // The first tab, which had another key, uses the new one.
    server.revoke_access_tokens();
    burst(&sim, &[(tab, client), (other, reopened)]);
    assert_eq!(server.stats().rotated, 1);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn dpop_a_check_that_ends_late_does_not_end_the_next_session() {
    let (sim, _, tab, client) = bound_ada(None);
    let other = sim.tab();
    sim.clear_keys();
    // Its check reads the store while the user signs in anew.
    let reopened = other.client(bound());
    other.freeze();
    client.session().sign_out();
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    other.thaw();
    sim.advance(seconds(1.0));
    assert!(is_signed_in(&client) && is_signed_in(&reopened));
    assert_eq!(sim.block_on(get(&other, &reopened, "/bbb")), bbb());
}

#[test]
fn dpop_a_store_of_keys_that_fails_does_not_end_the_session() {
    let (sim, _, tab, client) = bound_ada(None);
    let other = sim.tab();
    other.set_key_store_error(true);
    let reopened = other.client(bound());
    assert!(matches!(sim.block_on(get(&other, &reopened, "/bbb")), Err(Error::Unavailable { .. })));
    other.set_key_store_error(false);
    assert_eq!(sim.block_on(get(&other, &reopened, "/bbb")), bbb());
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
}

#[test]
fn dpop_a_session_that_began_without_a_key_ends() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    sim.server().use_dpop(None);
    let bearer = tab.client(builder());
    bearer.session().sign_in(sim.server().sign_in("ada"));
    let client = tab.client(bound());
    sim.advance(seconds(1.0));
    assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::KeyLost) });
}

#[test]
fn dpop_a_copy_of_the_store_is_of_no_use_and_the_owner_goes_on() {
    let (sim, server, tab, client) = bound_ada(None);
    let copied = |name: &str| stored_record(&sim)[name].as_str().unwrap().to_owned();
    for round in 1..=3 {
        let [access, refresh, attempt] = ["access_token", "refresh_token", "attempt"].map(copied);
        assert!(!server.accepts(&access));
        assert_eq!(server.exchange(&refresh, Some(&attempt)).map(drop), None);
        // In another browser the copy is refused too: it has no key, and one of its own is another.
        let thief = Simulation::new(2);
        thief.server().use_dpop(None);
        thief.overwrite(KEY, sim.stored(KEY).as_deref());
        let thiefs_tab = thief.tab();
        let thiefs = thiefs_tab.client(bound());
        thief.advance(seconds(1.0));
        assert_eq!(thiefs.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::KeyLost) });
        server.revoke_access_tokens();
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
        assert_eq!((server.stats().rotated, server.stats().revoked), (round, 0));
    }
    // The same copy of a session without a key opens it.
    let unbound = Simulation::new(1);
    let tokens = unbound.server().sign_in("ada");
    assert!(unbound.server().accepts(&tokens.access_token));
}

/// The application answers a long upload. The `Date` of its answer is more than half a minute later than the proof.
#[test]
fn dpop_a_post_that_the_application_answers_400_is_sent_once() {
    let (sim, server, tab, client) = bound_ada(None);
    sim.trace();
    server.set_latency(seconds(31.0), seconds(32.0));
    server.fail(Fault::Status(400));
    let response = send(&tab, client.post("/echo").timeout(seconds(600.0)).text("pay 100"));
    assert_eq!(status(sim.block_on(response)), Ok(400));
    let sent = sim.timeline().lines().filter(|line| line.contains("sends POST /echo")).count();
    assert_eq!(sent, 1, "\n{}", sim.timeline());
}

/// The 401 of this route is about a code that the user typed, and the server has a new nonce: each sending uses up one of the user's attempts.
#[test]
fn dpop_a_401_of_a_request_without_refresh_is_sent_once() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    sim.advance(seconds(STEP + 1.0));
    let accepted = server.stats().accepted;
    let response = send(&tab, client.post("/pin").no_refresh().text("1234"));
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(server.stats().accepted - accepted, 1);
}

/// The device's clock is set while the page is open, and the server does not show its own. What is refused is the proof.
#[test]
fn dpop_a_refused_proof_is_no_verdict_on_the_refresh_token() {
    for hours in [-2.0, 2.0] {
        let (sim, server, tab, client) = bound_ada(None);
        server.hide_date(true);
        server.allow_early_refreshes();
        tab.hide(true);
        sim.advance(seconds(3_600.0));
        tab.set_clock_offset(hours * 3_600_000.0);
        let response = status(sim.block_on(get(&tab, &client, "/bbb")));
        assert!(is_signed_in(&client), "{hours}: {response:?}");
        tab.set_clock_offset(0.0);
        sim.advance(seconds(120.0));
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb(), "{hours}");
    }
}

#[test]
fn dpop_a_session_in_memory_has_a_key() {
    let sim = Simulation::new(1);
    sim.server().use_dpop(None);
    let tab = sim.tab();
    let client = tab.client(bound().in_memory());
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    sim.advance(seconds(3_600.0));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
}

/// The users signed in with DPoP, and the app is rolled back to a version without it, or another tab has an old version.
#[test]
fn dpop_a_client_without_a_key_leaves_a_bound_session_to_the_tabs_that_have_it() {
    let (sim, server, tab, client) = bound_ada(None);
    let before = sim.stored(KEY);
    let other = sim.tab();
    let bearer = other.client(builder());
    let ended = AuthState::SignedOut { reason: Some(SignOutReason::KeyLost) };
    assert_eq!(bearer.session().info().state, ended);
    for _ in 0..SENT {
        assert_eq!(status(sim.block_on(get(&other, &bearer, "/bbb"))), Ok(401));
    }
    assert_eq!((sim.stored(KEY), server.stats().refreshes), (before, 0));
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!(bearer.session().info().state, ended);
    // A user can sign in there. The tab with DPoP leaves that session alone.
    bearer.session().sign_in(server.sign_in("bob"));
    sim.advance(seconds(1.0));
    assert_eq!(client.session().info().state, ended);
    assert_eq!(sim.block_on(get(&other, &bearer, "/bbb")), bbb());
    // And back again.
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    sim.advance(seconds(1.0));
    assert_eq!(bearer.session().info().state, ended);
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[test]
fn dpop_a_page_with_dpop_ends_the_bearer_session_that_it_finds() {
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 2, builder);
    sim.server().use_dpop(None);
    let client = sim.tab().client(bound());
    assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::KeyLost) });
    assert_eq!(stored_record(&sim)["ended"], "KeyLost", "no token is left that a thief could use");
    sim.advance(seconds(1.0));
    assert!(tabs.iter().all(|(_, client)| !is_signed_in(client)));
}

#[test]
fn dpop_tokens_that_are_not_bound_are_never_stored() {
    let sim = Simulation::new(1);
    let (server, tab) = (sim.server(), sim.tab());
    let client = tab.client(bound());
    // The server ignores proofs, or a proxy removes them.
    assert!(matches!(sign_in(&sim, &tab, &client), Err(Error::Decode { message, .. }) if message.contains("DPoP")));
    assert_eq!(sim.stored(KEY), None);
    assert!(server.has_session("ada"));
    sim.advance(seconds(1.0));
    assert!(!server.has_session("ada"), "they are revoked");
    server.use_dpop(None);
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    assert_eq!(sim.block_on(refresh((&tab, &client))), Ok(()));
    let before = sim.stored(KEY);
    for body in ["{\"token_type\":\"Bearer\",\"access_token\":\"unbound\",\"refresh_token\":\"unbound\"}", "{\"access_token\":\"unbound\"}"]
    {
        server.fail_next([Fault::Reply { status: 200, content_type: "application/json", body }]);
        server.allow_early_refreshes();
        assert!(matches!(sim.block_on(refresh((&tab, &client))), Err(Error::Unavailable { .. })));
        assert_eq!(sim.stored(KEY), before);
        assert!(matches!(&*client.session().info().warnings, [Warning::UnrecognizedResponse(reason)] if reason.contains("DPoP")));
        sim.advance(seconds(2.0));
    }
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
}

/// A browser repeats a request whose connection was reset. oidc-provider refuses the repeated proof with the code of a refused refresh token.
#[test]
fn dpop_a_refused_refresh_is_sent_once_more_with_a_new_proof() {
    let (sim, server, tab, client) = bound_ada(None);
    server.allow_early_refreshes();
    let refused = Fault::Reply { status: 400, content_type: "application/json", body: "{\"error\":\"invalid_grant\"}" };
    server.fail_next([refused]);
    assert_eq!(sim.block_on(refresh((&tab, &client))), Ok(()));
    assert_eq!((server.stats().refreshes, server.stats().rotated), (2, 1));
    // The second refusal counts.
    server.end_sessions("ada");
    assert_eq!(status(sim.block_on(get(&tab, &client, "/bbb"))), Err(Error::SignedOut(SignOutReason::Rejected)));
    assert_eq!((server.stats().refreshes, server.stats().refused), (4, 2));
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// The user signs in again, in a page that has read the key before it was removed.
#[test]
fn dpop_a_sign_in_stores_a_key_again_that_the_browser_has_removed() {
    let (sim, server, tab, client) = bound_ada(None);
    sim.clear_keys();
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    let other = sim.tab();
    let reopened = other.client(bound());
    sim.advance(seconds(1.0));
    assert!(is_signed_in(&client) && is_signed_in(&reopened));
    burst(&sim, &[(tab, client), (other, reopened)]);
    assert_eq!(server.violations(), Vec::<String>::new());
}

/// The page is closed right after the sign-out.
#[test]
fn dpop_a_sign_out_needs_no_key_store() {
    let (sim, server, tab, client) = bound_ada(None);
    tab.set_key_store_error(true);
    client.session().sign_out();
    sim.advance(seconds(1.0));
    assert!(!server.has_session("ada"));
}

#[test]
fn dpop_a_clock_that_is_a_little_wrong_is_corrected_by_a_server_with_a_narrow_window() {
    let sim = Simulation::new(1);
    let (server, tab) = (sim.server(), sim.tab());
    server.use_dpop(None);
    server.set_proof_window(seconds(15.0));
    tab.set_clock_offset(20_000.0);
    let client = tab.client(bound());
    assert_eq!(sign_in(&sim, &tab, &client), Ok(true));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!(server.stats().untimely_proofs, 1);
}

/// wugan-server refuses a repeated proof with the code of RFC 9449 §5.
#[test]
fn dpop_a_repeated_proof_that_is_refused_as_such_is_made_anew() {
    let (sim, server, tab, client) = bound_ada(None);
    server.allow_early_refreshes();
    let refused = Fault::Reply { status: 400, content_type: "application/json", body: "{\"error\":\"invalid_dpop_proof\"}" };
    server.fail_next([refused]);
    let refreshed = sim.block_on(refresh((&tab, &client)));
    assert_eq!((refreshed, server.stats().refreshes), (Ok(()), 2));
}

/// The nonce is too old, so the first sending opens the connection on which the browser repeats the second one.
#[test]
fn dpop_a_refused_refresh_is_sent_once_more_after_a_nonce_too() {
    let (sim, server, tab, client) = bound_ada(Some(seconds(STEP)));
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    let refused = Fault::Reply { status: 400, content_type: "application/json", body: "{\"error\":\"invalid_grant\"}" };
    server.fail_next([Fault::None, refused]);
    let response = sim.block_on(get(&tab, &client, "/bbb"));
    assert_eq!((response, server.stats().refreshes), (bbb(), 3));
}

/// The `Date` of the answer is later than the proof because the upload took long.
#[test]
fn dpop_a_slow_401_without_a_reason_is_sent_once_before_the_refresh() {
    let (sim, server, tab, client) = bound_ada(None);
    sim.trace();
    server.set_latency(seconds(11.0), seconds(12.0));
    server.fail(Fault::Status(401));
    let response = send(&tab, client.post("/echo").timeout(seconds(600.0)).text("a long upload"));
    // The refresh fails too.
    drop(sim.block_on(response));
    let sent = sim.timeline().lines().filter(|line| line.contains("sends POST /echo")).count();
    assert_eq!(sent, 1, "\n{}", sim.timeline());
}

/// A copy of its tokens may have been made before.
#[test]
fn dpop_a_bearer_session_that_a_page_with_dpop_ends_is_revoked() {
    let sim = Simulation::new(1);
    let _tabs = tabs(&sim, 1, builder);
    sim.server().use_dpop(None);
    let _client = sim.tab().client(bound());
    sim.advance(seconds(5.0));
    assert!(!sim.server().has_session("ada"));
}

/// Both tabs were opened before any user had signed in; one has an old version of the app.
#[test]
fn dpop_a_sign_in_without_a_key_in_another_tab_is_kept() {
    let sim = Simulation::new(1);
    let (old, new) = (sim.tab(), sim.tab());
    sim.server().use_dpop(None);
    let bearer = old.client(builder());
    let _bound = new.client(bound());
    sim.advance(seconds(60.0));
    bearer.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(1.0));
    assert_eq!(bearer.session().info().state, AuthState::SignedIn);
}
