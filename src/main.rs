//! Wugan's app: an account centre, and an inspector that shows the silent refresh.

// `#[component]` makes its props `pub`, which is unreachable in a binary.
#![allow(unreachable_pub)]

mod answers;
mod api;
mod app;
mod arrival;
mod components;
mod connection;
mod derived;
mod device;
mod form;
mod keep;
mod lang;
mod loaded;
mod pages;
mod problem;
mod route;
mod sabotage;
mod texts;
mod theme;
mod when;

use leptos::prelude::*;

fn main() {
    mount_to_body(app::App);
    // Removes the placeholder of index.html in the same task, so that nothing flashes.
    if let Some(first_paint) = document().get_element_by_id("first-paint") {
        first_paint.remove();
    }
}
