//! The button that sends a form, and what stands above it if the form as a whole is wrong.

use crate::{
    form::Form,
    lang::{Pick, text},
};
use leptos::prelude::*;

#[component]
pub(crate) fn Submit(form: Form, idle: Pick, busy: Pick, #[prop(default = "primary")] class: &'static str) -> impl IntoView {
    let (idle, busy) = (text(idle), text(busy));
    let wrong = form.wrong(None);
    // `aria-disabled` and not `disabled`: the focus stays where it is.
    view! {
        <p class="wrong" role="alert">{wrong}</p>
        <div class="buttons">
            <button type="submit" class=class aria-disabled=move || form.busy.get().then_some("true")>
                {move || if form.busy.get() { busy.get() } else { idle.get() }}
            </button>
        </div>
    }
}
