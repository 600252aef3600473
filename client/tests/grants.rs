//! The same scenarios over each grant.
#![allow(clippy::unwrap_used, missing_docs)]

use std::{cell::RefCell, time::Duration};
use wugan::{
    Client, Error, Grant, Json, OAuth, Query, Reason, Request, State,
    testing::{Fault, World},
};

fn over_each(scenario: impl Fn(&World, Client)) {
    let each: [fn() -> Box<dyn Grant>; 3] = [
        || Box::new(Json::default()),
        || Box::new(Query::default()),
        || Box::new(OAuth::new("/oauth/token", "app").revoke("/oauth/revoke").scope("all")),
    ];
    struct Any(Box<dyn Grant>);
    impl Grant for Any {
        fn refresh(&self, refresh_token: &str) -> Request {
            self.0.refresh(refresh_token)
        }
        fn judge(&self, reply: &wugan::Reply<'_>) -> wugan::Verdict {
            self.0.judge(reply)
        }
        fn revoke(&self, refresh_token: &str) -> Option<Request> {
            self.0.revoke(refresh_token)
        }
    }
    for grant in each {
        let world = World::new(1);
        let client = world.tab().client(Client::builder("https://api.example.com").grant(Any(grant())));
        client.session().sign_in(world.server().sign_in("ada"));
        scenario(&world, client);
    }
}

fn bbb(world: &World, client: &Client) -> Result<String, Error> {
    let client = client.clone();
    world.until(world.tab().run(async move { client.get("/bbb").await?.text().await }))
}

#[test]
fn a_refused_token_is_renewed_and_nobody_notices() {
    over_each(|world, client| {
        for round in 1..=3 {
            client.session().spoil_access_token();
            assert_eq!(bbb(world, &client), Ok("bbb".into()));
            assert_eq!(world.server().seen().rotated, round);
        }
    });
}

#[test]
fn a_rejection_ends_the_session() {
    over_each(|world, client| {
        world.server().end_sessions("ada");
        assert_eq!(bbb(world, &client), Err(Error::SignedOut(Reason::Rejected)));
        assert_eq!(client.session().peek().state, State::SignedOut { reason: Some(Reason::Rejected) });
    });
}

#[test]
fn an_outage_does_not() {
    over_each(|world, client| {
        for fault in [Fault::Html(200), Fault::Html(403), Fault::Status(500), Fault::Lost] {
            client.session().spoil_access_token();
            world.server().next([fault]);
            assert!(matches!(bbb(world, &client), Err(Error::Unavailable { .. })), "{fault:?}");
            world.pass(Duration::from_secs(90));
            assert_eq!(bbb(world, &client), Ok("bbb".into()), "{fault:?}");
        }
    });
}

#[test]
fn oauth_ends_for_invalid_grant_alone() {
    let world = World::new(1);
    let client = world.tab().client(Client::builder("https://api.example.com").grant(OAuth::new("/oauth/token", "app")));
    client.session().sign_in(world.server().sign_in("ada"));
    client.session().spoil_access_token();
    world.server().next([Fault::Status(400)]);
    assert!(matches!(bbb(&world, &client), Err(Error::Unavailable { .. })));
    assert_eq!(client.session().peek().state, State::SignedIn);
}

#[test]
fn the_server_is_told_of_a_sign_out_where_it_wants_to_know() {
    // The tutorial's way has no word for it.
    let told = RefCell::new([1, 0, 1].into_iter());
    over_each(|world, client| {
        let expected = told.borrow_mut().next().unwrap();
        client.session().sign_out();
        world.pass(Duration::from_secs(1));
        assert_eq!(client.session().peek().state, State::SignedOut { reason: Some(Reason::ByUser) });
        assert_eq!((world.server().seen().logouts, world.server().has_session("ada")), (expected, expected == 0));
    });
}
