//! The bindings for Leptos, mounted into the page.

mod guard;
mod requests;
mod session;

use crate::world::World;
use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*, task::tick};
use serde_json::json;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;
use wugan::leptos::provide_session;

/// A component in the page; dropped, it is gone.
struct Mounted {
    element: HtmlElement,
    component: Option<Box<dyn std::any::Any>>,
}

impl World {
    /// Mounts a component under the session, as an app does that has just been loaded.
    fn mount<V: IntoView + 'static>(&self, component: impl FnOnce() -> V + 'static) -> Mounted {
        let element: HtmlElement = document().create_element("div").unwrap().unchecked_into();
        document().body().unwrap().append_child(&element).unwrap();
        let client = self.client.clone();
        let handle = mount_to(element.clone(), move || {
            provide_session(client);
            component()
        });
        Mounted { element, component: Some(Box::new(handle)) }
    }

    /// The stored access token has run out, as after a night.
    fn let_it_run_out(&self) {
        let mut record = self.record();
        assert!(record["lifetime"].is_number());
        record["lifetime"] = json!(0);
        self.put(&record.to_string());
    }
}

impl Mounted {
    /// What can be read, as soon as Leptos has done what there is to do.
    async fn text(&self) -> String {
        tick().await;
        self.now()
    }

    /// What can be read at this moment.
    fn now(&self) -> String {
        self.element.text_content().unwrap_or_default()
    }

    /// Waits until that, and nothing else, can be read.
    async fn shows(&self, wanted: &str) {
        for _ in 0..2_000 {
            if self.now() == wanted {
                return;
            }
            TimeoutFuture::new(10).await;
        }
        panic!("it shows {:?}, and not {wanted:?} within 20 s", self.now());
    }

    fn unmount(&mut self) {
        self.component.take();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.unmount();
        self.element.remove();
    }
}

/// The page's address, put back in the end.
struct Address(String);

impl Address {
    fn at(address: &str) -> Address {
        let before = window().location().href().unwrap();
        Address::go(address);
        Address(before)
    }

    fn go(address: &str) {
        window().history().unwrap().replace_state_with_url(&JsValue::NULL, "", Some(address)).unwrap();
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        Address::go(&self.0);
    }
}
