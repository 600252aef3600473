//! localStorage.

use crate::platform::StoreError;
use gloo_storage::{LocalStorage, Storage};

/// The last characters of the record that a sign-out by the user stores (`Record::write`).
#[cfg(feature = "leptos")]
const SIGNED_OUT: &str = "\"ended\":\"ByUser\"}";

/// gloo-storage panics where localStorage is denied, so access is tried first.
fn storage() -> Result<web_sys::Storage, StoreError> {
    match web_sys::window().map(|window| window.local_storage()) {
        Some(Ok(Some(_))) => Ok(LocalStorage::raw()),
        _ => Err(StoreError::Denied),
    }
}

pub(super) fn get(key: &str) -> Result<Option<String>, StoreError> {
    storage()?.get_item(key).map_err(|_| StoreError::Denied)
}

pub(super) fn set(key: &str, text: &str) -> Result<(), StoreError> {
    storage()?.set_item(key, text).map_err(|_| StoreError::Full)
}

/// Whether the storage has a record under a key that is not of a sign-out by the user. Unlike
/// [`Storage::get`](crate::platform::Storage::get), it refers to no other code of the engine, and neither does
/// [`subscribe`](super::events::subscribe).
#[cfg(feature = "leptos")]
pub(crate) fn is_stored(key: &str) -> bool {
    get(key).is_ok_and(|record| record.is_some_and(|text| !text.ends_with(SIGNED_OUT)))
}
