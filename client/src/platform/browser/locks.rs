//! Web Locks (`navigator.locks`), bound by name: web-sys has them behind an unstable flag. <https://w3c.github.io/web-locks/>

use super::scope::scope;
use crate::{
    js::object::{call, get, set, settled},
    platform::Guard,
};
use futures::{
    FutureExt,
    channel::oneshot,
    future::{LocalBoxFuture, ready},
};
use js_sys::{Array, Function, Object, Promise, Reflect};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsValue, prelude::Closure};

/// The lock manager. `None`: an old browser, or a page that is not a secure context.
fn manager() -> Option<JsValue> {
    let locks = get(&get(&scope(), "navigator"), "locks");
    locks.is_object().then_some(locks)
}

/// Releases the lock, or leaves its queue, when it is dropped.
struct LockGuard {
    release: Function,
    abort: web_sys::AbortController,
    _on_grant: Closure<dyn FnMut(JsValue) -> Promise>,
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // Once granted, aborting has no effect; before, releasing has none.
        let _ = call(&self.abort, "abort", &[]);
        let _ = Reflect::apply(&self.release, &JsValue::UNDEFINED, &Array::new());
    }
}

/// A lock lasts as long as the promise that its callback returns.
pub(super) fn lock(name: &str) -> Option<LocalBoxFuture<'static, Guard>> {
    let manager = manager()?;
    let (sender, granted) = oneshot::channel::<()>();
    let sender = Rc::new(Cell::new(Some(sender)));
    let unused = sender.clone();
    let mut release = None;
    let held_until_released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let on_grant = Closure::new(move |_lock| {
        if let Some(sender) = sender.take() {
            let _ = sender.send(());
        }
        held_until_released.clone()
    });
    let abort = web_sys::AbortController::new().ok()?;
    let options = Object::new();
    set(&options, "signal", &get(&abort, "signal"));
    let requested = call(&manager, "request", &[&name.into(), &options, on_grant.as_ref()]).ok()?;
    // Called once, when the lock was released, its queue was left, or the request failed.
    let on_settled = Closure::once_into_js(move |_: JsValue| drop(unused.take()));
    call(&requested, "then", &[&on_settled, &on_settled]).ok()?;
    let guard = LockGuard { release: release?, abort, _on_grant: on_grant };
    Some(Box::pin(async move {
        match granted.await {
            Ok(()) => Box::new(guard) as Guard,
            // Browsers refuse locks where they refuse storage. Without storage, no other tab shares the session, so no lock is needed.
            Err(_) => Box::new(()),
        }
    }))
}

/// The `clientId` of a lock's holder, from `locks.query()`.
pub(super) fn lock_holder(name: &str) -> LocalBoxFuture<'static, Option<String>> {
    let Some(manager) = manager() else { return ready(None).boxed_local() };
    let (query, name) = (settled(call(&manager, "query", &[])), name.to_owned());
    Box::pin(async move {
        let snapshot = query.await.ok()?;
        let held = Array::from(&get(&snapshot, "held"));
        held.iter().find(|lock| get(lock, "name").as_string().as_ref() == Some(&name)).and_then(|lock| get(&lock, "clientId").as_string())
    })
}
