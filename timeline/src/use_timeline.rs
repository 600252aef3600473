//! Listening to a session, and keeping the record of it; signals follow in steps that an eye can follow.

use crate::record::{Figures, Record};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wugan::{Noted, Session, Subscription};

/// Changes on screen at most once in this many milliseconds, however many events there are; the more lanes, the rarer.
const STEP: u32 = 33;

/// The record of a session, live; `Copy`. It ends with the component that made it.
#[derive(Clone, Copy)]
pub struct UseTimeline {
    record: StoredValue<Record, LocalStorage>,
    step: RwSignal<u32>,
    figures: Memo<Figures>,
    pending: StoredValue<Option<Timeout>, LocalStorage>,
}

/// Begins a record of a session.
#[must_use]
pub fn use_timeline(session: &Session) -> UseTimeline {
    let timeline = UseTimeline::unconnected();
    let subscription: Subscription = session.on_event(move |noted| timeline.note(noted));
    StoredValue::new_local(subscription);
    timeline
}

impl UseTimeline {
    /// A record that only [`note`](UseTimeline::note) adds to.
    #[must_use]
    pub fn unconnected() -> UseTimeline {
        let (record, step) = (StoredValue::new_local(Record::default()), RwSignal::new(0));
        let figures = Memo::new(move |_| {
            step.track();
            record.with_value(Record::figures)
        });
        UseTimeline { record, step, figures, pending: StoredValue::new_local(None) }
    }

    /// Adds an event.
    pub fn note(self, noted: &Noted) {
        if self.record.try_update_value(|record| record.note(noted)).is_some() {
            self.plan();
        }
    }

    /// Begins anew.
    pub fn clear(self) {
        self.record.set_value(Record::default());
        self.step.update(|step| *step += 1);
    }

    /// Looks at the record, and again whenever it has changed.
    pub fn with<T>(self, look: impl FnOnce(&Record) -> T) -> T {
        self.step.track();
        self.record.with_value(look)
    }

    /// Looks at the record as it is now.
    pub fn peek<T>(self, look: impl FnOnce(&Record) -> T) -> T {
        self.record.with_value(look)
    }

    /// The plain numbers, live.
    #[must_use]
    pub fn figures(self) -> Memo<Figures> {
        self.figures
    }

    /// A timer and not an animation frame: a tab in the background shows the truth too.
    fn plan(self) {
        if self.pending.with_value(Option::is_some) {
            return;
        }
        let step = move || {
            let was_pending = self.pending.try_update_value(Option::take).flatten().is_some();
            if was_pending && self.step.try_update(|step| *step += 1).is_some() && self.record.with_value(Record::is_open) {
                self.plan();
            }
        };
        let lanes = self.record.with_value(|record| record.lanes().len());
        let wait = STEP + u32::try_from(lanes / 3).unwrap_or(STEP);
        self.pending.set_value(Some(Timeout::new(wait, step)));
    }
}
