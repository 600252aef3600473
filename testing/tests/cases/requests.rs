//! Cases 1 to 9, 28 to 30, 32, 34, 36, 37, 46, 53, 55, 59, 60, 65: one request, and many at once.

use crate::*;
use http::Method;
use wasm_bindgen::JsCast;
use wugan::{Body, Request, SignOutReason, TokenSet};
use wugan_testing::{Fault, Stats};

fn many_401s_make_one_refresh(number: usize) {
    let (sim, tab, client) = ada();
    let events = record(&client);
    client.session().corrupt_access_token();
    let responses: Vec<_> = (0..number).map(|_| get(&tab, &client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    let stats = sim.server().stats();
    assert_eq!((stats.refreshes, stats.accepted), (1, number as u64));
    assert!((1..=number as u64).contains(&stats.unauthorized), "{stats:?}");
    assert_eq!(count(&events, is_refresh_start), 1, "all wait for one refresh");
}

#[test]
fn case_01_all_refused_requests_are_replayed_after_one_refresh() {
    many_401s_make_one_refresh(20);
    many_401s_make_one_refresh(1_000);
}

#[test]
fn case_02_late_401s_are_replayed_without_a_second_refresh() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.01), seconds(5.0));
    client.session().corrupt_access_token();
    let responses: Vec<_> = (0..50).map(|_| get(&tab, &client, "/bbb")).collect();
    for response in responses {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_03_a_failed_refresh_fails_all_waiting_requests_at_once() {
    for (fault, ends) in [(Fault::Status(401), true), (Fault::Status(503), false), (Fault::Unreachable, false)] {
        let (sim, tab, client) = ada();
        sim.server().fail_next([fault]);
        client.session().corrupt_access_token();
        let mut responses: Vec<_> = (0..6).map(|_| get(&tab, &client, "/bbb")).collect();
        // A rejection counts after a second, in which tokens of another tab may arrive.
        sim.advance(seconds(1.5));
        let errors: Vec<_> = responses.iter_mut().map(|response| response.try_take().expect("settled").expect_err("failed")).collect();
        match ends {
            true => assert!(errors.iter().all(|error| *error == Error::SignedOut(SignOutReason::Rejected)), "{errors:?}"),
            false => assert!(errors.iter().all(|error| matches!(error, Error::Unavailable { .. })), "{errors:?}"),
        }
        assert_eq!(is_signed_in(&client), !ends);
    }
}

#[test]
fn case_04_a_refresh_without_an_answer_fails_each_request_at_its_timeout() {
    let (sim, tab, client) = ada();
    sim.server().fail_next([Fault::Hangs]);
    client.session().corrupt_access_token();
    let quick = send(&tab, client.get("/bbb").timeout(seconds(2.0)));
    let started = sim.now();
    assert_eq!(sim.block_on(quick), Err(Error::Timeout));
    assert!((sim.now() - started - 2_000.0).abs() < 1.0);
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));
    sim.advance(seconds(2.0));
    let next = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(next), bbb());
}

#[test]
fn case_04_the_attempt_timeout_holds_for_each_sending() {
    let (sim, tab, client) = ada();
    let limited = tab.client(builder().attempt_timeout(seconds(1.0)));
    sim.server().fail(Fault::Hangs);
    for (request, time) in [
        (limited.get("/bbb"), 1_000.0),
        (limited.get("/bbb").attempt_timeout(seconds(3.0)), 3_000.0),
        (client.get("/bbb").attempt_timeout(seconds(2.0)), 2_000.0),
    ] {
        let started = sim.now();
        let response = send(&tab, request);
        assert_eq!(sim.block_on(response), Err(Error::Timeout));
        assert!((sim.now() - started - time).abs() < 1.0, "{time} {}", sim.now() - started);
    }
    // Two sendings and the refresh between them may take longer than one attempt timeout.
    sim.server().fail(Fault::None);
    sim.server().set_latency(seconds(0.4), seconds(0.4));
    client.session().corrupt_access_token();
    let response = get(&tab, &limited, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
}

#[test]
fn case_04_a_token_response_or_sign_in_without_a_body_times_out() {
    let (sim, tab, client) = ada();
    sim.server().fail(Fault::Stalls);
    let started = sim.now();
    let sign_in = client.post("/user/login").json(&serde_json::json!({"username": "ada"}));
    let sign_in = tab.run(async move { sign_in.sign_in().await.map(drop) });
    assert_eq!(sim.block_on(sign_in), Err(Error::Timeout));
    assert!((sim.now() - started - 30_000.0).abs() < 1_000.0, "{}", sim.now() - started);
    let request = client.get("/aaa").timeout(seconds(2.0));
    let mut response = send(&tab, request);
    sim.advance(seconds(100.0));
    assert_eq!(response.try_take(), Some(Err(Error::Timeout)), "the timeout limits reading the body");

    sim.server().fail(Fault::None);
    sim.server().fail_next([Fault::Stalls]);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert!(matches!(sim.block_on(response), Err(Error::Unavailable { .. })));

    // The time between the response head and reading the body does not count.
    let request = client.get("/aaa");
    let (read, wait) = futures::channel::oneshot::channel::<()>();
    let response = tab.run(async move {
        let response = request.send().await?;
        let _ = wait.await;
        response.text().await
    });
    sim.advance(seconds(100.0));
    drop(read);
    assert_eq!(sim.block_on(response), Ok("aaa".into()));
}

#[test]
fn case_04_token_and_refresh_wait_for_the_timeout_of_the_client() {
    let (sim, tab, _) = ada();
    let client = tab.client(builder().timeout(seconds(2.0)));
    sim.server().fail(Fault::Hangs);
    client.session().corrupt_access_token();
    let (started, session) = (sim.now(), client.session().clone());
    let refreshed = tab.run(async move { session.refresh().await });
    assert_eq!(sim.block_on(refreshed), Err(Error::Timeout));
    assert!((sim.now() - started - 2_000.0).abs() < 1.0);
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    let (started, session) = (sim.now(), client.session().clone());
    let token = tab.run(async move { session.token().await });
    assert!(matches!(sim.block_on(token), Err(Error::Timeout)));
    assert!((sim.now() - started - 2_000.0).abs() < 1.0);
}

#[test]
fn case_05_a_request_that_times_out_leaves_the_shared_refresh_alone() {
    let (sim, tab, client) = ada();
    client.session().corrupt_access_token();
    let first = send(&tab, client.get("/bbb").timeout(seconds(0.12)));
    sim.server().set_latency(seconds(0.05), seconds(0.05));
    let others: Vec<_> = (0..5).map(|_| get(&tab, &client, "/bbb")).collect();
    assert_eq!(sim.block_on(first), Err(Error::Timeout));
    for response in others {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_06_new_tokens_are_stored_when_all_callers_are_gone() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.05), seconds(0.05));
    client.session().corrupt_access_token();
    let before = sim.stored(KEY);
    let gone = send(&tab, client.get("/bbb").timeout(seconds(0.12)));
    assert_eq!(sim.block_on(gone), Err(Error::Timeout));
    assert_eq!(sim.stored(KEY), before);
    sim.advance(seconds(1.0));
    assert_ne!(sim.stored(KEY), before);
    assert_eq!(sim.server().stats().rotated, 1);
    let next = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(next), bbb());
    assert_eq!(sim.server().stats().refreshes, 1);
}

/// The server refuses all tokens: an end would send the user to the sign-in again and again.
#[test]
fn case_07_a_401_right_after_a_sign_in_without_a_refresh_token_ends_nothing() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder());
    let tokens = sim.server().sign_in("ada");
    client.session().sign_in(wugan::TokenSet::without_refresh_token(tokens.access_token).with_expires_in(3600.0));
    assert_eq!(sim.block_on(get(&tab, &client, "/bbb")), bbb());
    sim.server().fail(Fault::Status(401));
    let response = status(sim.block_on(get(&tab, &client, "/bbb")));
    assert_eq!((response, client.session().info().state), (Ok(401), AuthState::SignedIn));
    // Later, a 401 shows that the token is no longer valid.
    sim.advance(seconds(5.0));
    assert_eq!(status(sim.block_on(get(&tab, &client, "/bbb"))), Err(Error::SignedOut(SignOutReason::Expired)));
}

#[test]
fn case_07_the_401_of_a_replay_is_the_response() {
    let (sim, tab, client) = ada();
    let response = get(&tab, &client, "/always401");
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(sim.server().stats().refreshes, 1);
    assert!(is_signed_in(&client));
    let events = record(&client);
    let response = get(&tab, &client, "/always401");
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(sim.server().stats().refreshes, 1);
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { .. })), 1, "a token that is seconds old is not renewed for it");
}

#[test]
fn case_08_a_401_of_the_token_endpoint_starts_no_refresh() {
    let (sim, tab, client) = ada();
    sim.server().end_sessions("ada");
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), Err(Error::SignedOut(SignOutReason::Rejected)));
    sim.advance(seconds(100.0));
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_09_bodies_are_replayed_byte_for_byte() {
    let every_byte: Vec<u8> = (0..=255).collect();
    let requests = [
        (Request::post("/echo").json(&vec!["ü", "無感"]), "[\"ü\",\"無感\"]".as_bytes().to_vec()),
        (Request::post("/echo").body(every_byte.clone()), every_byte.clone()),
        (Request::post("/echo").form(&[("a b", "&")]), b"a+b=%26".to_vec()),
        (Request::post("/echo").body(Body::from_fn(|| Body::from("made"))), b"made".to_vec()),
    ];
    for (request, expected) in requests {
        let (sim, tab, client) = ada();
        client.session().corrupt_access_token();
        let client = client.clone();
        let sent = tab.run(async move { client.send(request).await?.bytes().await });
        assert_eq!(sim.block_on(sent), Ok(expected));
        assert_eq!(sim.server().stats().unauthorized, 1);
    }
}

#[test]
fn case_28_tokens_are_sent_to_allowed_origins_only() {
    let (sim, tab, client) = ada();
    let foreign = [
        "https://evil.com/bbb",
        "//evil.com/bbb",
        "https://api.example.com.evil.com/bbb",
        "https://api.example.com@evil.com/bbb",
        "https://api.example.com:8443/bbb",
        "http://api.example.com/bbb",
        "\\\\evil.com/bbb",
    ];
    for url in foreign {
        let response = get(&tab, &client, url);
        assert_eq!(status(sim.block_on(response)), Ok(401), "{url}");
    }
    assert_eq!(sim.server().stats().refreshes, 0);
    assert_eq!(sim.server().stats().accepted, 0);
    for url in ["/bbb", "bbb", "https://api.example.com/bbb", "https://api.example.com:443/bbb"] {
        let response = get(&tab, &client, url);
        assert_eq!(sim.block_on(response), bbb(), "{url}");
    }
}

#[test]
fn case_29_an_authorization_header_of_the_caller_is_left_alone() {
    let (sim, tab, client) = ada();
    let response = send(&tab, client.get("/bbb").header("Authorization", "Bearer of-my-own"));
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(sim.server().stats().refreshes, 0);
}

#[test]
fn case_30_a_403_starts_no_refresh_unless_the_predicate_says_so() {
    let (sim, tab, client) = ada();
    let response = get(&tab, &client, "/forbidden");
    assert_eq!(status(sim.block_on(response)), Ok(403));
    assert_eq!(sim.server().stats().refreshes, 0);
    let client = tab.client(builder().is_unauthorized(|response| response.status() == 403));
    let response = get(&tab, &client, "/forbidden");
    assert_eq!(status(sim.block_on(response)), Ok(403));
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_32_an_event_listener_may_refresh_and_send_requests() {
    let (sim, tab, client) = ada();
    let (inner, tab_again) = (client.clone(), tab.clone());
    let results = Rc::new(RefCell::new(Vec::new()));
    let started = results.clone();
    client
        .session()
        .on_event(move |timed| {
            if matches!(timed.event, Event::RefreshStarted { .. }) {
                let _ = inner.session().info();
                started.borrow_mut().push(get(&tab_again, &inner, "/bbb"));
                drop(refresh((&tab_again, &inner)));
            }
        })
        .forget();
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb");
    assert_eq!(sim.block_on(response), bbb());
    for response in results.take() {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(sim.server().stats().refreshes, 1);
}

#[test]
fn case_34_token_returns_a_valid_token_each_time() {
    let (sim, tab, client) = ada();
    let token = || {
        let session = client.session().clone();
        sim.block_on(tab.run(async move { session.token().await })).unwrap().unwrap()
    };
    let first = token();
    assert_eq!(token().as_str(), first.as_str());
    tab.hide(true);
    sim.advance(seconds(3_600.0));
    let second = token();
    assert_ne!(second.as_str(), first.as_str());
    assert_eq!(sim.server().stats().refreshes, 1);
    client.session().sign_out();
    let session = client.session().clone();
    assert!(matches!(sim.block_on(tab.run(async move { session.token().await })), Ok(None)));
}

#[test]
fn case_36_info_needs_no_request() {
    let (sim, _tab, client) = ada();
    assert_eq!(user(&client).as_deref(), Some("ada"));
    assert_eq!(client.session().info().lifetime, Some(seconds(1_800.0)));
    sim.advance(seconds(100.0));
    assert_eq!(client.session().info().expires_in.map(|left| left.as_secs()), Some(1_700));
    assert_eq!(sim.server().stats(), Stats::default());
}

#[test]
fn case_37_nothing_is_sent_more_than_twice() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    client.session().corrupt_access_token();
    for response in (0..100).map(|_| get(&tab, &client, "/bbb")).collect::<Vec<_>>() {
        assert_eq!(sim.block_on(response), bbb());
    }
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { replay: false, .. })), 100);
    let replays = count(&events, |event| matches!(event, Event::Sent { replay: true, .. }));
    assert_eq!(replays, sim.server().stats().unauthorized as usize, "what was refused is sent again, and nothing else");
}

#[test]
fn case_46_a_repeated_header_is_sent_as_often_as_it_was_added() {
    let (sim, tab, client) = ada();
    let response = send(&tab, client.get("/headers").header("x-tag", "milk").header("X-Tag", "bread"));
    let (_, text) = sim.block_on(response).unwrap();
    let headers: Vec<(String, String)> = serde_json::from_str(&text).unwrap();
    let tags: Vec<_> = headers.iter().filter(|(name, _)| name == "x-tag").map(|(_, value)| value.as_str()).collect();
    assert_eq!(tags, ["milk", "bread"]);
}

#[test]
fn case_46_a_repeated_response_header_is_joined() {
    let (sim, tab, client) = ada();
    let request = client.get("/repeated");
    let header = tab.run(async move { request.send().await.map(|response| response.header("x-many")) });
    assert_eq!(sim.block_on(header), Ok(Some("one, two".to_owned())));
}

#[test]
fn case_53_a_401_that_is_an_answer_is_sent_once_and_costs_no_refresh() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    let response = send(&tab, client.post("/pin").text("1234").no_refresh());
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!((sim.server().stats().accepted, sim.server().stats().refreshes), (1, 0), "the token was attached");
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { .. })), 1);

    // The predicate can decide by the URL.
    let client = tab.client(builder().is_unauthorized(|response| response.status() == 401 && !response.url().ends_with("/pin")));
    let response = send(&tab, client.post("/pin").text("1234"));
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!((sim.server().stats().accepted, sim.server().stats().refreshes), (2, 0));
}

/// A stream as far as one can exist outside of a browser.
pub(super) fn stream() -> Body {
    Body::stream(wasm_bindgen::JsValue::UNDEFINED.unchecked_ref())
}

#[test]
fn case_55_a_stream_is_an_error_before_sending_if_the_browser_cannot_send_it() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    tab.set_request_streams(false);
    let response = send(&tab, client.post("/echo").body(stream()));
    let result = sim.block_on(response);
    assert!(matches!(result, Err(Error::InvalidRequest(_))), "{result:?}");
    assert_eq!(count(&events, |event| matches!(event, Event::Sent { .. })), 0);
    assert_eq!(sim.server().stats(), Stats::default());
}

#[test]
fn case_09_a_stream_is_sent_once_and_a_needed_replay_is_an_error() {
    let (sim, tab, client) = ada();
    let response = send(&tab, client.post("/echo").body(stream()));
    assert_eq!(status(sim.block_on(response)), Ok(200));
    client.session().corrupt_access_token();
    let response = send(&tab, client.post("/echo").body(stream()));
    assert_eq!(sim.block_on(response), Err(Error::NotReplayable));
    assert_eq!((sim.server().stats().accepted, sim.server().stats().unauthorized), (1, 1));
}

#[test]
fn case_59_a_base_url_with_a_path_must_end_in_a_slash() {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    for base in ["https://api.example.com/v1", "/v1", "https://api.example.com/v1?x=1"] {
        let built = Client::builder(base).build_on(Rc::new(tab.clone()));
        assert!(matches!(built, Err(Error::InvalidRequest(_))), "{base}");
    }
    for base in ["", API, "https://api.example.com/", "https://api.example.com/v1/", "/v1/"] {
        assert!(Client::builder(base).build_on(Rc::new(tab.clone())).is_ok(), "{base}");
    }
}

#[test]
fn case_59_a_prefix_is_put_before_each_path() {
    let (sim, tab, client) = ada_with(builder().prefix("/v1"));
    for (url, path) in
        [("/notes", "v1/notes"), ("notes", "v1/notes"), ("/notes?url=https://a.b", "v1/notes"), ("https://api.example.com/bbb", "bbb")]
    {
        let response = get(&tab, &client, url);
        assert_eq!(sim.block_on(response), Ok((200, path.to_owned())), "{url}");
    }
}

#[test]
fn a_base_url_without_an_origin_is_refused_with_the_remedy() {
    let (sim, _, _) = ada();
    let build = |builder: ClientBuilder| builder.auto_refresh(false).build_on(Rc::new(sim.tab())).map(drop);
    for (base, advice) in [
        ("localhost:3000", "the base URL localhost:3000 names no host: write https://localhost:3000"),
        ("api.example.com", "write https://api.example.com"),
        ("api.example.com/", "write https://api.example.com/"),
        ("about:blank", "names no host"),
        ("data:,x", "names no host"),
        ("http://", "“http://” is not a URL"),
        ("file:///x/", "give an http or https URL"),
        ("https://api.example.com/v1", ".prefix(\"/v1\")"),
        ("/v1", ".prefix(\"/v1\")"),
    ] {
        let refused = build(Client::builder(base));
        assert!(matches!(&refused, Err(Error::InvalidRequest(text)) if text.contains(advice)), "{base}: {refused:?}");
    }
    for base in ["", "/", "/v1/", "https://api.example.com", "https://api.example.com/v1/", "//api.example.com"] {
        assert_eq!(build(Client::builder(base)), Ok(()), "{base}");
    }
    let refused = build(builder().allow_origin("files.example.com"));
    assert!(matches!(&refused, Err(Error::InvalidRequest(text)) if text.contains("the allowed origin files.example.com names no host")));
}

#[test]
fn case_60_the_timeout_does_not_cover_the_transfer_of_a_body() {
    let (sim, tab, client) = ada();
    let started = sim.now();
    let response = get(&tab, &client, "/slow-body");
    assert_eq!(sim.block_on(response), Ok((200, "slow".to_owned())));
    assert!(sim.now() - started > 40_000.0);
}

fn body_of(size: usize) -> String {
    "x".repeat(size)
}

#[test]
fn case_60_a_large_body_may_take_longer_than_the_timeout_to_upload() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(40.0), seconds(40.0));
    let large = body_of(1_000_000);
    let bodies = [Body::from(large.clone()), Body::from(large.clone().into_bytes()), Body::from_fn(move || Body::from(&*large))];
    for body in bodies {
        let response = send(&tab, client.post("/echo").body(body));
        assert_eq!(sim.block_on(response).map(|(status, text)| (status, text.len())), Ok((200, 1_000_000)));
    }
    // 5 MB at 100 kbit/s.
    sim.server().set_latency(seconds(400.0), seconds(400.0));
    let response = send(&tab, client.post("/echo").text(body_of(5_000_000)));
    assert_eq!(sim.block_on(response).map(|(status, text)| (status, text.len())), Ok((200, 5_000_000)));
    for limited in [client.post("/echo").text(body_of(50_000)), client.post("/echo").text(body_of(1_000_000)).timeout(seconds(30.0))] {
        assert_eq!(status(sim.block_on(send(&tab, limited))), Err(Error::Timeout));
    }
}

#[test]
fn case_60_a_body_of_known_size_is_not_sent_for_ever() {
    let (sim, tab, client) = ada();
    sim.server().fail(Fault::Hangs);
    let made = |size: usize| Body::from_fn(move || Body::from(body_of(size)));
    let bodies = [
        (0, Body::empty()),
        (70_000, Body::from(body_of(70_000))),
        (1_000_000, Body::from(body_of(1_000_000))),
        (10, made(10)),
        (1_000_000, made(1_000_000)),
    ];
    for (size, body) in bodies {
        let started = sim.now();
        let response = send(&tab, client.post("/echo").body(body));
        assert_eq!(status(sim.block_on(response)), Err(Error::Timeout), "{size}");
        let (took, expected) = (sim.now() - started, 30_000.0 + (size / 2_048 * 1_000) as f64);
        assert!((expected..expected + 10.0).contains(&took), "{size}: {took} ms");
    }
}

#[test]
fn case_65_the_token_is_sent_in_another_header_if_a_proxy_needs_authorization() {
    let (sim, tab, client) = ada_with(builder().auth_header("X-Access-Token"));
    sim.server().set_auth_header("X-Access-Token");
    let response = send(&tab, client.get("/bbb").header("Authorization", "Basic c3RhZ2luZzpzZWNyZXQ="));
    assert_eq!(sim.block_on(response), bbb());
    client.session().corrupt_access_token();
    let response = send(&tab, client.request(Method::GET, "/bbb").header("Authorization", "Basic c3RhZ2luZzpzZWNyZXQ="));
    assert_eq!(sim.block_on(response), bbb());
    assert_eq!(sim.server().stats().refreshes, 1);
}

/// A browser passes every header but `Authorization` on to the origin that a redirect leads to.
#[test]
fn case_65_a_token_in_another_header_follows_no_redirect_unless_the_request_says_so() {
    let (sim, tab, client) = ada_with(builder().auth_header("X-Access-Token"));
    sim.server().set_auth_header("X-Access-Token");
    sim.server().fail(Fault::Redirect);
    assert!(matches!(status(sim.block_on(get(&tab, &client, "/bbb"))), Err(Error::Network(_))));
    let follows = client.get("/bbb").redirect(web_sys::RequestRedirect::Follow);
    assert_eq!(status(sim.block_on(send(&tab, follows))), Ok(401));
    // A browser removes it itself.
    let (sim, tab, client) = ada_with(builder().auth_header("Authorization"));
    sim.server().fail(Fault::Redirect);
    assert_eq!(status(sim.block_on(get(&tab, &client, "/bbb"))), Ok(401));
}

#[test]
fn anonymous_requests_have_no_token_and_start_no_refresh() {
    let (sim, tab, client) = ada();
    let response = send(&tab, client.get("/bbb").anonymous());
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(sim.server().stats().refreshes, 0);
}

#[test]
fn events_and_debug_output_show_no_secret() {
    let (sim, tab, client) = ada();
    let events = record(&client);
    client.session().corrupt_access_token();
    let response = get(&tab, &client, "/bbb?key=SECRET");
    assert_eq!(sim.block_on(response), bbb());
    client.session().sign_out();
    let builder = Client::builder("https://ada:SECRET@api.example.com/?key=SECRET");
    let shown = format!("{events:?} {client:?} {builder:?} {:?} {:?}", client.session(), TokenSet::new("SECRET", "SECRET"));
    assert!(!shown.contains("SECRET"), "{shown}");
    let session = format!("{:?}", client.session());
    assert!(session.contains("ByUser"), "{session}");
}

#[test]
fn case_08_a_stream_that_begins_during_a_refresh_waits_for_the_new_token() {
    let (sim, tab, client) = ada();
    sim.server().set_latency(seconds(0.5), seconds(0.5));
    client.session().corrupt_access_token();
    let first = get(&tab, &client, "/bbb");
    sim.advance(seconds(1.2));
    assert!(tab.is_refreshing());
    let stream = send(&tab, client.post("/echo").body(Body::stream(wasm_bindgen::JsValue::UNDEFINED.unchecked_ref())));
    assert_eq!(status(sim.block_on(stream)), Ok(200));
    assert_eq!((sim.block_on(first), sim.server().stats().unauthorized), (bbb(), 1));
}

/// Browsers remove `Authorization` when a redirect leads to another origin, also to one that may receive tokens.
#[test]
fn case_28_a_401_after_a_redirect_to_another_allowed_origin_is_returned_as_it_is() {
    let (sim, tab, client) = ada_with(builder().allow_origin("https://elsewhere.example.com"));
    sim.server().fail(Fault::Redirect);
    let response = get(&tab, &client, "/bbb");
    assert_eq!(status(sim.block_on(response)), Ok(401));
    assert_eq!(sim.server().stats().refreshes, 0);
}

/// A lock with such a name is refused, and tabs without locks would exchange at the same time.
#[test]
fn case_24_a_storage_key_that_cannot_name_a_lock_is_refused() {
    let sim = Simulation::new(1);
    let build = |key: &str| builder().storage_key(key).build_on(Rc::new(sim.tab())).map(drop);
    assert!(matches!(build("-app"), Err(Error::InvalidRequest(text)) if text.contains("choose another storage key")));
    assert_eq!(build("app-"), Ok(()));
}
