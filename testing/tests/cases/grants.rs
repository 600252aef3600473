//! Cases 48, 49, 50, 70: which answers of the token endpoint are a verdict.

use crate::*;
use wugan::{
    RefreshResult, SignOutReason, Warning,
    grant::{Json, OAuth2},
};
use wugan_testing::Fault;

const JSON: &str = "application/json";

fn oauth2() -> ClientBuilder {
    builder().grant(OAuth2::new("/oauth/token", "app"))
}

fn reply(status: u16, content_type: &'static str, body: &'static str) -> Fault {
    Fault::Reply { status, content_type, body }
}

/// Sends a request whose refresh meets this fault. Returns its result, and whether the user is still signed in.
fn response_when_refresh_gets(builder: ClientBuilder, fault: Fault) -> (Result<(u16, String), Error>, bool) {
    let (sim, tab, client) = ada_with(builder);
    client.session().corrupt_access_token();
    sim.server().fail_next([fault]);
    let response = get(&tab, &client, "/bbb");
    (sim.block_on(response), is_signed_in(&client))
}

fn is_verdict(builder: ClientBuilder, fault: Fault) -> bool {
    match response_when_refresh_gets(builder, fault) {
        (Err(Error::SignedOut(SignOutReason::Rejected)), false) => true,
        (Err(Error::Unavailable { .. }), true) => false,
        other => panic!("{fault:?}: {other:?}"),
    }
}

#[test]
fn case_48_invalid_grant_is_a_verdict_at_any_4xx() {
    for status in [400, 401, 403, 422] {
        assert!(is_verdict(oauth2(), reply(status, JSON, "{\"error\":\"invalid_grant\"}")), "{status}");
        assert!(is_verdict(builder(), reply(status, JSON, "{\"error\":\"invalid_grant\"}")), "{status}");
    }
    for status in [200, 500, 503] {
        assert!(!is_verdict(oauth2(), reply(status, JSON, "{\"error\":\"invalid_grant\"}")), "{status}");
    }
}

#[test]
fn case_48_oauth2_knows_other_codes_and_takes_more() {
    for code in ["login_required", "interaction_required", "consent_required", "account_selection_required"] {
        let body: &'static str = Box::leak(format!("{{\"error\":\"{code}\"}}").into_boxed_str());
        assert!(is_verdict(oauth2(), reply(400, JSON, body)), "{code}");
    }
    let unknown = reply(400, JSON, "{\"error\":\"token_inactive\"}");
    assert!(!is_verdict(oauth2(), unknown));
    assert!(is_verdict(builder().grant(OAuth2::new("/oauth/token", "app").rejection_codes(["token_inactive"])), unknown));
    for error in ["invalid_client", "invalid_request", "unauthorized_client", "temporarily_unavailable", "slow_down"] {
        let body: &'static str = Box::leak(format!("{{\"error\":\"{error}\"}}").into_boxed_str());
        assert!(!is_verdict(oauth2(), reply(400, JSON, body)), "{error}");
    }
}

#[test]
fn case_49_a_401_of_the_token_endpoint_is_a_verdict_unless_it_is_html() {
    for verdict in [
        reply(401, "", ""),
        reply(401, "text/plain", "Unauthorized"),
        reply(401, JSON, "{\"message\":\"jwt expired\"}"),
        Fault::Challenge("Bearer error=\"invalid_token\""),
        Fault::JsonChallenge("Basic realm=\"api\""),
    ] {
        assert!(is_verdict(builder(), verdict), "{verdict:?}");
    }
    for other in [
        reply(401, "text/html; charset=utf-8", "<html>Log in"),
        reply(401, "", "<!DOCTYPE html><title>Log in</title>"),
        reply(401, "", "\u{feff} <!DOCTYPE html><title>Log in</title>"),
    ] {
        assert!(!is_verdict(builder(), other), "{other:?}");
    }
    assert!(!is_verdict(builder(), Fault::Redirect));
}

/// Traefik answers so in plain text, Caddy without a body.
#[test]
fn case_49_a_401_of_a_proxy_that_asks_for_a_password_is_no_verdict() {
    for challenge in ["Basic realm=\"staging\"", "basic", "Digest realm=\"a\", nonce=\"b\"", "Negotiate", "NTLM"] {
        assert!(!is_verdict(builder(), Fault::Challenge(challenge)), "{challenge}");
    }
}

#[test]
fn case_70_the_warning_of_a_401_that_asks_for_a_password_says_what_a_backend_answers() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    sim.server().fail_next([Fault::Challenge("Basic")]);
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    let warnings = client.session().info().warnings;
    assert!(
        matches!(&warnings[..], [Warning::UnrecognizedResponse(reason)] if reason.contains("a backend answers with a JSON object")),
        "{warnings:?}"
    );
}

#[test]
fn case_50_a_400_is_a_verdict_only_with_an_error_code_about_the_token() {
    for other in [
        reply(400, JSON, "{\"message\":\"refresh_token must be a string\",\"error\":\"Bad Request\",\"statusCode\":400}"),
        reply(400, JSON, "{}"),
        reply(400, "", ""),
        reply(400, JSON, "[\"invalid_grant\"]"),
        reply(400, "text/html", "<html>400 Bad Request"),
        reply(403, JSON, "{\"message\":\"Forbidden\"}"),
        reply(404, JSON, "{\"message\":\"Cannot POST /user/refresh\"}"),
        reply(422, JSON, "{\"code\":\"invalid_input\"}"),
    ] {
        assert!(!is_verdict(builder(), other), "{other:?}");
        assert!(!is_verdict(oauth2(), other), "{other:?}");
    }
    let own_code = reply(400, JSON, "{\"error\":\"session_gone\"}");
    assert!(!is_verdict(builder(), own_code));
    assert!(is_verdict(builder().grant(Json::default().rejection_codes(["session_gone"])), own_code));
}

#[test]
fn case_56_a_token_response_with_a_byte_order_mark_is_read() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    let tokens = sim.server().sign_in("ada");
    let body = format!("\u{feff}{{\"access_token\":\"{}\",\"refresh_token\":\"{}\"}}", tokens.access_token, tokens.refresh_token.unwrap());
    sim.server().fail_next([reply(200, JSON, Box::leak(body.into_boxed_str()))]);
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
}

/// The token response of a server that issues access tokens with such characters.
fn unsendable(sim: &Simulation) -> Fault {
    let refresh_token = sim.server().sign_in("ada").refresh_token.unwrap();
    let body = format!("{{\"access_token\":\"SECRET-tök\",\"refresh_token\":\"{refresh_token}\"}}");
    reply(200, JSON, Box::leak(body.into_boxed_str()))
}

#[test]
fn an_access_token_that_no_header_can_carry_costs_no_session() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    sim.server().fail_next([unsendable(&sim), unsendable(&sim)]);
    for _ in 0..2 {
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { retry_after }) if retry_after > seconds(50.0)));
        let warnings = client.session().info().warnings;
        assert!(
            matches!(&warnings[..], [Warning::UnrecognizedResponse(reason)] if reason.contains("a header cannot carry")),
            "{warnings:?}"
        );
        // Until then, requests cost no further rotation.
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        sim.advance(seconds(61.0));
    }
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb(), "the server is repaired, and the new refresh token was kept");
    assert_eq!((sim.server().stats().refreshes, sim.server().stats().refused), (3, 0));
    assert!(client.session().info().warnings.is_empty());
}

#[test]
fn an_old_access_token_is_not_replayed_beside_a_successor_that_no_header_can_carry() {
    for rotates in [true, false] {
        let sim = Simulation::new(1);
        let tabs = tabs(&sim, 2, builder);
        tabs[0].1.session().corrupt_access_token();
        sim.advance(seconds(0.1));
        let unsendable = if rotates { unsendable(&sim) } else { reply(200, JSON, "{\"access_token\":\"SECRET-tök\"}") };
        sim.server().fail_next([unsendable]);
        sim.server().set_latency(seconds(0.1), seconds(0.1));
        let responses: Vec<_> = tabs.iter().map(|(tab, client)| get(tab, client, "/bbb")).collect();
        for response in responses {
            let result = sim.block_on(response);
            assert!(matches!(result, Err(Error::Unavailable { .. })), "rotates: {rotates}, {result:?}");
        }
        assert_eq!((sim.server().stats().refreshes, sim.server().stats().unauthorized), (1, 2), "rotates: {rotates}");
    }
}

#[test]
fn a_refresh_token_that_is_granted_again_keeps_its_attempt_id_also_if_the_access_token_cannot_be_sent() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    let before = stored_record(&sim);
    let body = format!("{{\"access_token\":\"SECRET-tök\",\"refresh_token\":{}}}", before["refresh_token"]);
    sim.server().fail_next([reply(200, JSON, Box::leak(body.into_boxed_str()))]);
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    let after = stored_record(&sim);
    for member in ["refresh_token", "access_token", "attempt", "issued"] {
        assert_eq!(after[member], before[member], "{member}");
    }
}

#[test]
fn a_sign_in_with_a_token_that_no_header_can_carry_says_so() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    sim.server().fail(unsendable(&sim));
    let sign_in = client.post("/user/login");
    let result = sim.block_on(tab.run(async move { sign_in.sign_in().await.map(drop) }));
    let text = result.unwrap_err().to_string();
    assert!(text.contains("/user/login answered 200, but the access token has characters that a header cannot carry"), "{text}");
    assert!(!is_signed_in(&client) && !text.contains("SECRET"));
}

#[test]
fn case_70_an_answer_that_is_no_verdict_raises_a_warning_with_the_reason() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    let wrong = reply(403, JSON, "{\"message\":\"Forbidden\"}");
    sim.server().fail_next([wrong; 30]);
    client.session().corrupt_access_token();
    for _ in 0..30 {
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        sim.advance(seconds(1.0));
    }
    let reasons: Vec<_> = events
        .borrow()
        .iter()
        .filter_map(|event| match event {
            Event::Warning(Warning::UnrecognizedResponse(reason)) => Some(reason.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 1, "once, after the first: {reasons:?}");
    assert!(reasons[0].contains("403"), "{reasons:?}");
    assert!(client.session().info().warnings.contains(&Warning::UnrecognizedResponse(reasons[0].clone())));
    let in_result = |event: &Event| matches!(event, Event::RefreshEnded { result: RefreshResult::Unavailable { reason, .. } } if reason.contains("403"));
    assert!(count(&events, in_result) >= 1, "{events:?}");
    assert!(!format!("{events:?}").contains("SECRET"));
}

#[test]
fn case_70_a_missing_answer_raises_no_such_warning() {
    for fault in [Fault::Unreachable, Fault::Lost, Fault::Hangs] {
        let (sim, tab, client) = ada();
        sim.server().fail_next([fault]);
        client.session().corrupt_access_token();
        let response = get(&tab, &client, "/bbb");
        assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
        assert!(client.session().info().warnings.is_empty(), "{fault:?}: {:?}", client.session().info().warnings);
    }
}

/// Some servers return the present access token, with a new lifetime.
#[test]
fn a_refresh_that_grants_the_same_access_token_again_is_made_once() {
    let (sim, tab, client) = ada();
    let before = stored_record(&sim);
    let body = format!("{{\"access_token\":{},\"refresh_token\":{},\"expires_in\":60}}", before["access_token"], before["refresh_token"]);
    let same = reply(200, JSON, Box::leak(body.into_boxed_str()));
    sim.server().fail_next([same; 5]);
    assert_eq!(sim.block_on(refresh((&tab, &client))), Ok(()));
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn a_stored_token_that_no_header_can_carry_is_renewed() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    let mut tokens = sim.server().sign_in("ada");
    (tokens.access_token, tokens.expires_in) = ("tökén".to_owned(), None);
    client.session().sign_in(tokens);
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn a_token_that_no_header_can_carry_and_that_cannot_be_renewed_is_an_error() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    client.session().sign_in(wugan::TokenSet::without_refresh_token("tökén"));
    assert!(matches!(sim.block_on(get(&tab, &client, "/bbb")), Err(Error::InvalidRequest(text)) if text.contains("printable ASCII")));
    assert!(is_signed_in(&client));
}
