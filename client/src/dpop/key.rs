//! The key of a client.

use crate::{
    dpop::servers::Servers,
    error::{Error, SignOutReason},
    platform::{Host, SigningKey, random_id::random_id},
    rules::{Rule, is_broken},
};
use futures::future::LocalBoxFuture;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

/// The key of a client, and what it knows about the servers' proofs.
pub(crate) struct Dpop {
    pub(crate) platform: Host,
    /// Names the key: that of the session, so that all tabs share it.
    name: String,
    /// Read from the store by the first request.
    key: RefCell<Option<Rc<dyn SigningKey>>>,
    /// Grows when the cached key is dropped.
    key_epoch: Cell<u32>,
    pub(crate) servers: Servers,
}

impl Dpop {
    pub(crate) fn new(platform: Host, storage_key: &str) -> Dpop {
        let mut name = storage_key.to_owned();
        if is_broken(Rule::TabsShareKey) {
            name += &random_id(&platform);
        }
        Dpop { platform, name, key: RefCell::default(), key_epoch: Cell::default(), servers: Servers::default() }
    }

    /// The key; `None` if none is stored.
    pub(crate) async fn key(&self) -> Result<Option<Rc<dyn SigningKey>>, Error> {
        let known = self.key.borrow().clone();
        if known.is_some() {
            return Ok(known);
        }
        let epoch = self.key_epoch.get();
        let stored = self.platform.key(&self.name).await?;
        // Another tab may have signed in with another key while this one was read.
        if epoch == self.key_epoch.get() {
            self.key.replace(stored.clone());
        }
        Ok(stored)
    }

    /// The next request reads the stored key.
    pub(crate) fn drop_cached_key(&self) {
        self.key_epoch.set(self.key_epoch.get() + 1);
        self.key.take();
    }

    /// The key for a sign-in, which is made if there is none. Returns its thumbprint, for the parameter `dpop_jkt` (RFC 9449 §10).
    pub(crate) fn make_key(&self) -> LocalBoxFuture<'_, Result<String, Box<Error>>> {
        Box::pin(async {
            let known = self.key.borrow().clone();
            // Another tab may make one at the same time: the first to be stored counts. Should the browser have removed the key of the
            // present session from the store, it is stored again.
            let storing = match known {
                Some(key) => key.store(&self.name),
                None => self.platform.make_key(&self.name),
            };
            let key = storing.await?;
            let thumbprint = key.thumbprint().to_owned();
            self.key.replace(Some(key));
            Ok(thumbprint)
        })
    }

    /// The same for a sign-in that another page completes. [`SignOutReason::KeyLost`]: this browser does not store the key.
    #[cfg(feature = "oidc")]
    pub(crate) fn make_stored_key(&self) -> LocalBoxFuture<'_, Result<String, Box<Error>>> {
        Box::pin(async {
            let thumbprint = self.make_key().await?;
            let stored = self.platform.key(&self.name).await?;
            stored.map(|_| thumbprint).ok_or_else(key_lost)
        })
    }
}

pub(crate) fn key_lost() -> Box<Error> {
    Error::SignedOut(SignOutReason::KeyLost).into()
}
