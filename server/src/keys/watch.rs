//! The keys as they are now: the file is read again when it changes, so that keys are rotated while servers run.
//!
//! A server that signs looks every few seconds. One that meets a key it does not know looks at once: the other server may have seen
//! the new file first, and nobody is to be refused for that (case 27).

use super::{Key, KeyError, KeyRing};
use crate::config::SigningAlgorithm;
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};
use tracing::{info, warn};

/// How often the file is looked at while all keys are known.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The keys and where they come from.
pub struct Keys {
    path: PathBuf,
    ring: RwLock<Arc<KeyRing>>,
    looked: Mutex<Looked>,
}

struct Looked {
    at: Instant,
    written: Option<SystemTime>,
}

impl Keys {
    /// Reads the file, or makes it.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds something else.
    pub fn open(path: &Path, algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        KeyRing::open(path, algorithm)?;
        // The time first, and what was written then or later: a change in between is read again, and not missed.
        let looked = Looked { at: Instant::now(), written: written(path) };
        let ring = KeyRing::read(path)?;
        warn_if_open(path);
        Ok(Self { path: path.into(), ring: RwLock::new(Arc::new(ring)), looked: Mutex::new(looked) })
    }

    /// The keys.
    #[must_use]
    pub fn now(&self) -> Arc<KeyRing> {
        self.look(LOOK_EVERY);
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.now().find(id).or_else(|| {
            // Anybody can make names up; asking when the file was written costs less than verifying a signature.
            self.look(Duration::ZERO);
            self.ring.read().unwrap_or_else(PoisonError::into_inner).find(id)
        })
    }

    /// Reads the file again if it has changed, unless it was looked at lately. One that cannot be read changes nothing.
    fn look(&self, lately: Duration) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.at.elapsed() < lately {
            return;
        }
        looked.at = Instant::now();
        let written = written(&self.path);
        if written == looked.written {
            return;
        }
        match KeyRing::read(&self.path) {
            Ok(ring) => {
                info!(signing = ring.signing().id, "the signing keys have changed");
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
                looked.written = written;
            }
            Err(error) => warn!(%error, "the signing keys stay as they were"),
        }
    }
}

fn written(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

/// Whoever else may read the keys can sign in as anybody.
#[cfg(unix)]
fn warn_if_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    if fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0) {
        warn!(file = %path.display(), "others than its owner may use the file with the signing keys: give it mode 0600");
    }
}

#[cfg(not(unix))]
fn warn_if_open(_: &Path) {}
