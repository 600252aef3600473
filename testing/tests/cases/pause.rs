//! Cases 41, 42, 43, 52, 61, 63: pauses between refreshes, polled 401s, sessions that cannot be renewed, and timers.

use crate::*;
use wugan::{RefreshTrigger, SignOutReason};
use wugan_testing::{Fault, PlatformEvent};

#[test]
fn case_41_refresh_says_that_a_valid_session_cannot_be_renewed() {
    let (sim, tab, client) = ada();
    sim.advance(seconds(1_000.0));
    sim.server().fail_next([Fault::Status(401)]);
    let refreshed = refresh((&tab, &client));
    let error = sim.block_on(refreshed).unwrap_err();
    let Error::NotRenewable { valid_for: Some(valid_for) } = error else { panic!("{error:?}") };
    assert!(valid_for > seconds(700.0) && valid_for <= seconds(800.0), "{valid_for:?}");
    assert!(is_signed_in(&client));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    // Asking again makes no second request, and gives the same answer.
    let refreshed = refresh((&tab, &client));
    assert!(matches!(sim.block_on(refreshed), Err(Error::NotRenewable { .. })));
    assert_eq!(sim.server().stats().refreshes, 1);
    sim.advance(seconds(900.0));
    let refreshed = refresh((&tab, &client));
    assert_eq!(sim.block_on(refreshed), Err(Error::SignedOut(SignOutReason::Rejected)));
}

/// How many refreshes reach the server within `time` seconds if eight tabs send a request every 100 ms and each refresh meets this fault.
fn refreshes_of_eight_tabs(fault: Fault, time: f64) -> u64 {
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 8, builder);
    sim.server().fail_next(vec![fault; 10_000]);
    tabs[0].1.session().corrupt_access_token();
    sim.advance(seconds(0.5));
    let end = sim.now() + time * 1_000.0;
    while sim.now() < end {
        for (tab, client) in &tabs {
            drop(get(tab, client, "/bbb"));
        }
        sim.advance(seconds(0.1));
    }
    sim.server().stats().refreshes
}

#[test]
fn case_42_retry_after_of_zero_does_not_shorten_the_backoff() {
    let refreshes = refreshes_of_eight_tabs(Fault::RetryAfter(0), 60.0);
    assert!((2..=25).contains(&refreshes), "{refreshes} in a minute");
}

#[test]
fn case_43_a_pause_holds_for_all_tabs() {
    assert_eq!(refreshes_of_eight_tabs(Fault::RetryAfter(60), 58.0), 1);
    let refreshes = refreshes_of_eight_tabs(Fault::Status(503), 60.0);
    assert!((2..=25).contains(&refreshes), "{refreshes} in a minute");
}

#[test]
fn case_43_tabs_that_wait_for_a_refresh_that_hangs_fail_together() {
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 8, builder);
    sim.server().fail_next([Fault::Hangs; 8]);
    tabs[0].1.session().corrupt_access_token();
    sim.advance(seconds(0.5));
    let started = sim.now();
    let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
    for response in responses {
        let result = sim.block_on(response);
        assert!(matches!(result, Err(Error::Unavailable { .. })), "{result:?}");
    }
    assert!(sim.now() - started < 20_000.0, "one refresh timeout for all tabs: {} ms", sim.now() - started);
    assert_eq!(sim.server().violations(), Vec::<String>::new());
}

#[test]
fn case_43_a_new_tab_keeps_to_the_pause_of_the_others() {
    let (sim, tab, client) = ada();
    sim.server().fail_next([Fault::RetryAfter(60); 2]);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    sim.advance(seconds(5.0));
    tab.close();
    let tab = sim.tab();
    let client = tab.client(builder());
    let response = get(&tab, &client, "/bbb");
    let Err(Error::Unavailable { retry_after }) = sim.block_on(response) else { panic!("no pause") };
    assert!(retry_after > seconds(50.0) && retry_after <= seconds(56.0), "{retry_after:?}");
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_43_a_pause_outlives_neither_a_sign_in_nor_a_clock_set_back() {
    for set_back in [false, true] {
        let (sim, tab, client) = ada();
        sim.server().fail_next([Fault::RetryAfter(60)]);
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        if set_back {
            // By a day. The pause lasts for the minute it was set for at most.
            tab.set_clock_offset(-86_400_000.0);
            sim.advance(seconds(61.0));
        } else {
            client.session().sign_in(sim.server().sign_in("bob"));
            client.session().corrupt_access_token();
        }
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb(), "set back: {set_back}");
    }
}

#[test]
fn case_43_after_a_clock_was_set_back_the_pause_of_another_tab_counts() {
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 2, builder);
    tabs[0].1.session().corrupt_access_token();
    sim.advance(seconds(1.0));
    let unavailable = |index: usize| {
        let (tab, client): &(Tab, Client) = &tabs[index];
        let response = get(tab, client, "/bbb");
        matches!(sim.block_on(response), Err(Error::Unavailable { .. }))
    };
    sim.server().fail_next([Fault::Status(503), Fault::RetryAfter(60)]);
    assert!(unavailable(0));
    tabs.iter().for_each(|(tab, _)| tab.set_clock_offset(-86_400_000.0));
    assert!(unavailable(1));
    assert_eq!(sim.server().stats().refreshes, 2, "the clock that was set back ended the first pause");
    for _ in 0..50 {
        assert!(unavailable(0) && unavailable(1));
        sim.advance(seconds(1.0));
    }
    assert_eq!(sim.server().stats().refreshes, 2);
}

#[test]
fn case_52_a_polled_route_that_always_answers_401_costs_a_few_refreshes() {
    let (sim, tab, client) = ada();
    for _ in 0..600 {
        let response = get(&tab, &client, "/always401");
        assert_eq!(status(sim.block_on(response)), Ok(401));
        sim.advance(seconds(1.0));
    }
    let refreshes = sim.server().stats().refreshes;
    assert!((1..=9).contains(&refreshes), "{refreshes} in ten minutes");
    assert!(is_signed_in(&client));
    // The same token stops working later: another route renews it.
    sim.server().revoke_access_tokens();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().refreshes, refreshes + 1);
    // A route that always answers 401 and is polled must not hide that the server has ended the session.
    sim.advance(seconds(1.0));
    sim.server().end_sessions("ada");
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), Err(Error::SignedOut(SignOutReason::Rejected)));
}

#[test]
fn case_52_several_polled_routes_that_always_answer_401_cost_a_few_refreshes() {
    for routes in [2, 5, 20, 1_000] {
        let (sim, tab, client) = ada();
        for round in 0..600 {
            let response = get(&tab, &client, &format!("/always401/{}", round % routes));
            assert_eq!(status(sim.block_on(response)), Ok(401));
            sim.advance(seconds(1.0));
        }
        let refreshes = sim.server().stats().refreshes;
        assert!((1..=20).contains(&refreshes), "{routes}: {refreshes} in ten minutes");
    }
}

/// The path of a route is not its name: another origin may have the same.
#[test]
fn case_52_a_route_that_always_answers_401_is_named_by_origin_and_path() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    sim.server().add_base("https://files.example.com", 0.0);
    let client = tab.client(builder().allow_origin("https://files.example.com"));
    client.session().sign_in(sim.server().sign_in("ada"));
    let urls = ["/always401", "https://files.example.com/always401"];
    for (url, expected) in [(urls[0], 1), (urls[1], 2), (urls[0], 2), (urls[1], 2)] {
        let response = get(&tab, &client, url);
        assert_eq!(status(sim.block_on(response)), Ok(401));
        assert_eq!(sim.server().stats().refreshes, expected, "{url}");
    }
}

#[test]
fn case_61_token_after_gives_a_newer_token_without_a_second_refresh() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    sim.advance(seconds(60.0));
    let session = client.session().clone();
    let first = sim.block_on(tab.run(async move { session.token().await })).unwrap().unwrap();
    // Two sockets and a request were closed with the same token.
    let sockets: Vec<_> = (0..2)
        .map(|_| {
            let (session, old) = (client.session().clone(), first.clone());
            tab.run(async move { session.token_after(&old).await })
        })
        .collect();
    let tokens: Vec<_> = sockets.into_iter().map(|socket| sim.block_on(socket).unwrap()).collect();
    assert!(tokens.iter().all(|token| token.as_str() != first.as_str()));
    assert!(sim.server().accepts(tokens[0].as_str()));
    // Later, a third asks with the old token: a newer one is there already.
    sim.advance(seconds(60.0));
    let (session, old) = (client.session().clone(), first.clone());
    let third = sim.block_on(tab.run(async move { session.token_after(&old).await })).unwrap();
    assert_eq!(third.as_str(), tokens[0].as_str());
    assert_eq!((sim.server().stats().refreshes, count(&events, is_refresh_start)), (1, 1));
    assert_eq!(count(&events, |event| matches!(event, Event::RefreshStarted { trigger: RefreshTrigger::Due })), 0);
}

#[test]
fn case_52_a_socket_whose_tokens_are_always_refused_costs_a_few_refreshes() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    let session = client.session().clone();
    let mut token = sim.block_on(tab.run(async move { session.token().await })).unwrap().unwrap();
    for _ in 0..600 {
        let (session, old) = (client.session().clone(), token.clone());
        match sim.block_on(tab.run(async move { session.token_after(&old).await })) {
            Ok(newer) => token = newer,
            Err(error) => assert!(matches!(error, Error::Unavailable { .. }), "{error:?}"),
        }
        sim.advance(seconds(1.0));
    }
    let refreshes = sim.server().stats().refreshes;
    assert!((1..=9).contains(&refreshes), "{refreshes} in ten minutes");
}

#[test]
fn case_61_a_route_that_refuses_every_token_does_not_stop_token_after() {
    let (sim, tab, client) = ada();
    let response = get(&tab, &client, "/always401");
    assert_eq!(status(sim.block_on(response)), Ok(401));
    let session = client.session().clone();
    let newer = sim.block_on(tab.run(async move {
        let refused = session.token().await?.ok_or(Error::SessionChanged)?;
        Ok::<_, Error>((session.token_after(&refused).await?, refused))
    }));
    let (newer, refused) = newer.unwrap();
    assert_ne!(newer.as_str(), refused.as_str());
}

#[test]
fn case_63_there_is_one_timer_however_often_the_page_gets_the_focus() {
    let (sim, tab, client) = ada();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    for _ in 0..200 {
        tab.hide(true);
        sim.advance(seconds(0.5));
        tab.hide(false);
        tab.notify(PlatformEvent::Online);
        sim.advance(seconds(0.5));
    }
    assert!(tab.pending_timers() <= 3, "{} timers", tab.pending_timers());
    assert!(tab.running_tasks() <= 3, "{} tasks", tab.running_tasks());
}
