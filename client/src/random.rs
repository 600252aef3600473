//! Random numbers, from `crypto.getRandomValues`. Without it they are from `Math.random`, whose results can be predicted from earlier ones,
//! such as the ids in a stored record.

#[cfg(target_arch = "wasm32")]
use crate::js::object;

/// 53 random bits as a number, at least 0 and less than 1.
pub(crate) fn random() -> f64 {
    (bits() >> 11) as f64 / 2_f64.powi(53)
}

#[cfg(target_arch = "wasm32")]
fn bits() -> u64 {
    let mut bytes = [0; 8];
    if fill(&mut bytes) {
        u64::from_le_bytes(bytes)
    } else {
        ((object::call(&object::get(&js_sys::global(), "Math"), "random", &[]).ok().and_then(|number| number.as_f64()).unwrap_or_default()
            * 2_f64.powi(53)) as u64)
            << 11
    }
}

/// Fills a buffer with random bytes. `false`: the browser has none.
#[cfg(target_arch = "wasm32")]
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    // A page and a worker have it under the same name, also without a secure context.
    let crypto = object::get(&js_sys::global(), "crypto");
    web_sys::Crypto::from(crypto).get_random_values_with_u8_array(bytes).is_ok()
}

/// Returns `false`: there is no browser.
#[cfg(all(feature = "oidc", not(target_arch = "wasm32")))]
pub(crate) fn fill(_: &mut [u8]) -> bool {
    false
}

#[cfg(not(target_arch = "wasm32"))]
fn bits() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library seeds each of these with keys of its own.
    RandomState::new().hash_one(())
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::random;
    use js_sys::Reflect;
    use wasm_bindgen_test::wasm_bindgen_test;

    #[wasm_bindgen_test]
    fn random_numbers_are_not_those_of_math_random() {
        let math = Reflect::get(&js_sys::global(), &"Math".into()).unwrap_or_default();
        let original = Reflect::get(&math, &"random".into()).unwrap_or_default();
        let _ = Reflect::set(&math, &"random".into(), &js_sys::Function::new_no_args("return 0.5"));
        let numbers = [(); 4].map(|()| random());
        let _ = Reflect::set(&math, &"random".into(), &original);
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number) && *number != 0.5), "{numbers:?}");
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "{numbers:?}");
    }
}
