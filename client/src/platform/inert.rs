//! The platform for server-side rendering: no storage, no network, no time passes. A session is signed out.

use super::{Address, Guard, HostResponse, Platform, PlatformEvent, PlatformRequest, Storage, StoreError};
use crate::{error::Error, random::random};
use futures::future::{FutureExt, LocalBoxFuture, pending, ready};
use std::{rc::Rc, time::Duration};

pub(crate) struct Inert;

#[cfg(feature = "leptos")]
pub(crate) fn is_stored(_: &str) -> bool {
    false
}

#[cfg(feature = "leptos")]
pub(crate) fn subscribe(_: &str, _: Rc<dyn Fn(PlatformEvent)>) -> Guard {
    Box::new(())
}

impl Storage for Inert {
    fn get(&self, _: &str) -> Result<Option<String>, StoreError> {
        Ok(None)
    }

    fn set(&self, _: &str, _: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Platform for Inert {
    /// Splits absolute URLs; relative ones belong to a page whose URL is not known here.
    fn resolve(&self, base: &str, url: &str) -> Option<Address> {
        let absolute = [url, base].into_iter().find(|url| url.contains("://")).unwrap_or("http://localhost/");
        let (scheme, rest) = absolute.split_once("://")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        Some(Address {
            href: absolute.to_owned(),
            origin: format!("{scheme}://{host}"),
            path: format!("/{}", path.split(['?', '#']).next()?),
        })
    }

    fn fetch(&self, _: PlatformRequest<'_>) -> LocalBoxFuture<'static, Result<HostResponse, Error>> {
        ready(Err(Error::Network("requests are sent in the browser only, not while a page is rendered on the server".into()))).boxed_local()
    }

    fn lock(&self, _: &str) -> Option<LocalBoxFuture<'static, Guard>> {
        None
    }

    fn lock_holder(&self, _: &str) -> LocalBoxFuture<'static, Option<String>> {
        ready(None).boxed_local()
    }

    fn now(&self) -> f64 {
        0.0
    }

    fn monotonic(&self) -> f64 {
        0.0
    }

    fn sleep(&self, _: Duration) -> LocalBoxFuture<'static, ()> {
        pending().boxed_local()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        drop(task);
    }

    fn random(&self) -> f64 {
        random()
    }

    fn subscribe(&self, _: &str, _: Rc<dyn Fn(PlatformEvent)>) -> Guard {
        Box::new(())
    }

    fn visible(&self) -> bool {
        false
    }
}
