//! Passwords: argon2id with OWASP's parameters (19 MiB, two passes, one lane), hashed in a bounded pool.

mod pool;
mod priority;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        PasswordVerifier,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
pub use pool::Place;
use pool::Pool;
use std::{fmt, num::NonZeroUsize, sync::Arc, thread::available_parallelism};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    pool: Pool,
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
    /// Hashing does not work at all, or there are no threads for it.
    pub fn new() -> Result<Self, HashError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError::Failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let workers = available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1);
        let blocks = argon2.params().block_count();
        let nobody = phc(&argon2, uuid::Uuid::new_v4().as_bytes(), &mut vec![Block::new(); blocks])?;
        let pool = Pool::new(workers, blocks).map_err(|_| HashError::Failed)?;
        Ok(Self { argon2, pool, nobody: nobody.into() })
    }

    /// How many passwords were hashed so far, to check them or to keep them.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.pool.done()
    }

    /// The right to have one password hashed. Whoever asks for it first, and for everything else afterwards, costs next to nothing
    /// when he is turned away.
    ///
    /// # Errors
    /// [`HashError::Busy`] when too many wait.
    pub fn place(&self) -> Result<Place, HashError> {
        self.pool.place()
    }

    /// The PHC string of a password, with a salt of its own.
    ///
    /// # Errors
    /// Hashing failed.
    pub async fn hash(&self, place: Place, password: String) -> Result<String, HashError> {
        let argon2 = self.argon2.clone();
        self.pool.run(place, move |memory| phc(&argon2, password.as_bytes(), memory)).await
    }

    /// Whether it is the password of that PHC string; of `None`, an unknown name, it never is, after the same time.
    ///
    /// # Errors
    /// The hash is none, or hashing failed.
    pub async fn check(&self, place: Place, password: String, hash: Option<String>) -> Result<Checked, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.to_string());
        let argon2 = self.argon2.clone();
        self.pool
            .run(place, move |memory| {
                let right = is_of(&argon2, &hash, password.as_bytes(), memory)?;
                Ok(match (known && right, is_current(&hash)) {
                    (false, _) => Checked::Wrong,
                    (true, true) => Checked::Right,
                    (true, false) => Checked::RightButOld,
                })
            })
            .await
    }
}

/// A PHC string, with a salt of its own.
fn phc(argon2: &Argon2<'_>, password: &[u8], memory: &mut [Block]) -> Result<String, HashError> {
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(|_| HashError::Failed)?,
        salt: Some(salt),
        hash: Some(digest(argon2, password, &salt, memory)?),
    };
    Ok(hash.to_string())
}

/// Whether a PHC string is of this password.
fn is_of(argon2: &Argon2<'_>, hash: &str, password: &[u8], memory: &mut [Block]) -> Result<bool, HashError> {
    let parsed = PasswordHash::new(hash).map_err(|_| HashError::Failed)?;
    match (parsed.salt, parsed.hash) {
        // Two digests are compared in constant time.
        (Some(salt), Some(digested)) if is_current(hash) => Ok(digest(argon2, password, &salt, memory)? == digested),
        // Of other parameters, which are replaced at the next sign-in: they may need another memory than ours.
        _ => Ok(argon2.verify_password(password, &parsed).is_ok()),
    }
}

fn digest(argon2: &Argon2<'_>, password: &[u8], salt: &Salt, memory: &mut [Block]) -> Result<Output, HashError> {
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    argon2.hash_password_into_with_memory(password, salt, &mut out, memory).map_err(|_| HashError::Failed)?;
    Output::new(&out).map_err(|_| HashError::Failed)
}

/// Whether a PHC string says what a new one would say.
fn is_current(hash: &str) -> bool {
    hash.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn hash(passwords: &Passwords, password: String) -> Result<String, HashError> {
        passwords.hash(passwords.place()?, password).await
    }

    async fn check(passwords: &Passwords, password: String, hash: Option<String>) -> Result<Checked, HashError> {
        passwords.check(passwords.place()?, password, hash).await
    }

    #[tokio::test]
    async fn case_14_the_hash_says_owasps_parameters_and_an_old_one_is_noticed() {
        let passwords = Passwords::new().unwrap();
        let hash = hash(&passwords, "correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(check(&passwords, "correct horse".into(), Some(hash.clone())).await, Ok(Checked::Right));
        assert_eq!(check(&passwords, "correct horsf".into(), Some(hash)).await, Ok(Checked::Wrong));
        use argon2::password_hash::PasswordHasher;
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let old = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(check(&passwords, "correct horse".into(), Some(old)).await, Ok(Checked::RightButOld));
    }

    #[tokio::test]
    async fn case_14_no_password_is_cut_short() {
        let passwords = Passwords::new().unwrap();
        let long = "x".repeat(200);
        let hash = hash(&passwords, long.clone()).await.unwrap();
        assert_eq!(check(&passwords, format!("{long}y"), Some(hash.clone())).await, Ok(Checked::Wrong));
        assert_eq!(check(&passwords, long, Some(hash)).await, Ok(Checked::Right));
    }

    #[tokio::test]
    async fn case_15_an_unknown_name_has_no_password() {
        let passwords = Passwords::new().unwrap();
        assert_eq!(check(&passwords, String::new(), None).await, Ok(Checked::Wrong));
    }

    #[tokio::test]
    async fn case_15_an_unknown_names_hash_is_as_dear_as_a_known_ones() {
        let passwords = Passwords::new().unwrap();
        assert!(is_current(&passwords.nobody));
        let known = hash(&passwords, "correct horse".into()).await.unwrap();
        for hash in [Some(known), None] {
            let before = passwords.hashed();
            check(&passwords, "wrong horse".into(), hash).await.unwrap();
            assert_eq!(passwords.hashed(), before + 1);
        }
    }

    /// What we keep is what everybody's argon2id makes of it, and the other way round.
    #[tokio::test]
    async fn case_14_others_read_our_hashes_and_we_read_theirs() {
        use argon2::password_hash::PasswordHasher;
        let passwords = Passwords::new().unwrap();
        let ours = hash(&passwords, "correct horse".into()).await.unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &PasswordHash::new(&ours).unwrap()).is_ok());
        let theirs = passwords.argon2.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(check(&passwords, "correct horse".into(), Some(theirs)).await, Ok(Checked::Right));
    }
}
