//! Base64url without padding (RFC 4648 §5; RFC 7515 §2), as PKCE and JWTs use it.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(any(feature = "dpop", feature = "oidc"))]
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        // n bytes give n + 1 letters.
        text.extend((0..=chunk.len()).map(|index| char::from(LETTERS[(bits >> (18 - 6 * index) & 63) as usize])));
    }
    text
}

/// Padding is ignored. A library's decoder adds three kilobytes to the download.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    let end = text.iter().rposition(|letter| *letter != b'=').map_or(0, |at| at + 1);
    for letter in &text[..end] {
        let value = LETTERS.iter().position(|known| known == letter)?;
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{
        Engine as _,
        engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD},
    };

    #[cfg(any(feature = "dpop", feature = "oidc"))]
    #[test]
    fn base64url_is_encoded_as_a_library_does() {
        let bytes: Vec<u8> = (0..=255).rev().collect();
        for length in 0..=bytes.len() {
            assert_eq!(encode(&bytes[..length]), URL_SAFE_NO_PAD.encode(&bytes[..length]));
        }
    }

    #[test]
    fn base64_is_decoded_as_a_library_does() {
        let bytes: Vec<u8> = (0..=255).collect();
        for length in 0..=bytes.len() {
            let bytes = &bytes[bytes.len() - length..];
            assert_eq!(decode(URL_SAFE_NO_PAD.encode(bytes).as_bytes()).as_deref(), Some(bytes));
            assert_eq!(decode(URL_SAFE.encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        for wrong in ["+", "/", " ", "a b", "a=b", "ü"] {
            assert_eq!(decode(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
