//! Headers, query and `fetch` options as they reach the browser.

use crate::{
    fixture::{Fixture, REFRESH_PATH, token_response},
    page::{MockResponse, SentRequest},
};
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{ReferrerPolicy, RequestCache, RequestCredentials, RequestMode, RequestRedirect};
use wugan::{HeaderMap, Method, Request, grant::Cookie};

const PATH: &str = "/options";

/// Sends a request to a mock route, and returns it as `fetch` received it.
async fn sent_by(test: &Fixture, build: impl FnOnce(Request) -> Request) -> SentRequest {
    test.page.respond(PATH, MockResponse::new(200));
    assert_eq!(test.send(build(Request::post(PATH))).await, Ok(200));
    test.page.sent(PATH).pop().unwrap()
}

#[wasm_bindgen_test]
async fn case_46_a_header_that_is_added_twice_is_sent_twice() {
    let test = Fixture::new();
    let sent = sent_by(&test, |request| request.header("X-Tag", "one").header("x-tag", "two").header("accept", "text/plain")).await;
    // `Headers` shows repeated fields joined (RFC 9110 §5.3).
    assert_eq!((sent.header("x-tag"), sent.header("accept")), (Some("one, two"), Some("text/plain")));
    let mut map = HeaderMap::new();
    map.append("x-tag", "one".parse().unwrap());
    map.append("x-tag", "two".parse().unwrap());
    let sent = sent_by(&test, |request| request.headers(map).header("x-tag", "three")).await;
    assert_eq!(sent.header("x-tag"), Some("one, two, three"));
}

#[wasm_bindgen_test]
async fn case_46_a_replay_sends_the_same_headers() {
    let test = Fixture::with_made_up_tokens();
    test.page.respond(PATH, MockResponse::new(401));
    test.page.respond(REFRESH_PATH, token_response("new-access", "new-refresh"));
    assert_eq!(test.send(Request::get(PATH).header("x-tag", "one").header("x-tag", "two")).await, Ok(401));
    let sent = test.page.sent(PATH);
    let tags: Vec<_> = sent.iter().map(|sent| sent.header("x-tag")).collect();
    assert_eq!(tags, [Some("one, two"); 2]);
    assert_eq!(sent[1].authorization(), Some("Bearer new-access"));
}

#[wasm_bindgen_test]
async fn without_options_the_browsers_defaults_hold() {
    let test = Fixture::new();
    let sent = sent_by(&test, |request| request).await;
    let options = [&sent.credentials, &sent.cache, &sent.mode, &sent.redirect, &sent.referrer_policy];
    assert_eq!(options, ["same-origin", "default", "cors", "follow", ""]);
    assert_ne!(sent.keepalive, Some(true));
    assert_eq!(sent.headers, []);
}

#[wasm_bindgen_test]
async fn all_options_reach_the_request() {
    let test = Fixture::new();
    let sent = sent_by(&test, |request| {
        request
            .credentials(RequestCredentials::Omit)
            .cache(RequestCache::NoStore)
            .mode(RequestMode::SameOrigin)
            .redirect(RequestRedirect::Manual)
            .referrer_policy(ReferrerPolicy::NoReferrer)
            .keepalive()
            .text("short")
    })
    .await;
    let options = [&sent.credentials, &sent.cache, &sent.mode, &sent.redirect, &sent.referrer_policy];
    assert_eq!(options, ["omit", "no-store", "same-origin", "manual", "no-referrer"]);
    assert_ne!(sent.keepalive, Some(false));
    assert_eq!((sent.method.as_str(), sent.header("content-type")), ("POST", Some("text/plain;charset=UTF-8")));
}

#[wasm_bindgen_test]
async fn case_54_the_clients_credentials_hold_for_requests_without_their_own() {
    let test = Fixture::with(|builder| builder.credentials(RequestCredentials::Include));
    assert_eq!(sent_by(&test, |request| request).await.credentials, "include");
    assert_eq!(sent_by(&test, |request| request.credentials(RequestCredentials::Omit)).await.credentials, "omit");
}

#[wasm_bindgen_test]
async fn case_54_the_cookie_grant_refreshes_with_credentials_and_stores_no_refresh_token() {
    let test = Fixture::with(|builder| builder.grant(Cookie::new("/cookie/refresh").revoke("/cookie/logout")));
    let tokens = |access: &str| {
        MockResponse::new(200).chunk(format!("{{\"access_token\":\"{access}\",\"refresh_token\":\"in-the-body-too\",\"expires_in\":60}}"))
    };
    test.page.respond("/login", tokens("first-access"));
    test.page.respond("/cookie/refresh", tokens("second-access"));
    test.page.respond("/cookie/logout", MockResponse::new(204));
    assert!(matches!(test.client.post("/login").sign_in().await, Ok(wugan::SignIn::Done(_))));
    test.client.session().refresh().await.unwrap();
    assert_eq!(test.record()["access_token"], "second-access");
    assert!(!test.stored_text().unwrap().contains("in-the-body-too"));
    test.client.session().sign_out();
    crate::fixture::wait_until("the sign-out request was answered", || test.page.answered("/cookie/logout", 204) == 1).await;
    for path in ["/cookie/refresh", "/cookie/logout"] {
        let sent = test.page.sent(path).pop().unwrap();
        assert_eq!((&*sent.credentials, &*sent.redirect, sent.authorization()), ("include", "error", None), "{path}");
    }
}

#[wasm_bindgen_test]
async fn methods_and_queries_reach_the_server() {
    let test = Fixture::new();
    test.page.respond(PATH, MockResponse::new(200));
    let client = &test.client;
    let requests = [
        client.get(PATH),
        client.post(PATH),
        client.put(PATH),
        client.patch(PATH),
        client.delete(PATH),
        client.head(PATH),
        client.request(Method::OPTIONS, PATH),
    ];
    for request in requests {
        assert_eq!(request.query(&[("q", "a&b")]).send().await.unwrap().status(), 200);
    }
    let methods: Vec<_> = test.page.sent(PATH).into_iter().map(|sent| sent.method).collect();
    assert_eq!(methods, ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]);
}
