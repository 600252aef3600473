//! Cases 14 to 17: signing in and out while things are under way.

use crate::*;
use wugan::{Grant, Json, Reason, Reply, Verdict};

#[test]
fn case_14_a_late_answer_does_not_bring_a_session_back() {
    let (world, tab, client) = ada();
    world.server().latency(seconds(0.05), seconds(0.05));
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    world.pass(seconds(0.14));
    assert_eq!(world.server().seen().refreshes, 0);
    client.session().sign_out();
    let (stored, events) = (world.stored(KEY), record(&client));
    assert!(!stored.as_ref().is_some_and(|text| text.contains("SECRET")));
    world.pass(seconds(0.1));
    assert_eq!(world.server().seen().rotated + world.server().seen().refused, 1);
    assert_eq!(world.until(asked), Err(Error::SignedOut(Reason::ByUser)));
    world.pass(seconds(100.0));
    assert_eq!(world.stored(KEY), stored);
    assert!(!signed_in(&client));
    assert_eq!(count(&events, |event| matches!(event, Event::SignedIn { .. } | Event::SignedOut { .. })), 0);
}

#[test]
fn case_15_a_late_answer_for_ada_leaves_bob_untouched() {
    for (rejected, other_tab) in [(false, false), (true, false), (false, true), (true, true)] {
        let (world, tab, client) = ada();
        world.server().latency(seconds(0.05), seconds(0.05));
        client.session().spoil_access_token();
        if rejected {
            client.session().spoil_refresh_token();
        }
        let asked = ask(&tab, &client, "/bbb");
        world.pass(seconds(0.14));
        let second_tab = world.tab();
        let second = second_tab.client(settings());
        let actor = if other_tab { &second } else { &client };
        actor.session().sign_out();
        actor.session().sign_in(world.server().sign_in("bob"));
        let stored = world.stored(KEY);
        world.pass(seconds(5.0));
        assert_eq!(world.stored(KEY), stored);
        assert_eq!(world.until(asked), Err(Error::SessionChanged));
        for client in [&client, &second] {
            assert_eq!(client.session().peek().user.and_then(|user| user.name).as_deref(), Some("bob"));
        }
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
    }
}

#[test]
fn case_16_a_request_of_ada_is_never_replayed_as_bob() {
    let (world, tab, client) = ada();
    let events = record(&client);
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    world.settle();
    let second = world.tab().client(settings());
    second.session().sign_in(world.server().sign_in("bob"));
    assert_eq!(world.until(asked), Err(Error::SessionChanged));
    assert_eq!(world.server().seen().guarded, 0);
    let learnt = |event: &Event| matches!(event, Event::SignedIn { user: Some(user), elsewhere: true } if user.id == "bob");
    assert_eq!(count(&events, learnt), 1);
}

#[test]
fn case_17_signing_out_needs_no_network() {
    let (world, _tab, client) = ada();
    world.server().always(wugan::testing::Fault::Unreachable);
    client.session().sign_out();
    assert!(!signed_in(&client));
    assert!(!world.stored(KEY).is_some_and(|text| text.contains("SECRET")));
    world.pass(seconds(100.0));
    assert!(!signed_in(&client));

    let (world, _tab, client) = ada();
    client.session().sign_out();
    world.pass(seconds(1.0));
    assert_eq!(world.server().seen().logouts, 1);
    assert!(!world.server().has_session("ada"));
}

#[test]
fn case_17_the_server_is_told_all_of_it_and_nothing_that_makes_no_sense() {
    /// Tells of a sign-out in the query.
    struct Told(&'static str);
    impl Grant for Told {
        fn refresh(&self, refresh_token: &str) -> Request {
            Json::default().refresh(refresh_token)
        }
        fn judge(&self, reply: &Reply<'_>) -> Verdict {
            Json::default().judge(reply)
        }
        fn revoke(&self, refresh_token: &str) -> Option<Request> {
            Some(Request::post("/user/logout").query([("token", refresh_token)]).header("x-why", self.0))
        }
    }
    for (why, told) in [("over", true), ("line\nbreak", false)] {
        let world = World::new(1);
        let client = world.tab().client(settings().grant(Told(why)));
        client.session().sign_in(world.server().sign_in("ada"));
        client.session().sign_out();
        world.pass(seconds(1.0));
        assert_eq!((world.server().seen().logouts, world.server().has_session("ada")), (u64::from(told), !told), "{why:?}");
    }
}

#[test]
fn a_refresh_where_nobody_ever_signed_in_says_so() {
    let world = World::new(1);
    let tab = world.tab();
    let client = tab.client(settings());
    let refresh = || {
        let session = client.session().clone();
        tab.run(async move { session.refresh().await })
    };
    assert_eq!(world.until(refresh()), Err(Error::SignedOut(Reason::NeverSignedIn)));
    client.session().sign_in(world.server().sign_in("ada"));
    client.session().sign_out();
    assert_eq!(world.until(refresh()), Err(Error::SignedOut(Reason::ByUser)));
}
