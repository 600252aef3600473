//! Attempt ids, a storage that loses its latest writes, and the cross-tab lock: each test is a schedule that loses a session or hides a
//! thief if the client or the server is built without the rule (`docs/architecture.md`, "A rotation at the server" and "Choices, and why").
//!
//! The numbers in the names: 1 the same exchange is repeated after its tokens were used; 2 the browser loses its latest writes to
//! `localStorage`; 3 an attempt id belongs to its refresh token; 4 two versions of this library share a storage; 5 the cross-tab lock.

use crate::*;
use serde_json::Value;
use wugan::{TokenSet, Warning};
use wugan_testing::{Fault, ReusePolicy};

fn attempt(record: &Value) -> Option<String> {
    record["attempt"].as_str().map(str::to_owned)
}

fn refresh_token(record: &Value) -> String {
    record["refresh_token"].as_str().expect("a refresh token").to_owned()
}

fn no_violations() -> Vec<String> {
    Vec::new()
}

/// Corrupts the access token and sends a request, which renews it.
fn rotate(sim: &Simulation, tab: &Tab, client: &Client) {
    let rotated = sim.server().stats().rotated;
    client.session().corrupt_access_token();
    let response = get(tab, client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().rotated, rotated + 1);
    sim.advance(seconds(30.0));
}

#[test]
fn protocol_1_an_identical_exchange_of_another_tab_after_use_is_repeated() {
    // Without Web Locks: one tab rotates and uses its token, the identical request of the other arrives 30 ms later.
    for delay in 0..30 {
        let sim = Simulation::new(delay);
        sim.server().allow_duplicates();
        sim.set_store_lag(seconds(0.05));
        let tabs = tabs(&sim, 2, || builder().auto_refresh(false));
        tabs.iter().for_each(|(tab, _)| tab.set_web_locks(false));
        sim.server().set_latency(seconds(0.001), seconds(0.06));
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        for _ in 0..3 {
            let responses: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..3).map(|_| get(tab, client, "/bbb"))).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb());
            }
            sim.advance(seconds(delay as f64 * 0.01));
        }
        let stats = sim.server().stats();
        assert_eq!((stats.rotated, stats.superseded, stats.revoked), (1, 0, 0), "{stats:?}");
        sim.advance(seconds(1_800.0));
        for (tab, client) in &tabs {
            let response = get(tab, client, "/bbb");
            assert_eq!(sim.block_on(response), bbb());
        }
        assert_eq!(sim.server().violations(), no_violations());
    }
}

#[test]
fn protocol_1_a_late_duplicate_changes_nothing() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    let first = stored_record(&sim);
    rotate(&sim, &tab, &client);
    let exchange = |record: &Value| sim.server().exchange(&refresh_token(record), attempt(record).as_deref());
    let repeated = exchange(&first).expect("repeated within five minutes of the first use");
    assert_eq!(repeated.refresh_token, Some(refresh_token(&stored_record(&sim))));
    sim.advance(seconds(301.0));
    assert_eq!(exchange(&first), None, "refused later");
    rotate(&sim, &tab, &client);
    assert_eq!(exchange(&first), None, "refused after the next rotation");
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().revoked, sim.server().has_session("ada")), (0, true));
}

#[test]
fn protocol_1_a_token_younger_than_a_refresh_may_take_is_not_renewed_ahead_of_its_expiry() {
    // A duplicate of the previous exchange may still be on its way.
    let (sim, tab, client) = ada_with(builder().refresh_timeout(seconds(60.0)));
    sim.server().set_access_ttl(seconds(20.0));
    client.session().sign_in(sim.server().sign_in("ada"));
    while sim.server().stats().rotated < 5 {
        let before = (sim.now(), sim.server().stats().rotated);
        while sim.server().stats().rotated == before.1 {
            drop(get(&tab, &client, "/bbb"));
            sim.advance(seconds(0.1));
        }
        assert!(sim.now() - before.0 > 19_500.0, "{} ms", sim.now() - before.0);
    }
    // A token that the server refuses is renewed at once.
    sim.advance(seconds(1.0));
    sim.server().revoke_access_tokens();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().rotated, 6);
}

#[test]
fn protocol_1_a_thief_with_a_copy_is_found_at_the_second_refresh_of_the_owner() {
    let (sim, tab, client) = ada();
    rotate(&sim, &tab, &client);
    let copy = stored_record(&sim);
    // The thief exchanges first, with the copied id, and uses what it gets.
    let stolen = sim.server().exchange(&refresh_token(&copy), attempt(&copy).as_deref()).expect("one round unseen");
    assert!(sim.server().accepts(&stolen.access_token));
    let mut thief = stolen;
    let mut rounds = 0;
    while is_signed_in(&client) && rounds < 3 {
        sim.advance(seconds(60.0));
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        drop(sim.block_on(response));
        rounds += 1;
        if let Some(next) = sim.server().exchange(&thief.refresh_token.clone().unwrap(), Some("0123456789abcdef0123")) {
            assert!(!sim.server().accepts(&next.access_token) || rounds < 2, "undetected in round {rounds}");
            thief = next;
        }
    }
    assert!(!sim.server().has_session("ada"), "both are signed out");
    assert!(rounds <= 2, "{rounds}");
    assert_eq!(sim.server().violations(), ["two refreshes for one rotation", "a refresh token was used again"]);
}

#[test]
fn protocol_1_another_presenter_supersedes_an_unused_successor_and_reuse_after_use_revokes() {
    let sim = Simulation::new(1);
    let server = sim.server();
    let first = server.sign_in("ada");
    let token = first.refresh_token.clone().unwrap();
    let thief = server.exchange(&token, Some("thief-0123456789abcdef")).unwrap();
    let owner = server.exchange(&token, Some("owner-0123456789abcdef")).unwrap();
    assert_ne!(thief.refresh_token, owner.refresh_token);
    assert!(server.accepts(&owner.access_token));
    assert!(!server.accepts(&thief.access_token), "the superseded token reveals the thief");
    assert!(!server.has_session("ada"));
    assert_eq!((server.stats().superseded, server.stats().revoked), (1, 1));
    assert_eq!(server.violations(), ["an access token of a superseded generation was used"]);
}

#[test]
fn protocol_2_the_session_survives_a_storage_that_goes_back_40_seconds() {
    // A browser that is killed may have the record of up to 40 s before its end again (measured in Chromium).
    for lost in [0.5, 10.0, 40.0] {
        let (sim, tab, client) = ada();
        sim.server().allow_early_refreshes();
        sim.server().allow_duplicates();
        rotate(&sim, &tab, &client);
        let before = sim.store();
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        sim.advance(seconds(lost));
        tab.close();
        for (key, _) in sim.store() {
            sim.overwrite(&key, None);
        }
        for (key, text) in before {
            sim.overwrite(&key, Some(&text));
        }
        sim.advance(seconds(20.0));
        let tab = sim.tab();
        let client = tab.client(builder());
        for _ in 0..3 {
            client.session().corrupt_access_token();
            let response = get(&tab, &client, "/bbb");
            assert_eq!(sim.block_on(response), bbb(), "{lost}");
            sim.advance(seconds(60.0));
        }
        assert!(is_signed_in(&client));
        assert_eq!((sim.server().stats().revoked, sim.server().stats().superseded), (0, 0));
    }
}

#[test]
fn protocol_3_an_attempt_id_is_written_with_its_refresh_token_and_never_changed() {
    let (sim, tab, client) = ada();
    sim.server().allow_early_refreshes();
    let mut ids = std::collections::BTreeMap::new();
    for _ in 0..4 {
        for step in 0..60 {
            let record = stored_record(&sim);
            let id = attempt(&record).expect("an id with each refresh token");
            assert!((16..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{id}");
            let known = ids.entry(refresh_token(&record)).or_insert_with(|| id.clone());
            assert_eq!(*known, id);
            if step == 10 {
                sim.server().fail_next([Fault::Lost, Fault::Status(503)]);
                client.session().corrupt_access_token();
            }
            if step % 5 == 0 {
                drop(get(&tab, &client, "/bbb"));
            }
            sim.advance(seconds(0.5));
        }
        sim.advance(seconds(60.0));
    }
    assert!(ids.len() > 3, "{ids:?}");
    let mut different: Vec<_> = ids.values().collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), ids.len(), "an id of its own for each refresh token");
    assert_eq!((sim.server().stats().superseded, sim.server().stats().revoked), (0, 0));
}

#[test]
fn protocol_3_two_tabs_that_store_the_same_successor_exchange_it_with_the_same_id() {
    // Without Web Locks both make the same exchange. Neither has seen the write of the other when it makes the next one.
    let sim = Simulation::new(1);
    sim.server().allow_duplicates();
    sim.set_store_lag(seconds(0.05));
    sim.server().set_access_ttl(seconds(5.0));
    let tabs = tabs(&sim, 2, || builder().timeout(seconds(100.0)));
    tabs.iter().for_each(|(tab, _)| tab.set_web_locks(false));
    sim.advance(seconds(4.0));
    let mut responses = Vec::new();
    for (tab, client) in &tabs {
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        responses.push(get(tab, client, "/bbb"));
        sim.advance(seconds(0.15));
        tab.freeze();
        sim.advance(seconds(20.0));
    }
    sim.server().set_latency(seconds(0.001), seconds(0.02));
    tabs.iter().for_each(|(tab, _)| tab.thaw());
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    for _ in 0..20 {
        let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb());
        }
        sim.advance(seconds(1.0));
    }
    assert_eq!((sim.server().stats().superseded, sim.server().stats().revoked), (0, 0));
    assert_eq!(sim.server().violations(), no_violations());
}

#[test]
fn protocol_3_two_tabs_exchange_a_record_without_an_id_alike() {
    let sim = Simulation::new(1);
    sim.server().allow_duplicates();
    let tabs = tabs(&sim, 2, || builder().auto_refresh(false));
    tabs.iter().for_each(|(tab, _)| tab.set_web_locks(false));
    let mut record = stored_record(&sim);
    record.as_object_mut().unwrap().remove("attempt");
    record["access_token"] = "opaque".into();
    sim.overwrite(KEY, Some(&record.to_string()));
    let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    let stats = sim.server().stats();
    assert_eq!((stats.rotated, stats.superseded, stats.revoked), (1, 0, 0), "{stats:?}");
}

#[test]
fn protocol_3_a_repeated_sign_in_with_one_refresh_token_keeps_its_id() {
    // A page that signs in from its own storage on each load stores the same refresh token again.
    let (sim, tab, client) = ada();
    let record = stored_record(&sim);
    let mut tokens = TokenSet::new(record["access_token"].as_str().unwrap(), refresh_token(&record));
    tokens.expires_in = Some(1_800.0);
    client.session().sign_in(tokens);
    sim.advance(seconds(1.0));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().superseded, sim.server().stats().revoked), (0, 0));
}

/// As `wugan-server`: a client with one id for all tokens could not be told from a thief that copied it.
#[test]
fn protocol_3_the_server_refuses_the_id_of_the_exchange_before_with_the_next_token() {
    let (sim, tab, client) = ada();
    let exchange = |record: &Value, attempt: &str| {
        let fields = serde_json::json!({"refresh_token": refresh_token(record), "attempt": attempt});
        sim.block_on(send(&tab, client.post("/user/refresh").json(&fields)))
    };
    let first = stored_record(&sim);
    rotate(&sim, &tab, &client);
    let (used, second) = (attempt(&first).unwrap(), stored_record(&sim));
    let refused = exchange(&second, &used);
    assert_eq!(refused, Ok((400, r#"{"code":"invalid_request","statusCode":400}"#.to_owned())));
    assert_eq!(sim.server().violations(), ["two refresh tokens were exchanged with one attempt id"]);
    assert_eq!(sim.server().exchange(&refresh_token(&second), Some(&used)).map(drop), None);
    let stats = sim.server().stats();
    assert_eq!((stats.rotated, stats.superseded, stats.revoked), (1, 0, 0), "{stats:?}");
    rotate(&sim, &tab, &client);
}

#[test]
fn protocol_4_a_tab_that_cannot_read_the_record_never_exchanges_its_refresh_token() {
    let (sim, tab, client) = ada();
    rotate(&sim, &tab, &client);
    // A later version of the library has taken the record over and renews it.
    let mut later = stored_record(&sim);
    later["v"] = 99.into();
    sim.overwrite(KEY, Some(&later.to_string()));
    tab.notify(wugan_testing::PlatformEvent::Stored);
    let refreshes = sim.server().stats().refreshes;
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb(), "the access token in memory is used");
    sim.advance(seconds(3_600.0));
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    let result = sim.block_on(response);
    assert!(result != bbb(), "{result:?}");
    assert_eq!(sim.server().stats().refreshes, refreshes, "the refresh token belongs to the later version");
    assert_eq!(sim.stored(KEY), Some(later.to_string()));
}

/// What happens in the page while the old session is being taken over.
#[test]
fn protocol_4_a_sign_out_during_the_migration_ends_the_old_session() {
    const OLD_KEY: &str = "wugan.session";
    for signs_in_first in [false, true] {
        let sim = Simulation::new(1);
        let tokens = sim.server().sign_in("ada");
        let record = serde_json::json!({
            "v": 1,
            "session": "00000000000010000000000002",
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "lifetime": 1800.0,
            "issued": {"wall": sim.now(), "server": sim.now()},
        });
        sim.overwrite(OLD_KEY, Some(&record.to_string()));
        let (tab, other) = (sim.tab(), sim.tab().client(builder()));
        let client = tab.client(builder().migrate_from(OLD_KEY));
        if signs_in_first {
            client.session().sign_in(sim.server().sign_in("bob"));
        }
        client.session().sign_out();
        sim.advance(seconds(2.0));
        let reloaded = sim.tab().client(builder().migrate_from(OLD_KEY));
        sim.advance(seconds(2.0));
        for client in [&client, &other, &reloaded] {
            assert!(!is_signed_in(client), "{:?}", user(client));
        }
        assert!(!sim.server().has_session("ada") && !sim.store().iter().any(|(_, text)| text.contains("SECRET")));
    }
}

#[test]
fn case_38_a_session_of_version_1_that_is_not_taken_over_is_a_warning() {
    const OLD_KEY: &str = "wugan.session";
    let sim = Simulation::new(1);
    let warnings = |builder: ClientBuilder| sim.tab().client(builder).session().info().warnings;
    assert_eq!(warnings(builder()), []);
    sim.overwrite(OLD_KEY, Some("{\"v\":1,\"session\":\"00000000000010000000000002\",\"ended\":\"ByUser\"}"));
    assert_eq!(warnings(builder()), []);
    sim.overwrite(OLD_KEY, Some("{\"v\":1,\"access_token\":\"a\",\"refresh_token\":\"r\"}"));
    assert_eq!(warnings(builder()), [Warning::NotMigrated]);
    assert_eq!(warnings(builder().migrate_from(OLD_KEY)), []);
    let client = sim.tab().client(builder());
    client.session().sign_in(sim.server().sign_in("ada"));
    assert_eq!(warnings(builder()), []);
}

#[test]
fn protocol_4_a_record_of_version_1_is_migrated_once() {
    const OLD_KEY: &str = "wugan.session";
    let migrating = || builder().migrate_from(OLD_KEY);
    let sim = Simulation::new(1);
    let tokens = sim.server().sign_in("ada");
    let record = serde_json::json!({
        "v": 1,
        "session": "00000000000010000000000002",
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "lifetime": 1800.0,
        "issued": {"wall": sim.now(), "server": sim.now()},
    });
    sim.overwrite(OLD_KEY, Some(&record.to_string()));
    let (tab, other_tab) = (sim.tab(), sim.tab());
    let (client, other) = (tab.client(migrating()), other_tab.client(migrating()));
    sim.advance(seconds(3.0));
    for (tab, client) in [(&tab, &client), (&other_tab, &other)] {
        let response = get(tab, client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
    }
    sim.advance(seconds(3.0));
    assert!(!sim.stored(OLD_KEY).is_some_and(|text| text.contains("SECRET")), "{:?}", sim.stored(OLD_KEY));
    assert_eq!(refresh_token(&stored_record(&sim)), tokens.refresh_token.unwrap());
    rotate(&sim, &tab, &client);
    assert_eq!((sim.server().stats().superseded, sim.server().violations()), (0, no_violations()));
}

#[test]
fn protocol_5_a_stuck_holder_blocks_its_own_generation_only() {
    let sim = Simulation::new(1);
    sim.server().allow_early_refreshes();
    let tabs = tabs(&sim, 3, || builder().auto_refresh(false).timeout(seconds(100.0)));
    sim.server().fail_next([Fault::Hangs]);
    tabs[0].1.session().corrupt_access_token();
    sim.advance(seconds(0.1));
    let _stuck = get(&tabs[0].0, &tabs[0].1, "/bbb");
    sim.advance(seconds(0.5));
    tabs[0].0.freeze();
    let response = get(&tabs[1].0, &tabs[1].1, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    sim.advance(seconds(60.0));
    for _ in 0..3 {
        tabs[1].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        let started = sim.now();
        let responses: Vec<_> = tabs[1..].iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb());
        }
        assert!(sim.now() - started < 1_500.0, "{} ms", sim.now() - started);
        sim.advance(seconds(60.0));
    }
    assert_eq!((sim.server().stats().rotated, sim.server().violations()), (4, no_violations()));
}

#[test]
fn protocol_5_a_waiting_tab_that_was_frozen_starts_to_wait_again() {
    for late in [0.0, 0.5, 3.0, 30.0] {
        let sim = Simulation::new(1);
        sim.server().set_reuse_policy(ReusePolicy::UntilUsed);
        let tabs = tabs(&sim, 2, || builder().auto_refresh(false).timeout(seconds(200.0)).attempt_timeout(seconds(100.0)));
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        // The holder is slow and not frozen; the waiting tab is frozen until after its time-out.
        let waiting_from = sim.now();
        sim.server().set_latency(seconds(0.5), seconds(0.5));
        let first = get(&tabs[0].0, &tabs[0].1, "/bbb");
        sim.advance(seconds(0.1));
        let second = get(&tabs[1].0, &tabs[1].1, "/bbb");
        sim.advance(seconds(1.2));
        tabs.iter().for_each(|(tab, _)| tab.freeze());
        sim.advance(seconds(16.0 + late));
        // The waiting tab wakes first.
        tabs[1].0.thaw();
        sim.advance(seconds(0.3));
        tabs[0].0.thaw();
        for response in [first, second] {
            assert_eq!(sim.block_on(response), bbb(), "{late}");
        }
        assert_eq!(sim.server().violations(), no_violations(), "{late}, {}", sim.now() - waiting_from);
        assert_eq!(sim.server().stats().rotated, 1, "{late}");
    }
}

#[test]
fn protocol_5_a_tab_frozen_in_the_queue_does_not_overtake_one_with_a_later_lock() {
    for delay in 0..10 {
        let sim = Simulation::new(delay);
        let tabs = tabs(&sim, 3, || builder().auto_refresh(false).timeout(seconds(200.0)));
        sim.server().revoke_access_tokens();
        sim.server().fail_next([Fault::Status(502)]);
        let _first = get(&tabs[0].0, &tabs[0].1, "/bbb");
        sim.advance(seconds(0.2));
        let _second = get(&tabs[1].0, &tabs[1].1, "/bbb");
        sim.advance(seconds(0.2));
        // The holder and the first in the queue are frozen. The third tab requests the second lock and exchanges the token.
        let third = get(&tabs[2].0, &tabs[2].1, "/bbb");
        tabs[..2].iter().for_each(|(tab, _)| tab.freeze());
        sim.server().set_latency(seconds(3.0), seconds(3.0));
        while sim.server().stats().refreshes < 2 && !tabs[2].0.is_refreshing() {
            sim.advance(seconds(0.1));
        }
        sim.advance(seconds(delay as f64 * 0.2));
        tabs[..2].iter().for_each(|(tab, _)| tab.thaw());
        assert_eq!(sim.block_on(third), bbb(), "{delay}");
        sim.advance(seconds(30.0));
        assert_eq!((sim.server().stats().rotated, sim.server().violations()), (1, no_violations()), "{delay}");
    }
}

#[test]
fn protocol_5_an_answer_is_stored_though_a_thawed_tab_stored_the_exchanged_token_again() {
    // Two tabs are frozen with the same exchange in flight and thaw together.
    for delay in 0..20 {
        let sim = Simulation::new(delay);
        sim.set_store_lag(seconds(0.05));
        sim.server().set_access_ttl(seconds(5.0));
        let tabs = tabs(&sim, 2, || builder().timeout(seconds(200.0)));
        tabs.iter().for_each(|(tab, _)| tab.hide(true));
        sim.advance(seconds(5.0));
        sim.server().set_latency(seconds(0.5), seconds(0.5));
        let first = get(&tabs[0].0, &tabs[0].1, "/bbb");
        sim.advance(seconds(0.2));
        tabs[0].0.freeze();
        let second = get(&tabs[1].0, &tabs[1].1, "/bbb");
        while !tabs[1].0.is_refreshing() {
            sim.advance(seconds(0.1));
        }
        tabs[1].0.freeze();
        sim.advance(seconds(10.0));
        sim.server().set_latency(seconds(0.001), seconds(0.03));
        tabs[0].0.thaw();
        sim.advance(seconds(delay as f64 * 0.003));
        tabs[1].0.thaw();
        for response in [first, second] {
            assert_eq!(sim.block_on(response), bbb(), "{delay}");
        }
        for _ in 0..10 {
            sim.advance(seconds(6.0));
            let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb(), "{delay}");
            }
        }
        assert_eq!(sim.server().violations(), no_violations(), "{delay}");
    }
}

#[test]
fn protocol_5_many_tabs_on_a_strict_server_never_exchange_a_token_twice() {
    for seed in 0..20 {
        let sim = Simulation::new(seed);
        sim.server().strict(true);
        sim.set_store_lag(seconds(0.05));
        sim.server().set_access_ttl(seconds(60.0));
        let tabs = tabs(&sim, 6, builder);
        for _ in 0..10 {
            sim.advance(seconds(sim.random(70) as f64));
            let responses: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..3).map(|_| get(tab, client, "/bbb"))).collect();
            for response in responses {
                assert_eq!(sim.block_on(response), bbb(), "seed {seed}");
            }
        }
        let stats = sim.server().stats();
        assert_eq!((stats.refreshes, stats.repeated, stats.revoked), (stats.rotated, 0, 0), "seed {seed}");
        assert_eq!(sim.server().violations(), no_violations(), "seed {seed}");
    }
}

#[test]
fn protocol_5_a_server_that_keeps_its_refresh_token_is_asked_once_per_expiry() {
    // The refresh token stays the same, so the lock must be named by the number of exchanges too.
    let sim = Simulation::new(1);
    let tabs = tabs(&sim, 4, || builder().grant(crate::cases::outages::KeepsRefreshToken::default()));
    sim.server().set_reuse_policy(ReusePolicy::UntilUsed);
    sim.server().set_leeway(seconds(100_000.0));
    // The refresh token stays the same.
    sim.server().allow_duplicates();
    for round in 1..=4 {
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        let started = sim.now();
        let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb());
        }
        assert!(sim.now() - started < 3_000.0);
        assert_eq!(sim.server().stats().refreshes, round);
        sim.advance(seconds(60.0));
    }
}
