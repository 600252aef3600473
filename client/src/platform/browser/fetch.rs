//! Sends one request with `fetch`, by gloo-net. Dropping the future, or an unread response, aborts the transfer.

use crate::{
    error::Error,
    js::object::{call, get, set, settled},
    platform::{Guard, PlatformRequest, RequestHead, body::Content},
    text::contains,
};
use futures::future::{LocalBoxFuture, ready};
use gloo_net::http::{Headers, Request};
use js_sys::{Array, Uint8Array};
use std::{any::Any, cell::Cell, rc::Rc};
use wasm_bindgen::JsValue;
use web_sys::{AbortController, RequestInit};

pub(super) fn fetch(request: &PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Fetched, Box<Error>>> {
    let built = build(request);
    Box::pin(async move {
        let (request, abort) = built?;
        let response = request.send().await.map_err(|error| match error {
            gloo_net::Error::JsError(error) => failure(&error.name, error.message),
            _ => failure("", String::new()),
        })?;
        Ok(Fetched { response: response.into(), abort: Rc::new(abort) })
    })
}

fn build(sent: &PlatformRequest<'_>) -> Result<(Request, Abort), Box<Error>> {
    let request = sent.request;
    let abort = Abort::new(request)?;
    let headers = Headers::new();
    for (name, value) in request.header_pairs() {
        headers.append(name, value);
    }
    if let Some((name, value)) = &sent.authorization {
        headers.set(name, value);
    }
    #[cfg(feature = "dpop")]
    if let Some(proof) = &sent.proof {
        headers.set("dpop", proof);
    }
    let init = RequestInit::new();
    set(&init, "method", &request.method().as_str().into());
    set(&init, "headers", &headers.into_raw());
    set(&init, "signal", &get(&abort.controller, "signal"));
    request.apply.iter().for_each(|apply| apply(&init));
    match sent.body.content() {
        Content::Empty => {}
        Content::Text(text) => set(&init, "body", &text.into()),
        Content::Bytes(bytes) => set(&init, "body", &Uint8Array::from(bytes)),
        Content::Blob(blob) => set(&init, "body", blob),
        Content::Stream(stream) => {
            set(&init, "body", stream);
            // Required for streams: https://fetch.spec.whatwg.org/#dom-requestinit-duplex
            set(&init, "duplex", &"half".into());
        }
    }
    if request.options().keepalive {
        set(&init, "keepalive", &JsValue::TRUE);
        // The request may outlive the page, and with it the future.
        abort.is_armed.set(false);
    }
    let built = web_sys::Request::new_with_str_and_init(&sent.address.href, &init).map_err(|_| refused())?;
    Ok((built.into(), abort))
}

fn refused() -> Box<Error> {
    Error::InvalidRequest("the browser refuses its URL, method, body or options".into()).into()
}

/// What a rejected `fetch` says. Messages that quote the URL are not repeated, because it may contain a secret.
fn failure(name: &str, message: String) -> Box<Error> {
    Box::new(match name {
        "AbortError" => Error::Aborted,
        _ if message.is_empty() || contains(&message, "://") => Error::Network("the browser gives no reason".into()),
        _ => Error::Network(message),
    })
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_default()
}

/// Aborts a transfer when it is dropped early, or when the caller's signal is triggered.
struct Abort {
    controller: AbortController,
    is_armed: Cell<bool>,
    /// Passes the caller's signal on.
    _forwarding: Option<Guard>,
}

impl Abort {
    fn new(request: &RequestHead) -> Result<Abort, Box<Error>> {
        let controller = AbortController::new().map_err(|_| refused())?;
        let forwarding = request.options().signal.as_ref().zip(request.on_abort).map(|(signal, on_abort)| {
            let target = controller.clone();
            if signal.aborted() {
                controller.abort();
            }
            on_abort(signal, Box::new(move || target.abort()))
        });
        Ok(Abort { controller, is_armed: Cell::new(true), _forwarding: forwarding })
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if self.is_armed.get() {
            let _ = call(&self.controller, "abort", &[]);
        }
    }
}

fn is_aborted(controller: &JsValue) -> bool {
    get(&get(controller, "signal"), "aborted").is_truthy()
}

/// A response of `fetch`.
pub struct Fetched {
    response: web_sys::Response,
    abort: Rc<Abort>,
}

/// What [`PlatformResponse`](crate::platform::PlatformResponse) describes.
impl Fetched {
    pub(crate) fn status(&self) -> u16 {
        get(&self.response, "status").as_f64().unwrap_or_default() as u16
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        call(&get(&self.response, "headers"), "get", &[&name.into()]).ok()?.as_string()
    }

    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let pair = |entry: JsValue| {
            let entry = Array::from(&entry);
            entry.get(0).as_string().zip(entry.get(1).as_string())
        };
        Array::from(&self.response.headers()).iter().filter_map(pair).collect()
    }

    pub(crate) fn url(&self) -> String {
        if get(&self.response, "redirected").is_truthy() { text(&self.response, "url") } else { String::new() }
    }

    pub(crate) fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Box<Error>>> {
        if get(&self.response, "bodyUsed").is_truthy() {
            return Box::pin(ready(Err(Error::Network("the body has been read already".into()).into())));
        }
        let (reading, abort) = (call(&self.response, "arrayBuffer", &[]), self.abort.clone());
        Box::pin(async move {
            let buffer = settled(reading).await.map_err(|error| match is_aborted(&abort.controller) {
                // Chromium hides the reason if a service worker made the response.
                true => Error::Aborted.into(),
                false => failure(&text(&error, "name"), text(&error, "message")),
            })?;
            // The transfer is complete: there is nothing left to abort.
            abort.is_armed.set(false);
            Ok(Uint8Array::new(&buffer).to_vec())
        })
    }

    pub(crate) fn into_any(self) -> Box<dyn Any> {
        let Fetched { response, abort } = self;
        abort.is_armed.set(false);
        let forwarding: Guard = Box::new(abort);
        Box::new((response, forwarding))
    }
}
