//! A sign-in under way: what its response is checked against, in sessionStorage under its `state`.
//!
//! sessionStorage belongs to one tab, so several tabs can sign in at once, and a response in another tab than the one that asked is
//! not recognised (RFC 9700 §4.7).

use crate::{
    json::Object,
    oidc::{browser, error::Error},
};
use std::fmt;

const PREFIX: &str = "wugan:oidc:state:";
const LAST_RETURN_TO: &str = "wugan:oidc:return_to";
const COMPLETED: &str = "wugan:oidc:completed";
/// A response to a sign-in that was begun longer ago is not accepted.
const KEPT_FOR_MS: f64 = 86_400_000.0;
/// A page takes no longer than this to load after a sign-in.
#[cfg(feature = "leptos")]
const COMPLETED_JUST_NOW_MS: f64 = 10_000.0;

/// The `state` of a sign-in in a window begins with this character, which base64url does not contain.
pub(crate) const POPUP_MARK: char = '.';

/// Whether a sign-in with this `state` was begun in a window of its own.
pub(crate) fn is_popup(state: &str) -> bool {
    state.starts_with(POPUP_MARK)
}

#[derive(Clone, PartialEq)]
pub(crate) struct Pending {
    pub(crate) issuer: String,
    /// The PKCE code verifier.
    pub(crate) verifier: String,
    pub(crate) nonce: String,
    pub(crate) return_to: String,
    /// In seconds.
    pub(crate) max_age: Option<f64>,
    /// Milliseconds since 1970 by the device's clock.
    pub(crate) begun: f64,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Pending {
    fn write(&self) -> String {
        let object = Object::new().with_text("issuer", Some(&self.issuer)).with_text("verifier", Some(&self.verifier));
        let object = object.with_text("nonce", Some(&self.nonce)).with_text("return_to", Some(&self.return_to));
        object.with_number("max_age", self.max_age).with_number("begun", Some(self.begun)).write()
    }

    fn read(text: &str) -> Option<Pending> {
        let object = Object::read(text.as_bytes())?;
        let text = |name| object.text(name);
        Some(Pending {
            issuer: text("issuer")?,
            verifier: text("verifier")?,
            nonce: text("nonce")?,
            return_to: text("return_to")?,
            max_age: object.number("max_age"),
            begun: object.number("begun")?,
        })
    }

    /// Stores it, until its response arrives or the tab is closed.
    pub(crate) fn put(&self, state: &str) -> Result<(), Error> {
        let storage = browser::session_storage().ok_or(Error::NoStorage)?;
        let stored = storage.set_item(LAST_RETURN_TO, &self.return_to);
        stored.and_then(|()| storage.set_item(&format!("{PREFIX}{state}"), &self.write())).map_err(|_| Error::NoStorage)
    }

    /// Takes it out: a second response with this `state` finds nothing. `now` is the device's clock.
    pub(crate) fn take(state: &str, now: f64) -> Option<Pending> {
        let (storage, key) = (browser::session_storage()?, format!("{PREFIX}{state}"));
        let text = storage.get_item(&key).ok()??;
        storage.remove_item(&key).ok()?;
        Pending::read(&text).filter(|pending| now - pending.begun <= KEPT_FOR_MS)
    }
}

/// The page that the last sign-in of this tab was to return to.
pub(crate) fn last_return_to() -> Option<String> {
    browser::session_storage()?.get_item(LAST_RETURN_TO).ok()?
}

fn completed_key(storage_key: &str) -> String {
    format!("{COMPLETED}:{storage_key}")
}

/// Notes that this tab has completed a sign-in of the client with this storage key. `now` is the device's clock.
pub(crate) fn note_completed(storage_key: &str, now: f64) {
    if let Some(storage) = browser::session_storage() {
        // A page that could not write to it would not have recognised the response.
        let _ = storage.set_item(&completed_key(storage_key), &Object::new().with_number("at", Some(now)).write());
    }
}

pub(crate) fn forget_completed(storage_key: &str) {
    if let Some(storage) = browser::session_storage() {
        let _ = storage.remove_item(&completed_key(storage_key));
    }
}

/// Whether this tab has completed a sign-in a moment ago. If no user is signed in now, another sign-in would end the same way.
#[cfg(feature = "leptos")]
pub(crate) fn was_completed_just_now(storage_key: &str, now: f64) -> bool {
    let completed = || Object::read(browser::session_storage()?.get_item(&completed_key(storage_key)).ok()??.as_bytes())?.number("at");
    completed().is_some_and(|at| (0.0..COMPLETED_JUST_NOW_MS).contains(&(now - at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending() -> Pending {
        let [issuer, verifier, nonce, return_to] = ["https://a", "secret-v", "secret-n", "/notes"].map(str::to_owned);
        Pending { issuer, verifier, nonce, return_to, max_age: Some(5.0), begun: 1_000.0 }
    }

    #[test]
    fn a_pending_sign_in_is_read_back_and_shows_no_secret() {
        let pending = pending();
        assert_eq!(Pending::read(&pending.write()), Some(pending.clone()));
        assert!(!format!("{pending:?}").contains("secret"));
        for damaged in ["", "{}", "null", "{\"issuer\":\"https://a\"}"] {
            assert_eq!(Pending::read(damaged), None, "{damaged}");
        }
    }

    #[cfg(target_arch = "wasm32")]
    #[wasm_bindgen_test::wasm_bindgen_test]
    fn a_pending_sign_in_is_taken_once_and_within_a_day() {
        let first = pending();
        let (begun, too_late) = (first.begun, first.begun + KEPT_FOR_MS + 1.0);
        assert_eq!(first.put("one"), Ok(()));
        assert_eq!(Pending::take("two", begun), None);
        assert_eq!(Pending::take("one", begun), Some(first.clone()));
        assert_eq!(Pending::take("one", begun), None);
        assert_eq!(last_return_to().as_deref(), Some("/notes"));
        assert_eq!(first.put("one"), Ok(()));
        assert_eq!(Pending::take("one", too_late), None);
        assert_eq!(Pending::take("one", begun), None);
    }
}
