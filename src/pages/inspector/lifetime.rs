//! The access token's life as a band that drains, with the moment at which it will be renewed.

use crate::{
    api::use_api,
    components::live::Boxed,
    derived::Derived,
    lang::{text, use_lang},
};
use leptos::prelude::*;
use std::time::Duration;
use wugan_timeline::Words;

/// How often the band is drawn.
const BEAT: Duration = Duration::from_millis(500);

pub(super) fn lifetime(units: Signal<&'static Words>) -> AnyView {
    let (api, lang) = (use_api(), use_lang());
    let look = move || {
        let peek = api.client().session().peek();
        Some((peek.expires_in?, peek.lifetime?, peek.margin?))
    };
    let life = RwSignal::new(look());
    if let Ok(beat) = set_interval_with_handle(move || life.set(look()), BEAT) {
        on_cleanup(move || beat.clear());
    }
    // A minute's step is enough for a screen reader, and half a second's for an eye.
    let words = Derived::of(move || {
        let t = &lang.get().texts().inspector;
        match life.get() {
            None => t.token_unknown.to_owned(),
            Some((left, ..)) if left < Duration::from_secs(1) => t.token_over.to_owned(),
            Some((left, ..)) => (t.token_left)(&units.get().time(left.as_secs_f64().floor() * 1_000.0)),
        }
    });
    let left = Derived::of(move || life.get().map_or_else(|| "0%".to_owned(), |(left, life, _)| percent(left, life)));
    let renewal = Derived::of(move || life.get().map_or_else(|| "0%".to_owned(), |(_, life, margin)| percent(margin, life)));
    view! {
        <div class="lifetime">
            <p>
                <span>{text(|t| t.inspector.token)}</span>
                " "
                <span class="hint">{words}</span>
            </p>
            <div class="band" aria-hidden="true">
                <div class="band-left" style:width=left></div>
                <div class="band-renewal" style:left=renewal><span>{text(|t| t.inspector.token_renewal)}</span></div>
            </div>
        </div>
    }
    .boxed()
}

/// Of a token that has no life, nothing is left.
fn percent(part: Duration, whole: Duration) -> String {
    let share = if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() };
    format!("{}%", (share * 100.0).min(100.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_stays_between_nothing_and_all() {
        let percent = |part, whole| percent(Duration::from_secs(part), Duration::from_secs(whole));
        assert_eq!([percent(1, 4), percent(0, 4), percent(9, 4), percent(1, 0), percent(0, 0)], ["25%", "0%", "100%", "0%", "0%"]);
    }
}
