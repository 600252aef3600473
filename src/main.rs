//! Wugan's app: an account centre, and an inspector that shows the silent refresh.

// `#[component]` makes its props `pub`, which is unreachable in a binary.
#![allow(unreachable_pub)]

mod api;
mod app;
#[cfg(all(test, target_arch = "wasm32"))]
mod browser_tests;
mod components;
mod connection;
mod device;
mod form;
mod lang;
mod loaded;
mod pages;
mod preferences;
mod problem;
mod responses;
mod route;
mod session;
mod texts;
mod theme;
mod when;

use leptos::prelude::*;

fn main() {
    // A release build aborts without a message; the script in index.html tells the user.
    #[cfg(debug_assertions)]
    std::panic::set_hook(Box::new(|panic| web_sys::console::error_1(&panic.to_string().into())));
    mount_to_body(app::App);
    // Removes the placeholder of index.html in the same task, so that nothing flashes.
    if let Some(first_paint) = document().get_element_by_id("first-paint") {
        first_paint.remove();
    }
}
