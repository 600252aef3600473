//! The guests' accounts of this browser, stored until they are deleted. A page holds a Web Lock for its own guest. If the lock is free, the
//! page is gone, and the account can be deleted: the tab was killed, or the last request of its page failed.

use crate::preferences;
use futures::channel::oneshot;
use js_sys::{Array, Function, Object, Promise, Reflect};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::future_to_promise;
use wugan_wire::Credentials;

/// The account's name follows; the value is its password.
const KEY: &str = "wugan.guest.";

/// A held lock; dropping it releases it.
pub(super) type GuestLock = oneshot::Sender<()>;

pub(super) fn store(guest: &Credentials) {
    preferences::set(&format!("{KEY}{}", guest.username), &guest.password);
}

pub(super) fn forget(guest: &Credentials) {
    preferences::remove(&format!("{KEY}{}", guest.username));
}

pub(super) fn stored() -> Vec<Credentials> {
    let Some(store) = preferences::store() else { return Vec::new() };
    let guest = |entry: Array| {
        let (key, password) = (entry.get(0).as_string()?, entry.get(1).as_string()?);
        Some(Credentials { username: key.strip_prefix(KEY)?.to_owned(), password })
    };
    Object::entries(store.unchecked_ref()).iter().filter_map(|entry| guest(entry.unchecked_into())).collect()
}

/// Takes the lock of a guest. `None`: another page holds it, or the browser has no locks for this page.
/// <https://w3c.github.io/web-locks/>, by name, because web-sys has it behind an unstable flag.
pub(super) async fn lock(guest: &Credentials) -> Option<GuestLock> {
    preferences::store()?;
    let locks = Reflect::get(&window().navigator(), &"locks".into()).ok()?;
    let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into()).ok()?;
    let (grant, granted) = oneshot::channel();
    let (held, released) = oneshot::channel();
    let mut on_answer = Some((grant, released));
    let on_answer: Closure<dyn FnMut(JsValue) -> Promise> = Closure::new(move |lock: JsValue| {
        let answer = on_answer.take();
        // The lock lasts as long as this promise.
        future_to_promise(async move {
            if let Some((grant, released)) = answer
                && grant.send(!lock.is_null()).is_ok()
                && !lock.is_null()
            {
                let _ = released.await;
            }
            Ok(JsValue::UNDEFINED)
        })
    });
    request.call3(&locks, &format!("{KEY}{}", guest.username).into(), &options, on_answer.as_ref()).ok()?;
    granted.await.ok()?.then_some(held)
}
