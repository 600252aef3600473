//! The file with the signing keys: a JWK set (RFC 7517), mode 0600, replaced as a whole.
//!
//! Private members (RFC 7517 §4) hold the state of a key: `signs_from` on the keys that sign or will sign, `verifies_until` on those that
//! have signed before, neither on a key that was added and waits. `token_lifetime` of the set is how long a token that a server has signed
//! may be accepted, so that a rotation by an operator keeps a key for as long as the server's tokens need it. That is the lifetime of a
//! session: a replaced refresh token whose answer was lost is accepted until its session expires, and its reuse is detected until then.

use super::algorithm::SigningAlgorithm;
use crate::{clock::Millis, error::StartError};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use tracing::info;

/// How long after a rotation the new key signs. Each server reads the file once a second, so that by then all verify with it.
pub const SIGNING_DELAY: Millis = 5_000;

/// A key in the file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredKey {
    #[serde(flatten)]
    pub(super) material: Material,
    pub(super) kid: String,
    pub(super) alg: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signs_from: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) verifies_until: Option<Millis>,
    /// Written by version 0.1 in place of `verifies_until`: when the key stopped signing.
    #[serde(default, skip_serializing)]
    retired: Option<Millis>,
}

/// The secret of a key.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub(super) enum Material {
    #[serde(rename = "oct")]
    Secret { k: String },
    #[serde(rename = "OKP")]
    Ed25519 { crv: String, d: String },
}

/// The file's content.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredSet {
    pub(super) keys: Vec<StoredKey>,
    /// In milliseconds.
    #[serde(default)]
    pub(super) token_lifetime: Millis,
}

impl StoredSet {
    /// Raises the lifetime of tokens, unless another server has recorded a longer one.
    fn raise_lifetime(&mut self, lifetime: Millis) {
        // The tokens of keys that have retired may be accepted for as long. A key that version 0.1 retired was read without a lifetime.
        let longer = (lifetime - self.token_lifetime).max(0);
        for key in &mut self.keys {
            key.verifies_until = key.verifies_until.map(|end| end.saturating_add(longer));
        }
        self.token_lifetime += longer;
    }
}

/// The file could not be read or written.
fn unusable(path: &Path, error: &io::Error) -> StartError {
    let path = path.display();
    StartError(format!(
        "cannot use the signing key file {path}: {error}; make it readable for this user, or name another with --signing-key"
    ))
}

/// The file is not a set of keys. The problem must contain nothing of the file's content.
pub(super) fn malformed(path: &Path, problem: &str) -> StartError {
    let path = path.display();
    StartError(format!(
        "the signing key file {path} is not a set of keys ({problem}); restore it, or move it away: then a new one is created, which signs all users out"
    ))
}

/// A line of `key list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// The key's id, `kid` in a token's header.
    pub id: String,
    /// The key's algorithm.
    pub algorithm: String,
    /// Since when, or from when on, the key signs.
    pub signs_from: Option<Millis>,
    /// Until when the key verifies, if it no longer signs.
    pub verifies_until: Option<Millis>,
}

impl StoredKey {
    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, StartError> {
        let (kid, secret) = (BASE64.encode(random::<9>()?), BASE64.encode(random::<32>()?));
        let (alg, material) = match algorithm {
            SigningAlgorithm::Hs256 => ("HS256", Material::Secret { k: secret }),
            SigningAlgorithm::EdDsa => ("EdDSA", Material::Ed25519 { crv: "Ed25519".into(), d: secret }),
        };
        Ok(Self { material, kid, alg: alg.into(), signs_from: None, verifies_until: None, retired: None })
    }

    /// Whether the key was added and was never used.
    fn is_waiting(&self) -> bool {
        self.signs_from.is_none() && self.verifies_until.is_none()
    }
}

/// The keys in the file.
///
/// # Errors
/// The file cannot be read.
pub fn list(path: &Path) -> Result<Vec<KeyInfo>, StartError> {
    let info = |key: StoredKey| KeyInfo { id: key.kid, algorithm: key.alg, signs_from: key.signs_from, verifies_until: key.verifies_until };
    Ok(read_set(path)?.keys.into_iter().map(info).collect())
}

/// Adds a key that verifies and does not sign yet. Returns its id.
///
/// # Errors
/// The file cannot be read or written.
pub fn add(path: &Path, algorithm: SigningAlgorithm) -> Result<String, StartError> {
    change(path, |set| {
        let key = StoredKey::generate(algorithm)?;
        let id = key.kid.clone();
        set.keys.push(key);
        Ok(id)
    })
}

/// Signs with the key that was added last, or with a new one, from [`SIGNING_DELAY`] on. The key that signed until then verifies for the
/// lifetime of a session: `lifetime` is that of the caller's configuration; a longer one in the file counts.
/// Returns the id of the key that will sign.
///
/// # Errors
/// The file cannot be read or written.
pub fn rotate(path: &Path, algorithm: SigningAlgorithm, lifetime: Millis, now: Millis) -> Result<String, StartError> {
    change(path, |set| {
        let signs_from = now.saturating_add(SIGNING_DELAY);
        let verifies_until = signs_from.saturating_add(lifetime.max(set.token_lifetime));
        let mut next = match set.keys.iter().rposition(StoredKey::is_waiting) {
            Some(at) => set.keys.remove(at),
            None => StoredKey::generate(algorithm)?,
        };
        next.signs_from = Some(signs_from);
        for key in set.keys.iter_mut().filter(|key| key.signs_from.is_some() && key.verifies_until.is_none()) {
            key.verifies_until = Some(verifies_until);
        }
        set.keys.retain(|key| key.verifies_until.is_none_or(|end| end > now));
        let id = next.kid.clone();
        set.keys.insert(0, next);
        Ok(id)
    })
}

/// Removes a key: its tokens are refused as soon as servers have read the file. If no key is left that signs, a new one does:
/// a retired key does not sign again, because its tokens are refused from its end on. Returns the id of the new key, if one was made.
///
/// # Errors
/// There is no such key, or the file cannot be read or written.
pub fn revoke(path: &Path, id: &str, algorithm: SigningAlgorithm, now: Millis) -> Result<Option<String>, StartError> {
    change(path, |set| {
        let at = set
            .keys
            .iter()
            .position(|key| key.kid == id)
            .ok_or_else(|| StartError(format!("there is no key {id}; `key list` shows the ids")))?;
        set.keys.remove(at);
        let signs = |key: &StoredKey| key.signs_from.is_some_and(|from| from <= now) && key.verifies_until.is_none();
        if set.keys.iter().any(signs) {
            return Ok(None);
        }
        let mut key = StoredKey::generate(algorithm)?;
        key.signs_from = Some(now);
        let id = key.kid.clone();
        set.keys.insert(0, key);
        Ok(Some(id))
    })
}

/// Creates the file with one key if it is missing. Of several processes that start at once, one creates it.
pub(super) fn create_if_missing(path: &Path, algorithm: SigningAlgorithm, now: Millis) -> Result<(), StartError> {
    if path.exists() {
        return Ok(());
    }
    let mut key = StoredKey::generate(algorithm)?;
    key.signs_from = Some(now);
    let beside = write_beside(path, &StoredSet { keys: vec![key], token_lifetime: 0 })?;
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(unusable(path, &error)),
        Err(_) => sync_folder(path),
        Ok(()) => {
            info!(file = %path.display(), "made a signing key: tokens that other keys signed are refused");
            sync_folder(path)
        }
    }
}

/// Records the lifetime of this server's tokens, if it is longer than the recorded one.
pub(super) fn record_lifetime(path: &Path, lifetime: Millis) -> Result<(), StartError> {
    if read_set(path)?.token_lifetime >= lifetime {
        return Ok(());
    }
    change(path, |set| {
        set.raise_lifetime(lifetime);
        Ok(())
    })
}

pub(super) fn read_set(path: &Path) -> Result<StoredSet, StartError> {
    let text = fs::read(path).map_err(|error| unusable(path, &error))?;
    // serde_json's message could quote the content: the error has the position only.
    let mut set: StoredSet =
        serde_json::from_slice(&text).map_err(|error| malformed(path, &format!("line {}, column {}", error.line(), error.column())))?;
    // A file of version 0.1: its first key signs, and a retired one verifies for the lifetime of a token.
    let lifetime = set.token_lifetime;
    for key in &mut set.keys {
        key.verifies_until = key.verifies_until.or_else(|| key.retired.take().map(|since| since.saturating_add(lifetime)));
    }
    if let Some(first) = set.keys.first_mut().filter(|first| first.is_waiting()) {
        first.signs_from = Some(0);
    }
    Ok(set)
}

/// Changes the file under a lock, so that of two changes at once none is lost.
fn change<T>(path: &Path, edit: impl FnOnce(&mut StoredSet) -> Result<T, StartError>) -> Result<T, StartError> {
    let failed = |error| unusable(path, &error);
    let lock_path = path.with_extension("lock");
    let lock = fs::File::create(&lock_path).map_err(failed)?;
    keep_owner(path, &lock_path).map_err(failed)?;
    lock.lock().map_err(failed)?;
    let mut set = read_set(path)?;
    let result = edit(&mut set)?;
    let beside = write_beside(path, &set)?;
    keep_owner(path, &beside).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        failed(error)
    })?;
    sync_folder(path).map(|()| result)
}

/// Sets the new file's owner to that of the old one: the server's user, if an operator runs the command as root.
#[cfg(unix)]
fn keep_owner(old: &Path, new: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let (old, made) = (fs::metadata(old)?, fs::metadata(new)?);
    if (old.uid(), old.gid()) == (made.uid(), made.gid()) { Ok(()) } else { chown(new, Some(old.uid()), Some(old.gid())) }
}

#[cfg(not(unix))]
fn keep_owner(_: &Path, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a rename durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> Result<(), StartError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| unusable(path, &error))
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> Result<(), StartError> {
    Ok(())
}

fn random<const N: usize>() -> Result<[u8; N], StartError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| StartError("the system provides no random numbers, so no key can be created".into()))?;
    Ok(bytes)
}

/// Writes to a new file beside the path, so that a reader never sees half a file.
fn write_beside(path: &Path, set: &StoredSet) -> Result<PathBuf, StartError> {
    let beside = path.with_extension(format!("new-{}", uuid::Uuid::new_v4().simple()));
    let write = || {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(serde_json::to_string_pretty(set)?.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error: io::Error| unusable(path, &error))?;
    Ok(beside)
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HS: SigningAlgorithm = SigningAlgorithm::Hs256;

    /// A file with one key, in a folder that is deleted when it is dropped.
    pub(in crate::keys) fn new_file() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        create_if_missing(&path, HS, 0).unwrap();
        (folder, path)
    }

    fn ids(path: &Path) -> Vec<String> {
        list(path).unwrap().into_iter().map(|key| key.id).collect()
    }

    #[test]
    fn case_35_a_retired_key_carries_its_end_by_the_servers_token_lifetime() {
        let (_folder, path) = new_file();
        record_lifetime(&path, 1_000_000).unwrap();
        let first = ids(&path)[0].clone();
        // The operator's command has a shorter lifetime.
        let second = rotate(&path, SigningAlgorithm::EdDsa, 1000, 10).unwrap();
        let keys = list(&path).unwrap();
        assert_eq!((keys[0].id.as_str(), keys[0].signs_from, keys[0].verifies_until), (second.as_str(), Some(10 + SIGNING_DELAY), None));
        assert_eq!((keys[1].id.as_str(), keys[1].verifies_until), (first.as_str(), Some(1_000_010 + SIGNING_DELAY)));
        record_lifetime(&path, 1_500_000).unwrap();
        assert_eq!(list(&path).unwrap()[1].verifies_until, Some(1_500_010 + SIGNING_DELAY), "the lifetime was raised");
        rotate(&path, HS, 1000, 1_500_010 + SIGNING_DELAY).unwrap();
        assert!(!ids(&path).contains(&first), "its last token has expired");
    }

    /// Two servers read the file before either has recorded its lifetime.
    #[test]
    fn case_35_a_shorter_lifetime_shortens_no_keys_end() {
        let (_folder, path) = new_file();
        rotate(&path, HS, 7, 0).unwrap();
        for lifetime in [90, 30] {
            change(&path, |set| {
                set.raise_lifetime(lifetime);
                Ok(())
            })
            .unwrap();
            assert_eq!(read_set(&path).unwrap().token_lifetime, 90);
            assert_eq!(list(&path).unwrap()[1].verifies_until, Some(SIGNING_DELAY + 7 + 90));
        }
    }

    #[test]
    fn case_27_a_key_that_was_added_signs_after_the_next_rotation() {
        let (_folder, path) = new_file();
        let added = add(&path, HS).unwrap();
        assert_eq!(list(&path).unwrap()[1].signs_from, None);
        assert_eq!(rotate(&path, HS, 1000, 0).unwrap(), added);
        assert_eq!(ids(&path)[0], added);
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    #[test]
    fn case_35_of_two_changes_at_once_none_is_lost() {
        let (_folder, path) = new_file();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| add(&path, HS).unwrap());
            }
        });
        assert_eq!(ids(&path).len(), 9);
    }

    #[test]
    fn case_35_a_revoked_key_is_gone_and_another_signs() {
        let (_folder, path) = new_file();
        let first = ids(&path)[0].clone();
        revoke(&path, &first, HS, 7).unwrap();
        let keys = list(&path).unwrap();
        assert_eq!((keys.len(), keys[0].signs_from), (1, Some(7)));
        assert_ne!(keys[0].id, first);
        assert!(revoke(&path, &first, HS, 7).unwrap_err().0.contains(&first));
    }

    #[test]
    fn a_file_of_version_0_1_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        let text = r#"{"keys":[{"kty":"oct","kid":"a","alg":"HS256","k":"eA"},{"kty":"oct","kid":"b","alg":"HS256","k":"eA","retired":5},
            {"kty":"OKP","kid":"c","alg":"EdDSA","crv":"Ed25519","d":"eA"}]}"#;
        fs::write(&path, text).unwrap();
        record_lifetime(&path, 100).unwrap();
        let keys: Vec<_> = list(&path).unwrap().into_iter().map(|key| (key.id, key.signs_from, key.verifies_until)).collect();
        assert_eq!(keys[0], ("a".into(), Some(0), None));
        assert_eq!(keys[1], ("b".into(), None, Some(105)));
        assert_eq!(keys[2], ("c".into(), None, None));
    }

    /// Only root can change the owner of a file; for another user the file stays that user's.
    #[cfg(unix)]
    #[test]
    fn case_27_a_rotation_by_root_leaves_the_file_to_its_owner() {
        use std::os::unix::fs::{MetadataExt, chown};
        let (_folder, path) = new_file();
        let _ = chown(&path, Some(12_345), Some(12_346));
        let owner = || fs::metadata(&path).map(|file| (file.uid(), file.gid())).unwrap();
        let before = owner();
        add(&path, HS).unwrap();
        rotate(&path, HS, 1000, 0).unwrap();
        assert_eq!(owner(), before);
    }
}
