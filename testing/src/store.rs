//! `localStorage` as tabs see it: each has a replica that applies the other tabs' writes a little later, in their order.
//!
//! This is how browsers with one process per tab behave. Two tabs that write at once agree on the later write in the end.

use std::{collections::BTreeMap, rc::Rc};

/// One replica: for each key the order of its last write and its value.
#[derive(Clone, Default)]
pub(crate) struct StoreReplica(BTreeMap<Rc<str>, (u64, Option<Rc<str>>)>);

/// A write to a key. `None` removes it.
#[derive(Clone)]
pub(crate) struct Write {
    pub(crate) key: Rc<str>,
    pub(crate) text: Option<Rc<str>>,
    /// Its place in the order of all writes.
    pub(crate) order: u64,
}

impl StoreReplica {
    pub(crate) fn get(&self, key: &str) -> Option<Rc<str>> {
        self.0.get(key)?.1.clone()
    }

    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        self.0.iter().filter_map(|(key, (_, text))| Some((key.to_string(), text.as_ref()?.to_string()))).collect()
    }

    /// Applies a write unless a later one to the same key was applied already. Returns whether it was applied.
    pub(crate) fn apply(&mut self, write: &Write) -> bool {
        let is_outdated = self.0.get(&write.key).is_some_and(|(order, _)| *order > write.order);
        if !is_outdated {
            self.0.insert(write.key.clone(), (write.order, write.text.clone()));
        }
        !is_outdated
    }
}
