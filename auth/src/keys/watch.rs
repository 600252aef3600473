//! The current keys, reloaded when their file changes.

use super::{
    algorithm::SigningAlgorithm,
    file::KeyError,
    set::{Key, KeySet},
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};
use tracing::{info, warn};

/// How often the file's modification time is read while all keys are known.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// The current keys.
pub struct Keys {
    set: RwLock<Arc<KeySet>>,
    file: Option<WatchedFile>,
}

struct WatchedFile {
    path: PathBuf,
    checked: Mutex<Checked>,
}

struct Checked {
    at: Instant,
    modified: Option<SystemTime>,
}

impl Keys {
    /// Reads the file, or creates it.
    ///
    /// # Errors
    /// The file cannot be read or created, or has other content.
    pub fn open(path: &Path, algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        KeySet::open(path, algorithm)?;
        // The time is read before the content, so that a change in between is read again.
        let checked = Mutex::new(Checked { at: Instant::now(), modified: modified(path) });
        let set = KeySet::read(path)?;
        warn_if_readable_by_others(path);
        Ok(Self { set: RwLock::new(Arc::new(set)), file: Some(WatchedFile { path: path.into(), checked }) })
    }

    /// A key that exists in memory alone, for an operator's command that issues no tokens.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn temporary() -> Result<Self, KeyError> {
        Ok(Self { set: RwLock::new(Arc::new(KeySet::temporary()?)), file: None })
    }

    /// The current keys.
    #[must_use]
    pub fn current(&self) -> Arc<KeySet> {
        self.check(CHECK_INTERVAL);
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of that id. For an unknown id the file is checked at once: another node may have read a new key first (case 27).
    #[must_use]
    pub fn verify_key(&self, id: &str) -> Option<Arc<Key>> {
        self.current().find(id).or_else(|| {
            // Reading the modification time costs less than verifying a signature.
            self.check(Duration::ZERO);
            self.set.read().unwrap_or_else(PoisonError::into_inner).find(id)
        })
    }

    /// Reads the file again if it has changed, unless it was checked within `interval`. An unreadable file changes nothing.
    fn check(&self, interval: Duration) {
        let Some(file) = &self.file else { return };
        let mut checked = file.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.at.elapsed() < interval {
            return;
        }
        checked.at = Instant::now();
        let modified = modified(&file.path);
        if modified == checked.modified {
            return;
        }
        match KeySet::read(&file.path) {
            Ok(set) => {
                info!(signing = set.signing_key().id, "the signing keys have changed");
                *self.set.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
                checked.modified = modified;
            }
            Err(error) => warn!(%error, "the signing keys were not reloaded"),
        }
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
