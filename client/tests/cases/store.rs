//! Case 27: the store fails.

use crate::*;
use wugan::{Warning, platform::StoreError};

fn warnings(events: &RefCell<Vec<Event>>) -> Vec<Warning> {
    events.borrow().iter().filter_map(|event| if let Event::Warning(warning) = event { Some(*warning) } else { None }).collect()
}

#[test]
fn case_27_without_a_store_the_session_lives_in_memory() {
    for (how, warning) in [(StoreError::Denied, Warning::StoreDenied), (StoreError::Full, Warning::StoreFull)] {
        let world = World::new(1);
        let tab = world.tab();
        tab.store_fails(Some(how));
        let client = tab.client(settings());
        let events = record(&client);
        client.session().sign_in(world.server().sign_in("ada"));
        for round in 1..=3 {
            client.session().spoil_access_token();
            let asked: Vec<_> = (0..4).map(|_| ask(&tab, &client, "/bbb")).collect();
            for one in asked {
                assert_eq!(world.until(one), bbb());
            }
            assert_eq!(world.server().seen().refreshes, round);
        }
        client.session().sign_out();
        assert!(!signed_in(&client));
        assert_eq!(warnings(&events), [warning], "heard also by one who could not listen when it was raised");
        assert_eq!(world.stored(KEY), None);
    }
}

#[test]
fn case_27_a_refresh_token_is_spent_once_also_without_a_store() {
    let (world, tab, client) = ada();
    world.server().latency(seconds(0.5), seconds(0.5));
    let refresh = || {
        let session = client.session().clone();
        tab.run(async move { session.refresh().await })
    };
    let first = refresh();
    world.pass(seconds(0.2));
    // The access token is another by now, the refresh token is not.
    client.session().spoil_access_token();
    tab.store_fails(Some(StoreError::Denied));
    let second = refresh();
    for one in [first, second] {
        assert_eq!(world.until(one), Ok(()));
    }
    assert_eq!(world.server().seen().refreshes, 1);
    assert_eq!(world.server().complaints(), Vec::<String>::new());
}

#[test]
fn case_27_a_store_that_was_emptied_is_no_sign_out() {
    let (world, tab, client) = ada();
    let events = record(&client);
    world.tamper(KEY, None);
    for _ in 0..3 {
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
    }
    assert_eq!(warnings(&events), [Warning::StoreCleared]);
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert!(world.stored(KEY).is_some());
}

#[test]
fn case_27_rubbish_is_nobody_until_the_next_sign_in() {
    let world = World::new(1);
    world.tamper(KEY, Some("{\"v\":1,\"access_token\":7"));
    let tab = world.tab();
    let client = tab.client(settings());
    let events = record(&client);
    assert!(!signed_in(&client));
    client.session().sign_in(world.server().sign_in("ada"));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    world.tamper(KEY, Some("rubbish"));
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    assert_eq!(warnings(&events), [Warning::StoreUnreadable], "once, and not again");
    assert!(signed_in(&client));
}

#[test]
fn case_27_a_later_versions_record_is_left_alone() {
    const LATER: &str = "{\"v\":2,\"other\":true}";
    let world = World::new(1);
    world.tamper(KEY, Some(LATER));
    let tab = world.tab();
    let client = tab.client(settings());
    let events = record(&client);
    client.session().sign_in(world.server().sign_in("ada"));
    client.session().spoil_access_token();
    let asked = ask(&tab, &client, "/bbb");
    assert_eq!(world.until(asked), bbb());
    client.session().sign_out();
    assert!(!signed_in(&client));
    assert_eq!(world.stored(KEY).as_deref(), Some(LATER));
    assert_eq!(warnings(&events), [Warning::StoreOfLaterVersion]);
}

#[test]
fn case_27_numbers_that_no_clock_shows_do_no_harm() {
    for (issued, lifetime) in [("1e308", "1e308"), ("-1e308", "60"), ("1e308", "-5"), ("0", "1e-300")] {
        let world = World::new(1);
        let answer = world.server().sign_in("ada");
        let token = answer.access_token.clone();
        let refresh = answer.refresh_token.clone().unwrap();
        world.tamper(KEY, Some(&format!("{{\"v\":1,\"session\":\"00000000000010000000000002\",\"access_token\":\"{token}\",\"refresh_token\":\"{refresh}\",\"lifetime\":{lifetime},\"issued\":{{\"wall\":{issued}}}}}")));
        let tab = world.tab();
        let client = tab.client(settings());
        let asked = ask(&tab, &client, "/bbb");
        assert_eq!(world.until(asked), bbb());
        world.pass(seconds(100_000.0));
        assert!(world.server().seen().refreshes < 60, "{:?}", world.server().seen());
    }
}
