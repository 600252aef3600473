//! Cases 14 to 17: sign-in and sign-out while requests and refreshes are in flight.

use crate::*;
use wugan::{
    Request, SignOutReason,
    grant::{Exchange, Json, RefreshGrant, RefreshOutcome, TokenResponse},
};
use wugan_testing::Fault;

#[test]
fn case_14_a_refresh_that_ends_after_a_sign_out_changes_nothing() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.05), seconds(0.05));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    sim.advance(seconds(0.14));
    assert_eq!(sim.server().stats().refreshes, 0);
    client.session().sign_out();
    let (stored, events) = (sim.stored(KEY), record(&client));
    assert!(!stored.as_ref().is_some_and(|text| text.contains("SECRET")));
    sim.advance(seconds(0.1));
    assert_eq!(sim.server().stats().rotated + sim.server().stats().refused, 1);
    assert_eq!(sim.block_on(response), Err(Error::SignedOut(SignOutReason::ByUser)));
    sim.advance(seconds(100.0));
    assert_eq!(sim.stored(KEY), stored);
    assert!(!is_signed_in(&client));
    assert_eq!(count(&events, |event| matches!(event, Event::SignedIn { .. } | Event::SignedOut { .. })), 0);
}

/// Notes the tokens that are revoked.
#[derive(Clone, Default)]
struct RevokesSingleTokens {
    is_cookie: bool,
    revoked: Rc<RefCell<Vec<String>>>,
}

impl RefreshGrant for RevokesSingleTokens {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        Json::default().refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        Json::default().parse(response)
    }

    fn needs_refresh_token(&self) -> bool {
        !self.is_cookie
    }

    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        self.revoked.borrow_mut().push(exchange.refresh_token.to_owned());
        None
    }
}

#[test]
fn case_14_tokens_that_are_granted_after_a_sign_out_are_revoked() {
    for (is_cookie, signs_in_again) in [(false, false), (false, true), (true, false), (true, true)] {
        let grant = RevokesSingleTokens { is_cookie, ..RevokesSingleTokens::default() };
        let (sim, tab, client) = ada_with(builder().grant(grant.clone()));
        sim.server().set_latency(seconds(0.05), seconds(0.05));
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        sim.advance(seconds(0.16));
        assert_eq!(sim.server().stats().rotated, 1);
        client.session().sign_out();
        if signs_in_again {
            client.session().sign_in(sim.server().sign_in("bob"));
        }
        sim.advance(seconds(1.0));
        assert!(sim.block_on(response).is_err());
        let revoked = grant.revoked.borrow();
        match &revoked[..] {
            [spent, granted] if !signs_in_again => assert_ne!(spent, granted),
            // Some providers revoke the grant of the new session, too.
            [_] if signs_in_again => {}
            _ => panic!("{} revoked", revoked.len()),
        }
    }
}

#[test]
fn case_15_a_late_answer_for_the_previous_user_changes_nothing() {
    for (rejected, other_tab) in [(false, false), (true, false), (false, true), (true, true)] {
        let (sim, tab, client) = ada();
        sim.server().set_latency(seconds(0.05), seconds(0.05));
        client.session().corrupt_access_token();
        if rejected {
            client.session().corrupt_refresh_token();
        }
        let response = get(&tab, &client, "/bbb");
        sim.advance(seconds(0.14));
        let second_tab = sim.tab();
        let second = second_tab.client(builder());
        let actor = if other_tab { &second } else { &client };
        actor.session().sign_out();
        actor.session().sign_in(sim.server().sign_in("bob"));
        let stored = sim.stored(KEY);
        sim.advance(seconds(5.0));
        assert_eq!(sim.stored(KEY), stored);
        assert_eq!(sim.block_on(response), Err(Error::SessionChanged));
        for client in [&client, &second] {
            assert_eq!(user(client).as_deref(), Some("bob"));
        }
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
}

#[test]
fn case_16_a_request_is_never_replayed_for_another_user() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    sim.settle();
    let second = sim.tab().client(builder());
    second.session().sign_in(sim.server().sign_in("bob"));
    assert_eq!(sim.block_on(response), Err(Error::SessionChanged));
    assert_eq!(sim.server().stats().accepted, 0);
    let is_other_sign_in = |event: &Event| matches!(event, Event::SignedIn { user: Some(user), other_tab: true } if user.id == "bob");
    assert_eq!(count(&events, is_other_sign_in), 1);
}

#[test]
fn case_17_sign_out_needs_no_network() {
    let (sim, _tab, client) = ada();
    sim.server().fail(Fault::Unreachable);
    client.session().sign_out();
    assert!(!is_signed_in(&client));
    assert!(!sim.stored(KEY).is_some_and(|text| text.contains("SECRET")));
    sim.advance(seconds(100.0));
    assert!(!is_signed_in(&client));

    let (sim, _tab, client) = ada();
    client.session().sign_out();
    sim.advance(seconds(1.0));
    assert_eq!(sim.server().stats().logouts, 1);
    assert!(!sim.server().has_session("ada"));
}

/// Revokes with the token in the query and a reason in a header.
struct RevokesByQuery(&'static str);

impl RefreshGrant for RevokesByQuery {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        Json::default().refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        Json::default().parse(response)
    }

    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        Some(Request::post("/user/logout").query(&[("token", exchange.refresh_token)]).header("x-reason", self.0))
    }
}

#[test]
fn case_17_a_revocation_keeps_its_query_and_is_not_sent_if_invalid() {
    for (reason, is_sent) in [("over", true), ("line\nbreak", false)] {
        let (sim, _tab, client) = ada_with(builder().grant(RevokesByQuery(reason)));
        client.session().sign_out();
        sim.advance(seconds(1.0));
        assert_eq!((sim.server().stats().logouts, sim.server().has_session("ada")), (u64::from(is_sent), !is_sent), "{reason:?}");
    }
}

#[test]
fn a_refresh_without_a_session_names_the_reason() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    assert_eq!(sim.block_on(refresh((&tab, &client))), Err(Error::SignedOut(SignOutReason::NeverSignedIn)));
    client.session().sign_in(sim.server().sign_in("ada"));
    client.session().sign_out();
    assert_eq!(sim.block_on(refresh((&tab, &client))), Err(Error::SignedOut(SignOutReason::ByUser)));
}
