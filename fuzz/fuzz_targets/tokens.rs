//! Whatever is presented as a token, it is refused, unless it is, byte for byte, one that was handed out, and of the right kind.
//!
//! Most of what a fuzzer makes of bytes is no token at all, so each input is also tried as a change to a genuine one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wugan_fuzz::{GENUINE, NOW, tokens};

fuzz_target!(|input: &str| {
    present(input);
    let mut bytes = input.bytes();
    let (Some(place), Some(cut)) = (bytes.next(), bytes.next()) else { return };
    let inserted = input.get(2..).unwrap_or_default();
    for genuine in [&GENUINE.access_token, &GENUINE.refresh_token] {
        present(&changed(genuine, place, usize::from(cut % 4), inserted));
    }
});

fn present(token: &str) {
    if tokens().read_access(token, NOW).is_ok() {
        assert_eq!(token, GENUINE.access_token);
    }
    if tokens().read_refresh(token).is_ok() {
        assert_eq!(token, GENUINE.refresh_token);
    }
}

/// A token with a piece cut out and something put in its place: at either end, at a dot, or somewhere.
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
