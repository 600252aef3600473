//! A form's submit button, and the error that concerns the form as a whole.

use super::live::Boxed;
use crate::{form::Form, lang::Pick};
use leptos::prelude::*;

pub(crate) fn submit(form: Form, class: &'static str, idle: Pick, busy: Pick) -> AnyView {
    let (error, label) = (form.error(None), form.label(idle, busy));
    view! {
        <p class="wrong" role="alert">{error}</p>
        <div class="buttons">
            <button type="submit" class=class aria-disabled=form.disabled()>{label}</button>
        </div>
    }
    .boxed()
}
