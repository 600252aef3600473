//! Sender-constrained tokens (RFC 9449): each request carries a proof, signed with a key that cannot leave the browser. A copy of the
//! tokens is worthless without that key.

mod check;
mod key;
mod key_store;
mod nonces;
mod proof;
mod send;

use crate::error::Error;
use key::Key;
use nonces::Nonces;
use proof::Proof;
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::JsValue;

/// The key and the nonces of a client.
pub(crate) struct Dpop {
    /// Names the key: that of the session, so that all tabs share it.
    name: String,
    /// Read from the store by the first request.
    key: RefCell<Option<Rc<Key>>>,
    nonces: Nonces,
}

impl Dpop {
    pub(crate) fn new(storage_key: &str) -> Dpop {
        Dpop { name: storage_key.to_owned(), key: RefCell::default(), nonces: Nonces::default() }
    }

    /// The stored key; `None` if there is none.
    async fn key(&self) -> Result<Option<Rc<Key>>, Error> {
        let known = self.key.borrow().clone();
        match known {
            Some(key) => Ok(Some(key)),
            None => match key_store::get(&self.name).await {
                Some(pair) => self.keep(pair).await.map(Some),
                None => Ok(None),
            },
        }
    }

    async fn keep(&self, pair: JsValue) -> Result<Rc<Key>, Error> {
        let key = Rc::new(Key::read(pair).await?);
        self.key.replace(Some(key.clone()));
        Ok(key)
    }

    /// The key for a sign-in, which is made if there is none. Returns its thumbprint, for the parameter `dpop_jkt` (RFC 9449 §10).
    pub(crate) async fn make_key(&self) -> Result<String, Error> {
        if let Some(key) = self.key().await? {
            return Ok(key.thumbprint.clone());
        }
        // Another tab may make one at the same time: the first to be stored counts.
        let pair = key_store::put_if_absent(&self.name, Key::generate().await?).await?;
        Ok(self.keep(pair).await?.thumbprint.clone())
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    async fn tabs_that_make_a_key_at_once_share_one_whose_private_half_cannot_be_exported() {
        let name = format!("test.dpop.{}", js_sys::Math::random());
        let tabs = [Dpop::new(&name), Dpop::new(&name)];
        assert!(tabs[0].key().await.unwrap().is_none());
        let (one, other) = futures::future::join(tabs[0].make_key(), tabs[1].make_key()).await;
        let thumbprint = one.unwrap();
        assert_eq!((thumbprint.len(), Ok(thumbprint.clone())), (43, other));
        let reloaded = Dpop::new(&name).key().await.unwrap().unwrap();
        assert_eq!(reloaded.thumbprint, thumbprint);
        assert!(reloaded.is_private());
    }
}
