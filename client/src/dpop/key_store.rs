//! Keys in IndexedDB, which stores them without showing them to any script. All tabs share it.

use crate::error::Error;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

const DATABASE: &str = "wugan";
const STORE: &str = "dpop";

/// The key of this name.
pub(crate) async fn get(name: &str) -> Option<JsValue> {
    let database = open().await.ok()?;
    let found = async { result(&store(&database, IdbTransactionMode::Readonly).ok()?.get(&name.into()).ok()?).await.ok() }.await;
    database.close();
    found.filter(|found| !found.is_undefined())
}

/// Stores a key, unless there is one of this name. Returns the stored one; where IndexedDB is denied, the given one, which then lives
/// as long as the page.
pub(crate) async fn put_if_absent(name: &str, key: JsValue) -> Result<JsValue, Error> {
    let Ok(database) = open().await else { return Ok(key) };
    let added = async { result(&store(&database, IdbTransactionMode::Readwrite)?.add_with_key(&key, &name.into())?).await }.await;
    database.close();
    match added {
        Ok(_) => Ok(key),
        Err(_) => Ok(get(name).await.unwrap_or(key)),
    }
}

fn store(database: &IdbDatabase, mode: IdbTransactionMode) -> Result<IdbObjectStore, JsValue> {
    database.transaction_with_str_and_mode(STORE, mode)?.object_store(STORE)
}

async fn open() -> Result<IdbDatabase, JsValue> {
    let window = if cfg!(target_arch = "wasm32") { web_sys::window() } else { None };
    let factory = window.ok_or(JsValue::NULL)?.indexed_db()?.ok_or(JsValue::NULL)?;
    let request = factory.open_with_u32(DATABASE, 1)?;
    let upgraded = request.clone();
    let create = Closure::<dyn FnMut()>::once(move || {
        let database = upgraded.result().ok().and_then(|database| database.dyn_into::<IdbDatabase>().ok());
        // Without the store, the transactions fail.
        drop(database.map(|database| database.create_object_store(STORE)));
    });
    request.set_onupgradeneeded(Some(create.as_ref().unchecked_ref()));
    Ok(result(&request).await?.unchecked_into())
}

async fn result(request: &IdbRequest) -> Result<JsValue, JsValue> {
    let finished = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    JsFuture::from(finished).await?;
    request.result()
}
