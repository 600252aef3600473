//! Records a session's events, and updates the view's signals at a limited rate.

use crate::record::{Record, Stats};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use wugan::{Session, Subscription, TimedEvent};

/// The shortest interval between two updates of the view, in milliseconds. With many lanes it is longer.
const UPDATE_INTERVAL: u32 = 33;

/// A live record of a session; `Copy`. It ends with the component that created it.
#[derive(Clone, Copy)]
pub struct UseTimeline {
    record: StoredValue<Record, LocalStorage>,
    version: RwSignal<u32>,
    stats: Memo<Stats>,
    update: StoredValue<Option<Timeout>, LocalStorage>,
}

/// Starts a record of a session.
#[must_use]
pub fn use_timeline(session: &Session) -> UseTimeline {
    let timeline = UseTimeline::detached();
    let subscription: Subscription = session.on_event(move |timed| timeline.push(timed));
    StoredValue::new_local(subscription);
    timeline
}

impl UseTimeline {
    /// An empty record without a session: only [`push`](UseTimeline::push) adds to it.
    #[must_use]
    pub fn detached() -> UseTimeline {
        let (record, version) = (StoredValue::new_local(Record::default()), RwSignal::new(0));
        let stats = Memo::new(move |_| {
            version.track();
            record.with_value(Record::stats)
        });
        UseTimeline { record, version, stats, update: StoredValue::new_local(None) }
    }

    /// Adds an event.
    pub fn push(self, timed: &TimedEvent) {
        if self.record.try_update_value(|record| record.push(timed)).is_some() {
            self.schedule_update();
        }
    }

    /// Removes all events.
    pub fn clear(self) {
        self.record.set_value(Record::default());
        self.version.update(|version| *version += 1);
    }

    /// Reads the record and tracks it.
    pub fn with<T>(self, read: impl FnOnce(&Record) -> T) -> T {
        self.version.track();
        self.record.with_value(read)
    }

    /// Reads the record without tracking it.
    pub fn with_untracked<T>(self, read: impl FnOnce(&Record) -> T) -> T {
        self.record.with_value(read)
    }

    /// The record's statistics, live.
    #[must_use]
    pub fn stats(self) -> Memo<Stats> {
        self.stats
    }

    /// Updates the view after an interval, and again while a request or refresh is pending. A timer instead of an animation frame: a
    /// background tab gets no frames.
    fn schedule_update(self) {
        if self.update.with_value(Option::is_some) {
            return;
        }
        let update = move || {
            let was_scheduled = self.update.try_update_value(Option::take).flatten().is_some();
            if was_scheduled && self.version.try_update(|version| *version += 1).is_some() && self.record.with_value(Record::is_pending) {
                self.schedule_update();
            }
        };
        let lanes = self.record.with_value(|record| record.lanes().len());
        let wait = UPDATE_INTERVAL + u32::try_from(lanes / 3).unwrap_or(UPDATE_INTERVAL);
        self.update.set_value(Some(Timeout::new(wait, update)));
    }
}
