//! The timeline component: lanes, refreshes and markers as one SVG, a description of the selected target, and the legend.

use crate::{
    axis::{Axis, Tick, WIDTH},
    lane::{Lane, Phase},
    record::Record,
    shape::Shape,
    strings::Strings,
    use_timeline::UseTimeline,
};
use leptos::{html, prelude::*};
use wugan::{Event, Outcome};

/// A record as a timeline. Link this crate's `timeline.css`, or write your own styles.
#[component]
pub fn Timeline(
    /// The record.
    timeline: UseTimeline,
    /// The language.
    #[prop(into)]
    strings: Signal<&'static Strings>,
    /// How many milliseconds from the first event are shown, without cutting pauses. Timelines with the same span have the same time axis.
    /// Default: as many as there are, and long pauses are cut.
    #[prop(optional, into)]
    span: Signal<Option<f64>>,
    /// Draws narrow lanes without time labels, hint and legend, for timelines below each other. See [`TimeAxis`] and [`Legend`].
    #[prop(optional)]
    compact: bool,
) -> impl IntoView {
    let shape = Memo::new(move |_| timeline.with(|record| Shape::new(record, now(), span.get())));
    let selected = RwSignal::new(Vec::<usize>::new());
    let description = Signal::derive(move || {
        let parts =
            timeline.with(|record| selected.read().iter().filter_map(|at| describe(record, *at, strings.get())).collect::<Vec<_>>());
        (!parts.is_empty()).then(|| parts.join(" · "))
    });
    let hint = move || if shape.read().targets() == 0 { strings.get().empty } else { strings.get().hint };
    let shown = move || description.get().unwrap_or_else(|| if compact { String::new() } else { hint().to_owned() });
    view! {
        <figure class="wt" class:wt-compact=compact>
            {(!compact).then(|| view! { <Labels ticks=Signal::derive(move || shape.read().ticks.clone()) strings /> })}
            <Plot shape selected strings description lane_height=if compact { 6 } else { 26 } />
            <p class="wt-description">{shown}</p>
            {(!compact).then(|| view! { <Legend strings /> })}
        </figure>
    }
    .into_any()
}

/// The time labels of timelines with the same span.
#[component]
pub fn TimeAxis(
    /// The milliseconds that the timelines show.
    #[prop(into)]
    span: Signal<Option<f64>>,
    /// The language.
    #[prop(into)]
    strings: Signal<&'static Strings>,
) -> impl IntoView {
    let ticks =
        Signal::derive(move || span.get().map(|span| Axis::new(&Record::default(), 0.0, Some(span)).ticks(0.0)).unwrap_or_default());
    view! { <div class="wt"><Labels ticks strings /></div> }.into_any()
}

/// The time labels above the lanes. They are HTML, so that they do not scale with the SVG.
#[component]
fn Labels(ticks: Signal<Vec<Tick>>, strings: Signal<&'static Strings>) -> impl IntoView {
    let labels = move || {
        let ticks = ticks.get();
        let last = ticks.len().saturating_sub(1);
        let label = |(index, tick): (usize, Tick)| {
            // Whole milliseconds.
            let time = strings.get().time(f64::from(tick.at)).replace(".0 ", " ");
            let text = if tick.after_pause { (strings.get().later)(&time) } else { time };
            // Aligned to the right: the last label would overflow.
            let crowded = index == last && tick.x > WIDTH * 9 / 10;
            view! { <span class:wt-pause=tick.after_pause class:wt-crowded=crowded style:left=percent(tick.x)>{text}</span> }
        };
        ticks.into_iter().enumerate().map(label).collect_view()
    };
    view! { <div class="wt-axis" aria-hidden="true">{labels}</div> }
}

/// The lanes, and below them the refreshes. For keyboards and screen readers a slider over the requests, then the refreshes, then the
/// markers. A slider's value grows upwards (ARIA, "slider") and the first request is at the top, so the first request has the greatest
/// value.
#[component]
fn Plot(
    shape: Memo<Shape>,
    selected: RwSignal<Vec<usize>>,
    strings: Signal<&'static Strings>,
    description: Signal<Option<String>>,
    /// In pixels.
    lane_height: u32,
) -> impl IntoView {
    let (lanes, refreshes) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let targets = move || shape.read().targets();
    let point = move |event: web_sys::PointerEvent| {
        let at = |part: NodeRef<html::Div>| Some(position(&event, &part.get()?.get_bounding_client_rect()));
        let (Some(lane), Some(refresh)) = (at(lanes), at(refreshes)) else { return };
        let shape = shape.read_untracked();
        selected.set(if refresh.1 < 0.0 { shape.lane_targets(lane.0, lane.1) } else { shape.refresh_targets(refresh.0, refresh.1) });
    };
    let walk = move |event: web_sys::KeyboardEvent| {
        let last = shape.read_untracked().targets().saturating_sub(1);
        let at = selected.read_untracked().first().copied().unwrap_or(0);
        let next = match event.key().as_str() {
            "ArrowDown" | "ArrowLeft" => at + 1,
            "ArrowUp" | "ArrowRight" => at.saturating_sub(1),
            "PageDown" => at + 10,
            "PageUp" => at.saturating_sub(10),
            "Home" => last,
            "End" => 0,
            _ => return,
        };
        event.prevent_default();
        selected.set(vec![next.min(last)]);
    };
    // Focus selects the first target, unless the pointer has selected one.
    let on_focus = move |_| {
        if selected.read_untracked().is_empty() && shape.read_untracked().targets() > 0 {
            selected.set(vec![0]);
        }
    };
    let value = move || selected.read().first().map_or(0, |at| targets().saturating_sub(*at));
    let requests = move || (strings.get().requests)(shape.read().lanes as usize);
    let value_text = move || description.get().unwrap_or_else(|| if targets() == 0 { strings.get().empty.into() } else { requests() });
    let lanes_pixels = move || format!("{}px", (shape.read().lanes.max(1) * lane_height).min(420));
    // Narrower rows for many refreshes at once.
    let refreshes_pixels = move || format!("{}px", (shape.read().refresh_rows.max(1) * lane_height.min(14)).min(210));
    let lanes_box = move || format!("0 0 {WIDTH} {}", shape.read().lanes_height());
    let refreshes_box = move || format!("0 0 {WIDTH} {}", shape.read().refreshes_height());
    let path = move |class: &'static str, pick: fn(&Shape) -> &String| view! { <path class=class d=move || shape.with(|shape| pick(shape).clone()) /> };
    view! {
        <div
            class="wt-plot"
            tabindex="0"
            role="slider"
            aria-orientation="vertical"
            aria-label=move || strings.get().label
            aria-valuemin="0"
            aria-valuemax=targets
            aria-valuenow=value
            aria-valuetext=value_text
            on:focus=on_focus
            on:pointermove=point
            on:pointerdown=point
            on:keydown=walk
        >
            <div class="wt-lanes" node_ref=lanes style:height=lanes_pixels>
                <svg viewBox=lanes_box preserveAspectRatio="none" aria-hidden="true">
                    {path("wt-sent", |shape| &shape.sent)} {path("wt-waiting", |shape| &shape.waiting)}
                    {path("wt-replayed", |shape| &shape.replayed)} {path("wt-refused", |shape| &shape.refused)}
                    {path("wt-answered", |shape| &shape.answered)} {path("wt-failed", |shape| &shape.failed)}
                    {path("wt-mark", |shape| &shape.marked)}
                    <path class="wt-selected" d=move || shape.with(|shape| shape.lane_outlines(&selected.read())) />
                </svg>
            </div>
            <p class="wt-count">{move || (strings.get().refreshes)(shape.read().refreshes.len())}</p>
            <div class="wt-refreshes" node_ref=refreshes style:height=refreshes_pixels>
                <svg viewBox=refreshes_box preserveAspectRatio="none" aria-hidden="true">
                    {path("wt-refresh", |shape| &shape.refreshed)} {path("wt-refresh wt-bad", |shape| &shape.unrefreshed)}
                    <path class="wt-selected" d=move || shape.with(|shape| shape.refresh_outlines(&selected.read())) />
                </svg>
            </div>
        </div>
    }
}

/// Where a pointer is in a rectangle, as fractions of width and height.
fn position(event: &web_sys::PointerEvent, bounds: &web_sys::DomRect) -> (f64, f64) {
    let x = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
    (x, (f64::from(event.client_y()) - bounds.top()) / bounds.height().max(1.0))
}

/// The legend of the colours.
#[component]
pub fn Legend(
    /// The language.
    #[prop(into)]
    strings: Signal<&'static Strings>,
) -> impl IntoView {
    let entry = move |class: &'static str, pick: fn(&Strings) -> &'static str| {
        view! {
            <li>
                <svg viewBox="0 0 18 12" width="18" height="12" aria-hidden="true">
                    <rect class=class width="18" height="12" />
                </svg>
                {move || pick(strings.get())}
            </li>
        }
    };
    view! {
        <ul class="wt-legend">
            {entry("wt-sent", |s| s.sent)} {entry("wt-refused", |s| s.refused)} {entry("wt-waiting", |s| s.waiting)}
            {entry("wt-replayed", |s| s.replayed)} {entry("wt-answered", |s| s.answered)} {entry("wt-failed", |s| s.failed)}
            {entry("wt-refresh", |s| s.refresh)} {entry("wt-mark", |s| s.marker)}
        </ul>
    }
    .into_any()
}

/// Describes a target: the lanes come first, then the refreshes, then the markers.
fn describe(record: &Record, target: usize, strings: &Strings) -> Option<String> {
    let (zero, _) = *record.busy().first()?;
    if let Some(lane) = record.lanes().get(target) {
        return Some(describe_lane(lane, zero, strings));
    }
    let target = target - record.lanes().len();
    if let Some(refresh) = record.refreshes().get(target) {
        let started = (strings.event)(&Event::RefreshStarted { trigger: refresh.trigger });
        let ended = refresh.ended.as_ref().map(|(at, result)| {
            let result = (strings.event)(&Event::RefreshEnded { result: result.clone() });
            format!("{result} ({})", strings.time(at - refresh.from))
        });
        return Some([started].into_iter().chain(ended).collect::<Vec<_>>().join(" · "));
    }
    let marker = record.markers().get(target - record.refreshes().len())?;
    Some(format!("{} ({})", (strings.event)(&marker.kind.event()), strings.time(marker.at - zero)))
}

fn describe_lane(lane: &Lane, zero: f64, strings: &Strings) -> String {
    let since = |at: f64| strings.time(at - zero);
    let mut parts = vec![(strings.request)(lane.request, &lane.method, &lane.path)];
    for span in &lane.spans {
        parts.push(match span.phase {
            Phase::Sent => (strings.sent_at)(&since(span.from)),
            Phase::Waiting => (strings.waited)(&strings.time(span.to.unwrap_or_else(now) - span.from)),
            Phase::Replayed => (strings.replayed_at)(&since(span.from)),
        });
        if let Some(at) = lane.refused.filter(|at| span.phase == Phase::Sent && *at >= span.from) {
            parts.push((strings.refused_at)(&since(at)));
        }
    }
    match &lane.settled {
        Some((at, Outcome::Answered(status))) => parts.push((strings.settled)(*status, &since(*at))),
        Some((at, Outcome::Failed(_))) => parts.push((strings.failed_at)(&since(*at))),
        _ => {}
    }
    parts.join(" · ")
}

fn percent(x: u32) -> String {
    // x is in hundredths of a percent.
    format!("{}.{:02}%", x / 100, x % 100)
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
