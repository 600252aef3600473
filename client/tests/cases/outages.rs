//! Cases 18 to 20, 25, 26, 35: the server fails, and what that is not.

use crate::*;
use wugan::{Reason, RefreshOutcome, TokenAnswer, platform::Signal, testing::Fault};

#[test]
fn case_18_only_the_servers_own_verdict_ends_a_session() {
    let nobodys = [
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
    for fault in nobodys {
        let (world, tab, client) = ada();
        world.server().next([fault]);
        client.session().spoil_access_token();
        let asked = ask(&tab, &client, "/bbb");
        assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })), "{fault:?}");
        assert!(signed_in(&client), "{fault:?}");
        world.pass(seconds(1.1));
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb(), "{fault:?}");
    }
}

#[test]
fn case_18_retry_after_is_honoured_and_online_retries_at_once() {
    let (world, tab, client) = ada();
    tab.hide(true);
    world.server().next([Fault::RetryAfter(120)]);
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), Err(Error::Unavailable { retry_after: seconds(120.0) }));
    world.pass(seconds(119.0));
    tab.tell(Signal::Online);
    let asked = ask(&tab, &client, "/bbb");
    assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })));
    world.pass(seconds(1.5));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());

    // Nobody asked for a pause: back online, nobody waits for its end.
    for _ in 0..5 {
        client.session().spoil_access_token();
        world.server().next([Fault::Unreachable]);
        let asked = ask(&tab, &client, "/bbb");
        assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })));
        tab.tell(Signal::Online);
        let begun = world.now();
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        assert!(world.now() - begun < 300.0, "at once is no longer than three requests take: {} ms", world.now() - begun);
    }
}

#[test]
fn case_19_fifty_calls_in_a_row_make_one_request_per_step() {
    let (world, tab, client) = ada();
    let events = record(&client);
    let not_before = std::cell::Cell::new(0.0);
    let early = Rc::new(RefCell::new(Vec::new()));
    let heard = early.clone();
    client
        .session()
        .on_event(move |noted| match noted.event {
            Event::RefreshStarted { .. } if noted.at < not_before.get() => heard.borrow_mut().push((noted.at, not_before.get())),
            Event::RefreshEnded { outcome: RefreshOutcome::Unavailable { retry_after } } => {
                not_before.set(noted.at + retry_after.as_secs_f64() * 1_000.0);
            }
            _ => {}
        })
        .forever();
    client.session().spoil_access_token();
    world.server().next([Fault::Status(503); 100]);
    let mut steps = 0;
    for _ in 0..20 {
        for _ in 0..50 {
            let asked = ask(&tab, &client, "/bbb");
            assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })));
        }
        steps += 1;
        let ended = |event: &Event| matches!(event, Event::RefreshEnded { outcome: RefreshOutcome::Unavailable { .. } });
        assert!(count(&events, ended) <= steps + 20, "{}", count(&events, ended));
        world.pass(seconds(60.0));
    }
    // Twenty minutes of a thousand calls: what the back-off lets through, and no more.
    let tries = count(&events, |event| matches!(event, Event::RefreshStarted { .. }));
    assert!((20..=60).contains(&tries), "{tries}");
    assert_eq!(*early.borrow(), [], "tries, and when they were due");
}

#[test]
fn case_20_a_rejection_waits_for_the_access_token_to_run_out() {
    let (world, tab, client) = ada();
    let events = record(&client);
    world.pass(seconds(1_740.0));
    world.server().next([Fault::Status(401)]);
    world.pass(seconds(40.0));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert!(signed_in(&client));
    assert_eq!(count(&events, |event| matches!(event, Event::RefreshStarted { .. })), 1);
    world.pass(seconds(60.0));
    assert!(!signed_in(&client));
    let ends: Vec<_> = events.borrow().iter().filter(|event| matches!(event, Event::SignedOut { .. })).cloned().collect();
    assert_eq!(ends, [Event::SignedOut { reason: Reason::Rejected }]);
    assert_eq!(count(&events, |event| matches!(event, Event::RefreshStarted { .. })), 1);
}

#[test]
fn case_25_without_a_new_refresh_token_the_old_one_is_kept() {
    struct Miser(wugan::Json);
    impl wugan::Grant for Miser {
        fn refresh(&self, refresh_token: &str) -> Request {
            assert_eq!(refresh_token, "SECRET-0-0");
            self.0.refresh(refresh_token)
        }
        fn judge(&self, reply: &wugan::Reply<'_>) -> wugan::Verdict {
            match self.0.judge(reply) {
                wugan::Verdict::Granted(answer) => wugan::Verdict::Granted(TokenAnswer { refresh_token: None, ..answer }),
                other => other,
            }
        }
    }
    let world = World::new(1);
    world.server().leeway(seconds(100.0));
    let tab = world.tab();
    let client = tab.client(settings().grant(Miser(wugan::Json::default())));
    client.session().sign_in(world.server().sign_in("ada"));
    for _ in 0..3 {
        client.session().spoil_access_token();
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 3);
}

#[test]
fn case_26_a_lost_answer_costs_nobody_the_session() {
    for reload in [false, true] {
        let (world, tab, client) = ada();
        client.session().spoil_access_token();
        world.server().next([Fault::Lost]);
        let asked = ask(&tab, &client, "/bbb");
        let (tab, client) = if reload {
            world.pass(seconds(0.3));
            tab.close();
            let tab = world.tab();
            let client = tab.client(settings());
            (tab, client)
        } else {
            assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })));
            (tab, client)
        };
        world.pass(seconds(2.0));
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        assert!(signed_in(&client));
        assert_eq!((world.server().seen().rotated, world.server().seen().repeated, world.server().seen().stolen), (1, 1, 0));
    }
}

#[test]
fn case_35_the_background_recovers_by_itself() {
    let (world, _tab, client) = ada();
    world.pass(seconds(1_700.0));
    world.server().always(Fault::Status(502));
    world.pass(seconds(600.0));
    world.server().always(Fault::None);
    world.pass(seconds(120.0));
    assert!(signed_in(&client));
    assert_eq!(world.server().seen().rotated, 1);
    assert!(client.session().peek().expires_in.is_some_and(|left| left > seconds(1_000.0)));
}

#[test]
fn case_20_a_rejection_that_a_refused_request_waits_for_ends_the_session_whoever_began_the_refresh() {
    for request_first in [true, false] {
        let (world, tab, client) = ada();
        client.session().spoil_access_token();
        world.server().latency(seconds(0.1), seconds(0.1));
        world.server().next([Fault::Status(401)]);
        let refused = ask(&tab, &client, "/bbb");
        // The refusal comes after 0.2 s, before or after somebody asks for a refresh.
        world.pass(seconds(if request_first { 0.25 } else { 0.1 }));
        let session = client.session().clone();
        let asked = tab.run(async move { session.refresh().await });
        assert!(matches!(world.until(asked), Err(Error::SignedOut(_))));
        assert_eq!(world.until(refused), Err(Error::SignedOut(wugan::Reason::Rejected)));
        assert!(!signed_in(&client), "{request_first}");
    }
}
