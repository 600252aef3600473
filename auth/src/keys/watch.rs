//! The current keys. A background task reads their file again, at most once a second, when it has changed.

use super::{
    algorithm::SigningAlgorithm,
    file::{create_if_missing, record_lifetime},
    set::{Key, KeySet},
};
use crate::{
    blocking::run_blocking,
    clock::{Clock, Millis},
    error::StartError,
};
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
    pub async fn open(path: PathBuf, algorithm: SigningAlgorithm, lifetime: Millis, clock: Clock) -> Result<Self, StartError> {
        let (file, now) = (path.clone(), clock.now());
        let (set, modified) = run_blocking(move || read_or_create(&file, algorithm, lifetime, now)).await?;
        let keys = Self::fixed(set, clock);
        keys.watch(path, modified);
        Ok(keys)
    }

    /// A key that exists in memory alone, for an operator's command that issues no tokens.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub fn temporary(clock: Clock) -> Result<Self, StartError> {
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
                let file = path.clone();
                let (modified, changed) = run_blocking(move || {
                    let modified = modified(&file);
                    (modified, (modified != loaded).then(|| KeySet::read(&file)))
                })
                .await;
                let Some(read) = changed else { continue };
                match read {
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

/// The keys of the file, and when it was written.
fn read_or_create(
    path: &Path,
    algorithm: SigningAlgorithm,
    lifetime: Millis,
    now: Millis,
) -> Result<(KeySet, Option<SystemTime>), StartError> {
    create_if_missing(path, algorithm, now)?;
    if let Err(error) = record_lifetime(path, lifetime) {
        warn!(%error, "the lifetime of tokens could not be recorded: give `key rotate` the same --session-ttl as this server");
    }
    // The time is read before the content, so that a change in between is read again.
    let modified = modified(path);
    let set = KeySet::read(path)?;
    warn_if_readable_by_others(path);
    Ok((set, modified))
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

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::file::tests::new_file;
    use std::{process::Command, sync::mpsc, thread};
    use tokio::{runtime::Builder, sync::oneshot};

    /// The key file is a pipe, whose reader waits for a writer, until it has been read once.
    #[test]
    fn a_key_file_that_is_slow_to_read_delays_no_other_task() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        let put_pipe = || {
            let pipe = folder.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            fs::rename(pipe, &path).unwrap();
        };
        put_pipe();
        let ((tick, ticks), (opened, is_opened), (stop, stopped)) = (mpsc::channel(), mpsc::channel(), oneshot::channel::<()>());
        let file = path.clone();
        let runtime = thread::spawn(move || {
            Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
                tokio::spawn(async move {
                    while tick.send(()).is_ok() {
                        sleep(Duration::from_millis(1)).await;
                    }
                });
                let _keys = Keys::open(file, SigningAlgorithm::Hs256, 0, Clock::default()).await.unwrap();
                opened.send(()).unwrap();
                let _ = stopped.await;
            });
        });
        for what in ["opened", "read again"] {
            // Returns when the pipe has a reader.
            let writer = fs::File::options().write(true).open(&path).unwrap();
            ticks.try_iter().for_each(drop);
            ticks.recv_timeout(Duration::from_secs(10)).unwrap_or_else(|_| panic!("no task runs while the file is {what}"));
            let (_folder, keys) = new_file();
            // Of another time than the pipe that replaces it.
            fs::File::open(&keys).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
            fs::rename(keys, &path).unwrap();
            // The pipe was empty: the file is tried again.
            drop(writer);
            if what == "opened" {
                is_opened.recv().unwrap();
                put_pipe();
            }
        }
        stop.send(()).unwrap();
        runtime.join().unwrap();
    }
}
