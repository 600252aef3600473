//! The file with the signing keys: a JWK set (RFC 7517), mode 0600, always whole.
//!
//! The first key signs. Of the others, one that is marked `retired` has signed before and goes when its tokens have run out; one that
//! is not was added to sign later. The mark is a private member of ours (RFC 7517 §4).

use super::algorithm::SigningAlgorithm;
use crate::clock::Millis;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// A key as it stands in the file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kty")]
pub(super) enum Stored {
    #[serde(rename = "oct")]
    Secret {
        kid: String,
        alg: String,
        k: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retired: Option<Millis>,
    },
    #[serde(rename = "OKP")]
    Ed25519 {
        kid: String,
        alg: String,
        crv: String,
        d: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retired: Option<Millis>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredSet {
    pub(super) keys: Vec<Stored>,
}

/// Why there are no keys. It names the file and what to do, and shows nothing of what is in it.
#[derive(Debug)]
pub enum KeyError {
    /// The file could not be read or written.
    File(PathBuf, io::Error),
    /// It could be read, and is no set of keys.
    Content(PathBuf, String),
    /// The system gives no randomness.
    Random,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => {
                write!(
                    f,
                    "cannot use the signing key file {}: {error}; make it readable for this user, or name another with --signing-key",
                    path.display()
                )
            }
            Self::Content(path, problem) => write!(
                f,
                "the signing key file {} is no set of keys ({problem}); restore it, or move it away and a new one is made (which signs everybody out)",
                path.display()
            ),
            Self::Random => f.write_str("the system gives no random numbers, so no key can be made"),
        }
    }
}

impl std::error::Error for KeyError {}

impl Stored {
    fn id(&self) -> &str {
        match self {
            Self::Secret { kid, .. } | Self::Ed25519 { kid, .. } => kid,
        }
    }

    fn retired(&mut self) -> &mut Option<Millis> {
        match self {
            Self::Secret { retired, .. } | Self::Ed25519 { retired, .. } => retired,
        }
    }

    pub(super) fn generate(algorithm: SigningAlgorithm) -> Result<Self, KeyError> {
        let kid = BASE64.encode(random::<9>()?);
        let secret = BASE64.encode(random::<32>()?);
        Ok(match algorithm {
            SigningAlgorithm::Hs256 => Self::Secret { kid, alg: "HS256".into(), k: secret, retired: None },
            SigningAlgorithm::EdDsa => Self::Ed25519 { kid, alg: "EdDSA".into(), crv: "Ed25519".into(), d: secret, retired: None },
        })
    }
}

/// Adds a key that verifies, and does not sign yet. Returns its name.
///
/// # Errors
/// The file cannot be read or written.
pub fn add(path: &Path, algorithm: SigningAlgorithm) -> Result<String, KeyError> {
    let mut set = read_set(path)?;
    let key = Stored::generate(algorithm)?;
    let id = key.id().to_owned();
    set.keys.push(key);
    replace(path, &set)?;
    Ok(id)
}

/// Lets the key that was added last sign, or a new one. The one that signed until now is retired, and goes when a later rotation
/// finds that its tokens have run out. Returns the name of the key that signs now.
///
/// # Errors
/// The file cannot be read or written.
pub fn rotate(path: &Path, algorithm: SigningAlgorithm, longest_life: Millis, now: Millis) -> Result<String, KeyError> {
    let mut set = read_set(path)?;
    let waiting = (1..set.keys.len()).rev().find(|at| set.keys[*at].retired().is_none());
    let next = match waiting {
        Some(at) => set.keys.remove(at),
        None => Stored::generate(algorithm)?,
    };
    if let Some(signed) = set.keys.first_mut() {
        *signed.retired() = Some(now);
    }
    set.keys.retain_mut(|key| key.retired().is_none_or(|since| since.saturating_add(longest_life) > now));
    let id = next.id().to_owned();
    set.keys.insert(0, next);
    replace(path, &set)?;
    Ok(id)
}

/// Puts a new file in the old one's place, so that a reader sees the one or the other. It belongs to whom the old one belonged to: the
/// server, when its operator works as root.
fn replace(path: &Path, set: &StoredSet) -> Result<(), KeyError> {
    let beside = write_beside(path, set)?;
    keep_owner(path, &beside).and_then(|()| fs::rename(&beside, path)).map_err(|error| {
        let _ = fs::remove_file(&beside);
        KeyError::File(path.into(), error)
    })
}

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

fn random<const N: usize>() -> Result<[u8; N], KeyError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| KeyError::Random)?;
    Ok(bytes)
}

pub(super) fn read_set(path: &Path) -> Result<StoredSet, KeyError> {
    let text = fs::read(path).map_err(|error| KeyError::File(path.into(), error))?;
    // serde_json's message could quote what stands in the file: the place is told, the text is not.
    serde_json::from_slice(&text)
        .map_err(|error| KeyError::Content(path.into(), format!("line {}, column {}", error.line(), error.column())))
}

/// Writes beside the place and links it there, so that a reader never sees half a file and two writers never both win.
pub(super) fn write_new(path: &Path, set: &StoredSet) -> Result<(), KeyError> {
    let beside = write_beside(path, set)?;
    let linked = fs::hard_link(&beside, path);
    let _ = fs::remove_file(&beside);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(KeyError::File(path.into(), error)),
        _ => Ok(()),
    }
}

fn write_beside(path: &Path, set: &StoredSet) -> Result<PathBuf, KeyError> {
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
    write().map_err(|error: io::Error| KeyError::File(path.into(), error))?;
    Ok(beside)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::KeySet;

    #[test]
    fn case_27_a_key_that_signed_verifies_until_its_tokens_have_run_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        let (hs, week) = (SigningAlgorithm::Hs256, 1000);
        let ids = || KeySet::read(&path).unwrap().keys.iter().map(|key| key.id.clone()).collect::<Vec<_>>();
        let first = KeySet::open(&path, hs).unwrap().signing_key().id.clone();
        let second = rotate(&path, SigningAlgorithm::EdDsa, week, 0).unwrap();
        assert_eq!(ids(), [second.as_str(), &first]);
        let third = add(&path, hs).unwrap();
        assert_eq!(ids(), [second.as_str(), &first, &third], "added, and not signing");
        assert_eq!(rotate(&path, hs, week, 999).unwrap(), third, "the one that waits, not another");
        assert_eq!(ids(), [third.as_str(), &second, &first]);
        let fourth = rotate(&path, hs, week, 1000).unwrap();
        assert_eq!(ids(), [fourth.as_str(), &third, &second], "the first one's tokens have run out");
        #[cfg(unix)]
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    }

    /// Only root can give files away: elsewhere the file stays with who runs the test, which shows as much as it can.
    #[cfg(unix)]
    #[test]
    fn case_27_who_rotates_for_a_server_leaves_the_file_to_it() {
        use std::os::unix::fs::{MetadataExt, chown};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wugan.key");
        KeySet::open(&path, SigningAlgorithm::Hs256).unwrap();
        let _ = chown(&path, Some(12_345), Some(12_346));
        let owner = || fs::metadata(&path).map(|file| (file.uid(), file.gid())).unwrap();
        let before = owner();
        add(&path, SigningAlgorithm::Hs256).unwrap();
        rotate(&path, SigningAlgorithm::Hs256, 1000, 0).unwrap();
        assert_eq!(owner(), before);
    }
}
