//! Case 27: the storage fails. Case 66: a cleared store during a refresh, and records dated by a wrong clock.

use crate::*;
use wugan::Warning;
use wugan_testing::{Fault, PlatformEvent, StoreError};

fn warnings(events: &RefCell<Vec<Event>>) -> Vec<Warning> {
    events.borrow().iter().filter_map(|event| if let Event::Warning(warning) = event { Some(warning.clone()) } else { None }).collect()
}

#[test]
fn case_27_the_session_lives_in_memory_if_the_store_fails() {
    for (how, warning) in [(StoreError::Denied, Warning::StoreDenied), (StoreError::Full, Warning::StoreFull)] {
        let sim = Simulation::new(1);
        sim.server().allow_early_refreshes();
        let tab = sim.tab();
        tab.set_store_error(Some(how));
        let client = tab.client(builder());
        let events = record(&client);
        client.session().sign_in(sim.server().sign_in("ada"));
        for round in 1..=3 {
            client.session().corrupt_access_token();
            let responses: Vec<_> = (0..4).map(|_| get(&tab, &client, "/bbb")).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb());
            }
            assert_eq!(sim.server().stats().refreshes, round);
        }
        client.session().sign_out();
        assert!(!is_signed_in(&client));
        assert_eq!(warnings(&events), [warning], "a later subscriber receives it too");
        assert_eq!(sim.stored(KEY), None);
    }
}

#[test]
fn case_27_a_warning_ends_when_the_record_can_be_written_again() {
    for end in [StoreError::Denied, StoreError::Full].map(Some).into_iter().chain([None]) {
        let (sim, tab, client) = ada();
        sim.server().allow_early_refreshes();
        tab.set_store_error(end);
        if end.is_none() {
            sim.overwrite(KEY, None);
        }
        assert_eq!(sim.block_on(refresh((&tab, &client))), Ok(()));
        assert_eq!(client.session().info().warnings.len(), usize::from(end.is_some()), "{end:?}");
        tab.set_store_error(None);
        assert_eq!(sim.block_on(refresh((&tab, &client))), Ok(()));
        assert_eq!((client.session().info().warnings, sim.stored(KEY).is_some()), (vec![], true), "{end:?}");
    }
}

#[test]
fn case_27_a_refresh_token_is_exchanged_once_also_without_a_store() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.5), seconds(0.5));
    client.session().corrupt_access_token();
    let first = refresh((&tab, &client));
    sim.advance(seconds(0.2));
    // The access token is different now, the refresh token is the same.
    client.session().corrupt_access_token();
    tab.set_store_error(Some(StoreError::Denied));
    let second = refresh((&tab, &client));
    for result in [first, second] {
        assert_eq!(sim.block_on(result), Ok(()));
    }
    assert_eq!(sim.server().stats().refreshes, 1);
    assert_eq!(sim.server().violations(), Vec::<String>::new());
}

#[test]
fn case_27_a_cleared_store_does_not_sign_out() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    sim.overwrite(KEY, None);
    for _ in 0..3 {
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(warnings(&events), [Warning::StoreCleared]);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert!(sim.stored(KEY).is_some());
}

#[test]
fn case_27_an_unreadable_record_is_replaced_by_the_next_sign_in() {
    let sim = Simulation::new(1);
    sim.overwrite(KEY, Some("{\"v\":2,\"access_token\":7"));
    let tab = sim.tab();
    let client = tab.client(builder());
    let events = record(&client);
    assert!(!is_signed_in(&client));
    assert_eq!(client.session().info().warnings, [Warning::StoreUnreadable]);
    client.session().sign_in(sim.server().sign_in("ada"));
    assert_eq!(client.session().info().warnings, []);
    sim.overwrite(KEY, Some("rubbish"));
    for _ in 0..2 {
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    }
    assert_eq!(warnings(&events), [Warning::StoreUnreadable, Warning::StoreUnreadable], "once for each");
    assert!(is_signed_in(&client));
}

#[test]
fn case_27_a_record_of_a_later_version_is_left_alone() {
    const LATER: &str = "{\"v\":3,\"other\":true}";
    let sim = Simulation::new(1);
    sim.overwrite(KEY, Some(LATER));
    let tab = sim.tab();
    let client = tab.client(builder());
    let events = record(&client);
    client.session().sign_in(sim.server().sign_in("ada"));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    client.session().sign_out();
    assert!(!is_signed_in(&client));
    assert_eq!(sim.stored(KEY).as_deref(), Some(LATER));
    assert_eq!(warnings(&events), [Warning::StoreOfLaterVersion]);
}

#[test]
fn case_27_impossible_numbers_in_a_record_do_no_harm() {
    for (issued, lifetime) in [("1e308", "1e308"), ("-1e308", "60"), ("1e308", "-5"), ("0", "1e-300")] {
        let (sim, tab, _) = ada();
        let mut record = stored_record(&sim);
        record["lifetime"] = serde_json::from_str(lifetime).unwrap();
        record["issued"] = serde_json::from_str(&format!("{{\"device\":{issued}}}")).unwrap();
        sim.overwrite(KEY, Some(&record.to_string()));
        tab.close();
        let tab = sim.tab();
        let client = tab.client(builder());
        assert!(is_signed_in(&client), "{record}");
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        sim.advance(seconds(100_000.0));
        assert!(sim.server().stats().refreshes < 70, "{:?}", sim.server().stats());
    }
}

#[test]
fn case_27_an_impossible_rotation_in_a_record_does_no_harm() {
    for (rotation, futile) in [("1e300", "1e300"), ("1.8e19", "4e9"), ("-5", "-5")] {
        let sim = Simulation::new(1);
        let tabs = tabs(&sim, 2, builder);
        sim.server().allow_early_refreshes();
        let mut record = stored_record(&sim);
        record["rotation"] = serde_json::from_str(rotation).unwrap();
        record["futile"] = serde_json::from_str(futile).unwrap();
        sim.overwrite(KEY, Some(&record.to_string()));
        for round in 1..=3 {
            let (tab, client) = &tabs[round % 2];
            assert_eq!(sim.block_on(refresh((tab, client))), Ok(()));
            sim.advance(seconds(2.0));
            let texts: Vec<_> = tabs.iter().map(|(tab, _)| tab.stored(KEY)).collect();
            assert!(texts[0] == texts[1] && stored_record(&sim)["rotation"] != record["rotation"], "{rotation}: {round} {texts:?}");
            assert_eq!(sim.server().stats().rotated, round as u64);
        }
        for (tab, client) in &tabs {
            assert_eq!(sim.block_on(get(tab, client, "/bbb")), bbb(), "{rotation}");
        }
    }
}

/// The record beside it belongs to a later version or to another backend, which goes on writing it.
#[test]
fn case_27_a_session_that_was_never_stored_keeps_its_refresh_token() {
    const LATER: [&str; 2] = ["{\"v\":3,\"n\":1}", "{\"v\":3,\"n\":2}"];
    const FOREIGN: [&str; 2] =
        ["{\"v\":2,\"issuer\":\"https://other.example.com/\",\"n\":1}", "{\"v\":2,\"issuer\":\"https://other.example.com/\",\"n\":2}"];
    for texts in [LATER, FOREIGN] {
        let sim = Simulation::new(1);
        sim.overwrite(KEY, Some(texts[0]));
        let tab = sim.tab();
        let client = tab.client(builder());
        client.session().sign_in(sim.server().sign_in("ada"));
        sim.advance(seconds(2.0));
        sim.overwrite(KEY, Some(texts[1]));
        tab.notify(PlatformEvent::Stored);
        sim.advance(seconds(3_600.0));
        assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
        assert_eq!(sim.stored(KEY).as_deref(), Some(texts[1]));
    }
}

#[test]
fn a_session_in_memory_is_not_stored_under_any_key() {
    for key in ["app", "app.signed_out", ".signed_out"] {
        let (sim, _, _) = ada_with(builder().in_memory().storage_key(key));
        assert!(!sim.store().iter().any(|(_, text)| text.contains("SECRET")), "{key}");
    }
}

#[test]
fn case_66_a_store_cleared_during_a_refresh_costs_no_session_and_no_time() {
    for cleared_after in [0.05, 0.25, 0.35, 0.45] {
        let (sim, tab, client) = ada();
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        client.session().corrupt_access_token();
        let started = sim.now();
        let response = get(&tab, &client, "/bbb");
        sim.advance(seconds(cleared_after));
        for (key, _) in sim.store() {
            sim.overwrite(&key, None);
        }
        assert_eq!(sim.block_on(response), bbb(), "{cleared_after}");
        assert!(sim.now() - started < 3_000.0, "{cleared_after}: {} ms", sim.now() - started);
        assert!(is_signed_in(&client));
        assert_eq!((sim.server().stats().rotated, sim.server().stats().refreshes), (1, 1), "{cleared_after}");
    }
}

#[test]
fn case_66_the_later_sign_in_wins_if_the_clock_was_fast_at_the_earlier_one() {
    let sim = Simulation::new(1);
    let (first_tab, second_tab) = (sim.tab(), sim.tab());
    let (first, second) = (first_tab.client(builder()), second_tab.client(builder()));
    for tab in [&first_tab, &second_tab] {
        tab.set_clock_offset(5.0 * 3_600_000.0);
    }
    first.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(1.0));
    for tab in [&first_tab, &second_tab] {
        tab.set_clock_offset(0.0);
    }
    second.session().sign_in(sim.server().sign_in("bob"));
    sim.advance(seconds(1.0));
    for (tab, client) in [(&first_tab, &first), (&second_tab, &second)] {
        assert_eq!(user(client).as_deref(), Some("bob"));
        let response = get(tab, client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
    first.session().sign_out();
    sim.advance(seconds(1.0));
    assert!(!is_signed_in(&first) && !is_signed_in(&second));
}

#[test]
fn case_66_an_endless_refresh_timeout_does_not_panic() {
    let (sim, tab, client) = ada_with(builder().refresh_timeout(Duration::MAX).timeout(Duration::MAX).attempt_timeout(Duration::MAX));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    sim.server().fail_next([Fault::Hangs]);
    client.session().corrupt_access_token();
    let mut response = get(&tab, &client, "/bbb");
    sim.advance(seconds(600.0));
    assert_eq!(response.try_take(), None, "it waits without a limit");
}

/// A deployment changes the token endpoint and keeps the storage key. The session of the former one has ended.
#[test]
fn case_38_an_ended_record_of_another_backend_is_replaced_by_the_next_sign_in() {
    let (sim, tab, old) = ada_with(builder().storage_key("app"));
    old.session().sign_out();
    sim.advance(seconds(5.0));
    tab.close();
    let build = || builder().storage_key("app").grant(wugan::grant::OAuth2::new("/oauth/token", "app"));
    let tab = sim.tab();
    let client = tab.client(build());
    client.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(5.0));
    tab.close();
    let reloaded = sim.tab().client(build());
    assert!(is_signed_in(&reloaded), "{:?}", reloaded.session().info().warnings);
}
