//! The access token's remaining lifetime as a bar, with the moment of its renewal.

use super::inspected_session::InspectedSession;
use crate::lang::{text, use_lang};
use leptos::prelude::*;
use std::time::Duration;
use wugan_timeline::Strings;

/// The interval between two updates.
const INTERVAL: Duration = Duration::from_millis(500);

#[component]
pub(super) fn Lifetime(inspected: StoredValue<InspectedSession, LocalStorage>, strings: Signal<&'static Strings>) -> impl IntoView {
    let lang = use_lang();
    let read = move || {
        let info = inspected.with_value(|inspected| inspected.client().session().info());
        Some((info.expires_in?, info.lifetime?, info.refresh_margin?))
    };
    let life = RwSignal::new(read());
    if let Ok(interval) = set_interval_with_handle(move || life.set(read()), INTERVAL) {
        on_cleanup(move || interval.clear());
    }
    let remaining = move || {
        let t = lang.get().inspector();
        match life.get() {
            None => t.token_unknown.to_owned(),
            Some((left, ..)) if left < Duration::from_secs(1) => t.token_over.to_owned(),
            Some((left, ..)) => (t.token_left)(&strings.get().time(left.as_secs_f64().floor() * 1_000.0)),
        }
    };
    let left = move || life.get().map_or_else(|| "0%".to_owned(), |(left, life, _)| percent(left, life));
    let renewal = move || life.get().map(|(_, life, margin)| percent(margin, life));
    let mark = move || {
        renewal().map(|at| view! { <div class="band-renewal" style:left=at><span>{text(|t| t.inspector().token_renewal)}</span></div> })
    };
    view! {
        <div class="lifetime">
            <p>
                <span>{text(|t| t.inspector().token)}</span>
                " "
                <span class="hint">{remaining}</span>
            </p>
            <div class="band" aria-hidden="true">
                <div class="band-left" style:width=left></div>
                {mark}
            </div>
        </div>
    }
}

/// A part as a percentage of the whole; 0 of nothing is 0.
fn percent(part: Duration, whole: Duration) -> String {
    let fraction = if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() };
    format!("{}%", (fraction * 100.0).min(100.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_between_0_and_100() {
        let percent = |part, whole| percent(Duration::from_secs(part), Duration::from_secs(whole));
        assert_eq!([percent(1, 4), percent(0, 4), percent(9, 4), percent(1, 0), percent(0, 0)], ["25%", "0%", "100%", "0%", "0%"]);
    }
}
