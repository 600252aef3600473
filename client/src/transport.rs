//! One sending of one request: resolved and stamped.

use crate::{
    clock::{Clock, Stamp, parse_date},
    error::Error,
    platform::{Address, Attempt, Platform},
    request::Request,
    response::Response,
};
use futures::future::{Either, select};
use std::{future::Future, pin::pin, rc::Rc, time::Duration};

pub(crate) struct Transport {
    pub(crate) platform: Rc<dyn Platform>,
    pub(crate) clock: Clock,
    base: String,
}

impl Transport {
    pub(crate) fn new(platform: Rc<dyn Platform>, base: String) -> Transport {
        Transport { clock: Clock::new(platform.clone()), platform, base }
    }

    /// Where a URL leads, as `fetch` will see it.
    pub(crate) fn resolve(&self, url: &str) -> Result<Address, Error> {
        // The URL itself may hold a secret: it is not quoted.
        self.platform.resolve(&self.base, url).ok_or_else(|| Error::Invalid("its URL makes no sense".into()))
    }

    /// Where a request goes, its query included.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it cannot be built.
    pub(crate) fn address(&self, request: &Request) -> Result<Address, Error> {
        request.check()?;
        Ok(request.with_query(self.resolve(&request.url)?))
    }

    /// Sends a request once, as it is.
    pub(crate) async fn attempt(&self, request: &Request, address: &Address, token: Option<&str>) -> Result<Response, Error> {
        let asked = self.clock.now();
        let authorization = token.map(|token| format!("Bearer {token}"));
        let answer = self.platform.fetch(Attempt { address, request, body: request.body.make(), authorization }).await?;
        // The `Date` of an answer from a cache is that of its making, some time ago (RFC 9111 §5.1).
        let date = if answer.header("age").is_none() { answer.header("date") } else { None };
        let stamp = Stamp::between(asked, self.clock.now(), date.as_deref().and_then(parse_date));
        Ok(Response::new(answer, stamp))
    }

    /// Lets a future have so much time. What is not done by then is dropped.
    pub(crate) async fn within<F: Future>(&self, time: Duration, future: F) -> Result<F::Output, Error> {
        within(&*self.platform, time, future).await
    }
}

pub(crate) async fn within<F: Future>(platform: &dyn Platform, time: Duration, future: F) -> Result<F::Output, Error> {
    match select(pin!(future), platform.sleep(time)).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right(_) => Err(Error::Timeout),
    }
}
