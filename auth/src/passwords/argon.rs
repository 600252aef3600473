//! argon2id with the parameters that OWASP recommends: 19 MiB, two passes, one lane.

use super::pool::{Pool, failed, memory};
use crate::{error::Error, quota::Permit};
use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        PasswordVerifier,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use std::{net::IpAddr, num::NonZeroUsize, sync::Arc, thread::available_parallelism};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    pool: Pool,
    /// The hash that the password of an unknown name is checked against, so that it takes as long as for a known one (ASVS 6.3.8).
    dummy_hash: Arc<str>,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is wrong.
    Wrong,
    /// The password is right.
    Valid,
    /// The password is right, and its hash was made with other parameters or of another form of it.
    ValidNeedsRehash,
}

impl Passwords {
    /// A pool of one thread less than there are cores (at least one), so that sign-ins leave a core to other requests.
    ///
    /// # Errors
    /// Hashing fails, or no thread can be started.
    pub fn new() -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let workers = available_parallelism().map_or(1, NonZeroUsize::get).saturating_sub(1).max(1);
        let blocks = argon2.params().block_count();
        let dummy_hash = phc(&argon2, uuid::Uuid::new_v4().as_bytes(), &mut memory(blocks))?;
        let pool = Pool::new(workers, move || memory(blocks)).map_err(failed)?;
        Ok(Self { argon2, pool, dummy_hash: dummy_hash.into() })
    }

    /// How many passwords were hashed so far, to check or to store them.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.pool.done()
    }

    /// A permit to have one password hashed for a client of this address. Taken before any query, so that a refused sign-in costs
    /// little.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many permits are taken, by all networks or by this one.
    pub fn permit(&self, client: Option<IpAddr>) -> Result<Permit, Error> {
        self.pool.permit(client)
    }

    /// The PHC string of a password, with a new salt. `validated` returns the password to hash, or why it is refused, and runs on the
    /// hashing thread, too: estimating a password's strength takes as long as a hash.
    ///
    /// # Errors
    /// The password is refused, or hashing failed.
    pub async fn hash(&self, permit: Permit, validated: impl FnOnce() -> Result<String, Error> + Send + 'static) -> Result<String, Error> {
        let argon2 = self.argon2.clone();
        self.pool.run(permit, move |memory| phc(&argon2, validated()?.as_bytes(), memory)).await
    }

    /// Compares the forms of a typed password, the usual one first, with a PHC string. `None`, for an unknown name, is never right and
    /// takes the same time.
    ///
    /// # Errors
    /// The hash is malformed, or hashing failed.
    pub async fn check(&self, permit: Permit, forms: Vec<String>, hash: Option<String>) -> Result<PasswordCheck, Error> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy_hash.to_string());
        let argon2 = self.argon2.clone();
        self.pool
            .run(permit, move |memory| {
                for (at, form) in forms.iter().enumerate() {
                    if is_made_of(&argon2, &hash, form.as_bytes(), memory)? && known {
                        let is_usual = at == 0 && is_current(&hash);
                        return Ok(if is_usual { PasswordCheck::Valid } else { PasswordCheck::ValidNeedsRehash });
                    }
                }
                Ok(PasswordCheck::Wrong)
            })
            .await
    }
}

/// A PHC string with a new salt.
fn phc(argon2: &Argon2<'_>, password: &[u8], memory: &mut [Block]) -> Result<String, Error> {
    let salt = Salt::generate();
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(argon2.params()).map_err(failed)?,
        salt: Some(salt),
        hash: Some(digest(argon2, password, &salt, memory)?),
    };
    Ok(hash.to_string())
}

/// Whether a PHC string was made of this password.
fn is_made_of(argon2: &Argon2<'_>, hash: &str, password: &[u8], memory: &mut [Block]) -> Result<bool, Error> {
    let parsed = PasswordHash::new(hash).map_err(failed)?;
    match (parsed.salt, parsed.hash) {
        // `Output` compares in constant time.
        (Some(salt), Some(digested)) if is_current(hash) => Ok(digest(argon2, password, &salt, memory)? == digested),
        // Other parameters may need another amount of memory than the pool's.
        _ => Ok(argon2.verify_password(password, &parsed).is_ok()),
    }
}

fn digest(argon2: &Argon2<'_>, password: &[u8], salt: &Salt, memory: &mut [Block]) -> Result<Output, Error> {
    let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
    argon2.hash_password_into_with_memory(password, salt, &mut out, memory).map_err(failed)?;
    Output::new(&out).map_err(failed)
}

/// Whether a PHC string has the parameters of a new one.
fn is_current(hash: &str) -> bool {
    hash.starts_with(&format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    async fn hash(passwords: &Passwords, password: String) -> Result<String, Error> {
        passwords.hash(passwords.permit(None)?, || Ok(password)).await
    }

    async fn check(passwords: &Passwords, password: String, hash: Option<String>) -> Result<PasswordCheck, Error> {
        passwords.check(passwords.permit(None)?, vec![password], hash).await
    }

    #[tokio::test]
    async fn case_14_the_hash_has_owasps_parameters_and_an_old_one_is_detected() {
        let passwords = Passwords::new().unwrap();
        let hash = hash(&passwords, "correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(check(&passwords, "correct horse".into(), Some(hash.clone())).await.unwrap(), PasswordCheck::Valid);
        assert_eq!(check(&passwords, "correct horsf".into(), Some(hash)).await.unwrap(), PasswordCheck::Wrong);
        use argon2::password_hash::PasswordHasher;
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let old = weak.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(check(&passwords, "correct horse".into(), Some(old)).await.unwrap(), PasswordCheck::ValidNeedsRehash);
    }

    #[tokio::test]
    async fn case_14_no_password_is_cut_short() {
        let passwords = Passwords::new().unwrap();
        let long = "x".repeat(200);
        let hash = hash(&passwords, long.clone()).await.unwrap();
        assert_eq!(check(&passwords, format!("{long}y"), Some(hash.clone())).await.unwrap(), PasswordCheck::Wrong);
        assert_eq!(check(&passwords, long, Some(hash)).await.unwrap(), PasswordCheck::Valid);
    }

    #[tokio::test]
    async fn case_16_a_password_is_validated_on_the_hashing_thread() {
        let (passwords, (thread, validated)) = (Passwords::new().unwrap(), std::sync::mpsc::channel());
        let refuse = move || {
            thread.send(std::thread::current().name().unwrap_or_default().to_owned()).ok();
            Err(Error::NotFound)
        };
        assert!(matches!(passwords.hash(passwords.permit(None).unwrap(), refuse).await, Err(Error::NotFound)));
        assert!(validated.recv().unwrap().starts_with("hash-"));
        assert_eq!(passwords.hashed(), 0, "a refused password is not hashed");
    }

    #[tokio::test]
    async fn case_15_an_unknown_name_has_no_password_and_costs_a_hash() {
        let passwords = Passwords::new().unwrap();
        assert!(is_current(&passwords.dummy_hash));
        assert_eq!(check(&passwords, String::new(), None).await.unwrap(), PasswordCheck::Wrong);
        assert_eq!(passwords.hashed(), 1);
    }

    #[tokio::test]
    async fn case_14_hashes_are_exchangeable_with_the_argon2_crate() {
        use argon2::password_hash::PasswordHasher;
        let passwords = Passwords::new().unwrap();
        let ours = hash(&passwords, "correct horse".into()).await.unwrap();
        assert!(Argon2::default().verify_password(b"correct horse", &PasswordHash::new(&ours).unwrap()).is_ok());
        let theirs = passwords.argon2.hash_password(b"correct horse").unwrap().to_string();
        assert_eq!(check(&passwords, "correct horse".into(), Some(theirs)).await.unwrap(), PasswordCheck::Valid);
    }
}
