//! The statistics of the last burst, also as data attributes for tests.

use crate::lang::{Pick, text, use_lang};
use leptos::prelude::*;
use wugan_timeline::{Stats, Strings, UseTimeline};

#[component]
pub(super) fn Numbers(timeline: UseTimeline, strings: Signal<&'static Strings>) -> impl IntoView {
    let (stats, lang) = (timeline.stats(), use_lang());
    let number = move |number: fn(&Stats) -> u32| move || stats.with(number).to_string();
    let entry = move |name: Pick, pick: fn(&Stats) -> u32| view! { <div><dt>{text(name)}</dt><dd>{number(pick)}</dd></div> };
    // Announced once, when all requests have ended.
    let summary = move || {
        let ended = timeline.with(|record| (!record.is_pending()).then(|| record.stats()).filter(|stats| stats.requests > 0));
        ended.map(|Stats { answered, failed, refreshes, .. }| (lang.get().inspector().summary)(answered, failed, refreshes))
    };
    view! {
        <dl class="numbers">
            {entry(|t| t.inspector().sent, |s| s.requests)} {entry(|t| t.inspector().answered, |s| s.answered)}
            {entry(|t| t.inspector().failed, |s| s.failed)} {entry(|t| t.inspector().unauthorized, |s| s.refused)}
            {entry(|t| t.inspector().refreshes, |s| s.refreshes)} {entry(|t| t.inspector().replays, |s| s.replays)}
            <div>
                <dt>{text(|t| t.inspector().blocked)}</dt>
                <dd>{move || strings.get().time(stats.get().blocked_ms)}</dd>
            </div>
        </dl>
        <p
            class="unseen"
            role="status"
            data-testid="summary"
            data-answered=number(|s| s.answered)
            data-failed=number(|s| s.failed)
            data-refreshes=number(|s| s.refreshes)
        >
            {summary}
        </p>
    }
}
