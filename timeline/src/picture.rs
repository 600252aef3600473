//! The picture: lanes, refreshes and marks as one SVG, a line that tells of the lane pointed at, and the legend.

use crate::{
    axis::WIDTH,
    lane::{Lane, Phase},
    record::Record,
    shape::Shape,
    use_timeline::UseTimeline,
    words::Words,
};
use leptos::{html, prelude::*};
use wugan::{Event, Outcome};

/// A record as a picture. Its look is in `timeline.css` of this crate; link it, or write your own.
#[component]
pub fn Timeline(
    /// What to show.
    timeline: UseTimeline,
    /// In which words.
    #[prop(into)]
    words: Signal<&'static Words>,
) -> impl IntoView {
    let shape = Memo::new(move |_| timeline.with(|record| Shape::of(record, now())));
    let chosen = RwSignal::new(Vec::<usize>::new());
    let told = Signal::derive(move || {
        let told = timeline.with(|record| chosen.read().iter().filter_map(|at| tell(record, *at, words.get())).collect::<Vec<_>>());
        (!told.is_empty()).then(|| told.join(" · "))
    });
    let idle = move || if shape.read().stations() == 0 { words.get().empty } else { words.get().hint };
    view! {
        <figure class="wt">
            <Axis shape words />
            <Lanes shape chosen words told />
            <p class="wt-told">{move || told.get().unwrap_or_else(|| idle().to_owned())}</p>
            <Legend words />
        </figure>
    }
    .into_any()
}

/// The times above the picture. They are text of the page, so that they neither stretch nor shrink with it.
#[component]
fn Axis(shape: Memo<Shape>, words: Signal<&'static Words>) -> impl IntoView {
    let ticks = move || {
        let ticks = shape.read().ticks.clone();
        let last = ticks.len().saturating_sub(1);
        let tick = |(index, tick): (usize, crate::axis::Tick)| {
            let time = words.get().time(f64::from(tick.at));
            let text = if tick.after_pause { (words.get().later)(&time) } else { time };
            // The last one would stick out on the right.
            let crowded = index == last && tick.x > WIDTH * 9 / 10;
            view! { <span class:wt-pause=tick.after_pause class:wt-crowded=crowded style:left=percent(tick.x)>{text}</span> }
        };
        ticks.into_iter().enumerate().map(tick).collect_view()
    };
    view! { <div class="wt-axis" aria-hidden="true">{ticks}</div> }
}

/// The lanes. For the keyboard and for screen readers a slider that walks from request to request, then over the refreshes and the marks.
/// A slider's value grows upwards (ARIA, "slider"), and the first request is at the top: so its value is the greatest.
#[component]
fn Lanes(shape: Memo<Shape>, chosen: RwSignal<Vec<usize>>, words: Signal<&'static Words>, told: Signal<Option<String>>) -> impl IntoView {
    let plot = NodeRef::<html::Div>::new();
    let lanes = move || shape.read().lanes;
    let stations = move || shape.read().stations();
    let point = move |event: web_sys::PointerEvent| {
        let Some(plot) = plot.get() else { return };
        let ground = plot.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - ground.left()) / ground.width().max(1.0);
        let y = (f64::from(event.client_y()) - ground.top()) / ground.height().max(1.0);
        chosen.set(shape.read_untracked().stations_at(x, y));
    };
    let walk = move |event: web_sys::KeyboardEvent| {
        let last = shape.read_untracked().stations().saturating_sub(1);
        let at = chosen.read_untracked().first().copied().unwrap_or(0);
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
        chosen.set(vec![next.min(last)]);
    };
    // Who arrives hears of the first, unless the pointer has chosen already.
    let arrive = move |_| {
        if chosen.read_untracked().is_empty() && shape.read_untracked().stations() > 0 {
            chosen.set(vec![0]);
        }
    };
    let value = move || chosen.read().first().map_or(0, |at| stations().saturating_sub(*at));
    let said = move || {
        told.get().unwrap_or_else(|| if stations() == 0 { words.get().empty.into() } else { (words.get().requests)(lanes() as usize) })
    };
    // Few lanes are high enough to be told apart, many share the height.
    let height = move || format!("{}px", (lanes() * 26).clamp(26, 420));
    let view_box = move || format!("0 0 {WIDTH} {}", shape.read().height());
    let path = move |class: &'static str, pick: fn(&Shape) -> &String| view! { <path class=class d=move || shape.with(|shape| pick(shape).clone()) /> };
    let here = move || shape.with(|shape| shape.places(&chosen.read()));
    view! {
        <div
            class="wt-plot"
            node_ref=plot
            style:height=height
            tabindex="0"
            role="slider"
            aria-orientation="vertical"
            aria-label=move || words.get().picture
            aria-valuemin="0"
            aria-valuemax=stations
            aria-valuenow=value
            aria-valuetext=said
            on:focus=arrive
            on:pointermove=point
            on:pointerdown=point
            on:keydown=walk
        >
            <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">
                {path("wt-refresh", |shape| &shape.refreshed)}
                {path("wt-refresh wt-bad", |shape| &shape.unrefreshed)}
                {path("wt-sent", |shape| &shape.sent)}
                {path("wt-waiting", |shape| &shape.waiting)}
                {path("wt-replayed", |shape| &shape.replayed)}
                {path("wt-refused", |shape| &shape.refused)}
                {path("wt-answered", |shape| &shape.answered)}
                {path("wt-failed", |shape| &shape.failed)}
                {path("wt-mark", |shape| &shape.marked)}
                <path class="wt-here" d=here />
            </svg>
        </div>
    }
}

#[component]
fn Legend(words: Signal<&'static Words>) -> impl IntoView {
    let entry = move |class: &'static str, pick: fn(&Words) -> &'static str| {
        view! {
            <li>
                <svg viewBox="0 0 18 12" width="18" height="12" aria-hidden="true">
                    <rect class=class width="18" height="12" />
                </svg>
                {move || pick(words.get())}
            </li>
        }
    };
    view! {
        <ul class="wt-legend">
            {entry("wt-sent", |w| w.sent)} {entry("wt-refused", |w| w.refused)} {entry("wt-waiting", |w| w.waiting)}
            {entry("wt-replayed", |w| w.replayed)} {entry("wt-answered", |w| w.answered)} {entry("wt-failed", |w| w.failed)}
            {entry("wt-refresh", |w| w.refresh)} {entry("wt-mark", |w| w.mark)}
        </ul>
    }
}

/// A station in words: the lanes come first, then the refreshes, then the marks.
fn tell(record: &Record, station: usize, words: &Words) -> Option<String> {
    let (zero, _) = *record.busy().first()?;
    if let Some(lane) = record.lanes().get(station) {
        return Some(tell_lane(lane, zero, words));
    }
    let station = station - record.lanes().len();
    if let Some(refresh) = record.refreshes().get(station) {
        let told = (words.event)(&Event::RefreshStarted { cause: refresh.cause });
        let ended = refresh.ended.as_ref().map(|(at, outcome)| {
            let outcome = (words.event)(&Event::RefreshEnded { outcome: outcome.clone() });
            format!("{outcome} ({})", words.time(at - refresh.from))
        });
        return Some([told].into_iter().chain(ended).collect::<Vec<_>>().join(" · "));
    }
    let mark = record.marks().get(station - record.refreshes().len())?;
    Some(format!("{} ({})", (words.event)(&mark.what.event()), words.time(mark.at - zero)))
}

fn tell_lane(lane: &Lane, zero: f64, words: &Words) -> String {
    let since = |at: f64| words.time(at - zero);
    let mut told = vec![(words.request)(lane.request, &lane.method, &lane.path)];
    for span in &lane.spans {
        told.push(match span.phase {
            Phase::Sent => (words.sent_at)(&since(span.from)),
            Phase::Waiting => (words.waited)(&words.time(span.to.unwrap_or_else(now) - span.from)),
            Phase::Replayed => (words.replayed_at)(&since(span.from)),
        });
        if let Some(at) = lane.refused.filter(|at| span.phase == Phase::Sent && *at >= span.from) {
            told.push((words.refused_at)(&since(at)));
        }
    }
    match &lane.settled {
        Some((at, Outcome::Answered(status))) => told.push((words.settled)(*status, &since(*at))),
        Some((at, Outcome::Failed(_))) => told.push((words.broke)(&since(*at))),
        None => {}
    }
    told.join(" · ")
}

fn percent(x: u32) -> String {
    // Hundredths of a percent, as whole numbers.
    format!("{}.{:02}%", x / 100, x % 100)
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
