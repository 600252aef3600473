//! The keys as the file has them: which one signs, and which one verifies a token that names it.

use super::algorithm::SigningAlgorithm;
use super::file::{KeyError, Stored, StoredSet, read_set, write_new};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::Serialize;
use std::{io, path::Path, sync::Arc};

/// The shortest secret that HS256 may have (RFC 7518 §3.2).
const SHORTEST_SECRET: usize = 32;

/// The keys as they were read.
pub struct KeySet {
    pub(super) keys: Vec<Arc<Key>>,
}

/// One key: what signs and what verifies with it.
pub struct Key {
    /// Its name in a token's header; looked up, never interpreted.
    pub id: String,
    /// The one algorithm it is used with (RFC 8725 §3.1).
    pub algorithm: Algorithm,
    /// Signs.
    pub encoding: EncodingKey,
    /// Verifies.
    pub decoding: DecodingKey,
    /// The half that may be handed out, if it has one.
    pub public: Option<PublicKey>,
}

/// A public key in the form of RFC 8037 §2.
#[derive(Clone, Serialize)]
pub struct PublicKey {
    kty: &'static str,
    crv: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    x: String,
}

impl KeySet {
    /// Reads the file; if there is none, makes it with one new key. Of several processes that start at once, one makes it.
    ///
    /// # Errors
    /// The file cannot be read or made, or holds something else.
    pub fn open(path: &Path, algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        match Self::read(path) {
            Err(KeyError::File(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                write_new(path, &StoredSet { keys: vec![Stored::generate(algorithm)?] })?;
                Self::read(path)
            }
            read => read,
        }
    }

    /// A new key that is in no file.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(super) fn temporary() -> Result<Self, KeyError> {
        let key = Key::from_stored(Stored::generate(SigningAlgorithm::Hs256)?).map_err(|_| KeyError::Random)?;
        Ok(Self { keys: vec![Arc::new(key)] })
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It is missing, unreadable, or holds something else.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let set = read_set(path)?;
        let keys: Result<Vec<_>, _> = set.keys.into_iter().map(|key| Key::from_stored(key).map(Arc::new)).collect();
        match keys {
            Ok(keys) if !keys.is_empty() => Ok(Self { keys }),
            Ok(_) => Err(KeyError::Content(path.into(), "it has no keys".into())),
            Err(problem) => Err(KeyError::Content(path.into(), problem)),
        }
    }

    /// The key that signs.
    #[must_use]
    pub fn signing_key(&self) -> &Key {
        // A ring without keys is refused when it is read.
        &self.keys[0]
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<Arc<Key>> {
        self.keys.iter().find(|key| key.id == id).cloned()
    }

    /// What other services verify with; empty for secrets.
    #[must_use]
    pub fn public(&self) -> Vec<PublicKey> {
        self.keys.iter().filter_map(|key| key.public.clone()).collect()
    }
}

impl Key {
    fn from_stored(stored: Stored) -> Result<Self, String> {
        let bytes = |text: &str| BASE64.decode(text).map_err(|_| "a key is not base64url".to_string());
        match stored {
            Stored::Secret { kid, alg, k, .. } => {
                let secret = bytes(&k)?;
                if alg != "HS256" || secret.len() < SHORTEST_SECRET {
                    return Err("a secret must be for HS256 and have 32 bytes or more".into());
                }
                let (encoding, decoding) = (EncodingKey::from_secret(&secret), DecodingKey::from_secret(&secret));
                Ok(Self { id: kid, algorithm: Algorithm::HS256, encoding, decoding, public: None })
            }
            Stored::Ed25519 { kid, alg, crv, d, .. } => {
                let seed: [u8; 32] = bytes(&d)?.try_into().map_err(|_| "an Ed25519 key has 32 bytes".to_string())?;
                if alg != "EdDSA" || crv != "Ed25519" {
                    return Err("a key pair must be for EdDSA on Ed25519".into());
                }
                let x = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
                let public = PublicKey { kty: "OKP", crv: "Ed25519", alg: "EdDSA", usage: "sig", kid: kid.clone(), x: BASE64.encode(x) };
                Ok(Self {
                    id: kid,
                    algorithm: Algorithm::EdDSA,
                    encoding: EncodingKey::from_ed_der(&pkcs8(&seed)),
                    decoding: DecodingKey::from_ed_der(&x),
                    public: Some(public),
                })
            }
        }
    }
}

/// An Ed25519 seed in its PKCS #8 wrapping (RFC 8410 §7), which always has the same sixteen bytes before it.
fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
    const BEFORE: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&BEFORE[..], seed].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn the_file_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        let first = KeySet::open(&path, SigningAlgorithm::Hs256).unwrap();
        let again = KeySet::open(&path, SigningAlgorithm::EdDsa).unwrap();
        assert_eq!(first.signing_key().id, again.signing_key().id, "an existing key keeps its algorithm");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn case_25_a_broken_file_is_named_and_not_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        for content in ["s3cret", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"s3cret"}]}"#] {
            fs::write(&path, content).unwrap();
            let error = KeySet::open(&path, SigningAlgorithm::Hs256).err().unwrap().to_string();
            assert!(error.contains("wugan.key") && !error.contains("s3cret"), "{error}");
            assert_eq!(error.lines().count(), 1);
        }
    }

    #[test]
    fn only_key_pairs_have_a_half_to_hand_out() {
        let folder = tempfile::tempdir().unwrap();
        let secret = KeySet::open(&folder.path().join("a"), SigningAlgorithm::Hs256).unwrap();
        assert!(secret.public().is_empty());
        let pair = KeySet::open(&folder.path().join("b"), SigningAlgorithm::EdDsa).unwrap();
        let shown = serde_json::to_string(&pair.public()).unwrap();
        assert!(shown.contains("\"x\"") && !shown.contains("\"d\""), "{shown}");
    }
}
