//! The plain numbers of the last burst; for programs as attributes.

use crate::{
    components::live::Boxed,
    derived::Derived,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;
use wugan_timeline::{Figures, UseTimeline, Words};

pub(super) fn numbers(timeline: UseTimeline, units: Signal<&'static Words>) -> AnyView {
    let figures = timeline.figures();
    let lang = use_lang();
    // Said once, when all is over: a thousand requests would be a thousand sentences.
    let words = Derived::of(move || {
        let over = timeline.with(|record| (!record.is_open()).then(|| record.figures()).filter(|figures| figures.requests > 0));
        over.map(|Figures { answered, failed, refreshes, .. }| (lang.get().texts().inspector.summary)(answered, failed, refreshes))
    });
    let number = move |number: fn(&Figures) -> u32| Derived::of(move || figures.with(number).to_string());
    view! {
        {table(timeline, units)}
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
pub(super) fn table(timeline: UseTimeline, units: Signal<&'static Words>) -> AnyView {
    let figures = timeline.figures();
    let number = move |number: fn(&Figures) -> u32| Derived::of(move || figures.with(number).to_string());
    let all: [(Pick, Derived<String>); 7] = [
        (|t| t.inspector.sent, number(|f| f.requests)),
        (|t| t.inspector.answered, number(|f| f.answered)),
        (|t| t.inspector.failed, number(|f| f.failed)),
        (|t| t.inspector.refused, number(|f| f.refused)),
        (|t| t.inspector.refreshes, number(|f| f.refreshes)),
        (|t| t.inspector.replays, number(|f| f.replays)),
        (|t| t.inspector.lost, Derived::of(move || units.get().time(figures.get().lost))),
    ];
    let all: Vec<_> = all.into_iter().map(|(name, value)| view! { <div><dt>{text(name)}</dt><dd>{value}</dd></div> }).collect();
    view! { <dl class="numbers">{all}</dl> }.boxed()
}
