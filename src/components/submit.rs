//! A form's submit button, and the error that concerns the form as a whole.

use crate::{
    form::Form,
    lang::{Pick, use_lang},
};
use leptos::prelude::*;

#[component]
pub(crate) fn Submit(
    form: Form,
    #[prop(default = "primary")] class: &'static str,
    label: Pick,
    /// The label while the form is being submitted.
    pending_label: Pick,
) -> impl IntoView {
    let lang = use_lang();
    let label = move || if form.pending.get() { pending_label } else { label }(lang.get());
    // A `disabled` button would lose the focus.
    let disabled = move || form.pending.get().then_some("true");
    view! {
        <p class="wrong" role="alert">{form.error(None)}</p>
        <div class="buttons">
            <button type="submit" class=class aria-disabled=disabled>{label}</button>
        </div>
    }
}
