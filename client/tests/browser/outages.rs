//! A token endpoint that cannot be reached or gives no verdict: a typed error, a pause, and the session is kept.

use crate::{
    fixture::{Fixture, REFRESH_PATH, local_storage, register, send, token_response, unreachable_url, wait_until},
    page::MockResponse,
    undo::{Change, replace},
};
use js_sys::Function;
use serde_json::{Value, json};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    AuthState, Error, Event, RefreshResult, Request, TokenSet,
    grant::{Exchange, Json, RefreshGrant, RefreshOutcome, TokenResponse},
};

/// wugan-server's grant with a token endpoint that changes, and that may leave out the new refresh token.
struct ChangingGrant {
    url: Rc<RefCell<String>>,
    returns_refresh_token: Rc<Cell<bool>>,
}

impl RefreshGrant for ChangingGrant {
    fn refresh(&self, exchange: &Exchange<'_>) -> Request {
        Json::new(self.url.borrow().as_str()).attempt_field("attempt").refresh(exchange)
    }

    fn parse(&self, response: &TokenResponse<'_>) -> RefreshOutcome {
        match Json::default().parse(response) {
            RefreshOutcome::Granted(mut tokens) => {
                if !self.returns_refresh_token.get() {
                    tokens.refresh_token = None;
                }
                RefreshOutcome::Granted(tokens)
            }
            outcome => outcome,
        }
    }
}

/// The page is shown: from the back/forward cache, or because it has loaded.
fn dispatch_pageshow(persisted: bool) {
    #[cfg(feature = "leptos")]
    crate::bindings::unmount_all();
    Function::new_with_args("persisted", "dispatchEvent(new PageTransitionEvent('pageshow', { persisted }))")
        .call1(&JsValue::UNDEFINED, &persisted.into())
        .unwrap();
}

fn dispatch(target: &web_sys::EventTarget, name: &str) {
    target.dispatch_event(&web_sys::Event::new(name).unwrap()).unwrap();
}

#[wasm_bindgen_test]
async fn case_18_a_refresh_without_a_verdict_keeps_the_session() {
    // Unreachable; 404; 405; a success without tokens, as from a captive portal.
    for nowhere in [format!("{}{REFRESH_PATH}", unreachable_url()), "/user/nothing".into(), "/bbb".into(), "/user/logout".into()] {
        let url = Rc::new(RefCell::new(nowhere.clone()));
        let grant = ChangingGrant { url: url.clone(), returns_refresh_token: Rc::new(Cell::new(true)) };
        let test = Fixture::with(|builder| builder.grant(grant));
        register(&test.client).await;
        test.corrupt("access_token");
        let before = test.stored_text();
        let answers = test.burst(20, "/bbb").await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Unavailable { .. }))), "{nowhere}: {answers:?}");
        assert_eq!((test.state(), test.stored_text()), (AuthState::SignedIn, before), "{nowhere}");
        url.replace(REFRESH_PATH.into());
        if nowhere != "/user/logout" {
            // The network is back, which ends the pause.
            dispatch(&web_sys::window().unwrap(), "online");
            assert_eq!(test.get("/bbb").await, Ok(200), "{nowhere}");
        }
        assert_eq!(test.sign_out_events(), 0);
    }
}

#[wasm_bindgen_test]
async fn case_25_without_a_new_refresh_token_the_old_one_is_kept() {
    let returns_refresh_token = Rc::new(Cell::new(true));
    let grant = ChangingGrant { url: Rc::new(RefCell::new(REFRESH_PATH.into())), returns_refresh_token: returns_refresh_token.clone() };
    let test = Fixture::with(|builder| builder.grant(grant));
    register(&test.client).await;
    returns_refresh_token.set(false);
    let old = test.record();
    test.corrupt("access_token");
    assert_eq!(test.get("/bbb").await, Ok(200));
    let new = test.record();
    assert!(old["refresh_token"].is_string());
    assert_eq!((&new["refresh_token"], &new["attempt"]), (&old["refresh_token"], &old["attempt"]));
    assert_ne!(new["access_token"], old["access_token"]);
}

/// Stores a pause of a minute after failed refreshes, as another tab does. Returns when it began.
fn store_pause(test: &Fixture, is_requested: bool) -> f64 {
    let from = js_sys::Date::now();
    let mut pause = json!({ "exchange": test.exchange_id(), "failures": 3, "from": from, "duration": 60_000 });
    if is_requested {
        pause["requested"] = true.into();
    }
    local_storage().set_item(&test.pause_key(), &pause.to_string()).unwrap();
    from
}

#[wasm_bindgen_test]
async fn case_43_a_pause_that_another_tab_stored_stops_refreshes_here() {
    let test = Fixture::with_refused_access_token().await;
    store_pause(&test, false);
    match test.get("/bbb").await {
        Err(Error::Unavailable { retry_after }) => assert!((50..=60).contains(&retry_after.as_secs()), "{retry_after:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(test.refresh_requests(), 0);
    // A pause of other tokens does not count.
    test.corrupt("refresh_token");
    assert!(matches!(test.get("/bbb").await, Err(Error::SignedOut(_))));
}

#[wasm_bindgen_test]
async fn case_43_a_failed_refresh_stores_a_pause_for_all_tabs() {
    let test = Fixture::with_made_up_tokens();
    test.page.respond("/notes", MockResponse::new(401));
    test.page.respond(REFRESH_PATH, MockResponse::new(429).header("retry-after", "30"));
    let exchange_id = test.exchange_id();
    assert_eq!(test.get("/notes").await, Err(Error::Unavailable { retry_after: Duration::from_secs(30) }));
    let pause: Value = serde_json::from_str(&local_storage().get_item(&test.pause_key()).unwrap().unwrap()).unwrap();
    assert_eq!((pause["exchange"].as_str(), pause["failures"].as_f64()), (Some(&*exchange_id), Some(1.0)));
    assert_eq!((pause["duration"].as_f64(), pause["requested"].as_bool()), (Some(30_000.0), Some(true)));
    assert!((js_sys::Date::now() - pause["from"].as_f64().unwrap()).abs() < 10_000.0);
    let second = send(&test.second_client(), Request::get("/notes")).await;
    assert!(matches!(second, Err(Error::Unavailable { .. })), "{second:?}");
    assert_eq!(test.refresh_requests(), 1);
}

fn set_visibility(state: &str) -> Change {
    let change = replace("document", "visibilityState", &format!("'{state}'"));
    dispatch(&web_sys::window().unwrap().document().unwrap(), "visibilitychange");
    change
}

#[wasm_bindgen_test]
async fn case_24_a_page_that_becomes_visible_ends_the_pause_and_a_hidden_one_does_not() {
    let test = Fixture::with_refused_access_token().await;
    store_pause(&test, false);
    let _hidden = set_visibility("hidden");
    let hidden = test.get("/bbb").await;
    let _visible = set_visibility("visible");
    let visible = test.get("/bbb").await;
    assert!(matches!(hidden, Err(Error::Unavailable { .. })), "{hidden:?}");
    assert_eq!(visible, Ok(200));
}

#[wasm_bindgen_test]
async fn case_43_a_page_that_has_loaded_keeps_to_the_pause_and_a_restored_one_does_not() {
    let test = Fixture::with_refused_access_token().await;
    store_pause(&test, false);
    dispatch_pageshow(false);
    let loaded = test.get("/bbb").await;
    assert!(matches!(loaded, Err(Error::Unavailable { .. })), "{loaded:?}");
    assert_eq!(test.refresh_requests(), 0);
    dispatch_pageshow(true);
    assert_eq!(test.get("/bbb").await, Ok(200));
}

#[wasm_bindgen_test]
async fn case_42_a_pause_that_the_server_asked_for_is_not_ended_by_an_event() {
    let test = Fixture::with_refused_access_token().await;
    store_pause(&test, true);
    let window = web_sys::window().unwrap();
    for shows in [false, true] {
        if shows {
            dispatch_pageshow(true);
        } else {
            dispatch(&window, "online");
        }
        assert!(matches!(test.get("/bbb").await, Err(Error::Unavailable { .. })), "shows: {shows}");
    }
    dispatch(&window.document().unwrap(), "resume");
    assert!(matches!(test.get("/bbb").await, Err(Error::Unavailable { .. })));
    assert_eq!(test.refresh_requests(), 0);
}

/// Each refresh after a failed one waits for the pause that was reported with the failure.
#[wasm_bindgen_test]
async fn case_19_fifty_calls_in_a_row_make_one_refresh_request_per_backoff_step() {
    let test = Fixture::with(|builder| builder.grant(Json::new(format!("{}{REFRESH_PATH}", unreachable_url()))));
    register(&test.client).await;
    test.corrupt("access_token");
    let (not_before, started) = (Rc::new(Cell::new(0.0)), Rc::new(Cell::new(0)));
    let (pause_end, count) = (not_before.clone(), started.clone());
    let _subscription = test.client.session().on_event(move |timed| match &timed.event {
        Event::RefreshStarted { .. } => {
            count.set(count.get() + 1);
            // The pause is measured with another clock than the event, and browsers round both.
            assert!(timed.at >= pause_end.get() - 5.0, "{} ms too early", pause_end.get() - timed.at);
        }
        Event::RefreshEnded { result: RefreshResult::Unavailable { retry_after, .. } } => {
            pause_end.set(timed.at + retry_after.as_secs_f64() * 1_000.0)
        }
        _ => {}
    });
    for _ in 0..50 {
        assert!(matches!(test.get("/bbb").await, Err(Error::Unavailable { .. })));
    }
    assert_eq!(test.refresh_requests(), started.get());
    assert!((1..50).contains(&started.get()), "{} requests for 50 calls", started.get());
    assert_eq!(test.state(), AuthState::SignedIn);
}

#[wasm_bindgen_test]
async fn case_35_the_background_refresh_recovers_without_a_request() {
    let url = Rc::new(RefCell::new(format!("{}{REFRESH_PATH}", unreachable_url())));
    let grant = ChangingGrant { url: url.clone(), returns_refresh_token: Rc::new(Cell::new(true)) };
    let test = Fixture::with(|builder| builder.auto_refresh(true).grant(grant));
    register(&test.client).await;
    let ended = |is: fn(&RefreshResult) -> bool| test.count_events(|event| matches!(event, Event::RefreshEnded { result } if is(result)));
    wait_until("two failures", || ended(|result| matches!(result, RefreshResult::Unavailable { .. })) >= 2).await;
    url.replace(REFRESH_PATH.into());
    wait_until("a success", || ended(|result| *result == RefreshResult::Granted) >= 1).await;
    assert_eq!(test.page.all_but_sign_outs().len(), 1 + test.refresh_requests(), "nothing else was sent");
    assert_eq!(test.sign_out_events(), 0);
}

#[wasm_bindgen_test]
async fn case_56_a_token_response_with_a_byte_order_mark_is_read() {
    let test = Fixture::with_made_up_tokens();
    let body = "\u{feff}{\"access_token\":\"new-access\",\"refresh_token\":\"new-refresh\",\"expires_in\":60}";
    test.page.respond(REFRESH_PATH, MockResponse::new(200).chunk(body));
    test.client.session().refresh().await.unwrap();
    assert_eq!(test.record()["access_token"], "new-access");
}

/// The lost answer of case 26: the same attempt id until the refresh token is replaced, and another one for the next.
#[wasm_bindgen_test]
async fn case_26_the_attempt_id_is_the_same_for_every_attempt_to_exchange_one_refresh_token() {
    let test = Fixture::new();
    test.client.session().sign_in(TokenSet::new("first-access", "first-refresh").with_expires_in(60.0));
    let stored = test.record()["attempt"].as_str().unwrap().to_owned();
    let sent_attempts = || -> Vec<String> {
        let body = |sent: crate::page::SentRequest| serde_json::from_slice::<Value>(&sent.body.unwrap_or_default()).unwrap_or_default();
        test.page.sent(REFRESH_PATH).into_iter().map(body).map(|body| body["attempt"].as_str().unwrap_or_default().to_owned()).collect()
    };
    test.page.respond(REFRESH_PATH, MockResponse::new(503));
    for _ in 0..2 {
        let failed = test.client.session().refresh().await;
        assert!(matches!(failed, Err(Error::Unavailable { .. })), "{failed:?}");
        dispatch(&web_sys::window().unwrap(), "online");
    }
    test.page.respond(REFRESH_PATH, token_response("second-access", "second-refresh"));
    test.client.session().refresh().await.unwrap();
    wait_until("the bodies are read", || sent_attempts() == vec![stored.clone(); 3]).await;
    assert_ne!(test.record()["attempt"].as_str(), Some(&*stored));
    assert_eq!(test.record()["refresh_token"], "second-refresh");
}
