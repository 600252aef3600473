//! A hash that names locks and marks.

use crate::text::hexadecimal;

/// FNV-1a with 64 bits, as 16 hexadecimal digits. Not for security: it names locks.
pub(crate) fn hash(texts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    for text in texts {
        text.bytes().for_each(&mut add);
        add(0xff);
    }
    hexadecimal(hash, 16)
}
