//! Case 32: an event's listener may use the session and the client freely.

use crate::world::{World, until};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wasm_bindgen_futures::spawn_local;
use wasm_bindgen_test::wasm_bindgen_test;
use wugan::{Event, Noted, State};

type Answers = Rc<RefCell<Vec<Result<u16, wugan::Error>>>>;

#[wasm_bindgen_test]
async fn case_32_a_listener_sends_requests_and_refreshes() {
    let world = World::with_a_dead_access_token().await;
    let (started, answers) = (Rc::new(Cell::new(0)), Answers::default());
    let (client, count, list) = (world.client.clone(), started.clone(), answers.clone());
    let subscription = world.client.session().on_event(move |Noted { event, .. }| {
        assert_eq!(client.session().peek().state, State::SignedIn);
        let ours = matches!(event, Event::RefreshStarted { .. } | Event::Waiting { .. } | Event::RefreshEnded { .. });
        if ours && count.get() < 3 {
            count.set(count.get() + 1);
            let (client, list) = (client.clone(), list.clone());
            spawn_local(async move {
                let refreshed = client.session().refresh().await;
                let answer = client.get("/bbb").await.map(|answer| answer.status());
                list.borrow_mut().push(refreshed.and(answer));
            });
        }
    });
    assert_eq!(world.get("/bbb").await, Ok(200));
    until("the listener's own requests were answered", || answers.borrow().len() == 3).await;
    drop(subscription);
    assert_eq!(*answers.borrow(), vec![Ok(200); 3]);
}

#[wasm_bindgen_test]
async fn case_32_a_listener_signs_out_and_unsubscribes() {
    let world = World::with_a_dead_access_token().await;
    let subscription = Rc::new(RefCell::new(None));
    let (client, own) = (world.client.clone(), subscription.clone());
    let heard = Rc::new(RefCell::new(0));
    let count = heard.clone();
    subscription.replace(Some(world.client.session().on_event(move |_| {
        *count.borrow_mut() += 1;
        own.borrow_mut().take();
        client.session().sign_out();
    })));
    let _ = world.get("/bbb").await;
    assert_eq!((*heard.borrow(), world.sign_outs()), (1, 1));
    assert_ne!(world.state(), State::SignedIn);
}
