//! A value that is told anew whenever it is asked for, as a `Signal::derive` is; but a `Signal` may also be a memo and three other things,
//! which are compiled for each type of value, some kilobytes each.

use leptos::{prelude::*, tachys::reactive_graph::ReactiveFunction};
use std::sync::{Arc, Mutex};

/// What tells it.
type Tell<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// A value that follows what it is made of; `Copy`, and good for a view or an attribute.
pub(crate) struct Derived<T: 'static>(StoredValue<Tell<T>>);

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

impl<T: 'static> Derived<T> {
    pub(crate) fn of(tell: impl Fn() -> T + Send + Sync + 'static) -> Derived<T> {
        Derived(StoredValue::new(Arc::new(tell)))
    }

    /// The value as it is now, to be tracked.
    pub(crate) fn get(self) -> T {
        let tell = self.0.get_value();
        tell()
    }

    pub(crate) fn get_untracked(self) -> T {
        untrack(|| self.get())
    }
}

impl<T: Send + Sync + Clone + 'static> From<RwSignal<T>> for Derived<T> {
    fn from(signal: RwSignal<T>) -> Derived<T> {
        Derived::of(move || signal.get())
    }
}

impl<T: 'static> ReactiveFunction for Derived<T> {
    type Output = T;

    fn invoke(&mut self) -> T {
        self.get()
    }

    fn into_shared(self) -> Arc<Mutex<dyn FnMut() -> T + Send>> {
        Arc::new(Mutex::new(move || self.get()))
    }
}
