//! `/inspector`: a demonstration of the shared refresh that needs no account, and controls that simulate failures. The content is a part of its
//! own, loaded when the page is opened.

mod body;
mod burst;
mod claims;
mod comparison;
mod demonstration;
mod export;
mod failures;
mod jobs;
mod lab;
mod lifetime;
mod naive;
mod numbers;
mod requests;
mod simulation;
mod subject;

use crate::components::{
    page::{Page, PageHead},
    part::{Part, part},
};
use leptos::prelude::*;

/// The query of the inspector that experiments with the user's own session.
pub(crate) const OWN_SESSION: &str = "?session=own";

#[component]
pub(crate) fn Inspector() -> impl IntoView {
    view! {
        <Page title=|t| t.inspector.title>
            <PageHead heading=|t| t.inspector.title below=|t| t.inspector.what />
            <Part load=part!(inspector, body::body) />
        </Page>
    }
}
