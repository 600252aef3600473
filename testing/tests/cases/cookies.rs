//! Case 54: the refresh token is in an HttpOnly cookie.

use crate::*;
use wugan::{SignIn, SignOutReason, grant::Cookie};
use wugan_testing::Fault;

fn cookie_builder() -> ClientBuilder {
    builder().grant(Cookie::new("/cookie/refresh").revoke("/cookie/logout")).credentials(web_sys::RequestCredentials::Include)
}

fn without_sign_out_request() -> ClientBuilder {
    builder().grant(Cookie::new("/cookie/refresh")).credentials(web_sys::RequestCredentials::Include)
}

const BUILDERS: [fn() -> ClientBuilder; 4] =
    [cookie_builder, || cookie_builder().in_memory(), without_sign_out_request, || without_sign_out_request().in_memory()];

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
    signed_in_tabs_of(Simulation::new(1), count)
}

fn signed_in_tabs_of(sim: Simulation, count: usize) -> (Simulation, Vec<(Tab, Client)>) {
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
fn case_54_only_a_rejection_by_the_grant_is_a_verdict_on_the_cookie() {
    let no_verdict = [429, 400, 403, 404, 408].map(Fault::Status);
    for fault in no_verdict.into_iter().chain([Fault::Html(401), Fault::Challenge("Basic realm=\"staging\"")]) {
        let sim = only_a_cookie();
        let tab = sim.tab();
        let tabs = [(tab.clone(), tab.client(cookie_builder()))];
        sim.server().fail_next([fault]);
        assert!(matches!(resume(&sim, &tabs)[..], [Err(Error::Status { .. })]), "{fault:?}");
        assert_eq!(resume(&sim, &tabs), [Ok(true)]);
    }
    let invalid_grant = Fault::Reply { status: 403, content_type: "application/json", body: "{\"error\":\"invalid_grant\"}" };
    for fault in [Fault::Status(401), invalid_grant] {
        let sim = only_a_cookie();
        let tab = sim.tab();
        let tabs = [(tab.clone(), tab.client(cookie_builder()))];
        sim.server().fail_next([fault]);
        assert_eq!(resume(&sim, &tabs), [Ok(false)], "{fault:?}");
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
        let stopped_waiting = tab.run(async move {
            let waiting = resuming.resume();
            futures::pin_mut!(waiting);
            assert!(futures::poll!(waiting).is_pending());
        });
        sim.block_on(stopped_waiting);
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

/// Lets messages that are sent from now on arrive soon. Those under way take two seconds.
fn overtake(sim: &Simulation) {
    sim.server().set_latency(seconds(0.02), seconds(0.02));
}

fn begin_slowly<T: 'static>(sim: &Simulation, tab: &Tab, call: impl Future<Output = T> + 'static) -> Running<T> {
    sim.server().set_latency(seconds(1.0), seconds(1.0));
    let running = tab.run(call);
    // The server has answered, and the answer is on its way.
    sim.advance(seconds(1.1));
    overtake(sim);
    running
}

/// Bob is signed in, now and at the next refreshes, and the cookie is bob's.
fn belongs_to_bob(sim: &Simulation, tab: &Tab, client: &Client) {
    assert_eq!(user(client).as_deref(), Some("bob"));
    sim.advance(seconds(5.0));
    assert!(sim.has_cookie(API));
    tab.hide(true);
    for _ in 0..2 {
        sim.advance(seconds(3_600.0));
        assert_eq!(sim.block_on(send(tab, client.get("/bbb").header("x-as", "bob"))), bbb());
        assert_eq!(user(client).as_deref(), Some("bob"));
    }
    assert!(sim.server().has_session("bob"));
    assert_eq!(sim.server().violations(), Vec::<String>::new());
}

#[test]
fn case_15_a_late_answer_to_a_sign_out_leaves_the_next_users_cookie() {
    for build in BUILDERS {
        let sim = Simulation::new(1);
        let tab = sim.tab();
        let client = tab.client(build());
        sign_in(&sim, &tab, &client, "ada");
        sim.advance(seconds(1.0));
        let signing_out = client.session().clone();
        sim.block_on(begin_slowly(&sim, &tab, async move { signing_out.sign_out() }));
        sign_in(&sim, &tab, &client, "bob");
        belongs_to_bob(&sim, &tab, &client);
    }
}

#[test]
fn case_15_a_late_answer_to_a_refresh_leaves_the_next_users_cookie() {
    for build in BUILDERS {
        for signs_out in [true, false] {
            let sim = Simulation::new(1);
            sim.server().allow_early_refreshes();
            let (tab, other) = (sim.tab(), sim.tab());
            let (client, next) = (tab.client(build()), other.client(build()));
            sign_in(&sim, &tab, &client, "ada");
            sim.advance(seconds(1.0));
            let session = client.session().clone();
            let refreshing = begin_slowly(&sim, &tab, async move { session.refresh().await });
            if signs_out {
                // The sign-out request is answered later than the refresh.
                sim.server().set_latency(seconds(2.0), seconds(2.0));
                client.session().sign_out();
                overtake(&sim);
            }
            // The next user signs in in the same tab after a sign-out, else in another one.
            let (tab, client) = if signs_out { (&tab, &client) } else { (&other, &next) };
            sign_in(&sim, tab, client, "bob");
            let _ = sim.block_on(refreshing);
            belongs_to_bob(&sim, tab, client);
        }
    }
}

/// The answer to a refresh arrives after the sign-out, and a second sign-out request revokes its tokens.
#[test]
fn case_15_a_second_sign_out_request_leaves_the_next_users_cookie() {
    let sim = Simulation::new(1);
    sim.server().allow_early_refreshes();
    let tab = sim.tab();
    let client = tab.client(cookie_builder());
    sign_in(&sim, &tab, &client, "ada");
    sim.advance(seconds(1.0));
    let session = client.session().clone();
    let refreshing = begin_slowly(&sim, &tab, async move { session.refresh().await });
    client.session().sign_out();
    let bob = client.post("/cookie/login").json(&serde_json::json!({"username": "bob", "password": "x"}));
    let signing_in = tab.run(async move { bob.sign_in().await.map(drop) });
    sim.advance(seconds(0.5));
    sim.server().set_latency(seconds(3.0), seconds(3.0));
    assert!(sim.block_on(refreshing).is_err());
    overtake(&sim);
    assert_eq!((sim.block_on(signing_in), sim.server().stats().logouts), (Ok(()), 2));
    belongs_to_bob(&sim, &tab, &client);
}

#[test]
fn case_15_a_late_answer_to_resume_leaves_the_next_users_cookie() {
    for build in BUILDERS {
        let sim = only_a_cookie();
        let tab = sim.tab();
        let client = tab.client(build());
        let resuming = client.clone();
        let resumed = begin_slowly(&sim, &tab, async move { resuming.resume().await });
        sign_in(&sim, &tab, &client, "bob");
        assert_eq!(sim.block_on(resumed), Ok(true));
        belongs_to_bob(&sim, &tab, &client);
    }
}

/// A mistyped password does not make the user wait.
#[test]
fn case_54_a_refused_sign_in_and_one_in_memory_release_the_lock_at_once() {
    let (sim, tabs) = signed_in_tabs(1);
    sim.advance(seconds(5.0));
    let (tab, client) = &tabs[0];
    let started = sim.now();
    let wrong = client.post("/cookie/login").json(&serde_json::json!({"username": "ada", "password": "wrong"}));
    let refused = tab.run(async move { matches!(wrong.sign_in().await, Ok(SignIn::Refused(_))) });
    assert!(sim.block_on(refused));
    let client = tab.client(cookie_builder().in_memory());
    (0..3).for_each(|_| sign_in(&sim, tab, &client, "ada"));
    assert!(sim.now() - started < 500.0, "{} ms", sim.now() - started);
}

#[test]
fn case_54_a_tab_that_resumes_takes_turns_with_one_that_refreshes() {
    let sim = Simulation::new(1);
    sim.server().strict(true);
    sim.server().allow_early_refreshes();
    let tab = sim.tab();
    let client = tab.client(cookie_builder());
    sign_in(&sim, &tab, &client, "ada");
    sim.advance(seconds(2.0));
    for (key, _) in sim.store() {
        sim.overwrite(&key, None);
    }
    sim.server().set_latency(seconds(0.1), seconds(0.1));
    let second = sim.tab();
    let new = second.client(cookie_builder());
    let refreshing = refresh((&tab, &client));
    assert_eq!(resume(&sim, &[(second.clone(), new.clone())]), [Ok(true)]);
    // The resumed session is a new one, if that tab was first.
    assert!(matches!(sim.block_on(refreshing), Ok(()) | Err(Error::SessionChanged)));
    assert!(sim.server().has_session("ada"));
    assert_eq!(sim.server().violations(), Vec::<String>::new());
    for (tab, client) in [(&tab, &client), (&second, &new)] {
        assert_eq!(sim.block_on(get(tab, client, "/bbb")), bbb());
    }
}

#[test]
fn case_54_restored_tabs_resume_without_waiting_a_second_for_each_other() {
    for (is_in_memory, limit) in [(false, 1_000.0), (true, 2_000.0)] {
        let build = || if is_in_memory { cookie_builder().in_memory() } else { cookie_builder() };
        let sim = only_a_cookie();
        sim.server().allow_early_refreshes();
        let started = sim.now();
        let tabs: Vec<_> = (0..8).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(build()))).collect();
        assert!(resume(&sim, &tabs).into_iter().all(|resumed| resumed == Ok(true)));
        // Exchanges in memory follow each other: each takes two messages of 50 ms at most, and the lock a moment.
        assert!(sim.now() - started < limit, "{} ms", sim.now() - started);
    }
}

#[test]
fn case_54_a_finished_resume_is_not_answered_again() {
    let sim = only_a_cookie();
    let tab = sim.tab();
    let client = tab.client(cookie_builder());
    sim.server().fail_next([Fault::Status(503)]);
    let resuming = client.clone();
    let resumed = tab.run(async move { [resuming.resume().await.is_ok(), resuming.resume().await.is_ok()] });
    assert_eq!(sim.block_on(resumed), [false, true]);
    // A caller keeps its future.
    let resuming = client.clone();
    let resumed = tab.run(async move {
        let kept = resuming.resume();
        futures::pin_mut!(kept);
        assert!(!futures::poll!(&mut kept).is_pending());
        resuming.session().sign_out();
        resuming.resume().await
    });
    assert_eq!(sim.block_on(resumed), Ok(false));
}

#[test]
fn protocol_4_a_tab_that_cannot_read_the_record_never_exchanges_its_cookie() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(cookie_builder().storage_key("app"));
    sign_in(&sim, &tab, &client, "ada");
    let mut later: serde_json::Value = serde_json::from_str(&sim.stored("app").unwrap()).unwrap();
    later["v"] = 99.into();
    sim.overwrite("app", Some(&later.to_string()));
    tab.notify(wugan_testing::PlatformEvent::Stored);
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb(), "the access token in memory is used");
    sim.advance(seconds(3_600.0));
    assert!(!is_signed_in(&client));
    assert_eq!(resume(&sim, &[(tab, client.clone())]), [Ok(false)]);
    client.session().sign_out();
    sim.advance(seconds(1.0));
    assert_eq!((sim.server().stats().refreshes, sim.server().stats().logouts), (0, 0));
    assert!(sim.server().has_session("ada") && sim.has_cookie(API));
}

/// A deployment was rolled back: the storage has the record of a later version.
#[test]
fn case_54_a_session_beside_a_later_versions_record_renews_and_ends_its_own_cookie() {
    let sim = Simulation::new(1);
    sim.overwrite(KEY, Some("{\"v\":3,\"n\":1}"));
    let tab = sim.tab();
    let client = tab.client(cookie_builder());
    sign_in(&sim, &tab, &client, "bob");
    sim.overwrite(KEY, Some("{\"v\":3,\"n\":2}"));
    sim.advance(seconds(3_600.0));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    client.session().sign_out();
    sim.advance(seconds(1.0));
    assert_eq!((sim.server().stats().logouts, sim.server().has_session("bob"), sim.has_cookie(API)), (1, false, false));
}

#[test]
fn case_54_a_sign_in_waits_for_the_cookie_no_longer_than_its_timeout() {
    let (sim, tabs) = signed_in_tabs(2);
    sim.server().allow_early_refreshes();
    sim.server().set_latency(seconds(1.0), seconds(1.0));
    let (first, client) = &tabs[0];
    client.session().corrupt_access_token();
    let _refreshing = get(first, client, "/bbb");
    sim.advance(seconds(2.5));
    first.freeze();
    let (second, client) = &tabs[1];
    let request = client.post("/cookie/login").json(&serde_json::json!({"username": "bob", "password": "x"})).timeout(seconds(2.0));
    let started = sim.now();
    let signed_in = second.run(async move { request.sign_in().await.map(drop) });
    assert_eq!(sim.block_on(signed_in), Err(Error::Timeout));
    assert!(sim.now() - started < 5_000.0, "{} ms", sim.now() - started);
    first.thaw();
    sim.advance(seconds(60.0));
}

/// Meanwhile the user has signed out, and another one has signed in. The suspended tab has not received that record when it goes on.
#[test]
fn case_54_a_tab_that_was_suspended_during_a_refresh_does_not_end_the_next_users_cookie() {
    let (sim, tabs) = signed_in_tabs(2);
    sim.server().allow_early_refreshes();
    sim.server().set_latency(seconds(1.0), seconds(1.0));
    let [(first, refreshing), (second, client)] = &tabs[..] else { unreachable!() };
    refreshing.session().corrupt_access_token();
    let _waiting = get(first, refreshing, "/bbb");
    sim.advance(seconds(2.5));
    first.freeze();
    client.session().sign_out();
    sim.advance(seconds(5.0));
    assert_eq!(sim.server().stats().logouts, 1);
    sign_in(&sim, second, client, "bob");
    first.thaw();
    sim.advance(seconds(10.0));
    assert!(sim.server().has_session("bob") && sim.has_cookie(API));
    assert_eq!((sim.server().stats().logouts, user(refreshing).as_deref()), (1, Some("bob")));
}

/// A record of the earlier session would tell the resuming tab that the sign-out, which it does not see yet, is later.
#[test]
fn case_54_a_tab_that_was_suspended_while_it_resumed_does_not_undo_a_sign_out() {
    for lag in 1..10 {
        let sim = only_a_cookie();
        sim.set_store_lag(seconds(f64::from(lag) * 0.1));
        let [first, second] = [sim.tab(), sim.tab()];
        let [client, resuming] = [&first, &second].map(|tab| tab.client(cookie_builder()));
        let resumed = {
            let resuming = resuming.clone();
            second.run(async move { resuming.resume().await })
        };
        sim.settle();
        second.freeze();
        sim.advance(seconds(20.0));
        assert_eq!(sim.server().stats().refreshes, 1);
        client.session().sign_out();
        second.thaw();
        sim.advance(seconds(10.0));
        assert_eq!(sim.block_on(resumed), Ok(false), "{lag}");
        assert_eq!((user(&client), user(&resuming), sim.has_cookie(API)), (None, None, false), "{lag}");
    }
}

/// The holder was granted the lock while it was suspended. Several tabs wait for it from one moment on: some stop waiting before it goes on,
/// and request the next lock; another one gets the lock that it releases.
#[test]
fn case_12_a_tab_that_thaws_while_several_tabs_stop_waiting_causes_no_second_refresh() {
    for seed in 0..300_u32 {
        let (sim, tabs) = signed_in_tabs_of(Simulation::new(u64::from(seed)), 5);
        sim.server().allow_early_refreshes();
        let [first, suspended, waiting @ ..] = &tabs[..] else { unreachable!() };
        let done = [first, suspended].map(|(tab, client)| refresh((tab, client)));
        sim.settle();
        suspended.0.freeze();
        sim.advance(seconds(3.0));
        let waiting: Vec<_> = waiting.iter().map(|(tab, client)| refresh((tab, client))).collect();
        // The time at which the others stop waiting differs by some milliseconds.
        sim.advance(seconds(16.0 + f64::from(seed % 60) * 0.001));
        suspended.0.thaw();
        sim.advance(seconds(60.0));
        for result in waiting.into_iter().chain(done).map(|result| sim.block_on(result)) {
            assert_eq!(result, Ok(()), "{seed}");
        }
        assert_eq!((sim.server().stats().refreshes, sim.server().violations()), (2, Vec::new()), "{seed}");
    }
}

#[test]
fn case_60_the_timeout_of_a_sign_in_includes_waiting_for_the_cookie() {
    let sim = Simulation::new(1);
    sim.server().set_latency(seconds(0.7), seconds(0.7));
    let tabs = [sim.tab(), sim.tab()].map(|tab| (tab.clone(), tab.client(cookie_builder())));
    let sign_in = |at: usize, timeout: f64| {
        let (tab, client) = &tabs[at];
        let login = client.post("/cookie/login").json(&serde_json::json!({"username": "ada", "password": "x"}));
        tab.run(async move { login.timeout(seconds(timeout)).sign_in().await.map(drop) })
    };
    let first = sign_in(0, 30.0);
    sim.settle();
    let second = sign_in(1, 3.0);
    let begun = sim.now();
    // The first one takes 1.4 s and keeps the lock for a second more.
    assert_eq!(sim.block_on(second), Err(Error::Timeout));
    assert!((2_990.0..3_100.0).contains(&(sim.now() - begun)), "{}", sim.now() - begun);
    assert_eq!(sim.block_on(first), Ok(()));
}
