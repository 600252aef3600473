//! Cases 10 to 15, 31, 33: many tabs share one session.

use crate::*;
use wugan::{RefreshResult, SignOutReason};
use wugan_testing::{Fault, PlatformEvent};

#[test]
fn case_10_eight_tabs_and_twenty_expiries_make_twenty_refreshes() {
    for has_locks in [true, false] {
        let sim = Simulation::new(3);
        // Without Web Locks, tabs may send the same exchange; its attempt id makes the duplicates harmless.
        sim.server().set_access_ttl(seconds(60.0));
        if !has_locks {
            sim.server().allow_duplicates();
        }
        let tabs: Vec<_> = (0..8)
            .map(|_| {
                let tab = sim.tab();
                tab.set_web_locks(has_locks);
                let client = tab.client(builder());
                (tab, client)
            })
            .collect();
        tabs[0].1.session().sign_in(sim.server().sign_in("ada"));
        for round in 1..=20 {
            tabs.iter().for_each(|(tab, _)| tab.hide(true));
            sim.advance(seconds(61.0));
            let responses: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..5).map(|_| get(tab, client, "/bbb"))).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb());
            }
            assert_eq!(sim.server().stats().rotated, round, "locks: {has_locks}");
            if has_locks {
                assert_eq!(sim.server().stats().refreshes, round);
            }
        }
        assert_eq!((sim.server().stats().revoked, sim.server().stats().superseded), (0, 0));
        assert!(tabs.iter().all(|(_, client)| is_signed_in(client)));
    }
}

#[test]
fn case_10_a_storage_lag_causes_no_second_refresh() {
    for seed in 0..50 {
        let sim = Simulation::new(seed);
        sim.set_store_lag(seconds(0.05));
        let tabs: Vec<_> = (0..4).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(builder()))).collect();
        tabs[0].1.session().sign_in(sim.server().sign_in("ada"));
        for round in 1..=3 {
            sim.advance(seconds(1_900.0));
            let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb());
            }
            assert_eq!((sim.server().stats().rotated, sim.server().stats().repeated), (round, 0), "seed {seed}");
        }
    }
}

/// Runs `action` in one tab at about the time at which another tab stores new tokens: neither can read the write of the other yet.
fn during_a_refresh_of_another_tab(action: impl Fn(&Simulation, &Client), check: impl Fn(&Simulation, &[Client])) {
    for offset in 0..40 {
        let (sim, _, first) = ada();
        sim.set_store_lag(seconds(0.05));
        let tab = sim.tab();
        let second = tab.client(builder());
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        second.session().corrupt_access_token();
        let response = get(&tab, &second, "/bbb");
        while sim.server().stats().rotated == 0 {
            sim.advance(seconds(0.001));
        }
        sim.advance(seconds(0.080 + f64::from(offset) * 0.001));
        action(&sim, &first);
        sim.advance(seconds(5.0));
        drop(sim.block_on(response));
        check(&sim, &[first, second]);
    }
}

#[test]
fn case_14_tokens_stored_during_a_sign_out_do_not_undo_it() {
    during_a_refresh_of_another_tab(
        |_, first| first.session().sign_out(),
        |sim, clients| {
            assert!(!clients.iter().any(is_signed_in), "{}", sim.timeline());
            assert!(!sim.stored(KEY).unwrap().contains("SECRET"));
        },
    );
}

#[test]
fn case_15_tokens_stored_during_another_sign_in_do_not_undo_it() {
    during_a_refresh_of_another_tab(
        |sim, first| first.session().sign_in(sim.server().sign_in("bob")),
        |_, clients| {
            for client in clients {
                assert_eq!(user(client).as_deref(), Some("bob"));
            }
        },
    );
}

#[test]
fn case_11_a_rejected_tab_adopts_the_tokens_that_another_tab_stored() {
    // Two tabs exchange one refresh token. The second is refused and learns of it after the first has stored the new tokens.
    const ASIDE: &str = "aside";
    let (sim, tab, client) = ada();
    let events = record(&client);
    // The first uses another storage key, hence another lock, with the same session.
    sim.overwrite(ASIDE, sim.stored(KEY).as_deref());
    let first_tab = sim.tab();
    let first = first_tab.client(builder().storage_key(ASIDE));
    sim.advance(seconds(60.0));
    assert_eq!(sim.block_on(refresh((&first_tab, &first))), Ok(()));
    let newer = sim.stored(ASIDE).unwrap();

    sim.server().set_latency(seconds(0.05), seconds(0.05));
    client.session().corrupt_access_token();
    sim.server().fail_next([Fault::Status(401)]);
    let response = get(&tab, &client, "/bbb");
    sim.advance(seconds(0.14));
    assert_eq!(count(&events, is_refresh_start), 1, "the second exchange is in flight");
    sim.overwrite(KEY, Some(&newer));
    assert_eq!(sim.block_on(response), bbb());
    assert!(is_signed_in(&client));
    assert_eq!(sim.stored(KEY), Some(newer));
    assert_eq!(count(&events, |event| *event == Event::RefreshEnded { result: RefreshResult::Adopted }), 1);
    assert_eq!((count(&events, is_refresh_start), sim.server().stats().rotated), (1, 1));
}

/// Tabs with or without Web Locks, in which ada is signed in, with clients that wait long.
fn tabs_with_a_long_timeout(sim: &Simulation, count: usize, has_locks: bool) -> Vec<(Tab, Client)> {
    sim.server().allow_early_refreshes();
    if !has_locks {
        sim.server().allow_duplicates();
    }
    let tabs = tabs(sim, count, || builder().auto_refresh(false).timeout(seconds(200.0)));
    tabs.iter().for_each(|(tab, _)| tab.set_web_locks(has_locks));
    tabs
}

fn no_violations() -> Vec<String> {
    Vec::new()
}

#[test]
fn case_12_a_frozen_tab_blocks_other_tabs_for_a_bounded_time() {
    for has_locks in [true, false] {
        let sim = Simulation::new(5);
        sim.server().set_latency(seconds(0.05), seconds(0.05));
        let tabs = tabs_with_a_long_timeout(&sim, 8, has_locks);
        let (frozen, client) = &tabs[0];
        client.session().corrupt_access_token();
        let _never = get(frozen, client, "/bbb");
        sim.advance(seconds(0.24));
        frozen.freeze();
        let started = sim.now();
        let responses: Vec<_> = tabs[1..].iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb());
        }
        assert!(sim.now() - started < 25_000.0, "{}", sim.now() - started);
        // One exchange of the frozen tab, and one of another tab.
        if has_locks {
            assert!(sim.server().stats().refreshes <= 2, "{:?}", sim.server().stats());
        }
        assert_eq!(sim.server().stats().revoked, 0);
        frozen.thaw();
        sim.advance(seconds(30.0));
        for (tab, client) in &tabs {
            let response = get(tab, client, "/bbb");
            assert_eq!(sim.block_on(response), bbb());
        }
        assert_eq!((sim.server().stats().rotated, sim.server().violations()), (1, no_violations()), "locks: {has_locks}");
    }
}

#[test]
fn case_12_a_slow_refresh_is_not_repeated_by_a_waiting_tab() {
    let sim = Simulation::new(1);
    let slow = || builder().timeout(seconds(60.0)).attempt_timeout(seconds(60.0)).refresh_timeout(seconds(20.0)).lock_timeout(seconds(1.0));
    let tabs = tabs(&sim, 2, slow);
    sim.server().set_latency(seconds(8.0), seconds(8.0));
    tabs[0].1.session().corrupt_access_token();
    sim.advance(seconds(0.1));
    let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!((sim.server().stats().refreshes, sim.server().violations()), (1, no_violations()));
}

#[test]
fn case_12_a_holder_that_thaws_when_another_tab_stops_waiting_causes_no_second_refresh() {
    for early in 0..60_u32 {
        let sim = Simulation::new(u64::from(early));
        sim.set_store_lag(seconds(0.05));
        let tabs = tabs_with_a_long_timeout(&sim, 3, true);
        let [holder, first, second] = &tabs[..] else { unreachable!() };
        // The holder is frozen while its exchange gets no answer.
        sim.server().fail_next([Fault::Hangs]);
        let failed = refresh((&holder.0, &holder.1));
        sim.settle();
        let waiting = refresh((&first.0, &first.1));
        sim.advance(seconds(0.5));
        holder.0.freeze();
        let also_waiting = refresh((&second.0, &second.1));
        // It thaws at about the time at which the others stop waiting for it.
        sim.advance(seconds(14.97 + f64::from(early) * 0.001));
        holder.0.thaw();
        sim.advance(seconds(60.0));
        drop(sim.block_on(failed));
        for result in [sim.block_on(waiting), sim.block_on(also_waiting)] {
            // The pause after the failed refresh holds for all tabs.
            assert!(matches!(result, Ok(()) | Err(Error::Unavailable { .. })), "{early} ms: {result:?}");
        }
        assert_eq!(sim.server().violations(), no_violations(), "{early} ms");
        assert!(sim.server().stats().rotated <= 1, "{early} ms");
    }
}

#[test]
fn case_12_without_locks_a_tab_frozen_during_its_refresh_costs_no_session() {
    for (freeze, thaw) in (0..12).flat_map(|freeze| (0..10).map(move |thaw| (f64::from(freeze) * 0.02, 14.5 + f64::from(thaw) * 0.1))) {
        let sim = Simulation::new(2);
        sim.server().set_latency(seconds(0.3), seconds(0.3));
        let tabs = tabs_with_a_long_timeout(&sim, 2, false);
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        let first = refresh((&tabs[0].0, &tabs[0].1));
        sim.advance(seconds(freeze));
        tabs[0].0.freeze();
        let second = refresh((&tabs[1].0, &tabs[1].1));
        sim.advance(seconds(thaw));
        tabs[0].0.thaw();
        assert_eq!((sim.block_on(first), sim.block_on(second)), (Ok(()), Ok(())), "{freeze} s, {thaw} s");
        let stats = sim.server().stats();
        assert_eq!((stats.rotated, stats.superseded, stats.revoked), (1, 0, 0), "{freeze} s, {thaw} s");
        assert_eq!(sim.server().violations(), no_violations(), "{freeze} s, {thaw} s");
    }
}

#[test]
fn case_12_a_tab_that_was_frozen_when_it_got_the_lock_does_not_use_it() {
    for tenths in 0..20_u32 {
        let sim = Simulation::new(u64::from(tenths));
        let tabs = tabs_with_a_long_timeout(&sim, 3, true);
        let [holder, frozen, other] = &tabs[..] else { unreachable!() };
        // The refresh of the holder fails after its timeout. The lock goes to the next tab, which is frozen by then.
        sim.server().fail_next([Fault::Hangs]);
        holder.1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        let failed = refresh((&holder.0, &holder.1));
        sim.advance(seconds(5.0));
        let waiting = refresh((&frozen.0, &frozen.1));
        sim.advance(seconds(1.0));
        frozen.0.freeze();
        let also_waiting = refresh((&other.0, &other.1));
        sim.server().set_latency(seconds(0.5), seconds(0.5));
        sim.advance(seconds(15.0 + f64::from(tenths) / 10.0));
        frozen.0.thaw();
        assert!(matches!(sim.block_on(failed), Err(Error::Unavailable { .. })));
        for result in [sim.block_on(waiting), sim.block_on(also_waiting)] {
            // The pause after the failed refresh holds for all tabs.
            assert!(matches!(result, Ok(()) | Err(Error::Unavailable { .. })), "{result:?}");
        }
        sim.advance(seconds(60.0));
        assert_eq!(sim.block_on(refresh((&other.0, &other.1))), Ok(()));
        assert_eq!(sim.server().violations(), no_violations(), "{tenths}");
    }
}

#[test]
fn case_12_a_tab_that_thaws_during_the_refresh_of_another_adopts_its_tokens() {
    for (has_locks, tenths) in [true, false].into_iter().flat_map(|has_locks| (0..20).map(move |tenths| (has_locks, tenths))) {
        let sim = Simulation::new(3);
        sim.set_store_lag(seconds(0.05));
        sim.server().set_latency(seconds(0.5), seconds(0.5));
        let tabs = tabs_with_a_long_timeout(&sim, 3, has_locks);
        let [holder, second, third] = &tabs[..] else { unreachable!() };
        holder.1.session().corrupt_access_token();
        let first_response = get(&holder.0, &holder.1, "/bbb");
        while sim.server().stats().refreshes == 0 {
            sim.advance(seconds(0.1));
        }
        // The server has rotated, and its response is on the way.
        holder.0.freeze();
        let second_response = get(&second.0, &second.1, "/bbb");
        // One second until its 401, then it waits for the lock; after that it refreshes.
        sim.advance(seconds(16.0 + f64::from(tenths) / 10.0));
        // Requests that start now are faster than those in flight.
        sim.server().set_latency(seconds(0.01), seconds(0.01));
        holder.0.thaw();
        let third_response = get(&third.0, &third.1, "/bbb");
        for response in [first_response, second_response, third_response] {
            assert_eq!(sim.block_on(response), bbb(), "locks: {has_locks}, {tenths}");
        }
        assert_eq!((sim.server().stats().rotated, sim.server().stats().revoked), (1, 0), "locks: {has_locks}, {tenths}");
        assert!(tabs.iter().all(|(_, client)| is_signed_in(client)), "locks: {has_locks}, {tenths}");
    }
}

#[test]
fn case_12_two_frozen_tabs_block_others_for_a_bounded_time_and_cause_no_concurrent_refresh() {
    for seed in 0..20 {
        let sim = Simulation::new(seed);
        sim.set_store_lag(seconds(0.05));
        let tabs = tabs_with_a_long_timeout(&sim, 5, true);
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        sim.server().fail_next([Fault::Hangs; 2]);
        let _never = get(&tabs[0].0, &tabs[0].1, "/bbb");
        sim.advance(seconds(0.5));
        tabs[0].0.freeze();
        let _also_never = get(&tabs[1].0, &tabs[1].1, "/bbb");
        // The second tab stops waiting, exchanges the token in its turn, and is frozen too.
        sim.advance(seconds(18.0));
        tabs[1].0.freeze();
        let started = sim.now();
        let responses: Vec<_> = tabs[2..].iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb(), "seed {seed}");
        }
        assert!(sim.now() - started < 45_000.0, "{}", sim.now() - started);
        assert_eq!(sim.server().violations(), no_violations(), "seed {seed}");
        assert_eq!(sim.server().stats().rotated, 1, "seed {seed}");
    }
}

#[test]
fn case_12_without_locks_two_tabs_that_were_frozen_keep_the_session() {
    let sim = Simulation::new(1);
    let tabs = tabs_with_a_long_timeout(&sim, 2, false);
    sim.server().set_latency(seconds(0.5), seconds(0.5));
    tabs[0].1.session().corrupt_access_token();
    let first = get(&tabs[0].0, &tabs[0].1, "/bbb");
    sim.advance(seconds(0.4));
    let second = get(&tabs[1].0, &tabs[1].1, "/bbb");
    sim.advance(seconds(1.4));
    tabs.iter().for_each(|(tab, _)| tab.freeze());
    sim.advance(seconds(60.0));
    tabs[1].0.thaw();
    sim.advance(seconds(1.0));
    tabs[0].0.thaw();
    for response in [first, second] {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!((sim.server().stats().rotated, sim.server().violations()), (1, no_violations()));
}

#[test]
fn case_12_a_closed_tab_releases_its_lock() {
    let (sim, tab, client) = ada();
    let second_tab = sim.tab();
    let second = second_tab.client(builder());
    client.session().corrupt_access_token();
    let _never = get(&tab, &client, "/bbb");
    sim.advance(seconds(0.12));
    tab.close();
    let response = get(&second_tab, &second, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().revoked, 0);
}

#[test]
fn case_13_waking_after_eight_hours_does_not_sign_out() {
    for ttl in [1_800.0, 12.0 * 3_600.0] {
        let (sim, tab, client) = ada();
        sim.server().set_access_ttl(seconds(ttl));
        client.session().sign_in(sim.server().sign_in("ada"));
        tab.freeze();
        sim.advance(seconds(8.0 * 3_600.0));
        tab.add_sleep(8.0 * 3_600_000.0);
        let events = record(&client);
        tab.thaw();
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        assert!(is_signed_in(&client));
        assert_eq!(sim.server().stats().refreshes, u64::from(ttl < 8.0 * 3_600.0));
        assert_eq!(count(&events, is_refused), 0);
    }
}

#[test]
fn case_31_two_clients_on_one_store_share_one_refresh() {
    let (sim, tab, client) = ada();
    let twin = tab.client(builder());
    client.session().corrupt_access_token();
    let responses: Vec<_> = [&client, &twin, &client, &twin].into_iter().map(|client| get(&tab, client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(sim.server().stats().refreshes, 1);
    twin.session().sign_out();
    assert!(!is_signed_in(&client));
}

#[test]
fn case_33_a_resumed_page_reads_the_store_first() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    tab.freeze();
    let second_tab = sim.tab();
    let second = second_tab.client(builder());
    for _ in 0..3 {
        second.session().corrupt_access_token();
        let response = get(&second_tab, &second, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
    let events = record(&client);
    tab.thaw();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(count(&events, is_refused), 0);
    assert_eq!(sim.server().stats().refreshes, 3);
}

#[test]
fn sign_in_rotation_and_sign_out_are_seen_in_every_tab() {
    let sim = Simulation::new(2);
    let (tab, other_tab) = (sim.tab(), sim.tab());
    let (client, other) = (tab.client(builder()), other_tab.client(builder()));
    let events = record(&other);
    client.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(0.1));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    sim.advance(seconds(0.1));
    client.session().sign_out();
    sim.advance(seconds(0.1));
    other_tab.notify(PlatformEvent::Awake);
    let events = events.borrow();
    assert!(matches!(&events[0], Event::SignedIn { other_tab: true, .. }), "{events:?}");
    assert!(events[1..events.len() - 1].iter().all(|event| *event == Event::Adopted) && events.len() > 2, "{events:?}");
    assert_eq!(events.last(), Some(&Event::SignedOut { reason: SignOutReason::OtherTab }));
}
