//! What makes no sense, and servers that cannot be reached: a typed error, and the session is kept.

use crate::world::{REFRESH, SERVER, World, register, unreachable, until};
use js_sys::Function;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::Event as DomEvent;
use wugan::{
    Client, Error, Event, Grant, Json, Method, RefreshOutcome, Reply, Request, State, TokenAnswer, Verdict,
    browser::Browser,
    platform::{Platform, Signal},
};

#[wasm_bindgen_test]
async fn what_makes_no_sense_is_an_error_and_no_panic() {
    let world = World::signed_in().await;
    let requests = [
        Request::get("/aaa").header("x-note", "line\nbreak"),
        Request::get("/aaa").header("x note", "1"),
        Request::get("/aaa").header("", "1"),
        Request::get("/aaa").header("x-note", "無感"),
        Request::get("/aaa").header("x-note", "ü"),
        Request::get("/aaa").text("a GET has no body"),
        Request::new(Method::TRACE, "/aaa"),
        Request::get("http://"),
        Request::get("http://[::1"),
        Request::get("http://ada:secret@127.0.0.1/aaa"),
    ];
    for request in requests {
        let answer = world.send(request.clone()).await;
        assert!(matches!(answer, Err(Error::Invalid(_))), "{request:?}: {answer:?}");
        assert!(!format!("{answer:?}").contains("secret"), "{answer:?}");
    }
    assert_eq!(world.page.all().len(), 1, "nothing but the sign-in was sent");
}

#[wasm_bindgen_test]
async fn an_access_token_that_no_header_may_have_is_an_error_and_no_panic() {
    let world = World::signed_in().await;
    for token in ["line\nbreak", "\0", "ü", "無感"] {
        let mut record = world.record();
        record["access_token"] = token.into();
        world.put(&record.to_string());
        assert_eq!(world.get("/bbb").await, Err(Error::Invalid("the access token cannot go into a header".into())), "{token:?}");
    }
    assert_eq!(world.page.all().len(), 1, "nothing but the sign-in was sent");
}

#[wasm_bindgen_test]
async fn a_server_that_cannot_be_reached() {
    let client = Client::builder(&unreachable()).key("test.unreachable").background(false).build().unwrap();
    let answer = client.get("/aaa").await;
    assert!(matches!(answer, Err(Error::Network(_))), "{answer:?}");
    let sign_in = client.sign_in(Request::post("/user/login").json(&["x"])).await;
    assert!(matches!(sign_in, Err(Error::Network(_))), "{sign_in:?}");
}

/// wugan-server's grant, whose token endpoint moves; and that may keep the new refresh token to itself.
struct Moving {
    to: Rc<RefCell<String>>,
    tells_refresh_token: Rc<Cell<bool>>,
}

impl Grant for Moving {
    fn refresh(&self, refresh_token: &str) -> Request {
        Json::new(self.to.borrow().as_str()).refresh(refresh_token)
    }

    fn judge(&self, reply: &Reply<'_>) -> Verdict {
        match Json::default().judge(reply) {
            Verdict::Granted(tokens) if !self.tells_refresh_token.get() => Verdict::Granted(TokenAnswer { refresh_token: None, ..tokens }),
            verdict => verdict,
        }
    }
}

#[wasm_bindgen_test]
async fn case_18_a_refresh_without_a_verdict_keeps_the_session() {
    // Not there, not found, not allowed, and a success that is no token answer: a proxy, a captive portal.
    for nowhere in [format!("{}{REFRESH}", unreachable()), "/user/nothing".into(), "/bbb".into(), "/user/logout".into()] {
        let to = Rc::new(RefCell::new(nowhere.clone()));
        let grant = Moving { to: to.clone(), tells_refresh_token: Rc::new(Cell::new(true)) };
        let world = World::with(|builder| builder.grant(grant));
        register(&world.client).await;
        world.spoil("access_token");
        let before = world.stored();
        let answers = world.burst(20, "/bbb").await;
        assert!(answers.iter().all(|answer| matches!(answer, Err(Error::Unavailable { .. }))), "{nowhere}: {answers:?}");
        assert_eq!((world.state(), world.stored()), (State::SignedIn, before), "{nowhere}");
        to.replace(REFRESH.into());
        if nowhere != "/user/logout" {
            // It need not wait for the pause to end: the network is back.
            web_sys::window().unwrap().dispatch_event(&DomEvent::new("online").unwrap()).unwrap();
            assert_eq!(world.get("/bbb").await, Ok(200), "{nowhere}");
        }
        assert_eq!(world.sign_outs(), 0);
    }
}

#[wasm_bindgen_test]
async fn case_25_without_a_new_refresh_token_the_old_one_is_kept() {
    let tells = Rc::new(Cell::new(true));
    let grant = Moving { to: Rc::new(RefCell::new(REFRESH.into())), tells_refresh_token: tells.clone() };
    let world = World::with(|builder| builder.grant(grant));
    register(&world.client).await;
    tells.set(false);
    let old = world.record();
    world.spoil("access_token");
    assert_eq!(world.get("/bbb").await, Ok(200));
    let new = world.record();
    assert!(old["refresh_token"].is_string());
    assert_eq!(new["refresh_token"], old["refresh_token"]);
    assert_ne!(new["access_token"], old["access_token"]);
}

#[wasm_bindgen_test]
async fn an_empty_base_is_the_page() {
    let client = Client::builder("").key("test.page").background(false).build().unwrap();
    let answer = client.get("/surely/not/there").await.unwrap();
    assert!(!SERVER.is_empty() && answer.status() == 404, "{answer:?}");
}

#[wasm_bindgen_test]
fn case_24_a_page_that_is_hidden_is_not_awake() {
    let awake = Rc::new(Cell::new(0));
    let count = awake.clone();
    let _guard = Browser::new().watch("test.awake", Rc::new(move |signal| count.set(count.get() + u32::from(signal == Signal::Awake))));
    let document = web_sys::window().unwrap().document().unwrap();
    let say = |state: &str| {
        Function::new_with_args("state", "Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => state })")
            .call1(&JsValue::UNDEFINED, &state.into())
            .unwrap();
        document.dispatch_event(&DomEvent::new("visibilitychange").unwrap()).unwrap();
    };
    say("hidden");
    assert_eq!(awake.get(), 0);
    say("visible");
    assert_eq!(awake.get(), 1);
    Function::new_no_args("delete document.visibilityState").call0(&JsValue::UNDEFINED).unwrap();
}

/// Each refresh after one that failed keeps the pause that was told with the failure.
#[wasm_bindgen_test]
async fn case_19_fifty_calls_in_a_row_make_one_request_per_step() {
    let world = World::with(|builder| builder.grant(Json::new(format!("{}{REFRESH}", unreachable()))));
    register(&world.client).await;
    world.spoil("access_token");
    let (not_before, asked) = (Rc::new(Cell::new(0.0)), Rc::new(Cell::new(0)));
    let (pause, count) = (not_before.clone(), asked.clone());
    let _subscription = world.client.session().on_event(move |noted| match &noted.event {
        Event::RefreshStarted { .. } => {
            count.set(count.get() + 1);
            // Pauses are told in whole milliseconds.
            assert!(noted.at >= pause.get() - 2.0, "asked again {} ms too early", pause.get() - noted.at);
        }
        Event::RefreshEnded { outcome: RefreshOutcome::Unavailable { retry_after } } => {
            pause.set(noted.at + retry_after.as_secs_f64() * 1_000.0)
        }
        _ => {}
    });
    for _ in 0..50 {
        assert!(matches!(world.get("/bbb").await, Err(Error::Unavailable { .. })));
    }
    assert_eq!(world.refreshes(), asked.get());
    assert!((1..50).contains(&asked.get()), "{} requests for 50 calls", asked.get());
    assert_eq!(world.state(), State::SignedIn);
}

#[wasm_bindgen_test]
async fn case_35_the_background_recovers_by_itself() {
    let to = Rc::new(RefCell::new(format!("{}{REFRESH}", unreachable())));
    let grant = Moving { to: to.clone(), tells_refresh_token: Rc::new(Cell::new(true)) };
    let world = World::with(|builder| builder.background(true).grant(grant));
    register(&world.client).await;
    let ended = |is: fn(&RefreshOutcome) -> bool| world.count(|event| matches!(event, Event::RefreshEnded { outcome } if is(outcome)));
    until("two failures", || ended(|outcome| matches!(outcome, RefreshOutcome::Unavailable { .. })) >= 2).await;
    to.replace(REFRESH.into());
    until("a success", || ended(|outcome| *outcome == RefreshOutcome::Granted) >= 1).await;
    assert_eq!(world.page.all().len(), 1 + world.refreshes(), "nobody sent anything");
    assert_eq!(world.sign_outs(), 0);
}
