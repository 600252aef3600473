//! Views that change. Boxed, so that each costs its own few lines and not one more copy of the machinery behind it.

use crate::{
    lang::{Pick, use_lang},
    problem::Say,
};
use leptos::prelude::*;

/// A view that is made again whenever what it tracks changes.
pub(crate) fn live(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    let view: Box<dyn Fn() -> AnyView + Send> = Box::new(view);
    (move || view()).into_any()
}

/// One view or none.
pub(crate) fn when(shown: Signal<bool>, view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    either(shown, view, || ().into_any())
}

/// One of two views.
pub(crate) fn either(
    which: Signal<bool>,
    yes: impl Fn() -> AnyView + Send + 'static,
    no: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    live(move || if which.get() { yes() } else { no() })
}

/// A button that does one thing.
pub(crate) fn button(class: &'static str, label: Pick, press: impl FnMut() + 'static) -> AnyView {
    let mut press: Box<dyn FnMut()> = Box::new(press);
    view! { <button type="button" class=class on:click=move |_| press()>{crate::lang::text(label)}</button> }.into_any()
}

/// A link to another page.
pub(crate) fn link(class: &'static str, href: &str, label: Pick) -> AnyView {
    view! { <a class=class href=href.to_owned()>{crate::lang::text(label)}</a> }.into_any()
}

/// The head of a page: its heading and a sentence below.
pub(crate) fn head(heading: Pick, below: Pick) -> AnyView {
    view! {
        <div class="head">
            <h1>{crate::lang::text(heading)}</h1>
            <p>{crate::lang::text(below)}</p>
        </div>
    }
    .into_any()
}

/// A notice that comes and goes, and is read out when it comes: its class, and what it says.
pub(crate) fn notice(said: impl Fn() -> Option<(&'static str, Say)> + Send + 'static) -> AnyView {
    let lang = use_lang();
    let said = live(move || match said() {
        Some((class, say)) => view! { <p class=class>{say.words(lang.get())}</p> }.into_any(),
        None => ().into_any(),
    });
    view! { <div role="status">{said}</div> }.into_any()
}
