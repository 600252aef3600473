//! Two runs of the demonstration on one time axis, and their figures in a table.

use crate::lang::{Pick, text, use_lang};
use leptos::prelude::*;
use wugan_timeline::{Legend, Record, Stats, Strings, TimeAxis, Timeline, UseTimeline};

#[component]
pub(super) fn Comparison(ours: UseTimeline, naive: UseTimeline, strings: Signal<&'static Strings>) -> impl IntoView {
    let span = Memo::new(move |_| {
        let elapsed = |timeline: UseTimeline| timeline.with(|record| record.elapsed(now()));
        Some(elapsed(ours).max(elapsed(naive))).filter(|span| *span > 0.0)
    });
    view! {
        <div class="comparison">
            <TimeAxis span strings />
            <Run timeline=ours name=|t| t.inspector().ours what=|t| t.inspector().ours_what span strings />
            <Run timeline=naive name=|t| t.inspector().naive what=|t| t.inspector().naive_what span strings />
            <Legend strings />
        </div>
        <Figures ours naive strings />
    }
}

/// One run: its name, and its picture.
#[component]
fn Run(timeline: UseTimeline, name: Pick, what: Pick, span: Memo<Option<f64>>, strings: Signal<&'static Strings>) -> impl IntoView {
    view! {
        <section class="run">
            <div>
                <h2>{text(name)}</h2>
                <p class="hint">{text(what)}</p>
            </div>
            <Timeline timeline strings span compact=true />
        </section>
    }
}

#[component]
fn Figures(ours: UseTimeline, naive: UseTimeline, strings: Signal<&'static Strings>) -> impl IntoView {
    let lang = use_lang();
    let row = move |timeline: UseTimeline, name: Pick| {
        let stats = timeline.stats();
        let number = move |pick: fn(&Stats) -> u32| move || stats.with(|stats| shown(stats, pick(stats).to_string()));
        let finished = move || stats.with(|stats| shown(stats, strings.get().time(stats.finished_ms)));
        view! {
            <tr>
                <th scope="row">{text(name)}</th>
                <td>{number(|stats| stats.requests)}</td>
                <td>{number(|stats| stats.refused)}</td>
                <td>{number(|stats| stats.refreshes)}</td>
                <td>{finished}</td>
            </tr>
        }
    };
    // Announced once, when both runs have ended.
    let summary = move || {
        let t = lang.get().inspector();
        let part = |timeline: UseTimeline, name: &str| {
            let stats =
                timeline.with(|record: &Record| (!record.is_pending()).then(|| record.stats())).filter(|stats| stats.requests > 0)?;
            let time = strings.get().time(stats.finished_ms);
            Some(format!("{name}: {} {}, {} {time}.", t.refreshes, stats.refreshes, t.total_time))
        };
        Some(format!("{} {}", part(ours, t.ours)?, part(naive, t.naive)?))
    };
    view! {
        <table class="figures" data-testid="figures">
            <caption class="unseen">{text(|t| t.inspector().comparison)}</caption>
            <thead>
                <tr>
                    <th scope="col">{text(|t| t.inspector().client)}</th>
                    <th scope="col">{text(|t| t.inspector().sent)}</th>
                    <th scope="col">{text(|t| t.inspector().unauthorized)}</th>
                    <th scope="col">{text(|t| t.inspector().refreshes)}</th>
                    <th scope="col">{text(|t| t.inspector().total_time)}</th>
                </tr>
            </thead>
            <tbody>{row(ours, |t| t.inspector().ours)} {row(naive, |t| t.inspector().naive)}</tbody>
        </table>
        <p class="unseen" role="status" data-testid="demonstrated">{summary}</p>
    }
}

/// A figure, or a dash before the first request.
fn shown(stats: &Stats, figure: String) -> String {
    if stats.requests > 0 { figure } else { "–".to_owned() }
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
