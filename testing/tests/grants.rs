//! The same schedules over each grant.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{cell::RefCell, time::Duration};
use wugan::{
    AuthState, Client, Error, Request, SignOutReason,
    grant::{Exchange, Json, OAuth2, Query, RefreshGrant, RefreshOutcome, TokenResponse},
};
use wugan_testing::{API, Fault, Simulation};

struct AnyGrant(Box<dyn RefreshGrant>);

impl RefreshGrant for AnyGrant {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        self.0.refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        self.0.parse(response)
    }

    fn revoke(&self, exchange: &Exchange<'_>) -> Option<Request> {
        self.0.revoke(exchange)
    }
}

fn over_each(scenario: impl Fn(&Simulation, Client)) {
    let grants: [fn() -> Box<dyn RefreshGrant>; 3] = [
        || Box::new(Json::default()),
        || Box::new(Query::default()),
        || Box::new(OAuth2::new("/oauth/token", "app").revoke("/oauth/revoke").scope("all")),
    ];
    for grant in grants {
        let sim = Simulation::new(1);
        let client = sim.tab().client(Client::builder(API).grant(AnyGrant(grant())));
        client.session().sign_in(sim.server().sign_in("ada"));
        scenario(&sim, client);
    }
}

fn bbb(sim: &Simulation, client: &Client) -> Result<String, Error> {
    let request = client.get("/bbb");
    sim.block_on(sim.tab().run(async move { request.send().await?.text().await }))
}

#[test]
fn a_refused_token_is_renewed_and_the_request_succeeds() {
    over_each(|sim, client| {
        for round in 1..=3 {
            client.session().corrupt_access_token();
            assert_eq!(bbb(sim, &client), Ok("bbb".into()));
            assert_eq!(sim.server().stats().rotated, round);
        }
    });
}

#[test]
fn a_rejection_ends_the_session() {
    over_each(|sim, client| {
        sim.server().end_sessions("ada");
        assert_eq!(bbb(sim, &client), Err(Error::SignedOut(SignOutReason::Rejected)));
        assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::Rejected) });
    });
}

#[test]
fn an_outage_does_not_end_the_session() {
    over_each(|sim, client| {
        for fault in [Fault::Html(200), Fault::Html(403), Fault::Status(500), Fault::Lost] {
            client.session().corrupt_access_token();
            sim.server().fail_next([fault]);
            assert!(matches!(bbb(sim, &client), Err(Error::Unavailable { .. })), "{fault:?}");
            sim.advance(Duration::from_secs(90));
            assert_eq!(bbb(sim, &client), Ok("bbb".into()), "{fault:?}");
        }
    });
}

#[test]
fn a_400_without_an_error_code_does_not_end_the_session() {
    over_each(|sim, client| {
        client.session().corrupt_access_token();
        sim.server().fail_next([Fault::Status(400)]);
        assert!(matches!(bbb(sim, &client), Err(Error::Unavailable { .. })));
        assert_eq!(client.session().info().state, AuthState::SignedIn);
    });
}

#[test]
fn a_sign_out_is_revoked_where_the_grant_has_a_revocation() {
    // The query grant of the tutorial has none.
    let logouts = RefCell::new([1, 0, 1].into_iter());
    over_each(|sim, client| {
        let expected = logouts.borrow_mut().next().unwrap();
        client.session().sign_out();
        sim.advance(Duration::from_secs(1));
        assert_eq!(client.session().info().state, AuthState::SignedOut { reason: Some(SignOutReason::ByUser) });
        assert_eq!((sim.server().stats().logouts, sim.server().has_session("ada")), (expected, expected == 0));
    });
}
