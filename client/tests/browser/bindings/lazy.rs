//! A session whose engine is loaded when it is needed.

use super::{Mounted, new_element, user_name};
use crate::{
    fixture::{Fixture, register, sleep_seconds, wait_until},
    undo::replace,
};
use leptos::{mount::mount_to, prelude::*, task::tick};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{
    Error,
    leptos::{
        AuthStatus, SessionEngine, UseGuardOptions, UseSessionActionOptions, UseSessionReturn, provide_session_lazy,
        use_guard_with_options, use_session, use_session_action_with_options, use_session_resource,
    },
};

/// The separately loaded module with the engine, which a test makes available or not.
#[derive(Clone, Default)]
struct Part {
    requests: Rc<Cell<usize>>,
    is_missing: Rc<Cell<bool>>,
    is_held: Rc<Cell<bool>>,
}

/// A session that was provided lazily, with the text of a component below it.
struct Lazy {
    part: Part,
    page: Mounted,
    session: UseSessionReturn,
}

impl Lazy {
    /// Mounts a component in a page that was just loaded, whose engine is `test`'s client.
    fn mount<V: IntoView + 'static>(test: &Fixture, part: Part, component: impl FnOnce() -> V + 'static) -> Lazy {
        let (key, client, loads) = (test.key.clone(), test.second_client(), part.clone());
        let load = move || {
            loads.requests.set(loads.requests.get() + 1);
            let (loads, client) = (loads.clone(), client.clone());
            async move {
                while loads.is_held.get() {
                    sleep_seconds(0.01).await;
                }
                if loads.is_missing.get() { Err(()) } else { Ok(SessionEngine::new(client)) }
            }
        };
        let (element, session) = (new_element(), Rc::new(Cell::new(None)));
        let provided = session.clone();
        let handle = mount_to(element.clone(), move || {
            provided.set(Some(provide_session_lazy(&key, load)));
            component()
        });
        Lazy { part, page: Mounted::new(element, handle), session: session.take().unwrap() }
    }

    fn loads(&self) -> usize {
        self.part.requests.get()
    }
}

/// The guard's status and the user's name.
fn status() -> impl Fn() -> String {
    let status = use_guard_with_options(UseGuardOptions::default().navigate(|_| {})).status;
    let session = use_session();
    move || format!("{:?} {}", status.get(), session.user.get().and_then(|user| user.name).unwrap_or_default())
}

/// The event that follows a write of another tab.
fn announce_write(key: &str) {
    let init = web_sys::StorageEventInit::new();
    init.set_key(Some(key));
    window().dispatch_event(&web_sys::StorageEvent::new_with_event_init_dict("storage", &init).unwrap()).unwrap();
}

fn go_online() {
    window().dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
}

/// A page whose engine could not be loaded.
async fn with_a_missing_part(test: &Fixture) -> Lazy {
    let part = Part::default();
    part.is_missing.set(true);
    let lazy = Lazy::mount(test, part, status);
    wait_until("the load has failed", || lazy.session.load_failed.get_untracked()).await;
    lazy
}

#[wasm_bindgen_test]
async fn without_a_stored_session_nothing_is_loaded_and_the_status_is_known_at_once() {
    let test = Fixture::new();
    let lazy = Lazy::mount(&test, Part::default(), status);
    assert_eq!(lazy.page.text_now(), format!("{:?} ", AuthStatus::Unauthenticated));
    sleep_seconds(0.05).await;
    assert_eq!(lazy.loads(), 0);
    assert!(lazy.session.ready.get_untracked() && !lazy.session.load_failed.get_untracked());
    lazy.session.sign_out();
    assert!(untrack(|| lazy.session.warnings()).is_empty());
}

#[wasm_bindgen_test]
async fn a_stored_session_loads_the_engine_and_the_guard_waits_for_it() {
    let test = Fixture::signed_in().await;
    let part = Part::default();
    part.is_held.set(true);
    let lazy = Lazy::mount(&test, part, status);
    assert_eq!(lazy.page.text().await, "Loading ");
    assert_eq!(lazy.loads(), 1);
    lazy.part.is_held.set(false);
    lazy.page.shows(&format!("Authenticated {}", test.user_name().unwrap())).await;
    lazy.session.sign_out();
    assert_eq!(lazy.page.text().await, "Unauthenticated ");
    assert_eq!(lazy.loads(), 1);
}

/// Also one that began in the same millisecond.
#[wasm_bindgen_test]
async fn a_sign_out_before_the_engine_is_loaded_ends_the_stored_session() {
    let _clock = replace("Date", "now", "(time => () => time)(original())");
    let test = Fixture::signed_in().await;
    let part = Part::default();
    part.is_held.set(true);
    let lazy = Lazy::mount(&test, part, status);
    assert_eq!(lazy.page.text().await, "Loading ");
    lazy.session.sign_out();
    lazy.part.is_held.set(false);
    lazy.page.shows("Unauthenticated ").await;
    assert!(!test.stored_text().unwrap().contains("refresh_token"), "no token is left");
}

#[wasm_bindgen_test]
async fn case_64_a_load_that_stalls_counts_as_failed_until_it_ends() {
    let test = Fixture::signed_in().await;
    let part = Part::default();
    part.is_held.set(true);
    let lazy = Lazy::mount(&test, part, status);
    sleep_seconds(10.5).await;
    assert!(lazy.session.load_failed.get_untracked());
    lazy.part.is_held.set(false);
    lazy.page.shows(&format!("Authenticated {}", test.user_name().unwrap())).await;
    assert!(!lazy.session.load_failed.get_untracked());
}

#[wasm_bindgen_test]
async fn a_session_that_the_user_has_ended_loads_nothing() {
    let test = Fixture::signed_in().await;
    test.client.session().sign_out();
    let lazy = Lazy::mount(&test, Part::default(), status);
    assert_eq!(lazy.page.text_now(), format!("{:?} ", AuthStatus::Unauthenticated));
    sleep_seconds(0.05).await;
    assert_eq!(lazy.loads(), 0);
}

#[wasm_bindgen_test]
async fn a_damaged_record_loads_the_engine_which_warns_of_it() {
    let test = Fixture::new();
    test.store_text("rubbish");
    let lazy = Lazy::mount(&test, Part::default(), status);
    assert_eq!(lazy.page.text_now(), "Loading ");
    lazy.page.shows("Unauthenticated ").await;
    assert_eq!(untrack(|| lazy.session.warnings()), [wugan::Warning::StoreUnreadable]);
}

#[wasm_bindgen_test]
async fn a_sign_in_elsewhere_loads_the_engine() {
    let test = Fixture::new();
    let lazy = Lazy::mount(&test, Part::default(), status);
    assert_eq!(lazy.page.text_now(), "Unauthenticated ");
    // Another client in this page.
    let name = register(&test.client).await;
    lazy.page.shows(&format!("Authenticated {name}")).await;
    // As another tab does: the event that follows its write names the key.
    let other = Fixture::new();
    let elsewhere = Lazy::mount(&other, Part::default(), status);
    other.store_text(&test.stored_text().unwrap());
    sleep_seconds(0.05).await;
    assert_eq!(elsewhere.loads(), 0);
    for key in ["another key", &other.key] {
        announce_write(key);
        tick().await;
        assert_eq!(elsewhere.loads(), usize::from(key == other.key), "{key}");
    }
    elsewhere.page.shows(&format!("Authenticated {name}")).await;
}

#[wasm_bindgen_test]
async fn case_64_a_failed_load_is_repeated_and_then_reported() {
    let test = Fixture::signed_in().await;
    let lazy = with_a_missing_part(&test).await;
    assert_eq!((lazy.loads(), lazy.page.text().await.as_str()), (2, "Loading "), "a stored session may be a user's");
    assert!(lazy.session.load().await.is_err());
    assert_eq!(lazy.loads(), 4);
    // The browser is online again.
    lazy.part.is_missing.set(false);
    go_online();
    lazy.page.shows(&format!("Authenticated {}", test.user_name().unwrap())).await;
    assert!(!lazy.session.load_failed.get_untracked());
    assert_eq!(lazy.loads(), 5);
}

#[wasm_bindgen_test]
async fn case_64_a_sign_out_without_the_engine_ends_no_later_session() {
    for is_signed_in_elsewhere in [false, true] {
        let test = Fixture::signed_in().await;
        let lazy = with_a_missing_part(&test).await;
        lazy.session.sign_out();
        wait_until("the load has failed again", || lazy.loads() == 4).await;
        sleep_seconds(0.05).await;
        let mut shown = "Unauthenticated ".to_owned();
        if is_signed_in_elsewhere {
            // Another tab signs another user in.
            let other = Fixture::signed_in().await;
            test.store_text(&other.stored_text().unwrap());
            shown = format!("Authenticated {}", other.user_name().unwrap());
        }
        lazy.part.is_missing.set(false);
        go_online();
        lazy.page.shows(&shown).await;
        assert_eq!(test.record()["ended"].is_null(), is_signed_in_elsewhere);
    }
}

#[wasm_bindgen_test]
async fn case_64_a_sign_out_elsewhere_makes_a_page_without_its_engine_ready() {
    let test = Fixture::signed_in().await;
    let lazy = with_a_missing_part(&test).await;
    assert_eq!(lazy.page.text_now(), "Loading ");
    test.store_text(&format!("{{\"v\":2,\"session\":{},\"ended\":\"ByUser\"}}", test.record()["session"]));
    announce_write(&test.key);
    assert_eq!(lazy.page.text().await, "Unauthenticated ");
}

#[wasm_bindgen_test]
async fn a_sign_out_before_the_engine_is_loaded_discards_waiting_dispatches() {
    const ROUTE: &str = "/user/password";
    let test = Fixture::signed_in().await;
    let part = Part::default();
    part.is_held.set(true);
    let (dispatched, runs) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(0)));
    let (action, counted) = (dispatched.clone(), runs.clone());
    let lazy = Lazy::mount(&test, part, move || {
        let save = use_session_action_with_options(UseSessionActionOptions::default(), move |client, ()| {
            let counted = counted.clone();
            async move {
                counted.set(counted.get() + 1);
                client.post(ROUTE).text("note").send().await.map(drop)
            }
        });
        action.replace(Some(save));
        let status = status();
        move || format!("{} {}", status(), save.awaiting_sign_in.get())
    });
    dispatched.borrow().unwrap().dispatch(());
    assert_eq!(lazy.page.text().await, "Loading  true");
    lazy.session.sign_out();
    lazy.part.is_held.set(false);
    lazy.page.shows("Unauthenticated  false").await;
    let name = register(&lazy.session.client()).await;
    lazy.page.shows(&format!("Authenticated {name} false")).await;
    sleep_seconds(0.3).await;
    assert_eq!((runs.get(), test.page.sent(ROUTE).len()), (0, 0));
}

/// The user signed out while the engine could not be loaded, and another tab has signed another user in.
#[wasm_bindgen_test]
async fn a_sign_out_without_the_engine_discards_dispatches_that_the_next_user_would_send() {
    let test = Fixture::signed_in().await;
    let part = Part::default();
    part.is_missing.set(true);
    let (dispatched, runs) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(0)));
    let (action, counted) = (dispatched.clone(), runs.clone());
    let lazy = Lazy::mount(&test, part, move || {
        let save = use_session_action_with_options(UseSessionActionOptions::default(), move |_, ()| {
            counted.set(counted.get() + 1);
            async { Ok::<_, Error>(()) }
        });
        action.replace(Some(save));
        status()
    });
    wait_until("the load has failed", || lazy.session.load_failed.get_untracked()).await;
    dispatched.borrow().unwrap().dispatch(());
    lazy.session.sign_out();
    wait_until("the load has failed again", || lazy.loads() >= 4).await;
    sleep_seconds(0.05).await;
    // The engine is loaded in the millisecond in which this session begins.
    let other = Fixture::with_made_up_tokens();
    test.store_text(&other.stored_text().unwrap());
    lazy.part.is_missing.set(false);
    announce_write(&test.key);
    go_online();
    lazy.page.shows("Authenticated ").await;
    sleep_seconds(0.3).await;
    assert_eq!(runs.get(), 0);
}

#[wasm_bindgen_test]
async fn events_of_the_page_do_not_announce_again_that_a_visitor_is_ready() {
    let test = Fixture::new();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let lazy = Lazy::mount(&test, Part::default(), move || {
        let session = use_session();
        move || {
            counted.fetch_add(1, Relaxed);
            session.ready.get().to_string()
        }
    });
    assert_eq!(lazy.page.text().await, "true");
    let before = runs.load(Relaxed);
    go_online();
    go_online();
    tick().await;
    assert_eq!(runs.load(Relaxed), before);
}

#[wasm_bindgen_test]
async fn a_form_loads_the_engine_once_and_signs_in() {
    let test = Fixture::new();
    let lazy = Lazy::mount(&test, Part::default(), status);
    lazy.session.preload();
    let (one, other) = (lazy.session.load(), lazy.session.load());
    let (one, _other) = (one.await.unwrap(), other.await.unwrap());
    assert_eq!((lazy.loads(), lazy.page.text().await.as_str()), (1, "Unauthenticated "));
    let name = register(&one).await;
    assert_eq!(lazy.page.text().await, format!("Authenticated {name}"));
    assert_eq!(lazy.session.client().session().info().user.and_then(|user| user.name), Some(name));
}

#[wasm_bindgen_test]
async fn resources_and_actions_wait_for_the_engine() {
    for resume in [true, false] {
        let test = Fixture::signed_in().await;
        let part = Part::default();
        part.is_held.set(true);
        let dispatched = Rc::new(RefCell::new(None));
        let action = dispatched.clone();
        let lazy = Lazy::mount(&test, part, move || {
            let options = UseSessionActionOptions::default().resume(resume);
            let greet = use_session_action_with_options(options, |client, greeting: String| async move {
                Ok::<_, Error>(format!("{greeting} {}", user_name(client).await.unwrap_or_default()))
            });
            action.replace(Some(greet));
            let name = use_session_resource(user_name);
            move || {
                format!("{} {}", name.value.get().flatten().unwrap_or_default(), greet.value.get().and_then(Result::ok).unwrap_or_default())
            }
        });
        dispatched.borrow().unwrap().dispatch("Hello".to_owned());
        assert_eq!(lazy.page.text().await, " ");
        lazy.part.is_held.set(false);
        let name = test.user_name().unwrap();
        lazy.page.shows(&format!("{name} Hello {name}")).await;
    }
}

#[wasm_bindgen_test]
async fn an_action_without_a_session_waits_for_a_sign_in_or_is_dropped() {
    for resume in [true, false] {
        let test = Fixture::new();
        let runs = Rc::new(Cell::new(0));
        let counted = runs.clone();
        let dispatched = Rc::new(RefCell::new(None));
        let action = dispatched.clone();
        let lazy = Lazy::mount(&test, Part::default(), move || {
            let act = move |_, ()| {
                counted.set(counted.get() + 1);
                async { Ok::<(), Error>(()) }
            };
            action.replace(Some(use_session_action_with_options(UseSessionActionOptions::default().resume(resume), act)));
        });
        dispatched.borrow().unwrap().dispatch(());
        let client = lazy.session.load().await.unwrap();
        assert_eq!(runs.get(), 0);
        register(&client).await;
        sleep_seconds(0.05).await;
        assert_eq!(runs.get(), usize::from(resume));
    }
}
