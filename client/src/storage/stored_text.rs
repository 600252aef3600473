//! A text that all tabs share; where the storage fails, this tab alone has it.

use crate::platform::Storage;
use std::{cell::RefCell, rc::Rc};

pub(crate) struct StoredText {
    storage: Rc<dyn Storage>,
    key: String,
    /// A text that could not be stored, and what was stored in its place: as soon as another tab stores something else, that is newer.
    unstored: RefCell<Option<(String, Option<String>)>>,
}

impl StoredText {
    pub(crate) fn new(storage: Rc<dyn Storage>, key: String) -> StoredText {
        StoredText { storage, key, unstored: RefCell::default() }
    }

    pub(crate) fn get(&self) -> Option<String> {
        let stored = self.stored();
        match &*self.unstored.borrow() {
            Some((text, in_its_place)) if *in_its_place == stored => Some(text.clone()),
            _ => stored,
        }
    }

    pub(crate) fn set(&self, text: String) {
        let is_stored = self.storage.set(&self.key, &text).is_ok();
        self.unstored.replace((!is_stored).then(|| (text, self.stored())));
    }

    fn stored(&self) -> Option<String> {
        self.storage.get(&self.key).ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::StoreError;
    use std::cell::Cell;

    #[derive(Default)]
    struct Disk {
        text: RefCell<Option<String>>,
        is_full: Cell<bool>,
    }

    impl Storage for Disk {
        fn get(&self, _: &str) -> Result<Option<String>, StoreError> {
            Ok(self.text.borrow().clone())
        }

        fn set(&self, _: &str, text: &str) -> Result<(), StoreError> {
            if self.is_full.get() {
                return Err(StoreError::Full);
            }
            self.text.replace(Some(text.to_owned()));
            Ok(())
        }
    }

    #[test]
    fn case_27_a_text_that_was_not_stored_counts_until_another_tab_stores_one() {
        let disk = Rc::new(Disk::default());
        let text = StoredText::new(disk.clone(), String::new());
        text.set("first".into());
        assert_eq!((text.get().as_deref(), disk.text.borrow().as_deref()), (Some("first"), Some("first")));
        disk.is_full.set(true);
        text.set("second".into());
        assert_eq!((text.get().as_deref(), disk.text.borrow().as_deref()), (Some("second"), Some("first")));
        disk.text.replace(Some("of another tab".into()));
        assert_eq!(text.get().as_deref(), Some("of another tab"));
        disk.is_full.set(false);
        text.set("third".into());
        assert_eq!((text.get().as_deref(), disk.text.borrow().as_deref()), (Some("third"), Some("third")));
    }
}
