//! Cases 44, 47, 51, 58: events, warnings and the user they name.

use crate::*;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};
use wugan::{
    RefreshResult, Request, TokenSet, Warning,
    grant::{Exchange, Json, RefreshGrant, RefreshOutcome, TokenResponse},
};
use wugan_testing::StoreError;

fn warnings(events: &RefCell<Vec<Event>>) -> Vec<Warning> {
    events.borrow().iter().filter_map(|event| if let Event::Warning(warning) = event { Some(warning.clone()) } else { None }).collect()
}

#[test]
fn case_44_every_new_subscriber_receives_the_current_warnings() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    tab.set_store_error(Some(StoreError::Denied));
    let client = tab.client(builder());
    client.session().sign_in(sim.server().sign_in("ada"));
    assert_eq!(client.session().info().warnings, [Warning::StoreDenied]);
    for subscriber in 1..=3 {
        let events = record(&client);
        sim.settle();
        assert_eq!(warnings(&events), [Warning::StoreDenied], "subscriber {subscriber}");
    }
}

#[test]
fn case_44_a_subscription_ends_when_it_is_dropped() {
    let (_sim, _tab, client) = ada();
    let events = Rc::new(RefCell::new(Vec::new()));
    let recorded = events.clone();
    let subscription = client.session().on_event(move |timed| recorded.borrow_mut().push(timed.event.clone()));
    drop(subscription);
    client.session().sign_out();
    assert_eq!(*events.borrow(), []);
}

#[test]
fn case_47_a_panicking_listener_does_not_stop_the_others() {
    let (sim, tab, client) = ada();
    let before = record(&client);
    client.session().on_event(|timed| assert!(!matches!(timed.event, Event::SignedOut { .. }), "a listener that panics")).forget();
    let after = record(&client);
    // Where a panic unwinds, it may reach the caller.
    let _ = catch_unwind(AssertUnwindSafe(|| client.session().sign_out()));
    client.session().sign_in(sim.server().sign_in("bob"));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    for events in [&before, &after] {
        assert_eq!(count(events, |event| matches!(event, Event::SignedOut { .. })), 1, "{events:?}");
        assert_eq!(count(events, |event| matches!(event, Event::SignedIn { .. })), 1, "{events:?}");
        assert_eq!(count(events, |event| matches!(event, Event::Answered { status: 200, .. })), 1, "{events:?}");
    }
}

/// A shared refresh that is left by a panic would be neither finished nor started again.
#[test]
fn case_47_a_listener_that_panics_at_a_refresh_does_not_stop_it() {
    let is_fatal: [fn(&Event) -> bool; 4] = [
        is_refresh_start,
        |event| matches!(event, Event::RefreshEnded { .. }),
        |event| matches!(event, Event::UserChanged { .. }),
        |event| matches!(event, Event::SignedOut { .. }),
    ];
    for (number, is_fatal) in is_fatal.into_iter().enumerate() {
        let (sim, tab, client) = ada();
        let panics = move |timed: &wugan::TimedEvent| {
            if is_fatal(&timed.event) {
                std::panic::resume_unwind(Box::new(()));
            }
        };
        client.session().on_event(panics).forget();
        let events = record(&client);
        let ends = number == 3;
        if ends {
            sim.server().end_sessions("ada");
        } else {
            sim.server().rename("ada", "ada.lovelace");
        }
        client.session().corrupt_access_token();
        let waiters = [get(&tab, &client, "/bbb"), get(&tab, &client, "/bbb")];
        // Natively, the panic leaves the task in which the event is delivered.
        while catch_unwind(AssertUnwindSafe(|| sim.advance(seconds(5.0)))).is_err() {}
        let expected = if ends { Err(Error::SignedOut(wugan::SignOutReason::Rejected)) } else { bbb() };
        // At most the one that delivered the event does not go on.
        let results: Vec<_> = waiters.into_iter().filter_map(|mut waiter| waiter.try_take()).collect();
        assert!(!results.is_empty() && results.iter().all(|result| *result == expected), "{number}: {results:?}");
        if !ends {
            client.session().corrupt_access_token();
            let later = get(&tab, &client, "/bbb");
            assert_eq!(sim.block_on(later), bbb(), "{number}");
            assert_eq!(count(&events, |event| matches!(event, Event::RefreshEnded { .. })), 2, "{number}: {events:?}");
        }
    }
}

/// Panics at the events that pass this test.
fn panic_at(client: &Client, is_fatal: fn(&Event) -> bool) {
    let panics = move |timed: &wugan::TimedEvent| {
        if is_fatal(&timed.event) {
            resume_unwind(Box::new(()));
        }
    };
    client.session().on_event(panics).forget();
}

/// Natively, a panic leaves the task in which it happens, and so this advance of the time.
fn advance(sim: &Simulation, time: f64) {
    while catch_unwind(AssertUnwindSafe(|| sim.advance(seconds(time)))).is_err() {}
}

#[test]
fn case_47_a_listener_that_panics_at_a_sign_in_does_not_stop_background_refreshes() {
    for is_in_other_tab in [false, true] {
        let sim = Simulation::new(1);
        let (tab, other) = (sim.tab(), sim.tab());
        let client = tab.client(builder());
        panic_at(&client, |event| matches!(event, Event::SignedIn { .. }));
        let signing = if is_in_other_tab { other.client(builder()) } else { client.clone() };
        let tokens = sim.server().sign_in("ada");
        let _ = catch_unwind(AssertUnwindSafe(|| signing.session().sign_in(tokens)));
        advance(&sim, 1.0);
        other.close();
        advance(&sim, 7_200.0);
        assert!(sim.server().stats().rotated >= 3, "in the other tab: {is_in_other_tab}, {:?}", sim.server().stats());
    }
}

#[test]
fn case_47_a_listener_that_panics_at_a_failed_refresh_does_not_stop_background_refreshes() {
    let (sim, _tab, client) = ada();
    sim.server().fail_next([wugan_testing::Fault::Status(503)]);
    panic_at(&client, |event| matches!(event, Event::RefreshEnded { result: RefreshResult::Unavailable { .. } }));
    advance(&sim, 7_200.0);
    assert!(sim.server().stats().rotated >= 3, "{:?}", sim.server().stats());
}

/// A grant of an application, with a defect.
struct PanickingGrant {
    grant: Json,
    panics: Rc<Cell<bool>>,
}

impl RefreshGrant for PanickingGrant {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        if self.panics.get() {
            resume_unwind(Box::new(()));
        }
        self.grant.refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        self.grant.parse(response)
    }
}

#[test]
fn case_47_a_grant_that_panics_does_not_silence_later_events() {
    let panics = Rc::new(Cell::new(false));
    let grant = PanickingGrant { grant: Json::new("/user/refresh").attempt_field("attempt"), panics: panics.clone() };
    let (sim, tab, client) = ada_with(builder().grant(grant));
    let events = record(&client);
    client.session().corrupt_access_token();
    panics.set(true);
    drop(get(&tab, &client, "/bbb"));
    advance(&sim, 60.0);
    panics.set(false);
    client.session().sign_out();
    sim.settle();
    assert_eq!(count(&events, |event| matches!(event, Event::SignedOut { .. })), 1, "{events:?}");
    client.session().sign_in(sim.server().sign_in("bob"));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(count(&events, |event| matches!(event, Event::RefreshEnded { result: RefreshResult::Granted })), 1, "{events:?}");
}

#[test]
fn case_51_a_changed_subject_in_an_answer_to_our_own_token_is_an_event() {
    let (sim, tab, client) = ada();
    let other_tab = sim.tab();
    let other = other_tab.client(builder());
    let (events, other_events) = (record(&client), record(&other));
    sim.server().rename("ada", "ada.lovelace");
    client.session().corrupt_access_token();
    let response = send(&tab, client.get("/bbb").header("x-as", "ada"));
    assert_eq!(sim.block_on(response), bbb());
    sim.advance(seconds(0.1));
    for (client, events) in [(&client, &events), (&other, &other_events)] {
        assert_eq!(user(client).as_deref(), Some("ada.lovelace"));
        let is_change = |event: &Event| matches!(event, Event::UserChanged { user: Some(user) } if user.id == "ada.lovelace");
        assert_eq!(count(events, is_change), 1, "{events:?}");
        assert_eq!(count(events, |event| matches!(event, Event::SignedIn { .. } | Event::SignedOut { .. })), 0, "{events:?}");
    }
    assert_eq!((sim.server().stats().rotated, sim.server().violations()), (1, vec![]));
}

#[test]
fn case_58_numeric_subjects_beyond_2_to_the_53_are_exact() {
    for id in ["9007199254740992", "9007199254740993", "18446744073709551615"] {
        let sim = Simulation::new(1);
        let client = sim.tab().client(builder());
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(format!("{{\"sub\":{id},\"username\":\"ada\"}}")));
        client.session().sign_in(TokenSet::new(token, "r"));
        assert_eq!(client.session().info().user.map(|user| user.id).as_deref(), Some(id));
    }
}
