//! The cookies of the browser: one for each origin, HttpOnly, so that pages cannot read it.

use std::{cell::RefCell, collections::BTreeMap};

#[derive(Default)]
pub(crate) struct CookieJar(RefCell<BTreeMap<String, String>>);

impl CookieJar {
    pub(crate) fn get(&self, origin: &str) -> Option<String> {
        self.0.borrow().get(origin).cloned()
    }

    /// Sets the cookie; an empty value removes it.
    pub(crate) fn set(&self, origin: &str, value: &str) {
        if value.is_empty() {
            self.0.borrow_mut().remove(origin);
        } else {
            self.0.borrow_mut().insert(origin.to_owned(), value.to_owned());
        }
    }
}
