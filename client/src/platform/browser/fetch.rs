//! Sends one request with `fetch`. gloo-net builds it. Dropping the future, or an unread response, aborts the transfer.

use super::get;
use crate::{
    error::Error,
    http::{Request, body::Content, header::contains},
    platform::{Guard, PlatformRequest, PlatformResponse},
};
use futures::future::LocalBoxFuture;
use gloo_net::http::{Headers, RequestBuilder};
use js_sys::{Array, Object, Reflect, Uint8Array};
use std::{any::Any, cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Response};

pub(super) fn fetch(request: &PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
    let sending = build(request).map(|(request, abort)| (JsFuture::from(super::scope().fetch_with_request(&request)), abort));
    Box::pin(async move {
        let (sending, abort) = sending?;
        let response = sending.await.map_err(|error| failure(&error))?;
        let response: Response = response.dyn_into().map_err(|_| Error::Network("fetch returned no response".into()))?;
        Ok(Box::new(Fetched { response, abort: Rc::new(abort) }) as Box<dyn PlatformResponse>)
    })
}

fn build(sent: &PlatformRequest<'_>) -> Result<(web_sys::Request, Abort), Error> {
    let (request, options) = (sent.request, sent.request.options());
    let abort = Abort::new(request)?;
    let headers = Headers::new();
    for (name, value) in request.header_pairs() {
        headers.append(name, value);
    }
    if let Some((name, value)) = &sent.authorization {
        headers.set(name, value);
    }
    let mut builder = RequestBuilder::new(&sent.address.href).method(request.method().clone()).headers(headers);
    builder = builder.abort_signal(Some(&abort.controller.signal()));
    builder = request.parts.apply.iter().fold(builder, |builder, apply| apply(builder));
    // What gloo-net's builder has no name for.
    let more = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&more, &name.into(), value).map(drop).map_err(|_| refused());
    let body = match sent.body.content() {
        Content::Empty => JsValue::UNDEFINED,
        Content::Text(text) => text.into(),
        Content::Bytes(bytes) => Uint8Array::from(bytes).into(),
        Content::Blob(blob) => blob.clone(),
        Content::Stream(stream) => {
            set("body", stream)?;
            // Required for streams: https://fetch.spec.whatwg.org/#dom-requestinit-duplex
            set("duplex", &"half".into())?;
            JsValue::UNDEFINED
        }
    };
    let built: web_sys::Request = builder.body(body).map_err(|_| refused())?.into();
    if options.keepalive {
        set("keepalive", &JsValue::TRUE)?;
        // It may outlive the page, and so the future.
        abort.is_armed.set(false);
    }
    if !options.keepalive && !matches!(sent.body.content(), Content::Stream(_)) {
        return Ok((built, abort));
    }
    // Any option resets it: https://fetch.spec.whatwg.org/#dom-request
    set("referrerPolicy", &get(&built, "referrerPolicy"))?;
    let built = web_sys::Request::new_with_request_and_init(&built, more.unchecked_ref()).map_err(|_| refused())?;
    Ok((built, abort))
}

fn refused() -> Error {
    Error::InvalidRequest("the browser refuses its URL, method, body or options".into())
}

/// What a rejected `fetch` says. Messages that quote the URL are not repeated, because it may contain a secret.
fn failure(error: &JsValue) -> Error {
    let error = error.dyn_ref::<js_sys::Error>().map(|error| (String::from(error.name()), String::from(error.message())));
    match error {
        Some((name, _)) if name == "AbortError" => Error::Aborted,
        Some((_, message)) if !contains(&message, "://") => Error::Network(message),
        _ => Error::Network("the browser gives no reason".into()),
    }
}

/// Whether `fetch` takes a `ReadableStream` as a body: a browser that does not turns it into text and sets a content type.
/// <https://developer.chrome.com/docs/capabilities/web-apis/fetch-streaming-requests#feature_detection>
pub(crate) fn sends_streams() -> bool {
    let is_supported = || {
        let stream = web_sys::ReadableStream::new().ok()?;
        let init = Object::new();
        let asked = Rc::new(Cell::new(false));
        let seen = asked.clone();
        let duplex = Closure::<dyn FnMut() -> JsValue>::new(move || {
            seen.set(true);
            JsValue::from("half")
        });
        let getter = Object::new();
        Reflect::set(&getter, &"get".into(), duplex.as_ref()).ok()?;
        Object::define_property(&init, &"duplex".into(), &getter);
        Reflect::set(&init, &"method".into(), &"POST".into()).ok()?;
        Reflect::set(&init, &"body".into(), &stream).ok()?;
        let request = web_sys::Request::new_with_str_and_init("https://localhost", init.unchecked_ref()).ok()?;
        Some(asked.get() && !request.headers().has("content-type").ok()?)
    };
    is_supported().unwrap_or(false)
}

/// Aborts a transfer when it is dropped early, or when the caller's signal is triggered.
struct Abort {
    controller: AbortController,
    is_armed: Cell<bool>,
    /// Passes the caller's signal on.
    _forwarding: Option<Guard>,
}

impl Abort {
    fn new(request: &Request) -> Result<Abort, Error> {
        let controller = AbortController::new().map_err(|_| refused())?;
        let forwarding = request.options().signal.as_ref().zip(request.parts.abort).map(|(signal, abort)| {
            let target = controller.clone();
            if signal.aborted() {
                controller.abort();
            }
            (abort.on_abort)(signal, Box::new(move || target.abort()))
        });
        Ok(Abort { controller, is_armed: Cell::new(true), _forwarding: forwarding })
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if self.is_armed.get() {
            self.controller.abort();
        }
    }
}

struct Fetched {
    response: Response,
    abort: Rc<Abort>,
}

impl PlatformResponse for Fetched {
    fn status(&self) -> u16 {
        self.response.status()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    fn headers(&self) -> Vec<(String, String)> {
        let pair = |entry: JsValue| {
            let entry = Array::from(&entry);
            entry.get(0).as_string().zip(entry.get(1).as_string())
        };
        Array::from(&self.response.headers()).iter().filter_map(pair).collect()
    }

    fn url(&self) -> String {
        if self.response.redirected() { self.response.url() } else { String::new() }
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Error>> {
        let reading = self.response.array_buffer();
        let abort = self.abort.clone();
        Box::pin(async move {
            let reading = reading.map_err(|_| Error::Network("the body has been read already".into()))?;
            let buffer = JsFuture::from(reading).await.map_err(|error| match abort.controller.signal().aborted() {
                // Chromium hides the reason if a service worker made the response.
                true => Error::Aborted,
                false => failure(&error),
            })?;
            // The transfer is complete: there is nothing left to abort.
            abort.is_armed.set(false);
            Ok(Uint8Array::new(&buffer).to_vec())
        })
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self.abort.is_armed.set(false);
        let forwarding: Guard = Box::new(self.abort);
        Box::new((self.response, forwarding))
    }
}
