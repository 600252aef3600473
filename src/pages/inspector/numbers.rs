//! The plain numbers of the last burst; for programs as attributes.

use crate::{
    components::live::Boxed,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;
use wugan_timeline::{Figures, UseTimeline, spoken};

pub(super) fn numbers(timeline: UseTimeline) -> AnyView {
    let figures = timeline.figures();
    let lang = use_lang();
    let words = Signal::derive(move || {
        let Figures { answered, failed, refreshes, .. } = figures.get();
        (lang.get().texts().inspector.summary)(answered, failed, refreshes)
    });
    let number = move |number: fn(&Figures) -> u32| Signal::derive(move || figures.with(number).to_string());
    view! {
        {table(timeline)}
        <p
            class="unseen"
            role="status"
            data-testid="summary"
            data-answered=number(|f| f.answered)
            data-failed=number(|f| f.failed)
            data-refreshes=number(|f| f.refreshes)
        >
            {words}
        </p>
    }
    .boxed()
}

/// The numbers for people.
pub(super) fn table(timeline: UseTimeline) -> AnyView {
    let figures = timeline.figures();
    let number = move |number: fn(&Figures) -> u32| Signal::derive(move || figures.with(number).to_string());
    let all: [(Pick, Signal<String>); 7] = [
        (|t| t.inspector.sent, number(|f| f.requests)),
        (|t| t.inspector.answered, number(|f| f.answered)),
        (|t| t.inspector.failed, number(|f| f.failed)),
        (|t| t.inspector.refused, number(|f| f.refused)),
        (|t| t.inspector.refreshes, number(|f| f.refreshes)),
        (|t| t.inspector.replays, number(|f| f.replays)),
        (|t| t.inspector.lost, Signal::derive(move || spoken(figures.get().lost))),
    ];
    let all: Vec<_> = all.into_iter().map(|(name, value)| view! { <div><dt>{text(name)}</dt><dd>{value}</dd></div> }).collect();
    view! { <dl class="numbers">{all}</dl> }.boxed()
}
