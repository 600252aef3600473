//! Encodes base64url without padding (RFC 4648 §5; RFC 7515 §2), as PKCE and JWTs use it.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        // n bytes give n + 1 letters.
        text.extend((0..=chunk.len()).map(|index| char::from(LETTERS[(bits >> (18 - 6 * index) & 63) as usize])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    #[test]
    fn base64url_is_encoded_as_a_library_does() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=bytes.len() {
            assert_eq!(encode(&bytes[..length]), URL_SAFE_NO_PAD.encode(&bytes[..length]));
        }
    }
}
