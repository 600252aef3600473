//! The latest nonce of each server (RFC 9449 §8): used for the next proof, so that it costs no second round trip.

use std::cell::RefCell;

/// Pairs of origin and nonce. A client talks to few servers, and a map takes more code.
#[derive(Default)]
pub(crate) struct Nonces(RefCell<Vec<(String, String)>>);

impl Nonces {
    pub(crate) fn of(&self, origin: &str) -> Option<String> {
        self.0.borrow().iter().find(|(known, _)| known == origin).map(|(_, nonce)| nonce.clone())
    }

    pub(crate) fn set(&self, origin: &str, nonce: String) {
        let mut nonces = self.0.borrow_mut();
        nonces.retain(|(known, _)| known != origin);
        nonces.push((origin.to_owned(), nonce));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_nonce_of_its_own() {
        let nonces = Nonces::default();
        nonces.set("https://a", "1".into());
        nonces.set("https://b", "2".into());
        nonces.set("https://a", "3".into());
        assert_eq!(["https://a", "https://b", "https://c"].map(|origin| nonces.of(origin)), [Some("3".into()), Some("2".into()), None]);
    }
}
