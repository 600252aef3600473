//! Whatever is presented as a token, it is refused, unless it is, byte for byte, one that was handed out, and of the right kind.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wugan_fuzz::{GENUINE, NOW, tokens};

fuzz_target!(|token: &str| {
    if tokens().read_access(token, NOW).is_ok() {
        assert_eq!(token, GENUINE.access_token);
    }
    if tokens().read_refresh(token, NOW).is_ok() {
        assert_eq!(token, GENUINE.refresh_token);
    }
});
