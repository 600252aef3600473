//! The part of the crate `wasm-streams` that Leptos uses, for streams of server functions.
//!
//! The original exports its stream sources as JavaScript classes. A linker keeps exports, so each Leptos app contains them, 3 kB of brotli,
//! also if it has no server functions. Here the sources are closures, which the linker removes.

use futures::{
    Stream, StreamExt,
    stream::{LocalBoxStream, unfold},
};
use js_sys::{Object, Promise, Reflect};
use std::{cell::RefCell, fmt, rc::Rc};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, future_to_promise};
use web_sys::{ReadableStreamDefaultController, ReadableStreamDefaultReader};

/// A `ReadableStream` of the browser. <https://streams.spec.whatwg.org/#rs-class>
pub struct ReadableStream(web_sys::ReadableStream);

impl fmt::Debug for ReadableStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadableStream").finish_non_exhaustive()
    }
}

impl ReadableStream {
    /// Wraps a stream of the browser.
    #[must_use]
    pub fn from_raw(raw: web_sys::ReadableStream) -> ReadableStream {
        ReadableStream(raw)
    }

    /// The stream of the browser.
    #[must_use]
    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// A stream of the browser that pulls its chunks from a stream of Rust.
    ///
    /// # Panics
    /// If the browser has no `ReadableStream`.
    pub fn from_stream(stream: impl Stream<Item = Result<JsValue, JsValue>> + 'static) -> ReadableStream {
        let chunks: Rc<RefCell<Option<LocalBoxStream<'static, _>>>> = Rc::new(RefCell::new(Some(stream.boxed_local())));
        let cancelled = chunks.clone();
        // The browser pulls again when the promise of the last pull is fulfilled, so the stream is always back.
        let pull =
            Closure::<dyn FnMut(ReadableStreamDefaultController) -> Promise>::new(move |controller: ReadableStreamDefaultController| {
                let chunks = chunks.clone();
                future_to_promise(async move {
                    let Some(mut stream) = chunks.take() else { return Ok(JsValue::UNDEFINED) };
                    match stream.next().await {
                        Some(Ok(chunk)) => controller.enqueue_with_chunk(&chunk)?,
                        Some(Err(error)) => controller.error_with_e(&error),
                        None => controller.close()?,
                    }
                    chunks.replace(Some(stream));
                    Ok(JsValue::UNDEFINED)
                })
            });
        let cancel = Closure::<dyn FnMut()>::new(move || drop(cancelled.take()));
        let source = Object::new();
        for (name, function) in [("pull", pull.into_js_value()), ("cancel", cancel.into_js_value())] {
            // It fails for frozen objects only.
            let _ = Reflect::set(&source, &name.into(), &function);
        }
        match web_sys::ReadableStream::new_with_underlying_source(&source) {
            Ok(raw) => ReadableStream(raw),
            Err(error) => panic!("this browser has no ReadableStream: {error:?}"),
        }
    }

    /// The chunks as a stream of Rust, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<JsValue, JsValue>> {
        let reader: ReadableStreamDefaultReader = self.0.get_reader().unchecked_into();
        unfold(Some(reader), async |reader| {
            let reader = reader?;
            let read = match JsFuture::from(reader.read()).await {
                Ok(read) => read,
                Err(error) => return Some((Err(error), None)),
            };
            let is_done = Reflect::get(&read, &"done".into()).is_ok_and(|done| done.is_truthy());
            (!is_done).then(|| (Ok(Reflect::get(&read, &"value".into()).unwrap_or_default()), Some(reader)))
        })
    }
}
