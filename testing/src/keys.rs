//! WebCrypto and IndexedDB as the engine uses them: key pairs that all tabs share, and whose private half no page can read.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

/// The keys that the browser has made. A signature is a hash with the private half, which does not leave this type.
#[derive(Default)]
pub(crate) struct Keys {
    private: RefCell<Vec<u64>>,
    /// The key of each name in the store.
    stored: RefCell<BTreeMap<String, usize>>,
}

/// The public half of a key.
#[derive(Clone)]
pub(crate) struct PublicKey {
    number: usize,
    pub(crate) coordinates: [String; 2],
    pub(crate) thumbprint: String,
}

impl PublicKey {
    fn new(number: usize) -> PublicKey {
        PublicKey { number, coordinates: [format!("x{number}"), format!("y{number}")], thumbprint: format!("thumbprint-{number}") }
    }

    fn read(coordinates: [&str; 2]) -> Option<PublicKey> {
        let key = PublicKey::new(coordinates[0].strip_prefix('x')?.parse().ok()?);
        (key.coordinates == coordinates).then_some(key)
    }
}

impl Keys {
    pub(crate) fn stored(&self, name: &str) -> Option<PublicKey> {
        self.stored.borrow().get(name).copied().map(PublicKey::new)
    }

    /// Makes a key from this random number and stores it, unless there is one. Returns the stored one.
    pub(crate) fn make(&self, name: &str, random: u64) -> PublicKey {
        self.private.borrow_mut().push(random);
        self.store(name, &PublicKey::new(self.private.borrow().len() - 1))
    }

    /// Stores a key, unless there is one. Returns the stored one.
    pub(crate) fn store(&self, name: &str, key: &PublicKey) -> PublicKey {
        PublicKey::new(*self.stored.borrow_mut().entry(name.to_owned()).or_insert(key.number))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.stored.borrow().is_empty()
    }

    /// Removes all keys from the store. Pages that have read one can go on using it.
    pub(crate) fn clear(&self) {
        self.stored.borrow_mut().clear();
    }

    pub(crate) fn sign(&self, key: &PublicKey, text: &str) -> String {
        hash(&(self.private.borrow().get(key.number), text))
    }

    /// The thumbprint of the key with these coordinates, if it has made the signature.
    pub(crate) fn verify(&self, coordinates: [&str; 2], text: &str, signature: &str) -> Option<String> {
        let key = PublicKey::read(coordinates)?;
        let is_known = key.number < self.private.borrow().len();
        (is_known && self.sign(&key, text) == signature).then_some(key.thumbprint)
    }
}

/// What the simulation has in place of SHA-256, in base64url.
pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> String {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    URL_SAFE_NO_PAD.encode(hasher.finish().to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_one_key_for_one_text() {
        let keys = Keys::default();
        let (first, second) = (keys.make("a", 1), keys.make("b", 2));
        assert_eq!(keys.make("a", 3).thumbprint, first.thumbprint);
        let verify = |key: &PublicKey, text| keys.verify([&key.coordinates[0], &key.coordinates[1]], text, &keys.sign(&first, "text"));
        assert_eq!(verify(&first, "text"), Some(first.thumbprint.clone()));
        assert_eq!((verify(&first, "other"), verify(&second, "text")), (None, None));
        assert_eq!(keys.verify(["x7", "y7"], "text", ""), None);
        keys.clear();
        assert!(keys.stored("a").is_none() && verify(&first, "text").is_some());
    }
}
