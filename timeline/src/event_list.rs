//! What happened, line by line, newest last.

use crate::{use_timeline::UseTimeline, words::Words};
use leptos::prelude::*;

/// Lines on screen; a thousand requests make five thousand events.
const MOST: usize = 100;

/// The events of a record as a list.
#[component]
pub fn EventList(
    /// What to show.
    timeline: UseTimeline,
    /// In which words.
    #[prop(into)]
    words: Signal<&'static Words>,
) -> impl IntoView {
    let lines = move || {
        let words = words.get();
        timeline.with(|record| {
            let events = record.events();
            let zero = events.first().map_or(0.0, |first| first.at);
            let hidden = events.len().saturating_sub(MOST);
            let line = |time: String, what: String| view! { <li><span>{time}</span><span>{what}</span></li> };
            let earlier = (hidden > 0).then(|| line(String::new(), (words.earlier)(hidden)));
            let shown =
                events.iter().skip(hidden).map(|noted| line(words.time(noted.at - zero), (words.event)(&noted.event))).collect_view();
            (earlier, shown)
        })
    };
    view! { <ol class="wt-events">{lines}</ol> }.into_any()
}
