//! The fixed key of the fuzz targets and the tokens that are signed with it. The key never changes, so that seeds stay valid.

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

/// The key's id.
pub const KID: &str = "fuzz";
/// The key's secret.
pub const SECRET: &[u8] = b"thirty-two bytes that never vary";
/// The key file, with the same secret.
const FILE: &str = r#"{"keys":[{"kty":"oct","kid":"fuzz","alg":"HS256","k":"dGhpcnR5LXR3byBieXRlcyB0aGF0IG5ldmVyIHZhcnk"}]}"#;
/// The issuer and audience of the tokens.
pub const ISSUER: &str = "wugan";
/// The current time in milliseconds: the tokens are ten seconds old.
pub const NOW: i64 = 1_800_000_010_000;

/// Issues and verifies tokens as the server does.
pub fn tokens() -> &'static Tokens {
    // The folder is kept: a token with an unknown key makes the server read the file again.
    static TOKENS: LazyLock<(Tokens, TempDir)> = LazyLock::new(|| {
        let folder = TempDir::new().expect("a temporary folder can be created");
        let file = folder.path().join("key");
        fs::write(&file, FILE).expect("a key can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the key's mode can be set");
        let keys = Keys::fixed(KeySet::read(&file).expect("the key file is valid"), Clock::default());
        (Tokens::new(keys, ISSUER.into(), ISSUER.into(), Duration::from_secs(1800)), folder)
    });
    &TOKENS.0
}

/// The only two tokens that were issued with this key.
pub static ISSUED: LazyLock<TokenAnswer> = LazyLock::new(|| {
    let issued = NOW - 10_000;
    let session = session::Model {
        id: Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef),
        user_id: 1,
        generation: 3,
        last_used_generation: 2,
        rotated_at: issued,
        created_at: issued,
        last_used_at: issued,
        expires_at: issued + 604_800_000,
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
    tokens().issue(&session.current(), "ada", issued).expect("the key can sign")
});
