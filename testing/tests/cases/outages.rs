//! Cases 18 to 20, 25, 26, 35: outages and rejections of the token endpoint.

use crate::*;
use wugan::{
    RefreshResult, Request, SignOutReason,
    grant::{Exchange, Json, RefreshGrant, RefreshOutcome, TokenResponse},
};
use wugan_testing::{Fault, PlatformEvent, ReusePolicy};

#[test]
fn case_18_only_a_verdict_of_the_token_endpoint_ends_the_session() {
    let outages = [
        Fault::Unreachable,
        Fault::Lost,
        Fault::Status(408),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(503),
        Fault::Html(200),
        Fault::Html(403),
        Fault::Html(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Redirect,
    ];
    for fault in outages {
        let (sim, tab, client) = ada();
        sim.server().fail_next([fault]);
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })), "{fault:?}");
        assert!(is_signed_in(&client), "{fault:?}");
        sim.advance(seconds(1.1));
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb(), "{fault:?}");
    }
}

#[test]
fn case_18_retry_after_is_honoured_and_the_online_event_ends_other_pauses() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    tab.hide(true);
    sim.server().fail_next([Fault::RetryAfter(120)]);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), Err(Error::Unavailable { retry_after: seconds(120.0) }));
    sim.advance(seconds(119.0));
    tab.notify(PlatformEvent::Online);
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    sim.advance(seconds(1.5));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());

    // A pause that no server asked for ends when the network is back.
    for _ in 0..5 {
        client.session().corrupt_access_token();
        sim.server().fail_next([Fault::Unreachable]);
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        tab.notify(PlatformEvent::Online);
        let started = sim.now();
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        // The lock of the failed refresh is kept for one second.
        assert!(sim.now() - started < 1_300.0, "{} ms", sim.now() - started);
    }
}

#[test]
fn case_19_a_thousand_calls_make_one_refresh_per_backoff_step() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    let not_before = std::cell::Cell::new(0.0);
    let early = Rc::new(RefCell::new(Vec::new()));
    let recorded = early.clone();
    client
        .session()
        .on_event(move |timed| match timed.event {
            Event::RefreshStarted { .. } if timed.at < not_before.get() => recorded.borrow_mut().push((timed.at, not_before.get())),
            Event::RefreshEnded { result: RefreshResult::Unavailable { retry_after, .. } } => {
                not_before.set(timed.at + retry_after.as_secs_f64() * 1_000.0);
            }
            _ => {}
        })
        .forget();
    client.session().corrupt_access_token();
    sim.server().fail_next([Fault::Status(503); 100]);
    let mut steps = 0;
    for _ in 0..20 {
        for _ in 0..50 {
            let response = get(&tab, &client, "/bbb");
            assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        }
        steps += 1;
        let ended = |event: &Event| matches!(event, Event::RefreshEnded { result: RefreshResult::Unavailable { .. } });
        assert!(count(&events, ended) <= steps + 20, "{}", count(&events, ended));
        sim.advance(seconds(60.0));
    }
    // A thousand calls in twenty minutes cause as many refreshes as the backoff allows.
    let refreshes = count(&events, is_refresh_start);
    assert!((15..=60).contains(&refreshes), "{refreshes}");
    assert_eq!(*early.borrow(), [], "times of early refreshes, and when they were due");
}

#[test]
fn case_20_after_a_rejection_the_access_token_is_used_until_it_expires() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    sim.advance(seconds(1_740.0));
    sim.server().fail_next([Fault::Status(401)]);
    sim.advance(seconds(40.0));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert!(is_signed_in(&client));
    assert_eq!(count(&events, is_refresh_start), 1);
    sim.advance(seconds(60.0));
    assert!(!is_signed_in(&client));
    let ends: Vec<_> = events.borrow().iter().filter(|event| matches!(event, Event::SignedOut { .. })).cloned().collect();
    assert_eq!(ends, [Event::SignedOut { reason: SignOutReason::Rejected }]);
    assert_eq!(count(&events, is_refresh_start), 1);
}

/// Parses responses as if they had no refresh token: the server of such a grant does not rotate.
#[derive(Default)]
pub(crate) struct KeepsRefreshToken(Json);

impl RefreshGrant for KeepsRefreshToken {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        // The client asks once without a token, for the URL of the token endpoint.
        assert!(["", "SECRET-0-0-0"].contains(&exchange.refresh_token), "{}", exchange.refresh_token);
        self.0.refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        match self.0.parse(response) {
            RefreshOutcome::Granted(mut tokens) => {
                tokens.refresh_token = None;
                RefreshOutcome::Granted(tokens)
            }
            other => other,
        }
    }
}

#[test]
fn case_25_the_old_refresh_token_is_kept_if_the_answer_has_no_new_one() {
    let sim = Simulation::new(1);
    sim.server().set_reuse_policy(ReusePolicy::UntilUsed);
    sim.server().set_leeway(seconds(100.0));
    // The refresh token stays the same.
    sim.server().allow_duplicates();
    let tab = sim.tab();
    let client = tab.client(builder().grant(KeepsRefreshToken::default()));
    client.session().sign_in(sim.server().sign_in("ada"));
    for _ in 0..3 {
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(sim.server().stats().refreshes, 3);
}

#[test]
fn case_26_the_session_survives_a_lost_refresh_response() {
    for reload in [false, true] {
        let (sim, tab, client) = ada();
        client.session().corrupt_access_token();
        sim.server().fail_next([Fault::Lost]);
        let response = get(&tab, &client, "/bbb");
        let (tab, client) = if reload {
            sim.advance(seconds(0.3));
            tab.close();
            let tab = sim.tab();
            let client = tab.client(builder());
            (tab, client)
        } else {
            assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
            (tab, client)
        };
        sim.advance(seconds(2.0));
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        assert!(is_signed_in(&client));
        assert_eq!((sim.server().stats().rotated, sim.server().stats().repeated, sim.server().stats().revoked), (1, 1, 0));
    }
}

#[test]
fn case_35_the_background_refresh_recovers_after_an_outage() {
    let (sim, _tab, client) = ada();
    sim.advance(seconds(1_700.0));
    sim.server().fail(Fault::Status(502));
    sim.advance(seconds(600.0));
    sim.server().fail(Fault::None);
    sim.advance(seconds(120.0));
    assert!(is_signed_in(&client));
    assert_eq!(sim.server().stats().rotated, 1);
    assert!(client.session().info().expires_in.is_some_and(|left| left > seconds(1_000.0)));
}

#[test]
fn case_20_a_rejection_ends_the_session_if_a_refused_request_waits_for_it() {
    for request_first in [true, false] {
        let (sim, tab, client) = ada();
        client.session().corrupt_access_token();
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        sim.server().fail_next([Fault::Status(401)]);
        let refused = get(&tab, &client, "/bbb");
        // The 401 arrives after 0.2 s: before or after the program asks for a refresh.
        sim.advance(seconds(if request_first { 0.25 } else { 0.1 }));
        let refreshed = refresh((&tab, &client));
        assert!(matches!(sim.block_on(refreshed), Err(Error::SignedOut(_))));
        assert_eq!(sim.block_on(refused), Err(Error::SignedOut(SignOutReason::Rejected)));
        assert!(!is_signed_in(&client), "{request_first}");
    }
}
