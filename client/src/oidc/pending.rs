//! A sign-in under way: what its response is checked against, in sessionStorage under its `state`.
//!
//! sessionStorage belongs to one tab, so several tabs can sign in at once, and a response in another tab than the one that asked is
//! not recognised (RFC 9700 §4.7). A tab that is duplicated later has a copy; the code still works once.

use crate::{
    json::Object,
    oidc::{browser, error::Error},
};

const PREFIX: &str = "wugan:oidc:state:";
const LAST_RETURN_TO: &str = "wugan:oidc:return_to";
const LAST_PARAMETERS: &str = "wugan:oidc:parameters";
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

/// It is read by member: a field of its own for each takes more code.
#[derive(Debug)]
pub(crate) struct Pending(Object);

impl Pending {
    /// `max_age` is in seconds, `begun` in milliseconds since 1970 by the device's clock.
    pub(crate) fn new(issuer: &str, verifier: &str, nonce: &str, return_to: &str, max_age: Option<f64>, begun: f64) -> Pending {
        let object = Object::new().with_text("issuer", Some(issuer)).with_text("verifier", Some(verifier));
        let object = object.with_text("nonce", Some(nonce)).with_text("return_to", Some(return_to));
        Pending(object.with_number("max_age", max_age).with_number("begun", Some(begun)))
    }

    fn read(text: &str) -> Option<Pending> {
        let object = Object::read(text.as_bytes())?;
        let is_whole = ["issuer", "verifier", "nonce", "return_to"].iter().all(|name| object.text(name).is_some());
        is_whole.then_some(Pending(object))
    }

    /// The member `issuer`, `verifier`, `nonce` or `return_to`.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.text(name).unwrap_or_default()
    }

    pub(crate) fn max_age(&self) -> Option<f64> {
        self.0.number("max_age")
    }

    /// Stores it, until its response arrives or the tab is closed; and with the encoded parameters what the sign-in asked for, so that it
    /// can be asked for again.
    pub(crate) fn put(&self, state: &str, parameters: &str) -> Result<(), Box<Error>> {
        let storage = browser::session_storage().ok_or(Error::NoStorage)?;
        let stored = storage.set_item(LAST_RETURN_TO, &self.text("return_to"));
        let stored = stored.and_then(|()| storage.set_item(LAST_PARAMETERS, parameters));
        stored.and_then(|()| storage.set_item(&[PREFIX, state].concat(), &self.0.write())).map_err(|_| Error::NoStorage.into())
    }

    /// Takes it out: a second response with this `state` finds nothing. `now` is the device's clock.
    pub(crate) fn take(state: &str, now: f64) -> Option<Pending> {
        let (storage, key) = (browser::session_storage()?, [PREFIX, state].concat());
        let text = storage.get_item(&key).ok()??;
        storage.remove_item(&key).ok()?;
        Pending::read(&text).filter(|pending| pending.0.number("begun").is_some_and(|begun| now - begun <= KEPT_FOR_MS))
    }
}

/// A code that the token endpoint has not answered.
pub(crate) struct Unanswered {
    pub(crate) code: String,
    pub(crate) pending: Pending,
    /// The session at that time. A repeated exchange must not replace a later one, which may be another user's.
    pub(crate) session: Option<String>,
}

/// The page that the last sign-in of this tab was to return to.
pub(crate) fn last_return_to() -> Option<String> {
    browser::session_storage()?.get_item(LAST_RETURN_TO).ok()?
}

/// The encoded parameters that the last sign-in of this tab sent besides those of every sign-in.
pub(crate) fn last_parameters() -> Option<String> {
    browser::session_storage()?.get_item(LAST_PARAMETERS).ok()?
}

fn completed_key(storage_key: &str) -> String {
    [COMPLETED, ":", storage_key].concat()
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
        Pending::new("https://a", "secret-v", "secret-n", "/notes", Some(5.0), 1_000.0)
    }

    #[test]
    fn a_pending_sign_in_is_read_back_and_shows_no_secret() {
        let read = Pending::read(&pending().0.write());
        assert_eq!(read.as_ref().map(|read| read.0.write()), Some(pending().0.write()));
        let members = read.map(|read| ["issuer", "verifier", "nonce", "return_to"].map(|name| read.text(name)));
        assert_eq!(members, Some(["https://a", "secret-v", "secret-n", "/notes"].map(str::to_owned)));
        assert_eq!(pending().max_age(), Some(5.0));
        assert!(!format!("{:?}", pending()).contains("secret"));
        for damaged in ["", "{}", "null", "{\"issuer\":\"https://a\"}"] {
            assert!(Pending::read(damaged).is_none(), "{damaged}");
        }
    }

    #[cfg(target_arch = "wasm32")]
    #[wasm_bindgen_test::wasm_bindgen_test]
    fn a_pending_sign_in_is_taken_once_and_within_a_day() {
        let (begun, too_late) = (1_000.0, 1_000.0 + KEPT_FOR_MS + 1.0);
        assert!(pending().put("one", "a=1+2").is_ok());
        assert!(Pending::take("two", begun).is_none());
        assert_eq!(Pending::take("one", begun).map(|taken| taken.text("verifier")).as_deref(), Some("secret-v"));
        assert!(Pending::take("one", begun).is_none());
        assert_eq!(last_return_to().as_deref(), Some("/notes"));
        assert_eq!(last_parameters().as_deref(), Some("a=1+2"));
        assert!(pending().put("one", "a=1+2").is_ok());
        assert!(Pending::take("one", too_late).is_none());
        assert!(Pending::take("one", begun).is_none());
    }
}
