//! Cases 1, 2, 5 to 9, 28 to 30, 32, 34, 36, 37: one request, and many at once.

use crate::*;
use wugan::{Body, TokenAnswer, testing::Fault};

fn a_thousand_401s_make_one_refresh(number: usize) {
    let (world, tab, client) = ada();
    let events = record(&client);
    client.session().spoil_access_token();
    let asked: Vec<_> = (0..number).map(|_| ask(&tab, &client, "/bbb")).collect();
    for one in asked {
        assert_eq!(world.until(one), bbb());
    }
    let seen = world.server().seen();
    assert_eq!((seen.refreshes, seen.unauthorized, seen.guarded), (1, number as u64, number as u64));
    assert_eq!(count(&events, |event| matches!(event, Event::RefreshStarted { .. })), 1, "one flight that all wait for");
}

#[test]
fn case_01_all_are_replayed_after_one_refresh() {
    a_thousand_401s_make_one_refresh(20);
    a_thousand_401s_make_one_refresh(1_000);
}

#[test]
fn case_02_late_401s_are_replayed_without_a_second_refresh() {
    let (world, tab, client) = ada();
    world.server().latency(seconds(0.01), seconds(5.0));
    client.session().spoil_access_token();
    let asked: Vec<_> = (0..50).map(|_| ask(&tab, &client, "/bbb")).collect();
    for one in asked {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_03_a_failed_refresh_is_told_to_all_at_once() {
    for (fault, ends) in [(Fault::Status(401), true), (Fault::Status(503), false), (Fault::Unreachable, false)] {
        let (world, tab, client) = ada();
        world.server().next([fault]);
        client.session().spoil_access_token();
        let mut asked: Vec<_> = (0..20).map(|_| ask(&tab, &client, "/bbb")).collect();
        world.pass(seconds(1.0));
        let errors: Vec<_> = asked.iter_mut().map(|one| one.done().expect("settled").expect_err("failed")).collect();
        match ends {
            true => assert!(errors.iter().all(|error| *error == Error::SignedOut(wugan::Reason::Rejected)), "{errors:?}"),
            false => assert!(errors.iter().all(|error| matches!(error, Error::Unavailable { .. })), "{errors:?}"),
        }
        assert_eq!(signed_in(&client), !ends);
    }
}

#[test]
fn case_04_a_refresh_that_never_answers_fails_everybody_at_his_deadline() {
    let (world, tab, client) = ada();
    world.server().next([Fault::Hangs]);
    client.session().spoil_access_token();
    let quick = send(&tab, &client, Request::get("/bbb").deadline(seconds(2.0)));
    let begun = world.now();
    assert_eq!(world.until(quick), Err(Error::Timeout));
    assert!((world.now() - begun - 2_000.0).abs() < 1.0);
    let patient = ask(&tab, &client, "/bbb");
    assert!(matches!(world.until(patient), Err(Error::Unavailable { .. })));
    world.pass(seconds(2.0));
    let next = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(next), bbb());
}

#[test]
fn case_04_each_try_has_its_own_time() {
    let (world, tab, client) = ada();
    let hasty = tab.client(settings().try_timeout(seconds(1.0)));
    world.server().always(Fault::Hangs);
    for (client, request, time) in [
        (&hasty, Request::get("/bbb"), 1_000.0),
        (&hasty, Request::get("/bbb").try_timeout(seconds(3.0)), 3_000.0),
        (&client, Request::get("/bbb").try_timeout(seconds(2.0)), 2_000.0),
    ] {
        let begun = world.now();
        let asked = send(&tab, client, request);
        assert_eq!(world.until(asked), Err(Error::Timeout));
        assert!((world.now() - begun - time).abs() < 1.0, "{time} {}", world.now() - begun);
    }
    // Two tries and the refresh between them may take longer than one try.
    world.server().always(Fault::None);
    world.server().latency(seconds(0.4), seconds(0.4));
    client.session().spoil_access_token();
    let asked = ask(&tab, &hasty, "/bbb");
    assert_eq!(world.until(asked), bbb());
}

#[test]
fn case_04_a_body_that_never_comes_keeps_nobody_beyond_his_deadline() {
    let (world, tab, client) = ada();
    world.server().always(Fault::Stalls);
    let begun = world.now();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), Err(Error::Timeout));
    assert!((world.now() - begun - 30_000.0).abs() < 1.0);
    let sign_in = client.clone();
    let sign_in = tab.run(async move { sign_in.sign_in(Request::post("/aaa")).await.map(drop) });
    assert_eq!(world.until(sign_in), Err(Error::Timeout));
    assert!((world.now() - begun - 60_000.0).abs() < 2.0);

    // The tokens are in such a body.
    world.server().always(Fault::None);
    world.server().next([Fault::Stalls]);
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert!(matches!(world.until(asked), Err(Error::Unavailable { .. })));

    // Whoever takes his time before he reads has his deadline still.
    let patient = client.clone();
    let (read, wait) = futures::channel::oneshot::channel::<()>();
    let asked = tab.run(async move {
        let answer = patient.get("/aaa").await?;
        let _ = wait.await;
        answer.text().await
    });
    world.pass(seconds(100.0));
    drop(read);
    assert_eq!(world.until(asked), Ok("aaa".into()));
}

#[test]
fn case_04_a_token_and_a_refresh_are_waited_for_until_the_clients_deadline() {
    let (world, tab, _) = ada();
    let client = tab.client(settings().deadline(seconds(2.0)));
    world.server().always(Fault::Hangs);
    client.session().spoil_access_token();
    let (begun, session) = (world.now(), client.session().clone());
    let refreshed = tab.run(async move { session.refresh().await });
    assert_eq!(world.until(refreshed), Err(Error::Timeout));
    assert!((world.now() - begun - 2_000.0).abs() < 1.0);
    tab.hide(true);
    world.pass(seconds(3_600.0));
    let (begun, session) = (world.now(), client.session().clone());
    let token = tab.run(async move { session.access_token().await });
    assert_eq!(world.until(token), Err(Error::Timeout));
    assert!((world.now() - begun - 2_000.0).abs() < 1.0);
}

#[test]
fn case_05_who_gives_up_does_so_alone() {
    let (world, tab, client) = ada();
    client.session().spoil_access_token();
    let first = send(&tab, &client, Request::get("/bbb").deadline(seconds(0.12)));
    world.server().latency(seconds(0.05), seconds(0.05));
    let others: Vec<_> = (0..5).map(|_| ask(&tab, &client, "/bbb")).collect();
    assert_eq!(world.until(first), Err(Error::Timeout));
    for one in others {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_06_the_rotated_token_is_stored_when_all_callers_are_gone() {
    let (world, tab, client) = ada();
    world.server().latency(seconds(0.05), seconds(0.05));
    client.session().spoil_access_token();
    let before = world.stored(KEY);
    let gone = send(&tab, &client, Request::get("/bbb").deadline(seconds(0.12)));
    assert_eq!(world.until(gone), Err(Error::Timeout));
    assert_eq!(world.stored(KEY), before);
    world.pass(seconds(1.0));
    assert_ne!(world.stored(KEY), before);
    assert_eq!(world.server().seen().rotated, 1);
    let next = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(next), bbb());
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_07_a_second_401_is_the_callers() {
    let (world, tab, client) = ada();
    let asked = ask(&tab, &client, "/always401");
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(401));
    assert_eq!(world.server().seen().refreshes, 1);
    assert!(signed_in(&client));
    let events = record(&client);
    let asked = ask(&tab, &client, "/always401");
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(401));
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { .. })), 2);
}

#[test]
fn case_08_a_401_of_the_refresh_endpoint_starts_no_refresh() {
    let (world, tab, client) = ada();
    world.server().end_sessions("ada");
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), Err(Error::SignedOut(wugan::Reason::Rejected)));
    world.pass(seconds(100.0));
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_09_bodies_are_replayed_byte_for_byte() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let requests = [
        (Request::post("/echo").json(&vec!["ü", "無感"]), "[\"ü\",\"無感\"]".as_bytes().to_vec()),
        (Request::post("/echo").bytes(every_byte.clone()), every_byte.clone()),
        (Request::post("/echo").form([("a b", "&")]), b"a+b=%26".to_vec()),
        (Request::post("/echo").body(Body::made_by(|| Body::text("made".into()))), b"made".to_vec()),
    ];
    for (request, expected) in requests {
        let (world, tab, client) = ada();
        client.session().spoil_access_token();
        let client = client.clone();
        let sent = tab.run(async move { client.send(request).await?.bytes().await });
        assert_eq!(world.until(sent), Ok(expected));
        assert_eq!(world.server().seen().unauthorized, 1);
    }
}

#[test]
fn case_28_tokens_go_home_only() {
    let (world, tab, client) = ada();
    let foreign = [
        "https://evil.com/bbb",
        "//evil.com/bbb",
        "https://api.example.com.evil.com/bbb",
        "https://api.example.com@evil.com/bbb",
        "https://api.example.com:8443/bbb",
        "http://api.example.com/bbb",
        "\\\\evil.com/bbb",
    ];
    for url in foreign {
        let asked = ask(&tab, &client, url);
        assert_eq!(world.until(asked).map(|(status, _)| status), Ok(401), "{url}");
    }
    assert_eq!(world.server().seen().refreshes, 0);
    assert_eq!(world.server().seen().guarded, 0);
    for url in ["/bbb", "bbb", "https://api.example.com/bbb", "https://api.example.com:443/bbb"] {
        let asked = ask(&tab, &client, url);
        assert_eq!(world.until(asked), bbb(), "{url}");
    }
}

#[test]
fn case_29_the_callers_own_authorization_is_left_alone() {
    let (world, tab, client) = ada();
    let asked = send(&tab, &client, Request::get("/bbb").header("Authorization", "Bearer of-my-own"));
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(401));
    assert_eq!(world.server().seen().refreshes, 0);
}

#[test]
fn case_30_a_403_is_an_answer_unless_the_caller_says_otherwise() {
    let (world, tab, client) = ada();
    let asked = ask(&tab, &client, "/forbidden");
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(403));
    assert_eq!(world.server().seen().refreshes, 0);
    let client = tab.client(settings().unauthorized(|response| response.status() == 403));
    let asked = ask(&tab, &client, "/forbidden");
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(403));
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_32_an_event_handler_may_use_the_session() {
    let (world, tab, client) = ada();
    let (inner, tab_again) = (client.clone(), tab.clone());
    let results = Rc::new(RefCell::new(Vec::new()));
    let told = results.clone();
    client
        .session()
        .on_event(move |noted| {
            if matches!(noted.event, Event::RefreshStarted { .. }) {
                let _ = inner.session().peek();
                told.borrow_mut().push(ask(&tab_again, &inner, "/bbb"));
                let session = inner.session().clone();
                tab_again.run(async move { session.refresh().await });
            }
        })
        .forever();
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    for one in results.take() {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_34_a_good_token_is_there_for_each_attempt() {
    let (world, tab, client) = ada();
    let token = || {
        let session = client.session().clone();
        world.until(tab.run(async move { session.access_token().await })).unwrap().unwrap()
    };
    let first = token();
    assert_eq!(token(), first);
    tab.hide(true);
    world.pass(seconds(3_600.0));
    let second = token();
    assert_ne!(second, first);
    assert_eq!(world.server().seen().refreshes, 1);
    client.session().sign_out();
    let session = client.session().clone();
    assert_eq!(world.until(tab.run(async move { session.access_token().await })), Ok(None));
}

#[test]
fn case_36_what_is_known_can_be_asked_without_a_request() {
    let (world, _tab, client) = ada();
    let peek = client.session().peek();
    assert_eq!(peek.user.and_then(|user| user.name).as_deref(), Some("ada"));
    assert_eq!(peek.lifetime, Some(seconds(1_800.0)));
    world.pass(seconds(100.0));
    assert_eq!(client.session().peek().expires_in.map(|left| left.as_secs()), Some(1_700));
    assert_eq!(world.server().seen(), wugan::testing::Seen::default());
}

#[test]
fn case_37_nothing_is_sent_more_than_twice() {
    let (world, tab, client) = ada();
    let events = record(&client);
    client.session().spoil_access_token();
    for one in (0..100).map(|_| ask(&tab, &client, "/bbb")).collect::<Vec<_>>() {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { replay: false, .. })), 100);
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { replay: true, .. })), 100);
}

#[test]
fn anonymous_requests_carry_nothing_and_refresh_nothing() {
    let (world, tab, client) = ada();
    let asked = send(&tab, &client, Request::get("/bbb").anonymous());
    assert_eq!(world.until(asked).map(|(status, _)| status), Ok(401));
    assert_eq!(world.server().seen().refreshes, 0);
}

#[test]
fn no_event_and_no_debug_shows_a_secret() {
    let (world, tab, client) = ada();
    let events = record(&client);
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb?key=SECRET");
    assert_eq!(world.until(asked), bbb());
    client.session().sign_out();
    let builder = Client::builder("https://ada:SECRET@api.example.com/?key=SECRET");
    let shown = format!("{events:?} {client:?} {builder:?} {:?} {:?}", client.session(), TokenAnswer::new("SECRET", "SECRET"));
    assert!(!shown.contains("SECRET"), "{shown}");
    let session = format!("{:?}", client.session());
    assert!(session.contains("ByUser"), "{session}");
}
