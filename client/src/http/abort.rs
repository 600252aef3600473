//! Ends a request when its `AbortSignal` is triggered, also while the request waits for a refresh or at the gate.

use crate::{error::Error, http::response::Response};
use futures::{
    channel::oneshot,
    future::{Either, LocalBoxFuture, select},
};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::AbortSignal;

/// The result of a request under way.
pub(crate) type Sending<'a> = LocalBoxFuture<'a, Result<Response, Box<Error>>>;

/// Removes its listener from the signal when it is dropped: one signal may be used for many requests.
struct Listener {
    signal: AbortSignal,
    on_abort: Closure<dyn FnMut()>,
}

impl Listener {
    fn new(signal: &AbortSignal, mut on_abort: Option<oneshot::Sender<()>>) -> Listener {
        let on_abort = Closure::new(move || drop(on_abort.take()));
        let _ = signal.add_event_listener_with_callback("abort", on_abort.as_ref().unchecked_ref());
        Listener { signal: signal.clone(), on_abort }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.signal.remove_event_listener_with_callback("abort", self.on_abort.as_ref().unchecked_ref());
    }
}

/// Lets a future run until the signal is triggered.
pub(crate) fn unless_aborted<'a>(signal: &'a AbortSignal, sending: Sending<'a>) -> Sending<'a> {
    Box::pin(async move {
        if signal.aborted() {
            return Err(Error::Aborted.into());
        }
        // The receiver completes when its sender is dropped by the signal's listener.
        let (sender, aborted) = oneshot::channel::<()>();
        let _listener = Listener::new(signal, Some(sender));
        match select(sending, aborted).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(Error::Aborted.into()),
        }
    })
}
