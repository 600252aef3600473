//! Keys in IndexedDB, which stores them without showing them to any script.

use super::scope::scope;
use crate::{
    error::Error,
    js::object::{call, get as property, set},
};
use js_sys::Promise;
use std::time::Duration;
use wasm_bindgen::{JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;

const DATABASE: &str = "wugan";
const STORE: &str = "dpop";

/// When a store that fails is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The key of this name; also `None` where there is no IndexedDB.
///
/// # Errors
/// [`Error::Unavailable`] if the store fails.
pub(super) async fn get(name: &str) -> Result<Option<JsValue>, Error> {
    let Ok(opening) = open() else { return Ok(None) };
    let found = in_store(opening, "readonly", "get", &[&name.into()]).await;
    let found = found.map_err(|_| Error::Unavailable { retry_after: RETRY_AFTER })?;
    Ok(Some(found).filter(|found| !found.is_undefined()))
}

/// Stores a key, unless there is one of this name. Returns the stored one; where IndexedDB is denied, the given one, which then lives
/// as long as the page.
///
/// # Errors
/// [`Error::Unavailable`] if the store fails: another tab would take a key that is not in it for lost.
pub(super) async fn put_if_absent(name: &str, key: JsValue) -> Result<JsValue, Error> {
    let Ok(opening) = open() else { return Ok(key) };
    match in_store(opening, "readwrite", "add", &[&key, &name.into()]).await {
        Ok(_) => Ok(key),
        Err(_) => get(name).await?.ok_or(Error::Unavailable { retry_after: RETRY_AFTER }),
    }
}

/// Calls a method of the object store in a transaction of its own, and closes the database.
async fn in_store(opening: JsValue, mode: &str, method: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let database = result(&opening).await?;
    let finished = async {
        let transaction = call(&database, "transaction", &[&STORE.into(), &mode.into()])?;
        let store = call(&transaction, "objectStore", &[&STORE.into()])?;
        result(&call(&store, method, arguments)?).await
    };
    let finished = finished.await;
    call(&database, "close", &[])?;
    finished
}

/// Opens the database: an `IDBOpenDBRequest`.
fn open() -> Result<JsValue, JsValue> {
    let request = call(&property(&scope(), "indexedDB"), "open", &[&DATABASE.into(), &1.into()])?;
    let upgraded = request.clone();
    // Without the store, the transactions fail.
    let create = Closure::once_into_js(move || drop(call(&property(&upgraded, "result"), "createObjectStore", &[&STORE.into()])));
    set(&request, "onupgradeneeded", &create);
    Ok(request)
}

async fn result(request: &JsValue) -> Result<JsValue, JsValue> {
    let finished = Promise::new(&mut |resolve, reject| {
        set(request, "onsuccess", &resolve);
        set(request, "onerror", &reject);
    });
    JsFuture::from(finished).await?;
    Ok(property(request, "result"))
}
