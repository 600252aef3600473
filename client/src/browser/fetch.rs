//! One `fetch`: gloo-net builds the request, and dropping the future, or an answer that nobody read, aborts it.

use crate::{
    body::Content,
    error::Error,
    platform::{Answer, Attempt},
    request::is_header_value,
};
use futures::future::LocalBoxFuture;
use gloo_net::http::RequestBuilder;
use js_sys::{Object, Reflect, Uint8Array};
use std::{any::Any, cell::Cell, rc::Rc};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, Response};

pub(super) fn fetch(attempt: &Attempt<'_>) -> LocalBoxFuture<'static, Result<Box<dyn Answer>, Error>> {
    let sending = build(attempt).map(|(request, abort)| (JsFuture::from(super::scope().fetch_with_request(&request)), abort));
    Box::pin(async move {
        let (sending, abort) = sending?;
        let response = sending.await.map_err(|error| Error::Network(why(&error)))?;
        let response: Response = response.dyn_into().map_err(|_| Error::Network("fetch gave no response".into()))?;
        Ok(Box::new(Fetched { response, abort: Rc::new(abort) }) as Box<dyn Answer>)
    })
}

fn build(attempt: &Attempt<'_>) -> Result<(web_sys::Request, Abort), Error> {
    let abort = Abort::new()?;
    let request = attempt.request;
    let mut builder = RequestBuilder::new(&attempt.address.href).method(request.method().clone()).abort_signal(Some(&abort.signal));
    for (name, value) in request.headers() {
        builder = builder.header(name, value);
    }
    if let Some(authorization) = &attempt.authorization {
        // A server, or somebody at the store, may have made it of anything.
        if !is_header_value(authorization) {
            return Err(Error::Invalid("the access token cannot go into a header".into()));
        }
        builder = builder.header("authorization", authorization);
    }
    // What gloo-net and some releases of web-sys have no name for.
    let more = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&more, &name.into(), value).map(drop).map_err(|error| Error::Invalid(why(&error)));
    let request = match attempt.body.content() {
        Content::Empty => builder.build(),
        Content::Text(text) => builder.body(text),
        Content::Bytes(bytes) => builder.body(Uint8Array::from(bytes)),
        Content::Js(stream) if stream.is_instance_of::<ReadableStream>() => {
            set("body", stream)?;
            // Streams go one way at a time, and the standard wants that said: https://fetch.spec.whatwg.org/#dom-requestinit-duplex
            set("duplex", &"half".into())?;
            builder.build()
        }
        Content::Js(value) => builder.body(value.clone()),
    };
    let request: web_sys::Request = request.map_err(|_| Error::Invalid(REFUSED.to_owned()))?.into();
    if attempt.request.outlives_page() {
        set("keepalive", &JsValue::TRUE)?;
    }
    if !attempt.request.follows_redirects() {
        set("redirect", &"error".into())?;
    }
    if Object::keys(&more).length() == 0 {
        return Ok((request, abort));
    }
    let request =
        web_sys::Request::new_with_request_and_init(&request, more.unchecked_ref()).map_err(|error| Error::Invalid(why(&error)))?;
    Ok((request, if attempt.request.outlives_page() { abort.disarmed() } else { abort }))
}

const REFUSED: &str = "the browser refuses its URL, method or body";

/// What a rejection says: the message of an `Error`, and of anything else nothing.
fn why(error: &JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| "the browser does not say why".to_owned(), |error| without_url(error.message().into()))
}

/// Browsers quote the URL in what they say, and a URL may hold a secret.
fn without_url(message: String) -> String {
    let quotes_one = message.as_bytes().windows(3).any(|three| three == b"://");
    if quotes_one { REFUSED.to_owned() } else { message }
}

/// Aborts a request when it is dropped too early.
struct Abort {
    controller: web_sys::AbortController,
    signal: web_sys::AbortSignal,
    armed: Cell<bool>,
}

impl Abort {
    fn new() -> Result<Abort, Error> {
        let controller = web_sys::AbortController::new().map_err(|error| Error::Network(why(&error)))?;
        Ok(Abort { signal: controller.signal(), controller, armed: Cell::new(true) })
    }

    fn disarmed(self) -> Abort {
        self.armed.set(false);
        self
    }
}

impl Drop for Abort {
    fn drop(&mut self) {
        if self.armed.get() {
            self.controller.abort();
        }
    }
}

struct Fetched {
    response: Response,
    abort: Rc<Abort>,
}

impl Answer for Fetched {
    fn status(&self) -> u16 {
        self.response.status()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.response.headers().get(name).ok().flatten()
    }

    fn url(&self) -> String {
        if self.response.redirected() { self.response.url() } else { String::new() }
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Error>> {
        let reading = self.response.array_buffer();
        let abort = self.abort.clone();
        Box::pin(async move {
            let reading = reading.map(JsFuture::from).map_err(|_| Error::Body("it has been read already".into()))?;
            let buffer = reading.await.map_err(|error| Error::Network(why(&error)))?;
            // All is here: there is nothing left to abort.
            abort.armed.set(false);
            Ok(Uint8Array::new(&buffer).to_vec())
        })
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self.abort.armed.set(false);
        Box::new(self.response)
    }
}
