//! Views that change. Boxed, so that each costs its own few lines and not one more copy of the machinery behind it.

use crate::{
    derived::Derived,
    lang::{Pick, use_lang},
    problem::Say,
};
use leptos::prelude::*;

/// A view behind one pointer, as `into_any` makes it; but without the wrapper of `view!`, in which each kind of element would be
/// compiled once more.
pub(crate) trait Boxed {
    fn boxed(self) -> AnyView;
}

impl<T: IntoAny> Boxed for View<T> {
    fn boxed(self) -> AnyView {
        self.into_inner().into_any()
    }
}

/// What makes a view.
type Make = Box<dyn Fn() -> AnyView + Send>;

/// A view that is made again whenever what it tracks changes.
pub(crate) fn live(view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    // What is behind this must know nothing of the closure's type: it is compiled once.
    fn changing(view: Make) -> AnyView {
        (move || view()).into_any()
    }
    changing(Box::new(view))
}

/// Does something now, and again whenever what it tracks changes. Boxed for the same reason: an effect is a loop of its own.
pub(crate) fn follow(run: impl Fn() + 'static) {
    fn following(run: Box<dyn Fn()>) {
        Effect::new(run);
    }
    following(Box::new(run));
}

/// One view or none.
pub(crate) fn when(shown: Derived<bool>, view: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    either(shown, view, || ().into_any())
}

/// One of two views.
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

/// A button that does one thing.
pub(crate) fn button(class: &'static str, label: Pick, press: impl FnMut() + 'static) -> AnyView {
    fn pressed(class: &'static str, label: Pick, mut press: Box<dyn FnMut()>) -> AnyView {
        view! { <button type="button" class=class on:click=move |_| press()>{crate::lang::text(label)}</button> }.boxed()
    }
    pressed(class, label, Box::new(press))
}

/// A button that asks once more, and says while that is under way. Whoever takes it away sees to the focus: `focus_content_from_again`.
pub(crate) fn again(trying: Derived<bool>, press: impl FnMut() + 'static) -> AnyView {
    fn pressed(trying: Derived<bool>, mut press: Box<dyn FnMut()>) -> AnyView {
        let lang = use_lang();
        let label = Derived::of(move || {
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

/// A link to another page.
pub(crate) fn link(class: &'static str, href: &str, label: Pick) -> AnyView {
    view! { <a class=class href=href.to_owned()>{crate::lang::text(label)}</a> }.boxed()
}

/// The head of a page: its heading and a sentence below.
pub(crate) fn head(heading: Pick, below: Pick) -> AnyView {
    view! {
        <div class="head">
            <h1>{crate::lang::text(heading)}</h1>
            <p>{crate::lang::text(below)}</p>
        </div>
    }
    .boxed()
}

/// A notice that comes and goes, and is read out when it comes: its class, and what it says.
pub(crate) fn notice(said: impl Fn() -> Option<(&'static str, Say)> + Send + 'static) -> AnyView {
    let lang = use_lang();
    let said = live(move || said().map_or_else(|| ().into_any(), |(class, say)| paragraph(class, say.words(lang.get()))));
    view! { <div role="status">{said}</div> }.boxed()
}

/// A sentence or two.
pub(crate) fn paragraph(class: &'static str, words: String) -> AnyView {
    view! { <p class=class>{words}</p> }.boxed()
}
