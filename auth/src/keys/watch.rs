//! The current keys. A background task reads their file again, at most once a second, when it has changed.

use super::{
    algorithm::SigningAlgorithm,
    file::{KeyError, create_if_missing, record_lifetime},
    set::{Key, KeySet},
};
use crate::clock::{Clock, Millis};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};
use tokio::time::sleep;
use tracing::{info, warn};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The current keys. Cheap to clone.
#[derive(Clone)]
pub struct Keys {
    inner: Arc<Inner>,
}

struct Inner {
    set: RwLock<Arc<KeySet>>,
    /// Counts the changes of the set.
    epoch: AtomicU64,
    clock: Clock,
}

impl Keys {
    /// Reads the file, or creates it, records the lifetime of this server's tokens in it, and follows its changes.
    ///
    /// # Errors
    /// The file cannot be read or created, or has other content.
    pub fn open(path: &Path, algorithm: SigningAlgorithm, lifetime: Millis, clock: Clock) -> Result<Self, KeyError> {
        create_if_missing(path, algorithm, clock.now())?;
        if let Err(error) = record_lifetime(path, lifetime) {
            warn!(%error, "the lifetime of tokens could not be recorded: give `key rotate` the same --session-ttl as this server");
        }
        // The time is read before the content, so that a change in between is read again.
        let modified = modified(path);
        let keys = Self::fixed(KeySet::read(path)?, clock);
        warn_if_readable_by_others(path);
        keys.watch(path.into(), modified);
        Ok(keys)
    }

    /// A key that exists in memory alone, for an operator's command that issues no tokens.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn temporary(clock: Clock) -> Result<Self, KeyError> {
        Ok(Self::fixed(KeySet::temporary()?, clock))
    }

    /// Keys that do not change.
    #[must_use]
    pub fn fixed(set: KeySet, clock: Clock) -> Self {
        Self { inner: Arc::new(Inner { set: RwLock::new(Arc::new(set)), epoch: AtomicU64::new(0), clock }) }
    }

    /// The current keys.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        self.inner.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of that id, unless its last token has expired.
    #[must_use]
    pub fn verify_key(&self, id: &str) -> Option<Arc<Key>> {
        self.current().find(id, self.inner.clock.now()).cloned()
    }

    /// Changes when the keys do. What was verified in an earlier epoch is verified again.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.inner.epoch.load(Ordering::Acquire)
    }

    /// The time by which keys sign and end.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// Follows the file until the last clone is dropped. A file that cannot be read changes nothing, is logged once, and is read again until
    /// it can be read: its permissions may be corrected, or its content completed, without another modification time.
    fn watch(&self, path: PathBuf, mut loaded: Option<SystemTime>) {
        let keys = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            let mut tried = loaded;
            loop {
                sleep(CHECK_INTERVAL).await;
                let Some(keys) = keys.upgrade() else { return };
                let modified = modified(&path);
                if modified == loaded {
                    continue;
                }
                match KeySet::read(&path) {
                    Ok(set) => {
                        loaded = modified;
                        info!("the signing keys have changed");
                        *keys.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
                        keys.epoch.fetch_add(1, Ordering::Release);
                    }
                    Err(error) if modified != tried => warn!(%error, "the signing keys were not reloaded"),
                    Err(_) => {}
                }
                tried = modified;
            }
        });
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

#[cfg(unix)]
fn warn_if_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        warn!(file = %path.display(), "other users can read the signing keys and sign in as any user: set mode 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_: &Path) {}
