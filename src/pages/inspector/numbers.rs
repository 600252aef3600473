//! The plain numbers of the last burst; for programs as attributes.

use crate::lang::{Pick, text, use_lang};
use leptos::prelude::*;
use wugan_timeline::{Figures, UseTimeline, spoken};

#[component]
pub(super) fn Numbers(timeline: UseTimeline) -> impl IntoView {
    let figures = timeline.figures();
    let lang = use_lang();
    let words = move || {
        let Figures { answered, failed, refreshes, .. } = figures.get();
        (lang.get().texts().inspector.summary)(answered, failed, refreshes)
    };
    let number = move |name: Pick, number: fn(&Figures) -> u32| {
        view! { <div><dt>{text(name)}</dt><dd>{move || figures.with(number)}</dd></div> }
    };
    view! {
        <dl class="numbers">
            {number(|t| t.inspector.sent, |f| f.requests)}
            {number(|t| t.inspector.answered, |f| f.answered)}
            {number(|t| t.inspector.failed, |f| f.failed)}
            {number(|t| t.inspector.refused, |f| f.refused)}
            {number(|t| t.inspector.refreshes, |f| f.refreshes)}
            {number(|t| t.inspector.replays, |f| f.replays)}
            <div><dt>{text(|t| t.inspector.lost)}</dt><dd>{move || spoken(figures.get().lost)}</dd></div>
        </dl>
        <p
            class="unseen"
            role="status"
            data-testid="summary"
            data-answered=move || figures.get().answered
            data-failed=move || figures.get().failed
            data-refreshes=move || figures.get().refreshes
        >
            {words}
        </p>
    }
}
