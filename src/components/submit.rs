//! The button that sends a form, and what stands above it if the form as a whole is wrong.

use super::live::Boxed;
use crate::{form::Form, lang::Pick};
use leptos::prelude::*;

pub(crate) fn submit(form: Form, class: &'static str, idle: Pick, busy: Pick) -> AnyView {
    let (wrong, label) = (form.wrong(None), form.label(idle, busy));
    view! {
        <p class="wrong" role="alert">{wrong}</p>
        <div class="buttons">
            <button type="submit" class=class aria-disabled=form.disabled()>{label}</button>
        </div>
    }
    .boxed()
}
