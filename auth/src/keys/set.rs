//! The keys as they were read from the file.

use super::{
    algorithm::SigningAlgorithm,
    file::{Material, StoredKey, malformed, read_set},
};
use crate::{clock::Millis, error::StartError};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

/// The shortest secret for HS256 (RFC 7518 §3.2).
const MIN_SECRET: usize = 32;

/// The keys as they were read.
pub struct KeySet {
    keys: Vec<Arc<Key>>,
}

/// One key.
pub struct Key {
    /// The key's id, `kid` in a token's header.
    pub id: String,
    /// The one algorithm that the key is used with (RFC 8725 §3.1).
    pub algorithm: Algorithm,
    /// The key that signs.
    pub encoding: EncodingKey,
    /// The key that verifies.
    pub decoding: DecodingKey,
    /// The public key as a JWK (RFC 8037 §2), if there is one.
    pub public: Option<Value>,
    signs_from: Option<Millis>,
    verifies_until: Option<Millis>,
}

impl KeySet {
    /// Reads the file.
    ///
    /// # Errors
    /// The file is missing, unreadable or has other content.
    pub fn read(path: &Path) -> Result<Self, StartError> {
        let keys: Result<Vec<_>, _> = read_set(path)?.keys.into_iter().map(|key| Key::from_stored(key).map(Arc::new)).collect();
        match keys {
            Ok(keys) if keys.iter().any(|key| key.signs_from.is_some()) => Ok(Self { keys }),
            Ok(_) => Err(malformed(path, "it has no key that signs")),
            Err(problem) => Err(malformed(path, &problem)),
        }
    }

    /// A new key that is in no file.
    ///
    /// # Errors
    /// The system provides no random numbers.
    pub(super) fn temporary() -> Result<Self, StartError> {
        let mut stored = StoredKey::generate(SigningAlgorithm::Hs256)?;
        stored.signs_from = Some(0);
        Ok(Self { keys: vec![Arc::new(Key::from_stored(stored).map_err(StartError)?)] })
    }

    /// The key that signs: of those that may, the one that began last.
    #[must_use]
    pub fn signing_key(&self, now: Millis) -> &Key {
        let signs_from = |key: &&Arc<Key>| key.signs_from.filter(|from| *from <= now);
        let signing = self.keys.iter().filter(|key| signs_from(key).is_some()).max_by_key(signs_from);
        // If the clock is before all of them, the one that begins first. A set without any is refused when it is read.
        signing.or_else(|| self.keys.iter().min_by_key(|key| key.signs_from.unwrap_or(Millis::MAX))).unwrap_or(&self.keys[0])
    }

    /// The key of that id, unless its last token has expired.
    #[must_use]
    pub fn find(&self, id: &str, now: Millis) -> Option<&Arc<Key>> {
        self.keys.iter().find(|key| key.id == id && key.verifies_until.is_none_or(|end| now < end))
    }

    /// The public keys for other services; none for secrets.
    #[must_use]
    pub fn public(&self, now: Millis) -> Vec<Value> {
        self.keys.iter().filter(|key| key.verifies_until.is_none_or(|end| now < end)).filter_map(|key| key.public.clone()).collect()
    }
}

impl Key {
    fn from_stored(stored: StoredKey) -> Result<Self, String> {
        let StoredKey { material, kid, alg, signs_from, verifies_until, .. } = stored;
        let bytes = |text: &str| BASE64.decode(text).map_err(|_| "a key is not base64url".to_string());
        let (algorithm, encoding, decoding, public) = match material {
            Material::Secret { k } => {
                let secret = bytes(&k)?;
                if alg != "HS256" || secret.len() < MIN_SECRET {
                    return Err("a secret must be for HS256 and have 32 bytes or more".into());
                }
                (Algorithm::HS256, EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret), None)
            }
            Material::Ed25519 { crv, d } => {
                let seed: [u8; 32] = bytes(&d)?.try_into().map_err(|_| "an Ed25519 key has 32 bytes".to_string())?;
                if alg != "EdDSA" || crv != "Ed25519" {
                    return Err("a key pair must be for EdDSA on Ed25519".into());
                }
                let x = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
                let public = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": BASE64.encode(x)});
                (Algorithm::EdDSA, EncodingKey::from_ed_der(&pkcs8(&seed)), DecodingKey::from_ed_der(&x), Some(public))
            }
        };
        Ok(Self { id: kid, algorithm, encoding, decoding, public, signs_from, verifies_until })
    }
}

/// An Ed25519 seed as PKCS #8 (RFC 8410 §7): sixteen constant bytes and the seed.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&PREFIX[..], seed].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::file::{SIGNING_DELAY, create_if_missing, revoke, rotate, tests::new_file};
    use std::fs;

    #[test]
    fn the_file_is_created_once_and_readable_by_its_owner_alone() {
        let (folder, path) = new_file();
        let first = KeySet::read(&path).unwrap().signing_key(0).id.clone();
        create_if_missing(&path, SigningAlgorithm::EdDsa, 0).unwrap();
        assert_eq!(KeySet::read(&path).unwrap().signing_key(0).id, first, "an existing key keeps its algorithm");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn case_27_all_servers_verify_with_a_new_key_before_one_signs_with_it() {
        let (_folder, path) = new_file();
        let old = KeySet::read(&path).unwrap().signing_key(0).id.clone();
        let new = rotate(&path, SigningAlgorithm::Hs256, 1000, 0).unwrap();
        let set = KeySet::read(&path).unwrap();
        assert_eq!(set.signing_key(SIGNING_DELAY - 1).id, old);
        assert_eq!(set.signing_key(SIGNING_DELAY).id, new);
        assert!(set.find(&new, 0).is_some());
        assert!(set.find(&old, SIGNING_DELAY + 999).is_some());
        assert!(set.find(&old, SIGNING_DELAY + 1000).is_none(), "case 35: a retired key ends");
    }

    #[test]
    fn case_35_after_a_revocation_the_key_that_signs_verifies_too() {
        let (_folder, path) = new_file();
        let old = KeySet::read(&path).unwrap().signing_key(0).id.clone();
        let leaked = rotate(&path, SigningAlgorithm::Hs256, 7_000, 0).unwrap();
        revoke(&path, &leaked, SigningAlgorithm::Hs256, 6_000).unwrap();
        let set = KeySet::read(&path).unwrap();
        for now in [6_000, 11_000, 13_000, 1_000_000] {
            let signing = set.signing_key(now);
            assert!(signing.id != old && set.find(&signing.id, now).is_some(), "at {now}");
        }
        assert!(set.find(&old, 11_999).is_some(), "the retired key verifies until its last token has expired");
        assert!(set.find(&old, 12_000).is_none());
    }

    #[test]
    fn case_25_an_error_names_the_file_and_not_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        for content in ["s3cret", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"s3cret"}]}"#] {
            fs::write(&path, content).unwrap();
            let error = KeySet::read(&path).err().unwrap().to_string();
            assert!(error.contains("wugan.key") && !error.contains("s3cret"), "{error}");
            assert_eq!(error.lines().count(), 1);
        }
    }

    #[test]
    fn only_key_pairs_have_a_public_key() {
        let folder = tempfile::tempdir().unwrap();
        let set = |name: &str, algorithm| {
            let path = folder.path().join(name);
            create_if_missing(&path, algorithm, 0).unwrap();
            KeySet::read(&path).unwrap()
        };
        assert!(set("a", SigningAlgorithm::Hs256).public(0).is_empty());
        let shown = serde_json::to_string(&set("b", SigningAlgorithm::EdDsa).public(0)).unwrap();
        assert!(shown.contains("\"x\"") && !shown.contains("\"d\""), "{shown}");
    }
}
