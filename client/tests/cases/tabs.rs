//! Cases 10 to 15, 31, 33: many tabs are one session.

use crate::*;
use wugan::{Reason, RefreshOutcome, platform::Signal};

#[test]
fn case_10_eight_tabs_and_twenty_expiries_make_twenty_refreshes() {
    for has_locks in [true, false] {
        let world = World::new(3);
        world.server().access_ttl(seconds(60.0));
        let tabs: Vec<_> = (0..8)
            .map(|_| {
                let tab = world.tab();
                tab.has_locks(has_locks);
                let client = tab.client(settings());
                (tab, client)
            })
            .collect();
        tabs[0].1.session().sign_in(world.server().sign_in("ada"));
        for round in 1..=20 {
            tabs.iter().for_each(|(tab, _)| tab.hide(true));
            world.pass(seconds(61.0));
            let asked: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..5).map(|_| ask(tab, client, "/bbb"))).collect();
            for one in asked {
                assert_eq!(world.until(one), bbb());
            }
            assert_eq!(world.server().seen().refreshes, round, "locks: {has_locks}\n{}", world.timeline());
        }
        assert_eq!(world.server().seen().stolen, 0);
        assert!(tabs.iter().all(|(_, client)| signed_in(client)));
    }
}

#[test]
fn case_10_a_tab_whose_store_lags_behind_the_lock_does_not_refresh_again() {
    for seed in 0..50 {
        let world = World::new(seed);
        world.store_lag(seconds(0.05));
        let tabs: Vec<_> = (0..4).map(|_| world.tab()).map(|tab| (tab.clone(), tab.client(settings()))).collect();
        tabs[0].1.session().sign_in(world.server().sign_in("ada"));
        for round in 1..=3 {
            world.pass(seconds(1_900.0));
            let asked: Vec<_> = tabs.iter().map(|(tab, client)| ask(tab, client, "/bbb")).collect();
            for one in asked {
                assert_eq!(world.until(one), bbb());
            }
            assert_eq!((world.server().seen().rotated, world.server().seen().repeated), (round, 0), "seed {seed}");
        }
    }
}

/// Two tabs, one of which stores new tokens at about the moment in which something else happens in the other: neither knows of the
/// other's doing yet.
fn at_the_moment_of_a_refresh(happens: impl Fn(&World, &Client), then: impl Fn(&World, &[Client])) {
    for offset in 0..40 {
        let (world, _, first) = ada();
        world.store_lag(seconds(0.05));
        let tab = world.tab();
        let second = tab.client(settings());
        world.server().latency(seconds(0.1), seconds(0.1));
        second.session().spoil_access_token();
        let asked = ask(&tab, &second, "/bbb");
        while world.server().seen().rotated == 0 {
            world.pass(seconds(0.001));
        }
        world.pass(seconds(0.080 + f64::from(offset) * 0.001));
        happens(&world, &first);
        world.pass(seconds(5.0));
        drop(world.until(asked));
        then(&world, &[first, second]);
    }
}

#[test]
fn case_14_tokens_that_are_stored_at_the_moment_of_a_sign_out_do_not_undo_it() {
    at_the_moment_of_a_refresh(
        |_, first| first.session().sign_out(),
        |world, clients| {
            assert!(!clients.iter().any(signed_in), "{}", world.timeline());
            assert!(!world.stored(KEY).unwrap().contains("SECRET"));
        },
    );
}

#[test]
fn case_15_tokens_that_are_stored_at_the_moment_of_another_sign_in_do_not_undo_it() {
    at_the_moment_of_a_refresh(
        |world, first| first.session().sign_in(world.server().sign_in("bob")),
        |_, clients| {
            for client in clients {
                assert_eq!(client.session().peek().user.map(|user| user.id).as_deref(), Some("bob"));
            }
        },
    );
}

#[test]
fn case_11_a_losing_tab_adopts_the_winners_tokens() {
    // Of two tabs that spend one refresh token the second is refused, and hears of it after the first has stored what he got.
    const ASIDE: &str = "aside";
    let (world, tab, client) = ada();
    let events = record(&client);
    // A winner whom our lock does not stop: he has another, and the same session.
    world.tamper(ASIDE, world.stored(KEY).as_deref());
    let winners_tab = world.tab();
    let winner = winners_tab.client(settings().key(ASIDE));
    let renewing = winner.session().clone();
    assert_eq!(world.until(winners_tab.run(async move { renewing.refresh().await })), Ok(()));
    let brought = world.stored(ASIDE).unwrap();

    world.server().latency(seconds(0.05), seconds(0.05));
    client.session().spoil_access_token();
    world.server().next([wugan::testing::Fault::Status(401)]);
    let asked = ask(&tab, &client, "/bbb");
    world.pass(seconds(0.14));
    let refreshing = |event: &Event| matches!(event, Event::RefreshStarted { .. });
    assert_eq!(count(&events, refreshing), 1, "ours is under way");
    world.tamper(KEY, Some(&brought));
    assert_eq!(world.until(asked), bbb());
    assert!(signed_in(&client));
    assert_eq!(world.stored(KEY), Some(brought));
    assert_eq!(count(&events, |event| *event == Event::RefreshEnded { outcome: RefreshOutcome::Adopted }), 1);
    assert_eq!((count(&events, refreshing), world.server().seen().rotated), (1, 1));
}

#[test]
fn case_12_a_frozen_tab_blocks_nobody_for_longer_than_the_bound() {
    for has_locks in [true, false] {
        let world = World::new(5);
        world.server().latency(seconds(0.05), seconds(0.05));
        let tabs: Vec<_> = (0..8)
            .map(|_| {
                let tab = world.tab();
                tab.has_locks(has_locks);
                let client = tab.client(settings().deadline(seconds(60.0)));
                (tab, client)
            })
            .collect();
        tabs[0].1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        tabs[0].1.session().spoil_access_token();
        let (frozen, client) = &tabs[0];
        let _stuck = ask(frozen, client, "/bbb");
        world.pass(seconds(0.24));
        frozen.freeze();
        let begun = world.now();
        let asked: Vec<_> = tabs[1..].iter().map(|(tab, client)| ask(tab, client, "/bbb")).collect();
        for one in asked {
            assert_eq!(world.until(one), bbb());
        }
        assert!(world.now() - begun < 20_000.0, "{}", world.now() - begun);
        // The frozen one's, and one instead of it.
        assert!(world.server().seen().refreshes <= 2, "locks: {has_locks} {:?}\n{}", world.server().seen(), world.timeline());
        assert_eq!(world.server().seen().stolen, 0);
        frozen.thaw();
        world.pass(seconds(30.0));
        assert!(tabs.iter().all(|(_, client)| signed_in(client)));
        for (tab, client) in &tabs {
            let asked = ask(tab, client, "/bbb");
            assert_eq!(world.until(asked), bbb());
        }
        assert!(world.server().seen().refreshes <= 2, "{}", world.timeline());
    }
}

#[test]
fn case_12_a_tab_whose_refresh_may_take_long_is_not_taken_for_frozen() {
    let world = World::new(1);
    let slow = || settings().deadline(seconds(60.0)).refresh_timeout(seconds(20.0)).lock_patience(seconds(1.0));
    let tabs: Vec<_> = (0..2).map(|_| world.tab()).map(|tab| (tab.clone(), tab.client(slow()))).collect();
    tabs[0].1.session().sign_in(world.server().sign_in("ada"));
    world.pass(seconds(1.0));
    world.server().latency(seconds(8.0), seconds(8.0));
    tabs[0].1.session().spoil_access_token();
    world.pass(seconds(0.1));
    let asked: Vec<_> = tabs.iter().map(|(tab, client)| ask(tab, client, "/bbb")).collect();
    for one in asked {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1);
    assert_eq!(world.server().complaints(), Vec::<String>::new());
}

#[test]
fn case_12_a_thief_at_the_moment_of_a_grant_does_not_refresh_a_second_time() {
    let refresh = |(tab, client): &(Tab, Client)| {
        let session = client.session().clone();
        tab.run(async move { session.refresh().await })
    };
    for early in 0..60_u32 {
        let world = World::new(u64::from(early));
        world.store_lag(seconds(0.05));
        let tabs: Vec<_> = (0..3).map(|_| world.tab()).map(|tab| (tab.clone(), tab.client(settings()))).collect();
        let [holder, next, thief] = &tabs[..] else { unreachable!() };
        tabs.iter().for_each(|(tab, _)| tab.hide(true));
        holder.1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        // The holder is frozen with the lock in his hands. The next one has not seen his mark when he begins to wait, and so begins
        // anew after 15 s; the thief has.
        world.server().next([wugan::testing::Fault::Hangs]);
        let failed = refresh(holder);
        world.settle();
        let waits = refresh(next);
        world.pass(seconds(0.5));
        holder.0.freeze();
        let steals = refresh(thief);
        // The holder thaws, and lets go, up to 60 ms before the thief's patience ends.
        world.pass(seconds(15.0 - f64::from(early) * 0.001));
        holder.0.thaw();
        world.pass(seconds(60.0));
        drop(world.until(failed));
        assert_eq!((world.until(waits), world.until(steals)), (Ok(()), Ok(())));
        assert_eq!(world.server().complaints(), Vec::<String>::new(), "{early} ms");
        assert_eq!(world.server().seen().rotated, 1, "{early} ms");
    }
}

#[test]
fn case_12_who_was_frozen_between_his_mark_and_his_question_marks_anew() {
    for (freeze, thaw) in (0..12).flat_map(|freeze| (0..10).map(move |thaw| (f64::from(freeze) * 0.02, 14.5 + f64::from(thaw) * 0.1))) {
        let world = World::new(2);
        world.server().latency(seconds(0.3), seconds(0.3));
        let tabs: Vec<_> = (0..2)
            .map(|_| {
                let tab = world.tab();
                tab.has_locks(false);
                (tab.clone(), tab.client(settings().background(false).deadline(seconds(100.0))))
            })
            .collect();
        tabs[0].1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        let refresh = |(tab, client): &(Tab, Client)| {
            let session = client.session().clone();
            tab.run(async move { session.refresh().await })
        };
        let first = refresh(&tabs[0]);
        world.pass(seconds(freeze));
        tabs[0].0.freeze();
        let second = refresh(&tabs[1]);
        world.pass(seconds(thaw));
        tabs[0].0.thaw();
        assert_eq!((world.until(first), world.until(second)), (Ok(()), Ok(())), "{freeze} s, {thaw} s");
        assert_eq!(world.server().complaints(), Vec::<String>::new(), "{freeze} s, {thaw} s");
    }
}

#[test]
fn case_12_who_was_given_the_lock_while_frozen_and_lost_it_meanwhile_knows() {
    for tenths in 0..20_u32 {
        let world = World::new(u64::from(tenths));
        let refresh = |(tab, client): &(Tab, Client)| {
            let session = client.session().clone();
            tab.run(async move { session.refresh().await })
        };
        let patient = || settings().background(false).deadline(seconds(100.0));
        let tabs: Vec<_> = (0..3).map(|_| world.tab()).map(|tab| (tab.clone(), tab.client(patient()))).collect();
        let [holder, frozen, thief] = &tabs[..] else { unreachable!() };
        holder.1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        // The holder's refresh fails after ten seconds; the lock goes to the next one, who is frozen by then.
        world.server().next([wugan::testing::Fault::Hangs]);
        let failed = refresh(holder);
        world.pass(seconds(5.0));
        let waits = refresh(frozen);
        world.pass(seconds(1.0));
        frozen.0.freeze();
        let steals = refresh(thief);
        world.server().latency(seconds(0.5), seconds(0.5));
        world.pass(seconds(15.0 + f64::from(tenths) / 10.0));
        frozen.0.thaw();
        assert!(matches!(world.until(failed), Err(Error::Unavailable { .. })));
        assert_eq!((world.until(waits), world.until(steals)), (Ok(()), Ok(())), "{tenths}");
        assert_eq!(world.server().complaints(), Vec::<String>::new(), "{tenths}");
    }
}

#[test]
fn case_12_a_tab_that_thaws_while_the_one_who_took_its_lock_asks_lets_him_go_first() {
    for (has_locks, tenths) in [true, false].into_iter().flat_map(|has_locks| (0..20).map(move |tenths| (has_locks, tenths))) {
        let world = World::new(3);
        world.store_lag(seconds(0.05));
        world.server().latency(seconds(0.5), seconds(0.5));
        let patient = || settings().background(false).deadline(seconds(100.0));
        let tabs: Vec<_> = (0..3)
            .map(|_| {
                let tab = world.tab();
                tab.has_locks(has_locks);
                (tab.clone(), tab.client(patient()))
            })
            .collect();
        let [holder, thief, user] = &tabs[..] else { unreachable!() };
        holder.1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        holder.1.session().spoil_access_token();
        let first = ask(&holder.0, &holder.1, "/bbb");
        while world.server().seen().refreshes == 0 {
            world.pass(seconds(0.1));
        }
        // The server has rotated, and the answer is under way.
        holder.0.freeze();
        let second = ask(&thief.0, &thief.1, "/bbb");
        // A second for a 401, and the thief's patience; in the seconds after that he asks.
        world.pass(seconds(16.0 + f64::from(tenths) / 10.0));
        // What the others send now is faster than what he has sent.
        world.server().latency(seconds(0.01), seconds(0.01));
        holder.0.thaw();
        let third = ask(&user.0, &user.1, "/bbb");
        for asked in [first, second, third] {
            assert_eq!(world.until(asked), bbb(), "locks: {has_locks}, {tenths}");
        }
        assert_eq!((world.server().seen().rotated, world.server().seen().stolen), (1, 0), "locks: {has_locks}, {tenths}");
        assert!(tabs.iter().all(|(_, client)| signed_in(client)), "locks: {has_locks}, {tenths}");
    }
}

#[test]
fn case_12_a_thief_who_freezes_in_his_turn_blocks_nobody_and_lets_no_two_refresh_at_once() {
    for seed in 0..20 {
        let world = World::new(seed);
        world.store_lag(seconds(0.05));
        let patient = || settings().deadline(seconds(60.0));
        let tabs: Vec<_> = (0..5).map(|_| world.tab()).map(|tab| (tab.clone(), tab.client(patient()))).collect();
        tabs.iter().for_each(|(tab, _)| tab.hide(true));
        tabs[0].1.session().sign_in(world.server().sign_in("ada"));
        world.pass(seconds(1.0));
        tabs[0].1.session().spoil_access_token();
        world.pass(seconds(0.1));
        world.server().next([wugan::testing::Fault::Hangs; 2]);
        let _holds = ask(&tabs[0].0, &tabs[0].1, "/bbb");
        world.pass(seconds(0.5));
        tabs[0].0.freeze();
        let _steals = ask(&tabs[1].0, &tabs[1].1, "/bbb");
        world.pass(seconds(15.6));
        tabs[1].0.freeze();
        let begun = world.now();
        let asked: Vec<_> = tabs[2..].iter().map(|(tab, client)| ask(tab, client, "/bbb")).collect();
        for one in asked {
            assert_eq!(world.until(one), bbb(), "seed {seed}");
        }
        assert!(world.now() - begun < 35_000.0, "{}", world.now() - begun);
        assert_eq!(world.server().complaints(), Vec::<String>::new(), "seed {seed}");
        assert_eq!(world.server().seen().refreshes, 1, "seed {seed}: the others' hung");
    }
}

#[test]
fn case_12_without_locks_who_was_frozen_himself_has_watched_nobody() {
    let world = World::new(1);
    let tabs: Vec<_> = (0..2)
        .map(|_| {
            let tab = world.tab();
            tab.has_locks(false);
            (tab.clone(), tab.client(settings().deadline(seconds(200.0))))
        })
        .collect();
    tabs[0].1.session().sign_in(world.server().sign_in("ada"));
    world.pass(seconds(1.0));
    world.server().latency(seconds(0.5), seconds(0.5));
    tabs[0].1.session().spoil_access_token();
    let holds = ask(&tabs[0].0, &tabs[0].1, "/bbb");
    world.pass(seconds(0.4));
    let waits = ask(&tabs[1].0, &tabs[1].1, "/bbb");
    world.pass(seconds(1.4));
    tabs.iter().for_each(|(tab, _)| tab.freeze());
    world.pass(seconds(60.0));
    // The one that waits wakes a second earlier than the one that holds the lease.
    tabs[1].0.thaw();
    world.pass(seconds(1.0));
    tabs[0].0.thaw();
    for one in [holds, waits] {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1, "{}", world.timeline());
}

#[test]
fn case_12_a_crashed_tab_gives_its_lock_back() {
    let (world, tab, client) = ada();
    let second_tab = world.tab();
    let second = second_tab.client(settings());
    client.session().spoil_access_token();
    let _lost = ask(&tab, &client, "/bbb");
    world.pass(seconds(0.12));
    tab.close();
    let asked = ask(&second_tab, &second, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!(world.server().seen().stolen, 0);
}

#[test]
fn case_13_waking_after_eight_hours_signs_nobody_out() {
    for ttl in [1_800.0, 12.0 * 3_600.0] {
        let (world, tab, client) = ada();
        world.server().access_ttl(seconds(ttl));
        client.session().sign_in(world.server().sign_in("ada"));
        tab.freeze();
        world.pass(seconds(8.0 * 3_600.0));
        tab.slept(8.0 * 3_600_000.0);
        let events = record(&client);
        tab.thaw();
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        assert!(signed_in(&client));
        assert_eq!(world.server().seen().refreshes, u64::from(ttl < 8.0 * 3_600.0));
        assert_eq!(count(&events, |event| matches!(event, Event::Answered { status: 401, .. })), 0);
    }
}

#[test]
fn case_31_two_clients_on_one_store_make_one_flight() {
    let (world, tab, client) = ada();
    let twin = tab.client(settings());
    client.session().spoil_access_token();
    let asked: Vec<_> = [&client, &twin, &client, &twin].into_iter().map(|client| ask(&tab, client, "/bbb")).collect();
    for one in asked {
        assert_eq!(world.until(one), bbb());
    }
    assert_eq!(world.server().seen().refreshes, 1);
    twin.session().sign_out();
    assert!(!signed_in(&client));
}

#[test]
fn case_33_a_page_from_the_cache_reads_the_store_first() {
    let (world, tab, client) = ada();
    tab.freeze();
    let second_tab = world.tab();
    let second = second_tab.client(settings());
    for _ in 0..3 {
        second.session().spoil_access_token();
        let asked = ask(&second_tab, &second, "/bbb");
        assert_eq!(world.until(asked), bbb());
    }
    let events = record(&client);
    tab.thaw();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!(count(&events, |event| matches!(event, Event::Answered { status: 401, .. })), 0);
    assert_eq!(world.server().seen().refreshes, 3);
}

#[test]
fn a_sign_in_a_sign_out_and_a_rotation_show_in_every_tab() {
    let world = World::new(2);
    let (tab, other_tab) = (world.tab(), world.tab());
    let (client, other) = (tab.client(settings()), other_tab.client(settings()));
    let events = record(&other);
    client.session().sign_in(world.server().sign_in("ada"));
    world.pass(seconds(0.1));
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    world.pass(seconds(0.1));
    client.session().sign_out();
    world.pass(seconds(0.1));
    other_tab.tell(Signal::Awake);
    let heard = events.borrow();
    assert!(matches!(&heard[0], Event::SignedIn { elsewhere: true, .. }), "{heard:?}");
    assert!(heard[1..heard.len() - 1].iter().all(|event| *event == Event::Adopted) && heard.len() > 2, "{heard:?}");
    assert_eq!(heard.last(), Some(&Event::SignedOut { reason: Reason::Elsewhere }));
}
