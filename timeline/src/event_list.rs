//! The event log: one line per event, newest last.

use crate::{strings::Strings, use_timeline::UseTimeline};
use leptos::prelude::*;

/// The most lines shown: a thousand requests emit five thousand events.
const MAX_LINES: usize = 100;

/// The latest events of a record as a list.
#[component]
pub fn EventList(
    /// The record.
    timeline: UseTimeline,
    /// The language.
    #[prop(into)]
    strings: Signal<&'static Strings>,
) -> impl IntoView {
    let lines = move || {
        let strings = strings.get();
        timeline.with(|record| {
            let events = record.events();
            let zero = events.first().map_or(0.0, |first| first.at);
            let hidden = events.len().saturating_sub(MAX_LINES);
            let line = |time: String, text: String| view! { <li><span>{time}</span><span>{text}</span></li> };
            let empty = events.is_empty().then(|| line(String::new(), strings.empty.to_owned()));
            let earlier = (hidden > 0).then(|| line(String::new(), (strings.earlier)(hidden)));
            let shown =
                events.iter().skip(hidden).map(|timed| line(strings.time(timed.at - zero), (strings.event)(&timed.event))).collect_view();
            (empty, earlier, shown)
        })
    };
    view! { <ol class="wt-events">{lines}</ol> }.into_any()
}
