//! Web Locks (`navigator.locks`), asked for by name: their bindings in web-sys are behind an unstable flag.
//!
//! <https://w3c.github.io/web-locks/>: a lock lasts as long as the promise that its callback returns.

use crate::platform::Guard;
use futures::{channel::oneshot, future::LocalBoxFuture};
use js_sys::{Array, Function, Object, Promise, Reflect};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

/// The lock manager. None: an old browser, or a page that is not in a secure context.
fn manager() -> Option<JsValue> {
    let locks = Reflect::get(&super::scope().navigator(), &"locks".into()).ok()?;
    locks.is_object().then_some(locks)
}

fn call(of: &JsValue, name: &str, arguments: &Array) -> Result<Promise, JsValue> {
    Reflect::get(of, &name.into())?.dyn_into::<Function>()?.apply(of, arguments)?.dyn_into()
}

/// Lets go of the lock, or of the place in the queue for it.
struct Held {
    release: Function,
    abort: web_sys::AbortController,
    _granted: Closure<dyn FnMut(JsValue) -> Promise>,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Once granted, aborting does nothing; before, releasing does nothing.
        self.abort.abort();
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

pub(super) fn lock(name: &str, steal: bool) -> Option<LocalBoxFuture<'static, Guard>> {
    let manager = manager()?;
    let (tell, granted) = oneshot::channel::<()>();
    let tell = Rc::new(Cell::new(Some(tell)));
    let refused = tell.clone();
    let mut release = None;
    let held_until_released = Promise::new(&mut |resolve, _| release = Some(resolve));
    let held = held_until_released.clone();
    let on_grant = Closure::new(move |_lock| {
        if let Some(tell) = tell.take() {
            let _ = tell.send(());
        }
        held.clone()
    });
    let abort = web_sys::AbortController::new().ok()?;
    let options = Object::new();
    // A theft is granted at once: there is nothing to abort, and the two options exclude each other.
    let option = if steal { ("steal", JsValue::TRUE) } else { ("signal", abort.signal().into()) };
    Reflect::set(&options, &option.0.into(), &option.1).ok()?;
    let asked = call(&manager, "request", &Array::of3(&name.into(), &options, on_grant.as_ref())).ok()?;
    // It is settled when we have let go, have given up waiting, or were stolen from: all of that is no news to us. Or else this
    // page gets no locks, for one reason or another. Once in any case: then the closure goes.
    let settled = Closure::once_into_js(move |_: JsValue| drop(refused.take()));
    drop(call(&asked, "then", &Array::of2(&settled, &settled)).ok()?);
    let guard = Held { release: release?, abort, _granted: on_grant };
    Some(Box::pin(async move {
        match granted.await {
            Ok(()) => Box::new(guard) as Guard,
            // Browsers refuse locks where they refuse storage: there is no other tab to share a session with.
            Err(_) => Box::new(()),
        }
    }))
}
