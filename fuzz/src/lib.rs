//! What the targets share: a server's tokens by a key that never changes, so that a seed which is good today is good tomorrow.

use std::{fs, os::unix::fs::PermissionsExt, sync::LazyLock, time::Duration};
use tempfile::TempDir;
use uuid::Uuid;
use wugan_axum::{
    clock::Clock,
    keys::{KeySet, Keys},
    store::session,
    tokens::Tokens,
};
use wugan_wire::TokenAnswer;

/// The key's name.
pub const KID: &str = "fuzz";
/// The key.
pub const SECRET: &[u8] = b"thirty-two bytes that never vary";
/// The key, as it stands in a file of keys.
const FILE: &str = r#"{"keys":[{"kty":"oct","kid":"fuzz","alg":"HS256","k":"dGhpcnR5LXR3byBieXRlcyB0aGF0IG5ldmVyIHZhcnk"}]}"#;
/// Whose tokens they are.
pub const ISSUER: &str = "wugan";
/// What time it is, in milliseconds: the tokens are ten seconds old.
pub const NOW: i64 = 1_800_000_010_000;

/// Reads and makes tokens as the server does.
pub fn tokens() -> &'static Tokens {
    // Beside the file that it came from: that is looked at again when a token names an unknown key.
    static TOKENS: LazyLock<(Tokens, TempDir)> = LazyLock::new(|| {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("key");
        fs::write(&file, FILE).expect("a key can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("and hidden");
        let keys = Keys::fixed(KeySet::read(&file).expect("a key of the right form"), Clock::default());
        (Tokens::new(keys, ISSUER.into(), ISSUER.into(), Duration::from_secs(1800)), folder)
    });
    &TOKENS.0
}

/// The only two tokens by this key that anybody was ever given.
pub static GENUINE: LazyLock<TokenAnswer> = LazyLock::new(|| {
    let made = NOW - 10_000;
    let session = session::Model {
        id: Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef),
        user_id: 1,
        generation: 3,
        last_used_generation: 2,
        rotated_at: made,
        created_at: made,
        last_used_at: made,
        expires_at: made + 604_800_000,
        revoked_at: None,
        user_agent: None,
        ip: None,
        last_user_agent: None,
        last_ip: None,
        jkt: None,
        lineage_generation: 3,
        parent: 2,
        rotated_by: None,
        grandparent: None,
        parent_rotated_by: None,
        superseded: 0,
        access_floor: 0,
    };
    tokens().issue(&session.current(), "ada", made).expect("a key that signs")
});
