//! A storage in the program's memory, for sessions that end with the page.

use super::{Storage, StoreError};
use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

#[derive(Default)]
struct InMemory(RefCell<BTreeMap<String, String>>);

/// An empty storage.
pub(crate) fn in_memory() -> Rc<dyn Storage> {
    Rc::new(InMemory::default())
}

impl Storage for InMemory {
    fn get(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn set(&self, key: &str, text: &str) -> Result<(), StoreError> {
        self.0.borrow_mut().insert(key.to_owned(), text.to_owned());
        Ok(())
    }
}
