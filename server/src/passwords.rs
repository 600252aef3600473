//! Passwords: argon2id with OWASP's parameters (19 MiB, two passes, one lane), hashed in a bounded pool.
//!
//! A hash takes memory and a core for tens of milliseconds, so only so many run at once, only so many wait, and who comes later is
//! told to come again. The permit belongs to the hashing itself: a caller who hangs up does not free it early.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use std::{fmt, num::NonZeroUsize, sync::Arc, thread::available_parallelism};
use tokio::sync::Semaphore;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How many may wait for each one that hashes.
const WAITING_PER_WORKER: usize = 16;

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    workers: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// What an unknown name's password is checked against, so that the answer takes as long as for a known one (ASVS 6.3.8).
    nobody: Arc<str>,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashError {
    /// Too many are waiting already.
    Busy,
    /// The hash in the database is none, or hashing failed.
    Failed,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many passwords are being hashed",
            Self::Failed => "hashing a password failed",
        })
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It is not the password.
    Wrong,
    /// It is.
    Right,
    /// It is, and its hash was made with other parameters than today's.
    RightButOld,
}

impl Passwords {
    /// A pool of one worker less than there are cores (at least one), so that a flood of sign-ins leaves a core to everybody else.
    ///
    /// # Errors
    /// Hashing does not work at all.
    pub fn new() -> Result<Self, HashError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError::Failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon2.hash_password(uuid::Uuid::new_v4().as_bytes()).map_err(|_| HashError::Failed)?.to_string();
        let workers = available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1);
        Ok(Self {
            argon2,
            workers: Arc::new(Semaphore::new(workers)),
            places: Arc::new(Semaphore::new(workers * (WAITING_PER_WORKER + 1))),
            nobody: nobody.into(),
        })
    }

    /// The PHC string of a password, with a salt of its own.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait.
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        self.run(move |argon2| Ok(argon2.hash_password(password.as_bytes()).map_err(|_| HashError::Failed)?.to_string())).await
    }

    /// Whether it is the password of that PHC string; of `None`, an unknown name, it never is, after the same time.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait.
    pub async fn check(&self, password: String, hash: Option<String>) -> Result<Checked, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        self.run(move |argon2| {
            let parsed = PasswordHash::new(&hash).map_err(|_| HashError::Failed)?;
            let right = argon2.verify_password(password.as_bytes(), &parsed).is_ok();
            Ok(match (known && right, is_current(&hash)) {
                (false, _) => Checked::Wrong,
                (true, true) => Checked::Right,
                (true, false) => Checked::RightButOld,
            })
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| HashError::Busy)?;
        let worker = self.workers.clone().acquire_owned().await.map_err(|_| HashError::Failed)?;
        let argon2 = self.argon2.clone();
        let task = tokio::task::spawn_blocking(move || {
            let done = work(&argon2);
            drop((place, worker));
            done
        });
        task.await.map_err(|_| HashError::Failed)?
    }
}

/// Whether a PHC string says what a new one would say.
fn is_current(hash: &str) -> bool {
    hash.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn case_14_the_hash_says_owasps_parameters_and_an_old_one_is_noticed() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.check("correct horse".into(), Some(hash.clone())).await, Ok(Checked::Right));
        assert_eq!(passwords.check("correct horsf".into(), Some(hash)).await, Ok(Checked::Wrong));
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let old = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(passwords.check("correct horse".into(), Some(old)).await, Ok(Checked::RightButOld));
    }

    #[tokio::test]
    async fn case_14_no_password_is_cut_short() {
        let passwords = Passwords::new().unwrap();
        let long = "x".repeat(200);
        let hash = passwords.hash(long.clone()).await.unwrap();
        assert_eq!(passwords.check(format!("{long}y"), Some(hash.clone())).await, Ok(Checked::Wrong));
        assert_eq!(passwords.check(long, Some(hash)).await, Ok(Checked::Right));
    }

    #[tokio::test]
    async fn case_15_an_unknown_name_has_no_password() {
        let passwords = Passwords::new().unwrap();
        assert_eq!(passwords.check(String::new(), None).await, Ok(Checked::Wrong));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_who_hangs_up_does_not_free_the_worker_early() {
        let passwords = Passwords::new().unwrap();
        let workers = passwords.workers.available_permits();
        for _ in 0..workers {
            let (started, running) = std::sync::mpsc::channel();
            let (release, held) = std::sync::mpsc::channel::<()>();
            let pool = passwords.clone();
            let caller = tokio::spawn(async move {
                pool.run(move |_| {
                    started.send(()).ok();
                    held.recv().ok();
                    Ok(())
                })
                .await
            });
            running.recv().unwrap();
            let before = passwords.workers.available_permits();
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
            assert_eq!(passwords.workers.available_permits(), before, "still at work, so still taken");
            drop(release);
        }
        while passwords.workers.available_permits() < workers {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn case_16_excess_is_refused_at_once() {
        let passwords = Passwords::new().unwrap();
        let places = passwords.places.clone();
        let all = places.acquire_many(u32::try_from(places.available_permits()).unwrap()).await.unwrap();
        assert_eq!(passwords.hash("correct horse".into()).await, Err(HashError::Busy));
        drop(all);
        assert!(passwords.hash("correct horse".into()).await.is_ok());
    }
}
