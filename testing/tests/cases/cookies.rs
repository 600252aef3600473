//! Case 54: the refresh token is in an HttpOnly cookie.

use crate::*;
use wugan::{SignIn, SignOutReason, grant::Cookie};
use wugan_testing::Fault;

fn cookie_builder() -> ClientBuilder {
    builder().grant(Cookie::new("/cookie/refresh").revoke("/cookie/logout")).credentials(web_sys::RequestCredentials::Include)
}

fn sign_in(sim: &Simulation, tab: &Tab, client: &Client, name: &str) {
    let request = client.post("/cookie/login").json(&serde_json::json!({"username": name, "password": "x"}));
    let signed_in = tab.run(async move { Ok::<_, Error>(matches!(request.sign_in().await?, SignIn::Done(_))) });
    assert_eq!(sim.block_on(signed_in), Ok(true));
}

/// Resumes in all tabs at once, as a browser does that restores them.
fn resume(sim: &Simulation, tabs: &[(Tab, Client)]) -> Vec<Result<bool, Error>> {
    let resumed: Vec<_> = tabs
        .iter()
        .map(|(tab, client)| {
            let client = client.clone();
            tab.run(async move { client.resume().await })
        })
        .collect();
    resumed.into_iter().map(|resumed| sim.block_on(resumed)).collect()
}

/// Tabs with a client each. The user of the first one signed in by a form, which set the cookie.
fn signed_in_tabs(count: usize) -> (Simulation, Vec<(Tab, Client)>) {
    let sim = Simulation::new(1);
    let tabs: Vec<_> = (0..count).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder()))).collect();
    let (tab, client) = &tabs[0];
    sign_in(&sim, tab, client, "ada");
    assert!(sim.has_cookie(API));
    sim.advance(seconds(1.0));
    (sim, tabs)
}

#[test]
fn case_54_the_session_is_renewed_by_a_cookie() {
    let (sim, tabs) = signed_in_tabs(1);
    sim.server().allow_early_refreshes();
    let (tab, client) = &tabs[0];
    assert_eq!(user(client).as_deref(), Some("ada"));
    assert!(!sim.store().iter().any(|(_, text)| text.contains("SECRET-")), "the refresh token is in the cookie only");
    for round in 1..=3 {
        client.session().corrupt_access_token();
        let response = get(tab, client, "/bbb");
        assert_eq!(sim.block_on(response), bbb());
        assert_eq!(sim.server().stats().rotated, round);
    }
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    let response = get(tab, client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().rotated, sim.server().violations()), (4, vec![]));
}

#[test]
fn case_54_many_tabs_with_a_cookie_refresh_once() {
    let (sim, tabs) = signed_in_tabs(8);
    for round in 1..=3 {
        tabs.iter().for_each(|(tab, _)| tab.hide(true));
        sim.advance(seconds(1_900.0));
        let responses: Vec<_> = tabs.iter().flat_map(|(tab, client)| (0..3).map(|_| get(tab, client, "/bbb"))).collect();
        for response in responses {
            assert_eq!(sim.block_on(response), bbb());
        }
        assert_eq!((sim.server().stats().refreshes, sim.server().violations()), (round, vec![]));
    }
}

#[test]
fn case_54_a_rejected_cookie_ends_the_session_and_an_outage_does_not() {
    let (sim, tabs) = signed_in_tabs(1);
    let (tab, client) = &tabs[0];
    sim.server().fail_next([Fault::Html(401)]);
    client.session().corrupt_access_token();
    let response = get(tab, client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    sim.advance(seconds(2.0));
    sim.server().end_sessions("ada");
    let response = get(tab, client, "/bbb");
    assert_eq!(sim.block_on(response), Err(Error::SignedOut(SignOutReason::Rejected)));
    assert!(!is_signed_in(client));
}

#[test]
fn case_54_sign_out_tells_the_server_to_remove_the_cookie() {
    let (sim, tabs) = signed_in_tabs(2);
    tabs[0].1.session().sign_out();
    sim.advance(seconds(1.0));
    assert!(tabs.iter().all(|(_, client)| !is_signed_in(client)));
    assert_eq!((sim.has_cookie(API), sim.server().has_session("ada"), sim.server().stats().logouts), (false, false, 1));
}

#[test]
fn case_54_a_lost_response_with_a_cookie_costs_no_session() {
    let (sim, tabs) = signed_in_tabs(1);
    let (tab, client) = &tabs[0];
    sim.server().fail_next([Fault::Lost]);
    client.session().corrupt_access_token();
    let response = get(tab, client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    sim.advance(seconds(2.0));
    let response = get(tab, client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!((sim.server().stats().rotated, sim.server().stats().repeated, sim.server().stats().revoked), (1, 1, 0));
}

/// The cookie has become another user's, by a sign-in that this client cannot see: a form of the server, or a session in memory.
#[test]
fn case_54_a_request_of_one_user_is_not_sent_with_the_cookie_of_another() {
    for in_memory in [false, true] {
        let build = || if in_memory { cookie_builder().in_memory() } else { cookie_builder() };
        let sim = Simulation::new(1);
        sim.server().allow_early_refreshes();
        let (first, second) = (sim.tab(), sim.tab());
        let client = first.client(build());
        sign_in(&sim, &first, &client, "ada");
        sign_in(&sim, &second, &second.client(cookie_builder().in_memory()), "bob");
        first.hide(true);
        sim.advance(seconds(3_600.0));
        let response = send(&first, client.post("/echo").header("x-as", "ada").text("ada's order"));
        assert_eq!(status(sim.block_on(response)), Err(Error::SessionChanged));
        assert_eq!(user(&client).as_deref(), Some("bob"), "in memory: {in_memory}");
        assert_eq!(status(sim.block_on(send(&first, client.post("/echo").header("x-as", "bob").text("bob's order")))), Ok(200));
        assert_eq!(sim.server().violations(), Vec::<String>::new());
    }
}

/// Their access tokens differ, and the cookie is one.
#[test]
fn case_54_tabs_with_sessions_in_memory_take_turns_with_the_cookie() {
    let sim = Simulation::new(1);
    sim.server().strict(true);
    sim.server().allow_early_refreshes();
    let tabs: Vec<_> = (0..3).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder().in_memory()))).collect();
    sign_in(&sim, &tabs[0].0, &tabs[0].1, "ada");
    sim.advance(seconds(1.0));
    assert_eq!(resume(&sim, &tabs), [Ok(true), Ok(true), Ok(true)]);
    tabs.iter().for_each(|(tab, _)| tab.hide(true));
    sim.advance(seconds(3_600.0));
    let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
    responses.into_iter().for_each(|response| assert_eq!(sim.block_on(response), bbb()));
    assert!(sim.server().has_session("ada"));
    assert_eq!(sim.server().violations(), Vec::<String>::new());
}

#[test]
fn case_54_restored_tabs_resume_by_one_exchange_of_the_cookie() {
    let sim = only_a_cookie();
    sim.server().strict(true);
    let tabs: Vec<_> = (0..3).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder()))).collect();
    let rotated = sim.server().stats().rotated;
    assert_eq!(resume(&sim, &tabs), [Ok(true), Ok(true), Ok(true)]);
    assert_eq!(sim.server().stats().rotated, rotated + 1);
    sim.advance(seconds(5.0));
    assert!(sim.server().has_session("ada"));
}

/// The server was not reached at the sign-out, so the browser still has the cookie.
#[test]
fn case_54_after_a_sign_out_nothing_is_resumed() {
    for build in [cookie_builder, || cookie_builder().in_memory()] {
        let sim = Simulation::new(1);
        let tabs = [sim.tab()].map(|tab| (tab.clone(), tab.client(build())));
        sign_in(&sim, &tabs[0].0, &tabs[0].1, "ada");
        sim.server().fail(Fault::Unreachable);
        tabs[0].1.session().sign_out();
        sim.advance(seconds(60.0));
        sim.server().recover();
        assert!(sim.has_cookie(API));
        assert_eq!(resume(&sim, &tabs), [Ok(false)]);
        let reloaded = sim.tab();
        let client = reloaded.client(build());
        assert_eq!(resume(&sim, &[(reloaded.clone(), client.clone())]), [Ok(false)]);
        sign_in(&sim, &reloaded, &client, "ada");
        let reloaded = sim.tab();
        let client = reloaded.client(build());
        assert_eq!(resume(&sim, &[(reloaded, client)]), [Ok(true)]);
    }
}

/// The rejected cookie may have been replaced by a sign-in that this tab cannot see.
#[test]
fn case_54_a_rejected_session_does_not_revoke_the_cookie_of_a_later_one() {
    let sim = Simulation::new(1);
    let tabs: Vec<_> = (0..2).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder().in_memory()))).collect();
    sign_in(&sim, &tabs[0].0, &tabs[0].1, "ada");
    sim.server().end_sessions("ada");
    sim.advance(seconds(1_775.0));
    assert!(is_signed_in(&tabs[0].1), "its access token is valid");
    sign_in(&sim, &tabs[1].0, &tabs[1].1, "ada");
    sim.advance(seconds(60.0));
    assert!(!is_signed_in(&tabs[0].1));
    assert_eq!((sim.server().has_session("ada"), sim.has_cookie(API), sim.server().stats().logouts), (true, true, 0));
}

#[test]
fn case_54_a_late_answer_to_resume_overrules_no_sign_in_and_no_sign_out() {
    for signs_out in [false, true] {
        let sim = only_a_cookie();
        sim.server().set_latency(seconds(0.05), seconds(0.05));
        let tab = sim.tab();
        let client = tab.client(cookie_builder());
        let resuming = client.clone();
        let resumed = tab.run(async move { resuming.resume().await });
        sim.advance(seconds(0.08));
        let other = sim.tab().client(cookie_builder());
        other.session().sign_in(sim.server().sign_in("bob"));
        if signs_out {
            other.session().sign_out();
        }
        assert_eq!(sim.block_on(resumed), Ok(!signs_out));
        for client in [&client, &other] {
            assert_eq!(user(client).as_deref(), (!signs_out).then_some("bob"));
        }
    }
}

#[test]
fn case_54_a_proxys_page_and_a_rate_limit_are_no_verdict_on_the_cookie() {
    for fault in [Fault::Html(401), Fault::Status(429)] {
        let sim = only_a_cookie();
        let tab = sim.tab();
        let tabs = [(tab.clone(), tab.client(cookie_builder()))];
        sim.server().fail_next([fault]);
        assert!(matches!(resume(&sim, &tabs)[..], [Err(Error::Status { .. })]), "{fault:?}");
        assert_eq!(resume(&sim, &tabs), [Ok(true)]);
    }
}

/// A simulation whose browser has the cookie of a user, and no tab with a session.
fn only_a_cookie() -> Simulation {
    let (sim, tabs) = signed_in_tabs(1);
    tabs.into_iter().for_each(|(tab, _)| tab.close());
    for (key, _) in sim.store() {
        sim.overwrite(&key, None);
    }
    sim
}

#[test]
fn case_54_a_slow_answer_to_resume_is_not_taken_for_a_suspended_tab() {
    let sim = only_a_cookie();
    sim.server().strict(true);
    sim.server().set_latency(seconds(10.0), seconds(10.0));
    let tabs: Vec<_> = (0..2).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder()))).collect();
    assert!(resume(&sim, &tabs).iter().all(|resumed| resumed == &Err(Error::Timeout)), "the server is too slow");
    assert_eq!((sim.server().stats().revoked, sim.server().has_session("ada")), (0, true));
}

#[test]
fn case_54_resume_goes_on_when_its_caller_stops_waiting_and_is_shared() {
    for has_locks in [true, false] {
        let sim = only_a_cookie();
        sim.server().strict(true);
        sim.server().set_latency(seconds(0.05), seconds(0.05));
        let tab = sim.tab();
        tab.set_web_locks(has_locks);
        let client = tab.client(cookie_builder());
        let rotated = sim.server().stats().rotated;
        let resuming = client.clone();
        let impatient = tab.run(async move {
            let waiting = resuming.resume();
            futures::pin_mut!(waiting);
            assert!(futures::poll!(waiting).is_pending());
        });
        sim.block_on(impatient);
        sim.advance(seconds(0.08));
        let tabs = [(tab.clone(), client.clone()), (tab.clone(), client)];
        assert_eq!(resume(&sim, &tabs), [Ok(true), Ok(true)], "locks: {has_locks}");
        assert_eq!((sim.server().stats().rotated, sim.server().has_session("ada")), (rotated + 1, true));
    }
}

#[test]
fn case_54_a_sign_out_without_a_session_ends_that_of_the_cookie() {
    for build in [cookie_builder, || cookie_builder().in_memory()] {
        for is_resuming in [true, false] {
            let sim = only_a_cookie();
            sim.server().set_latency(seconds(0.05), seconds(0.05));
            let tab = sim.tab();
            let client = tab.client(build());
            let resuming = client.clone();
            let resumed = is_resuming.then(|| tab.run(async move { resuming.resume().await }));
            sim.advance(seconds(0.08));
            client.session().sign_out();
            resumed.into_iter().for_each(|resumed| assert_eq!(sim.block_on(resumed), Ok(false)));
            sim.advance(seconds(1.0));
            assert!(!is_signed_in(&client));
            assert_eq!((sim.has_cookie(API), sim.server().has_session("ada")), (false, false));
            let logouts = sim.server().stats().logouts;
            client.session().sign_out();
            sim.advance(seconds(1.0));
            assert_eq!(sim.server().stats().logouts, logouts, "there is nothing left to end");
        }
    }
}
