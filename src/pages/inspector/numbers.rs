//! The statistics of the last burst, also as data attributes for tests.

use crate::{
    components::live::Boxed,
    derived::Derived,
    lang::{Pick, text, use_lang},
};
use leptos::prelude::*;
use wugan_timeline::{Stats, Strings, UseTimeline};

pub(super) fn numbers(timeline: UseTimeline, strings: Signal<&'static Strings>) -> AnyView {
    let stats = timeline.stats();
    let lang = use_lang();
    // Announced once, when all requests have ended.
    let summary = Derived::new(move || {
        let ended = timeline.with(|record| (!record.is_pending()).then(|| record.stats()).filter(|stats| stats.requests > 0));
        ended.map(|Stats { answered, failed, refreshes, .. }| (lang.get().texts().inspector.summary)(answered, failed, refreshes))
    });
    let number = move |number: fn(&Stats) -> u32| Derived::new(move || stats.with(number).to_string());
    view! {
        {table(timeline, strings)}
        <p
            class="unseen"
            role="status"
            data-testid="summary"
            data-answered=number(|f| f.answered)
            data-failed=number(|f| f.failed)
            data-refreshes=number(|f| f.refreshes)
        >
            {summary}
        </p>
    }
    .boxed()
}

/// The statistics as a table.
pub(super) fn table(timeline: UseTimeline, strings: Signal<&'static Strings>) -> AnyView {
    let stats = timeline.stats();
    let number = move |number: fn(&Stats) -> u32| Derived::new(move || stats.with(number).to_string());
    let all: [(Pick, Derived<String>); 7] = [
        (|t| t.inspector.sent, number(|f| f.requests)),
        (|t| t.inspector.answered, number(|f| f.answered)),
        (|t| t.inspector.failed, number(|f| f.failed)),
        (|t| t.inspector.refused, number(|f| f.refused)),
        (|t| t.inspector.refreshes, number(|f| f.refreshes)),
        (|t| t.inspector.replays, number(|f| f.replays)),
        (|t| t.inspector.blocked, Derived::new(move || strings.get().time(stats.get().blocked_ms))),
    ];
    let all: Vec<_> = all.into_iter().map(|(name, value)| view! { <div><dt>{text(name)}</dt><dd>{value}</dd></div> }).collect();
    view! { <dl class="numbers">{all}</dl> }.boxed()
}
