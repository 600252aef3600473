//! A value computed on each read, as `Signal::derive` does. A `Signal` may also be a memo and three other things, which are compiled for
//! each type of value: some kilobytes each.

use leptos::{prelude::*, tachys::reactive_graph::ReactiveFunction};
use std::sync::{Arc, Mutex};

/// Computes the value.
type Compute<T> = Arc<dyn Fn() -> T + Send + Sync>;

/// A value derived from signals; `Copy`, and usable as a view or an attribute.
pub(crate) struct Derived<T: 'static>(StoredValue<Compute<T>>);

impl<T> Clone for Derived<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Derived<T> {}

impl<T: 'static> Derived<T> {
    pub(crate) fn new(compute: impl Fn() -> T + Send + Sync + 'static) -> Derived<T> {
        Derived(StoredValue::new(Arc::new(compute)))
    }

    /// The present value; tracks what it is computed from.
    pub(crate) fn get(self) -> T {
        let compute = self.0.get_value();
        compute()
    }

    pub(crate) fn get_untracked(self) -> T {
        untrack(|| self.get())
    }
}

impl<T: Send + Sync + Clone + 'static> From<RwSignal<T>> for Derived<T> {
    fn from(signal: RwSignal<T>) -> Derived<T> {
        Derived::new(move || signal.get())
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
