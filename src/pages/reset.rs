//! `/reset#code=…`: sets a new password by the one-time link that `wugan-server user reset NAME` prints.

mod form;

use crate::components::{
    page::{Page, PageHead},
    part::{Part, part},
};
use leptos::prelude::*;

#[component]
pub(crate) fn Reset() -> impl IntoView {
    view! {
        <Page title=|t| t.reset.title>
            <div class="narrow">
                <PageHead heading=|t| t.reset.title below=|t| t.reset.what />
                <Part load=part!(forms, form::form) />
            </div>
        </Page>
    }
}
