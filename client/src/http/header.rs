//! Which names and values a header can have.

/// Whether this is a token (RFC 9110 §5.1, §5.6.2).
pub(crate) fn is_header_name(name: &str) -> bool {
    let is_mark = |byte| matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}

/// Whether this is printable ASCII, blanks and tabs (RFC 9110 §5.5). Browsers send other characters as Latin-1, which is rarely meant.
pub(crate) fn is_header_value(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}
