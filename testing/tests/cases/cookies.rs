//! Case 54: the refresh token is in an HttpOnly cookie.

use crate::*;
use wugan::{SignOutReason, grant::Cookie};
use wugan_testing::Fault;

fn cookie_builder() -> ClientBuilder {
    builder().grant(Cookie::new("/cookie/refresh").revoke("/cookie/logout")).credentials(web_sys::RequestCredentials::Include)
}

/// Tabs with a client each. The user of the first one signed in by a form, which set the cookie.
fn signed_in_tabs(count: usize) -> (Simulation, Vec<(Tab, Client)>) {
    let sim = Simulation::new(1);
    let tabs: Vec<_> = (0..count).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(cookie_builder()))).collect();
    let (tab, client) = &tabs[0];
    let sign_in = client.post("/cookie/login").json(&serde_json::json!({"username": "ada", "password": "x"}));
    let signed_in = tab.run(async move { sign_in.sign_in().await.map(|result| matches!(result, wugan::SignIn::Done(_))) });
    assert_eq!(sim.block_on(signed_in), Ok(true));
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
