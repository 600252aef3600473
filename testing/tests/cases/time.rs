//! Cases 20 to 24: wrong clocks, long-lived tokens, sleeping timers.

use crate::*;
use wugan_testing::Fault;

const HOUR: f64 = 3_600_000.0;

/// Sends a request every ten minutes for a day, from a visible tab. The access token lives for half an hour. Returns the refreshes.
fn refreshes_in_a_day(sim: &Simulation, tab: &Tab, client: &Client, mut meanwhile: impl FnMut(usize)) -> u64 {
    let before = sim.server().stats().refreshes;
    for step in 0..144 {
        meanwhile(step);
        let response = get(tab, client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        sim.advance(seconds(600.0));
    }
    sim.server().stats().refreshes - before
}

#[test]
fn case_21_a_wrong_device_clock_changes_nothing() {
    for off in [0.0, 2.0, -2.0, 24.0, -24.0] {
        for hide_date in [false, true] {
            let (sim, tab, client) = ada();
            sim.server().hide_date(hide_date);
            tab.set_clock_offset(off * HOUR);
            client.session().sign_in(sim.server().sign_in("ada"));
            let refreshes = refreshes_in_a_day(&sim, &tab, &client, |_| {});
            assert!((47..=49).contains(&refreshes), "{off} h, Date hidden: {hide_date}: {refreshes}");
            assert_eq!(sim.server().stats().unauthorized, 0, "{off} h, Date hidden: {hide_date}");
        }
    }
}

#[test]
fn case_21_without_date_and_iat_the_lifetime_comes_from_expires_in() {
    // A clock that is off by less than the lifetime of the token would leave a part of it.
    for off in [0.4, -0.4, 2.0, -2.0] {
        let (sim, tab, client) = ada();
        sim.server().hide_date(true);
        sim.server().hide_iat(true);
        tab.set_clock_offset(off * HOUR);
        client.session().sign_in(sim.server().sign_in("ada"));
        let refreshes = refreshes_in_a_day(&sim, &tab, &client, |_| {});
        assert!((47..=49).contains(&refreshes), "{off} h: {refreshes}");
        assert_eq!(sim.server().stats().unauthorized, 0, "{off} h");
    }
}

#[test]
fn case_21_a_device_clock_set_back_changes_nothing() {
    for (to, hide_date) in [(-2.0, false), (-24.0, false), (-2.0, true), (-24.0, true)] {
        let (sim, tab, client) = ada();
        sim.server().hide_date(hide_date);
        let refreshes = refreshes_in_a_day(&sim, &tab, &client, |step| {
            if step == 30 {
                tab.set_clock_offset(to * HOUR)
            }
        });
        assert!((47..=49).contains(&refreshes), "{to} h, Date hidden: {hide_date}: {refreshes}");
        assert_eq!(sim.server().stats().unauthorized, 0, "{to} h, Date hidden: {hide_date}");
    }
}

#[test]
fn case_21_a_device_clock_set_forward_costs_one_refresh_at_most() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    let refreshes = refreshes_in_a_day(&sim, &tab, &client, |step| {
        if step == 30 {
            tab.set_clock_offset(24.0 * HOUR)
        }
    });
    assert!((47..=50).contains(&refreshes), "{refreshes}");
}

#[test]
fn case_21_dates_of_other_servers_and_caches_are_ignored() {
    let (sim, tab, client) = ada();
    tab.hide(true);
    let foreign = get(&tab, &client, "https://elsewhere.example.com/aaa");
    assert!(sim.block_on(foreign).is_ok());
    assert!(client.session().info().expires_in.is_some_and(|left| left > seconds(1_790.0)), "the clock of that server is a day fast");
    sim.advance(seconds(1_500.0));
    let old = get(&tab, &client, "/old");
    assert!(sim.block_on(old).is_ok());
    sim.advance(seconds(310.0));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().unauthorized, sim.server().stats().refreshes), (0, 1));
}

#[test]
fn case_22_the_earlier_expiry_counts_and_without_one_a_401_is_enough() {
    let (sim, _tab, client) = ada();
    let mut tokens = sim.server().sign_in("ada");
    tokens.expires_in = Some(60.0);
    client.session().sign_in(tokens);
    let info = client.session().info();
    assert_eq!((info.lifetime, info.refresh_margin), (Some(seconds(60.0)), Some(seconds(6.0))));
    let mut tokens = sim.server().sign_in("ada");
    tokens.expires_in = Some(100_000.0);
    client.session().sign_in(tokens);
    let lifetime = client.session().info().lifetime.unwrap();
    assert!(lifetime >= seconds(1_799.0) && lifetime <= seconds(1_802.0), "{lifetime:?}");

    let (sim, tab, client) = ada();
    let mut tokens = sim.server().sign_in("ada");
    tokens.access_token = "opaque".into();
    tokens.expires_in = None;
    client.session().sign_in(tokens);
    let info = client.session().info();
    assert_eq!((info.expires_in, info.refresh_margin), (None, None));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_22_an_invalid_expires_in_is_ignored() {
    for expires_in in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e300] {
        let (sim, tab, client) = ada();
        let mut tokens = sim.server().sign_in("ada");
        tokens.expires_in = Some(expires_in);
        client.session().sign_in(tokens);
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        sim.advance(seconds(60.0));
        assert_eq!(sim.server().stats().refreshes, 0, "{expires_in}");
    }
}

#[test]
fn case_23_a_token_of_forty_days_is_not_refreshed_early() {
    let (sim, _tab, client) = ada();
    sim.server().set_access_ttl(seconds(40.0 * 86_400.0));
    client.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(39.9 * 86_400.0));
    assert_eq!(sim.server().stats().refreshes, 0);
    sim.advance(seconds(0.2 * 86_400.0));
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_24_the_first_request_after_waking_refreshes_first() {
    for monotonic_sleeps_too in [true, false] {
        let (sim, tab, client) = ada();
        tab.freeze();
        sim.advance(seconds(7_200.0));
        if monotonic_sleeps_too {
            tab.add_sleep(7_200_000.0);
        }
        tab.thaw();
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        assert_eq!((sim.server().stats().refreshes, sim.server().stats().unauthorized), (1, 0));
    }
}

#[test]
fn a_hidden_tab_refreshes_only_when_it_is_shown_or_used() {
    let (sim, tab, _client) = ada();
    tab.hide(true);
    sim.advance(seconds(86_400.0));
    assert_eq!(sim.server().stats().refreshes, 0);
    tab.hide(false);
    sim.advance(seconds(10.0));
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_24_a_response_read_after_a_sleep_does_not_set_the_clock() {
    let (sim, tab, client) = ada();
    tab.hide(true);
    let response = get(&tab, &client, "/bbb");
    sim.settle();
    tab.freeze();
    // The `Date` of the response is 43 minutes old when it is read. The token lives for 30 minutes.
    sim.advance(seconds(2_580.0));
    tab.thaw();
    drop(sim.block_on(response));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().unauthorized, sim.server().stats().refreshes), (0, 1));
}

#[test]
fn case_24_tokens_that_another_tab_stored_during_a_sleep_may_be_expired() {
    let (sim, tab, client) = ada();
    let other_tab = sim.tab();
    let other = other_tab.client(builder());
    tab.hide(true);
    other_tab.hide(true);
    sim.advance(seconds(1.0));
    client.session().corrupt_access_token();
    let response = send(&tab, client.get("/bbb").timeout(seconds(10_000.0)));
    sim.settle();
    tab.freeze();
    let other_response = get(&other_tab, &other, "/bbb");
    assert_eq!(sim.block_on(other_response), bbb());
    sim.advance(seconds(1_900.0));
    tab.thaw();
    assert_eq!(sim.block_on(response), bbb());
}

#[test]
fn case_20_a_request_is_sent_with_a_valid_token_while_a_refresh_hangs() {
    let (sim, tab, _) = ada();
    let client = tab.client(builder().auto_refresh(false));
    sim.server().set_access_ttl(seconds(20.0));
    client.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(18.1));
    sim.server().fail_next([Fault::Hangs]);
    let started = sim.now();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert!(sim.now() - started < 1_500.0, "{}", sim.now() - started);
    assert_eq!(sim.server().stats().unauthorized, 0);
}

#[test]
fn case_24_a_tab_that_slept_past_the_next_token_refreshes_again() {
    let sim = Simulation::new(1);
    let (one, other) = (sim.tab(), sim.tab());
    let [asleep, awake] = [&one, &other].map(|tab| tab.client(builder().auto_refresh(false)));
    sim.server().set_access_ttl(seconds(20.0));
    asleep.session().sign_in(sim.server().sign_in("ada"));
    asleep.session().corrupt_access_token();
    sim.advance(seconds(0.1));
    let slow = get(&one, &asleep, "/bbb");
    sim.settle();
    one.freeze();
    let response = get(&other, &awake, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    sim.advance(seconds(25.0));
    one.thaw();
    assert_eq!(sim.block_on(slow), bbb());
    assert_eq!(sim.server().stats().refreshes, 2);
}

#[test]
fn case_24_a_tab_that_slept_during_its_refresh_refreshes_again() {
    for until in [0.05, 0.15, 0.25, 0.35, 0.45] {
        let (sim, tab, _) = ada();
        let client = tab.client(builder().auto_refresh(false));
        sim.server().set_access_ttl(seconds(20.0));
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        client.session().sign_in(sim.server().sign_in("ada"));
        client.session().corrupt_access_token();
        let slow = get(&tab, &client, "/bbb");
        sim.advance(seconds(until));
        tab.freeze();
        sim.advance(seconds(25.0));
        tab.thaw();
        assert_eq!(sim.block_on(slow), bbb(), "frozen after {until} s");
    }
}

/// A tab stores its new tokens later than an exchange may take: a third tab may be repeating the exchange, and its request may be on
/// the way. If the new tokens were exchanged twice before it arrives, the server would take it for theft.
#[test]
fn case_24_tokens_that_were_stored_late_are_not_exchanged_at_once_by_another_tab() {
    let (sim, suspended, _) = ada();
    let other = sim.tab();
    let clients = [&suspended, &other].map(|tab| tab.client(builder().auto_refresh(false)));
    sim.server().set_access_ttl(seconds(5.0));
    sim.server().set_latency(seconds(0.1), seconds(0.1));
    clients[0].session().sign_in(sim.server().sign_in("ada"));
    clients[0].session().corrupt_access_token();
    let first = get(&suspended, &clients[0], "/bbb");
    while sim.server().stats().refreshes < 1 {
        sim.advance(seconds(0.01));
    }
    suspended.freeze();
    let second = get(&other, &clients[1], "/bbb");
    sim.advance(seconds(12.0));
    suspended.thaw();
    sim.advance(seconds(0.9));
    assert_eq!(sim.server().stats().refreshes, 1);
    assert_eq!([sim.block_on(first), sim.block_on(second)], [bbb(), bbb()]);
    assert_eq!((sim.server().stats().refreshes, sim.server().violations()), (2, vec![]));
}

/// Both store the successor before either can read the other's record, with an attempt id each.
#[test]
fn case_24_two_tabs_that_were_suspended_during_one_exchange_make_the_next_one_once() {
    let (sim, tab, _) = ada();
    let tabs = [tab, sim.tab()];
    let clients = tabs.each_ref().map(|tab| tab.client(builder().auto_refresh(false)));
    let server = sim.server();
    server.set_access_ttl(seconds(5.0));
    server.set_latency(seconds(0.1), seconds(0.1));
    clients[0].session().sign_in(server.sign_in("ada"));
    clients[0].session().corrupt_access_token();
    // The second tab takes the first one for suspended, and repeats its exchange.
    let responses = [1, 2].map(|refreshes| {
        let response = send(&tabs[refreshes - 1], clients[refreshes - 1].get("/bbb").timeout(seconds(100.0)));
        while (server.stats().refreshes as usize) < refreshes {
            sim.advance(seconds(0.01));
        }
        tabs[refreshes - 1].freeze();
        response
    });
    sim.advance(seconds(6.0));
    server.set_latency(seconds(1.5), seconds(1.5));
    // The second tab makes the next exchange at once, because the tokens have expired.
    tabs.iter().rev().for_each(Tab::thaw);
    sim.settle();
    server.set_latency(seconds(0.1), seconds(0.1));
    assert_eq!(responses.map(|response| sim.block_on(response)), [bbb(), bbb()]);
    let stats = server.stats();
    assert_eq!((stats.repeated, stats.superseded, stats.rotated, stats.refreshes), (1, 0, 2, 3));
}

#[test]
fn case_24_a_tab_that_sleeps_during_each_refresh_gets_a_response_in_the_end() {
    let (sim, tab, _) = ada();
    let client = tab.client(builder().auto_refresh(false));
    sim.server().set_access_ttl(seconds(20.0));
    sim.server().set_latency(seconds(0.1), seconds(0.1));
    client.session().sign_in(sim.server().sign_in("ada"));
    client.session().corrupt_access_token();
    let slow = send(&tab, client.get("/bbb").timeout(seconds(1_000.0)));
    for nap in 1..=3 {
        while sim.server().stats().refreshes < nap {
            sim.advance(seconds(0.01));
        }
        tab.freeze();
        sim.advance(seconds(25.0));
        tab.thaw();
    }
    assert_eq!(sim.block_on(slow), bbb());
}

#[test]
fn case_22_a_slow_token_response_makes_its_token_no_younger() {
    for age in [20.2, 20.4, 20.6, 20.8] {
        let (sim, tab, _) = ada();
        let client = tab.client(builder().auto_refresh(false));
        sim.server().set_access_ttl(seconds(20.0));
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        client.session().sign_in(sim.server().sign_in("ada"));
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        sim.advance(seconds(0.3));
        let issued = sim.now();
        sim.advance(seconds(0.05));
        assert_eq!(sim.server().stats().refreshes, 1);
        tab.freeze();
        sim.advance(seconds(5.8));
        tab.thaw();
        assert_eq!(sim.block_on(response), bbb());
        let refused = sim.server().stats().unauthorized;
        sim.advance(seconds(age - (sim.now() - issued) / 1_000.0));
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        assert_eq!(sim.server().stats().unauthorized, refused, "{age} s after it was issued");
    }
}

/// The token lives for `lifetime` seconds. The device sleeps for `sleep` seconds, which none of its clocks counts. A quick response
/// (optional) and one that takes 40 s follow, to POST, which no cache answers. Returns how many 401s and refreshes there were when the token is `age` seconds old.
fn after_a_slow_response(lifetime: f64, sleep: f64, quick_first: bool, age: f64) -> (u64, u64) {
    let (sim, tab, _) = ada();
    let client = tab.client(builder().auto_refresh(false));
    sim.server().set_access_ttl(seconds(lifetime));
    client.session().sign_in(sim.server().sign_in("ada"));
    let issued = sim.now();
    tab.freeze();
    sim.advance(seconds(sleep));
    tab.add_sleep(sleep * 1_000.0);
    tab.set_clock_offset(-HOUR);
    tab.thaw();
    if quick_first {
        let quick = send(&tab, client.post("/bbb"));
        assert_eq!(sim.block_on(quick), bbb());
    }
    sim.server().set_latency(seconds(20.0), seconds(20.0));
    let slow = send(&tab, client.post("/bbb").timeout(seconds(100.0)));
    assert_eq!(sim.block_on(slow), bbb());
    sim.server().set_latency(seconds(0.1), seconds(0.1));
    sim.advance(seconds(age - (sim.now() - issued) / 1_000.0));
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    (sim.server().stats().unauthorized, sim.server().stats().refreshes)
}

#[test]
fn case_21_a_slow_response_does_not_replace_the_time_of_a_quick_one() {
    assert_eq!(after_a_slow_response(100.0, 15.0, true, 102.0), (0, 1));
}

#[test]
fn case_21_a_slow_response_sets_the_clock_if_nothing_better_does() {
    assert_eq!(after_a_slow_response(200.0, 60.0, false, 202.0), (0, 1));
}

#[test]
fn case_23_a_slow_response_makes_no_token_older() {
    assert_eq!(after_a_slow_response(100.0, 0.0, false, 75.0), (0, 0));
}
