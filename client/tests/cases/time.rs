//! Cases 21 to 24: clocks that lie, tokens that live long, timers that sleep.

use crate::*;
use wugan::testing;

const HOUR: f64 = 3_600_000.0;

/// A day of a visible tab that asks every ten minutes. The access token lives half an hour and is renewed a little before.
fn refreshes_in_a_day(world: &World, tab: &Tab, client: &Client, mut meanwhile: impl FnMut(usize)) -> u64 {
    let before = world.server().seen().refreshes;
    for step in 0..144 {
        meanwhile(step);
        let asked = ask(tab, client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        world.pass(seconds(600.0));
    }
    world.server().seen().refreshes - before
}

#[test]
fn case_21_a_wrong_clock_changes_nothing() {
    for off in [0.0, 2.0, -2.0, 24.0, -24.0] {
        for hide_date in [false, true] {
            let (world, tab, client) = ada();
            world.server().hide_date(hide_date);
            tab.set_clock_off(off * HOUR);
            client.session().sign_in(world.server().sign_in("ada"));
            let refreshes = refreshes_in_a_day(&world, &tab, &client, |_| {});
            assert!((47..=49).contains(&refreshes), "{off} h, Date hidden: {hide_date}: {refreshes}");
            assert_eq!(world.server().seen().unauthorized, 0, "{off} h, Date hidden: {hide_date}");
        }
    }
}

#[test]
fn case_21_a_server_that_tells_no_date_at_all_is_believed_how_long_a_token_lives() {
    // A clock that is less fast than the token lives would leave it a part of its life.
    for off in [0.4, -0.4, 2.0, -2.0] {
        let (world, tab, client) = ada();
        world.server().hide_date(true);
        world.server().hide_iat(true);
        tab.set_clock_off(off * HOUR);
        client.session().sign_in(world.server().sign_in("ada"));
        let refreshes = refreshes_in_a_day(&world, &tab, &client, |_| {});
        assert!((47..=49).contains(&refreshes), "{off} h: {refreshes}");
        assert_eq!(world.server().seen().unauthorized, 0, "{off} h");
    }
}

#[test]
fn case_21_a_clock_set_back_while_running_changes_nothing() {
    for (to, hide_date) in [(-2.0, false), (-24.0, false), (-2.0, true), (-24.0, true)] {
        let (world, tab, client) = ada();
        world.server().hide_date(hide_date);
        let refreshes = refreshes_in_a_day(&world, &tab, &client, |step| {
            if step == 30 {
                tab.set_clock_off(to * HOUR)
            }
        });
        assert!((47..=49).contains(&refreshes), "{to} h, Date hidden: {hide_date}: {refreshes}");
        assert_eq!(world.server().seen().unauthorized, 0, "{to} h, Date hidden: {hide_date}");
    }
}

#[test]
fn case_21_a_clock_set_forward_costs_one_refresh_at_most() {
    let (world, tab, client) = ada();
    let refreshes = refreshes_in_a_day(&world, &tab, &client, |step| {
        if step == 30 {
            tab.set_clock_off(24.0 * HOUR)
        }
    });
    assert!((47..=50).contains(&refreshes), "{refreshes}");
}

#[test]
fn case_21_the_time_of_other_servers_and_of_caches_is_not_ours() {
    let (world, tab, client) = ada();
    tab.hide(true);
    let elsewhere = ask(&tab, &client, "https://elsewhere.example.com/aaa");
    assert!(world.until(elsewhere).is_ok());
    assert!(client.session().peek().expires_in.is_some_and(|left| left > seconds(1_790.0)), "their clock is a day fast");
    world.pass(seconds(1_500.0));
    let old = ask(&tab, &client, "/old");
    assert!(world.until(old).is_ok());
    world.pass(seconds(310.0));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!((world.server().seen().unauthorized, world.server().seen().refreshes), (0, 1));
}

#[test]
fn case_22_the_earlier_of_two_ends_counts_and_without_any_the_401_is_enough() {
    let (world, _tab, client) = ada();
    let mut answer = world.server().sign_in("ada");
    answer.expires_in = Some(60.0);
    client.session().sign_in(answer);
    let peek = client.session().peek();
    assert_eq!((peek.lifetime, peek.margin), (Some(seconds(60.0)), Some(seconds(6.0))));
    let mut answer = world.server().sign_in("ada");
    answer.expires_in = Some(100_000.0);
    client.session().sign_in(answer);
    let lifetime = client.session().peek().lifetime.unwrap();
    assert!(lifetime >= seconds(1_799.0) && lifetime <= seconds(1_802.0), "{lifetime:?}");

    let (world, tab, client) = ada();
    let mut answer = world.server().sign_in("ada");
    answer.access_token = "opaque".into();
    answer.expires_in = None;
    client.session().sign_in(answer);
    let peek = client.session().peek();
    assert_eq!((peek.expires_in, peek.margin), (None, None));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_22_an_end_that_makes_no_sense_is_no_end() {
    for expires_in in [0.0, -5.0, f64::NAN, f64::INFINITY, 1e300] {
        let (world, tab, client) = ada();
        let mut answer = world.server().sign_in("ada");
        answer.expires_in = Some(expires_in);
        client.session().sign_in(answer);
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        world.pass(seconds(60.0));
        assert_eq!(world.server().seen().refreshes, 0, "{expires_in}");
    }
}

#[test]
fn case_23_a_token_of_forty_days_is_not_refreshed_early() {
    let (world, _tab, client) = ada();
    world.server().access_ttl(seconds(40.0 * 86_400.0));
    client.session().sign_in(world.server().sign_in("ada"));
    world.pass(seconds(39.9 * 86_400.0));
    assert_eq!(world.server().seen().refreshes, 0);
    world.pass(seconds(0.2 * 86_400.0));
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_24_the_first_request_after_waking_refreshes_first() {
    for monotonic_sleeps_too in [true, false] {
        let (world, tab, client) = ada();
        tab.freeze();
        world.pass(seconds(7_200.0));
        if monotonic_sleeps_too {
            tab.slept(7_200_000.0);
        }
        tab.thaw();
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        assert_eq!((world.server().seen().refreshes, world.server().seen().unauthorized), (1, 0));
    }
}

#[test]
fn a_hidden_tab_renews_nothing_until_somebody_looks_or_asks() {
    let (world, tab, _client) = ada();
    tab.hide(true);
    world.pass(seconds(86_400.0));
    assert_eq!(world.server().seen().refreshes, 0);
    tab.hide(false);
    world.pass(seconds(10.0));
    assert_eq!(world.server().seen().refreshes, 1);
}

#[test]
fn case_24_an_answer_that_is_heard_after_a_sleep_tells_no_time() {
    let (world, tab, client) = ada();
    tab.hide(true);
    let asked = ask(&tab, &client, "/bbb");
    world.settle();
    tab.freeze();
    // The answer's `Date` is 43 minutes old when it is heard, and the token lives for 30.
    world.pass(seconds(2_580.0));
    tab.thaw();
    drop(world.until(asked));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!((world.server().seen().unauthorized, world.server().seen().refreshes), (0, 1));
}

#[test]
fn case_24_what_another_tab_brought_during_a_sleep_may_have_run_out_too() {
    let (world, tab, client) = ada();
    let other_tab = world.tab();
    let other = other_tab.client(settings());
    tab.hide(true);
    other_tab.hide(true);
    world.pass(seconds(1.0));
    client.session().spoil_access_token();
    let asked = send(&tab, &client, Request::get("/bbb").deadline(seconds(10_000.0)));
    world.settle();
    tab.freeze();
    let brought = ask(&other_tab, &other, "/bbb");
    assert_eq!(world.until(brought), bbb());
    world.pass(seconds(1_900.0));
    tab.thaw();
    assert_eq!(world.until(asked), bbb());
}

#[test]
fn case_20_a_request_leaves_while_its_token_still_works_whatever_keeps_the_refresh() {
    let (world, tab, _) = ada();
    let client = tab.client(settings().background(false));
    world.server().access_ttl(seconds(20.0));
    client.session().sign_in(world.server().sign_in("ada"));
    world.pass(seconds(18.1));
    world.server().next([testing::Fault::Hangs]);
    let begun = world.now();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert!(world.now() - begun < 1_500.0, "{}", world.now() - begun);
    assert_eq!(world.server().seen().unauthorized, 0);
}

#[test]
fn case_24_a_tab_that_slept_through_the_next_token_too_renews_again() {
    let world = World::new(1);
    let (one, other) = (world.tab(), world.tab());
    let [sleeper, awake] = [&one, &other].map(|tab| tab.client(settings().background(false)));
    world.server().access_ttl(seconds(20.0));
    sleeper.session().sign_in(world.server().sign_in("ada"));
    sleeper.session().spoil_access_token();
    world.pass(seconds(0.1));
    let slow = ask(&one, &sleeper, "/bbb");
    world.settle();
    one.freeze();
    let asked = ask(&other, &awake, "/bbb");
    assert_eq!(world.until(asked), bbb());
    world.pass(seconds(25.0));
    one.thaw();
    assert_eq!(world.until(slow), bbb());
    assert_eq!(world.server().seen().refreshes, 2);
}

#[test]
fn case_24_a_tab_that_slept_while_its_refresh_was_answered_renews_again() {
    for until in [0.05, 0.15, 0.25, 0.35, 0.45] {
        let (world, tab, _) = ada();
        let client = tab.client(settings().background(false));
        world.server().access_ttl(seconds(20.0));
        world.server().latency(seconds(0.1), seconds(0.1));
        client.session().sign_in(world.server().sign_in("ada"));
        client.session().spoil_access_token();
        let slow = ask(&tab, &client, "/bbb");
        world.pass(seconds(until));
        tab.freeze();
        world.pass(seconds(25.0));
        tab.thaw();
        assert_eq!(world.until(slow), bbb(), "frozen after {until} s");
    }
}

#[test]
fn case_24_a_tab_that_falls_asleep_each_time_its_refresh_is_answered_renews_again() {
    let (world, tab, _) = ada();
    let client = tab.client(settings().background(false));
    world.server().access_ttl(seconds(20.0));
    world.server().latency(seconds(0.1), seconds(0.1));
    client.session().sign_in(world.server().sign_in("ada"));
    client.session().spoil_access_token();
    let slow = send(&tab, &client, Request::get("/bbb").deadline(seconds(1_000.0)));
    for nap in 1..=3 {
        while world.server().seen().refreshes < nap {
            world.pass(seconds(0.01));
        }
        tab.freeze();
        world.pass(seconds(25.0));
        tab.thaw();
    }
    assert_eq!(world.until(slow), bbb());
}

#[test]
fn case_22_a_token_that_was_long_under_way_is_no_younger_for_it() {
    for age in [20.2, 20.4, 20.6, 20.8] {
        let (world, tab, _) = ada();
        let client = tab.client(settings().background(false));
        world.server().access_ttl(seconds(20.0));
        world.server().latency(seconds(0.1), seconds(0.1));
        client.session().sign_in(world.server().sign_in("ada"));
        client.session().spoil_access_token();
        let asked = ask(&tab, &client, "/bbb");
        world.pass(seconds(0.3));
        let issued = world.now();
        world.pass(seconds(0.05));
        assert_eq!(world.server().seen().refreshes, 1);
        tab.freeze();
        world.pass(seconds(5.8));
        tab.thaw();
        assert_eq!(world.until(asked), bbb());
        let refused = world.server().seen().unauthorized;
        world.pass(seconds(age - (world.now() - issued) / 1_000.0));
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        assert_eq!(world.server().seen().unauthorized, refused, "{age} s after it was issued");
    }
}

/// Ada's token lives for so long; then the device sleeps, which none of its clocks counts; there are so many answers, one of them after
/// 40 s; and at this age of the token she asks again. Returns how many 401s and refreshes there were.
fn after_a_slow_answer(lives: f64, sleeps: f64, quick_first: bool, age: f64) -> (u64, u64) {
    let (world, tab, _) = ada();
    let client = tab.client(settings().background(false));
    world.server().access_ttl(seconds(lives));
    client.session().sign_in(world.server().sign_in("ada"));
    let issued = world.now();
    tab.freeze();
    world.pass(seconds(sleeps));
    tab.slept(sleeps * 1_000.0);
    tab.set_clock_off(-HOUR);
    tab.thaw();
    if quick_first {
        let quick = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(quick), bbb());
    }
    world.server().latency(seconds(20.0), seconds(20.0));
    let slow = send(&tab, &client, Request::get("/bbb").deadline(seconds(100.0)));
    assert_eq!(world.until(slow), bbb());
    world.server().latency(seconds(0.1), seconds(0.1));
    world.pass(seconds(age - (world.now() - issued) / 1_000.0));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    (world.server().seen().unauthorized, world.server().seen().refreshes)
}

#[test]
fn case_21_a_slow_answer_does_not_unsay_what_a_quick_one_told_of_the_time() {
    assert_eq!(after_a_slow_answer(100.0, 15.0, true, 102.0), (0, 1));
}

#[test]
fn case_21_a_slow_answer_tells_what_it_can_where_nothing_else_does() {
    assert_eq!(after_a_slow_answer(200.0, 60.0, false, 202.0), (0, 1));
}

#[test]
fn case_23_a_slow_answer_makes_no_token_older() {
    assert_eq!(after_a_slow_answer(100.0, 0.0, false, 75.0), (0, 0));
}
