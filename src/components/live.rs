//! Reactive views, buttons and effects. They are boxed, so that the machinery behind them is compiled once instead of once per closure.

use crate::{
    derived::Derived,
    lang::{Pick, use_lang},
    problem::Message,
};
use leptos::prelude::*;

/// Boxes a view as `into_any` does, without the wrapper of `view!`, which would be compiled again for each type of element.
pub(crate) trait Boxed {
    fn boxed(self) -> AnyView;
}

impl<T: IntoAny> Boxed for View<T> {
    fn boxed(self) -> AnyView {
        self.into_inner().into_any()
    }
}

/// Makes a view.
type Make = Box<dyn Fn() -> AnyView + Send>;

/// A view that is made again when a tracked signal changes.
pub(crate) fn live(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    // Not generic, so it is compiled once.
    fn changing(view: Make) -> AnyView {
        (move || view()).into_any()
    }
    changing(Box::new(view))
}

/// Runs now and when a tracked signal changes. Boxed for the same reason.
pub(crate) fn effect(run: impl Fn() + 'static) {
    fn boxed(run: Box<dyn Fn()>) {
        Effect::new(run);
    }
    boxed(Box::new(run));
}

/// A view that is shown while a condition holds.
pub(crate) fn when(shown: Derived<bool>, view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    either(shown, view, || ().into_any())
}

/// One of two views, by a condition.
pub(crate) fn either(
    which: Derived<bool>,
    yes: impl Fn() -> AnyView + Send + 'static,
    no: impl Fn() -> AnyView + Send + 'static,
) -> AnyView {
    fn one_of(which: Derived<bool>, yes: Make, no: Make) -> AnyView {
        live(move || if which.get() { yes() } else { no() })
    }
    one_of(which, Box::new(yes), Box::new(no))
}

/// A button with an action.
pub(crate) fn button(class: &'static str, label: Pick, press: impl FnMut() + 'static) -> AnyView {
    fn pressed(class: &'static str, label: Pick, mut press: Box<dyn FnMut()>) -> AnyView {
        view! { <button type="button" class=class on:click=move |_| press()>{crate::lang::text(label)}</button> }.boxed()
    }
    pressed(class, label, Box::new(press))
}

/// A retry button, which shows while the retry runs. The code that removes it moves the focus: `focus_content_from_again`.
pub(crate) fn again(trying: Derived<bool>, press: impl FnMut() + 'static) -> AnyView {
    fn pressed(trying: Derived<bool>, mut press: Box<dyn FnMut()>) -> AnyView {
        let lang = use_lang();
        let label = Derived::new(move || {
            let t = &lang.get().texts().shell;
            if trying.get() { t.trying } else { t.try_again }
        });
        view! {
            <div class="buttons">
                <button type="button" class="small again" on:click=move |_| press()>{label}</button>
            </div>
        }
        .boxed()
    }
    pressed(trying, Box::new(press))
}

/// A link.
pub(crate) fn link(class: &'static str, href: &str, label: Pick) -> AnyView {
    view! { <a class=class href=href.to_owned()>{crate::lang::text(label)}</a> }.boxed()
}

/// The heading of a page and a sentence below it.
pub(crate) fn head(heading: Pick, below: Pick) -> AnyView {
    view! {
        <div class="head">
            <h1>{crate::lang::text(heading)}</h1>
            <p>{crate::lang::text(below)}</p>
        </div>
    }
    .boxed()
}

/// A notice with a class and a text, announced to screen readers when it appears.
pub(crate) fn notice(content: impl Fn() -> Option<(&'static str, Message)> + Send + 'static) -> AnyView {
    let lang = use_lang();
    let shown = live(move || content().map_or_else(|| ().into_any(), |(class, message)| paragraph(class, message.text(lang.get()))));
    view! { <div role="status">{shown}</div> }.boxed()
}

/// A paragraph.
pub(crate) fn paragraph(class: &'static str, text: String) -> AnyView {
    view! { <p class=class>{text}</p> }.boxed()
}
