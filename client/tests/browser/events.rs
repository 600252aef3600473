//! Event listeners may use the session and the client, and a new listener receives the present warnings.

use crate::{
    fixture::{Fixture, REFRESH_PATH, send, wait_until},
    page::MockResponse,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{AuthState, Error, Event, RefreshResult, Request, TimedEvent, Warning};

#[wasm_bindgen_test]
async fn case_32_a_listener_sends_requests_and_refreshes() {
    let test = Fixture::with_refused_access_token().await;
    let (started, answers) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
    let (client, count, list) = (test.client.clone(), started.clone(), answers.clone());
    let subscription = test.client.session().on_event(move |TimedEvent { event, .. }| {
        assert_eq!(client.session().info().state, AuthState::SignedIn);
        let is_of_interest = matches!(event, Event::RefreshStarted { .. } | Event::Waiting { .. } | Event::RefreshEnded { .. });
        if is_of_interest && count.get() < 3 {
            count.set(count.get() + 1);
            let (client, list) = (client.clone(), list.clone());
            spawn_local(async move {
                let refreshed = client.session().refresh().await;
                let answer = send(&client, Request::get("/bbb")).await;
                list.borrow_mut().push(refreshed.and(answer));
            });
        }
    });
    assert_eq!(test.get("/bbb").await, Ok(200));
    wait_until("the listener's requests are answered", || answers.borrow().len() == 3).await;
    drop(subscription);
    assert_eq!(*answers.borrow(), vec![Ok(200); 3]);
}

#[wasm_bindgen_test]
async fn case_32_a_listener_signs_out_and_unsubscribes_itself() {
    let test = Fixture::with_refused_access_token().await;
    let subscription = Rc::new(RefCell::new(None));
    let (client, own) = (test.client.clone(), subscription.clone());
    let received = Rc::new(Cell::new(0));
    let count = received.clone();
    subscription.replace(Some(test.client.session().on_event(move |_| {
        count.set(count.get() + 1);
        own.borrow_mut().take();
        client.session().sign_out();
    })));
    let _ = test.get("/bbb").await;
    assert_eq!((received.get(), test.sign_out_events()), (1, 1));
    assert_ne!(test.state(), AuthState::SignedIn);
}

/// In a browser nothing unwinds: a shared future that was being polled would stay locked, and each later refresh would wait for it.
#[wasm_bindgen_test]
async fn case_47_a_listener_that_throws_at_a_refresh_does_not_stop_it() {
    let test = Fixture::with_refused_access_token().await;
    let thrown = Rc::new(Cell::new(false));
    let once = thrown.clone();
    let fails = move |timed: &TimedEvent| {
        if matches!(timed.event, Event::RefreshStarted { .. }) && !once.replace(true) {
            wasm_bindgen::throw_str("a listener that fails");
        }
    };
    test.client.session().on_event(fails).forget();
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert!(thrown.get());
    test.corrupt("access_token");
    assert_eq!(test.get("/bbb").await, Ok(200));
    assert_eq!(test.count_events(|event| matches!(event, Event::RefreshEnded { result: RefreshResult::Granted })), 2);
}

#[wasm_bindgen_test]
async fn case_70_an_answer_that_is_no_verdict_is_a_warning_for_every_listener_until_a_verdict() {
    let test = Fixture::with_made_up_tokens();
    test.page.respond("/notes", MockResponse::new(401));
    test.page.respond(REFRESH_PATH, MockResponse::new(400).header("content-type", "application/json").chunk("{\"error\":\"try_later\"}"));
    assert!(matches!(test.get("/notes").await, Err(Error::Unavailable { .. })));
    let is_no_verdict = |warning: &Warning| matches!(warning, Warning::UnrecognizedResponse(reason) if reason.contains("400") && reason.contains("try_later"));
    let reported = test.count_events(|event| matches!(event, Event::Warning(warning) if is_no_verdict(warning)));
    assert_eq!(reported, 1, "{:?}", test.events());
    assert!(test.client.session().info().warnings.iter().any(is_no_verdict));
    let received = Rc::new(RefCell::new(Vec::new()));
    let list = received.clone();
    let _subscription = test.client.session().on_event(move |timed| list.borrow_mut().push(timed.event.clone()));
    assert!(matches!(&received.borrow()[..], [Event::Warning(warning)] if is_no_verdict(warning)), "case 44: {received:?}");
    assert_eq!(
        test.count_events(
            |event| matches!(event, Event::RefreshEnded { result: RefreshResult::Unavailable { reason, .. } } if reason.contains("400"))
        ),
        1
    );
}
