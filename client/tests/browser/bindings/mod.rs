//! The Leptos bindings, mounted into the page.

mod actions;
mod guard;
mod hydration;
mod lazy;
mod nesting;
#[cfg(feature = "oidc")]
mod oidc_guard;
mod resources;
mod session;

use crate::fixture::Fixture;
use gloo_timers::future::TimeoutFuture;
use leptos::{mount::mount_to, prelude::*, task::tick};
use serde_json::{Value, json};
use std::{any::Any, cell::RefCell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::HtmlElement;
use wugan::{Client, leptos::provide_session};

const ME: &str = "/user/me";

type Component = Rc<RefCell<Option<Box<dyn Any>>>>;

thread_local! {
    /// The components of all tests. A test that panics drops none, because wasm does not unwind.
    static COMPONENTS: RefCell<Vec<Component>> = const { RefCell::new(Vec::new()) };
}

/// Unmounts the components of tests that failed: an event of the whole page would reload it, and with it all tests.
pub(crate) fn unmount_all() {
    COMPONENTS.take().iter().for_each(|component| drop(component.take()));
}

/// A component in the page, removed when dropped.
struct Mounted {
    element: HtmlElement,
    component: Component,
}

fn new_element() -> HtmlElement {
    let element: HtmlElement = document().create_element("div").unwrap().unchecked_into();
    document().body().unwrap().append_child(&element).unwrap();
    element
}

impl Fixture {
    /// Mounts a component below the session, as an app that was just loaded does.
    fn mount<V: IntoView + 'static>(&self, component: impl FnOnce() -> V + 'static) -> Mounted {
        let (element, client) = (new_element(), self.client.clone());
        let handle = mount_to(element.clone(), move || {
            provide_session(client);
            component()
        });
        Mounted::new(element, handle)
    }

    /// Makes the stored access token expired.
    fn expire_access_token(&self) {
        let mut record = self.record();
        assert!(record["lifetime"].is_number());
        record["lifetime"] = json!(0);
        self.store_text(&record.to_string());
    }
}

impl Mounted {
    fn new(element: HtmlElement, handle: impl Any) -> Mounted {
        let component: Component = Rc::new(RefCell::new(Some(Box::new(handle))));
        COMPONENTS.with_borrow_mut(|components| components.push(component.clone()));
        Mounted { element, component }
    }

    /// The text of the component after its effects have run.
    async fn text(&self) -> String {
        tick().await;
        self.text_now()
    }

    fn text_now(&self) -> String {
        self.element.text_content().unwrap_or_default()
    }

    /// Waits until this is the whole text.
    async fn shows(&self, expected: &str) {
        for _ in 0..2_000 {
            if self.text_now() == expected {
                return;
            }
            TimeoutFuture::new(10).await;
        }
        panic!("shows {:?}, and not {expected:?} within 20 s", self.text_now());
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

/// Sets the page's address, and restores it when dropped.
struct PageAddress(String);

impl PageAddress {
    fn set(address: &str) -> PageAddress {
        let before = window().location().href().unwrap();
        PageAddress::replace(address);
        PageAddress(before)
    }

    fn replace(address: &str) {
        window().history().unwrap().replace_state_with_url(&JsValue::NULL, "", Some(address)).unwrap();
    }
}

impl Drop for PageAddress {
    fn drop(&mut self) {
        PageAddress::replace(&self.0);
    }
}

/// The user's name, as the server knows it.
async fn user_name(client: Client) -> Option<String> {
    let me: Value = client.get(ME).send().await.ok()?.json().await.ok()?;
    Some(me["username"].as_str()?.to_owned())
}
