//! localStorage, simulated: each tab reads its own copy, which hears of the other tabs' writes a little later, in their order.
//!
//! So it is in browsers that give each tab a process. Two tabs that write at once agree in the end on the later write.

use std::collections::BTreeMap;

/// One copy of the store.
#[derive(Clone, Default)]
pub(super) struct Shelf(BTreeMap<String, (u64, Option<String>)>);

/// A text put under a key, or taken from there.
#[derive(Clone)]
pub(super) struct Write {
    pub(super) key: String,
    pub(super) text: Option<String>,
    /// Its place in the order of all writes.
    pub(super) turn: u64,
}

impl Shelf {
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.0.get(key)?.1.clone()
    }

    /// Takes over a write, unless a later one is there already. Whether it did.
    pub(super) fn put(&mut self, write: &Write) -> bool {
        let late = self.0.get(&write.key).is_some_and(|(turn, _)| *turn > write.turn);
        if !late {
            self.0.insert(write.key.clone(), (write.turn, write.text.clone()));
        }
        !late
    }
}
