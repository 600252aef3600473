//! Verifies any text as a token: it is refused unless it is, byte for byte, an issued token of the right kind.
//!
//! Random bytes are seldom like a token, so each input is also used as a change to an issued one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wugan_fuzz::{ISSUED, NOW, tokens};

fuzz_target!(|input: &str| {
    verify(input);
    let mut bytes = input.bytes();
    let (Some(place), Some(cut)) = (bytes.next(), bytes.next()) else { return };
    let inserted = input.get(2..).unwrap_or_default();
    for issued in [&ISSUED.access_token, &ISSUED.refresh_token] {
        verify(&changed(issued, place, usize::from(cut % 4), inserted));
    }
});

fn verify(token: &str) {
    if tokens().read_access(token, NOW).is_ok() {
        assert_eq!(token, ISSUED.access_token);
    }
    if tokens().read_refresh(token).is_ok() {
        assert_eq!(token, ISSUED.refresh_token);
    }
}

/// Replaces a part of a token: at an end, at a dot, or at any other position.
fn changed(token: &str, place: u8, cut: usize, inserted: &str) -> String {
    let at = match place % 8 {
        0 => 0,
        1 => token.len(),
        2 => token.find('.').unwrap_or(0),
        3 => token.rfind('.').unwrap_or(0),
        _ => usize::from(place) * token.len() / 256,
    };
    let end = (at + cut).min(token.len());
    format!("{}{inserted}{}", &token[..at], &token[end..])
}
