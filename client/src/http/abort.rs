//! Ends a request when its `AbortSignal` is triggered, also while the request waits for a refresh or at the gate.

use crate::{
    error::Error,
    http::response::Response,
    platform::{Guard, listener::Listener},
};
use futures::{
    channel::oneshot,
    future::{Either, LocalBoxFuture, select},
};
use std::cell::RefCell;
use web_sys::AbortSignal;

/// The result of a request under way.
pub(crate) type Sending<'a> = LocalBoxFuture<'a, Result<Response, Box<Error>>>;

/// Lets a request run until its signal is triggered.
pub(crate) type UnlessAborted = for<'a> fn(&'a AbortSignal, Sending<'a>) -> Sending<'a>;

/// Calls a function when the signal is triggered, until the guard is dropped: one signal may be used for many requests.
pub(crate) fn on_abort(signal: &AbortSignal, function: Box<dyn FnMut()>) -> Guard {
    let function = RefCell::new(function);
    Box::new(Listener::new(signal, "abort", Box::new(move |_| (function.borrow_mut())())))
}

/// Lets a future run until the signal is triggered.
pub(crate) fn unless_aborted<'a>(signal: &'a AbortSignal, sending: Sending<'a>) -> Sending<'a> {
    Box::pin(async move {
        if signal.aborted() {
            return Err(Error::Aborted.into());
        }
        // The receiver completes when its sender is dropped by the signal's listener.
        let (sender, aborted) = oneshot::channel::<()>();
        let mut sender = Some(sender);
        let _listener = on_abort(signal, Box::new(move || drop(sender.take())));
        match select(sending, aborted).await {
            Either::Left((result, _)) => result,
            Either::Right(_) => Err(Error::Aborted.into()),
        }
    })
}
