//! Ends a request when its `AbortSignal` is triggered, also while the request waits for a refresh or at the gate.

use crate::error::Error;
use futures::{
    channel::oneshot,
    future::{Either, select},
};
use std::pin::pin;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::AbortSignal;

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
pub(crate) async fn unless_aborted<T>(signal: Option<&AbortSignal>, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if signal.is_some_and(AbortSignal::aborted) {
        return Err(Error::Aborted);
    }
    // The receiver completes when its sender is dropped: by the signal's listener, or at the end of this function.
    let (sender, aborted) = oneshot::channel::<()>();
    let mut sender = Some(sender);
    let _listener = signal.map(|signal| Listener::new(signal, sender.take()));
    match select(pin!(future), aborted).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(Error::Aborted),
    }
}
