//! Starts a session with the refresh token in a cookie, by one shared exchange.

use crate::{
    client::{Client, SignIn},
    error::{Error, SignOutReason},
    grant::{Exchange, RefreshOutcome, TokenResponse},
    session::Session,
    storage::lock::Lock,
    time::timestamp::Timestamp,
    tokens::{TokenSet, Tokens},
    transport::without_redirects,
};
use futures::{
    FutureExt,
    future::{Either, WeakShared, select},
};
use std::rc::Rc;

impl Client {
    /// Starts a session with the refresh token that the browser has in a cookie ([`grant::Cookie`](crate::grant::Cookie)), for a page
    /// without tokens: after a reload with [`in_memory`](crate::ClientBuilder::in_memory), or when localStorage was cleared. Calls at the
    /// same time share one exchange, which goes on if the callers stop waiting. Returns whether a user is signed in. A sign-in or sign-out that
    /// happens meanwhile, in any tab that shares the session, counts: a later answer does not change it.
    ///
    /// Where there are Web Locks, this, a refresh and [`sign_in`](crate::RequestBuilder::sign_in) wait for each other in all tabs, and for the
    /// answer to a sign-out, which is sent at once. Without them, as in a page that is not a secure context, a late answer may replace a
    /// newer cookie.
    ///
    /// After a sign-out by the user it asks no server. Where a page of the server signs users in, such as a form without JavaScript,
    /// call `client.post(refresh_url).sign_in()` on the page to which it leads.
    ///
    /// # Errors
    /// As [`RequestBuilder::sign_in`](crate::RequestBuilder::sign_in); [`Error::Status`] also for a 4xx that the [grant](crate::grant) does
    /// not take for a rejection, such as a gateway's 404 during a deployment.
    pub async fn resume(&self) -> Result<bool, Error> {
        let in_flight = self.0.resuming.borrow().as_ref().and_then(WeakShared::upgrade);
        let shared = in_flight.unwrap_or_else(|| {
            let client = self.clone();
            let exchange = async move {
                let result = client.exchange_cookie().await;
                // A later call exchanges the cookie again, also while a caller keeps the finished future.
                client.0.resuming.take();
                result
            };
            let shared = self.0.session.shared(exchange.boxed_local());
            self.0.resuming.replace(shared.downgrade());
            self.0.session.0.transport.platform.spawn(shared.clone().map(drop).boxed_local());
            shared
        });
        let result = shared.await;
        self.0.session.0.events.deliver();
        result
    }

    async fn exchange_cookie(&self) -> Result<bool, Error> {
        let session = &self.0.session;
        if !session.may_resume() {
            return Ok(session.current().is_some());
        }
        let lock = match select(session.acquire_cookie_lock(), session.resumed_elsewhere().boxed_local()).await {
            Either::Left((lock, _)) => lock,
            Either::Right(_) => None,
        };
        if !session.may_resume() {
            return Ok(session.current().is_some());
        }
        let request = without_redirects(session.0.grant.refresh(&Exchange { refresh_token: "", attempt: "" }));
        // Another tab takes the holder of the lock for suspended soon after this time.
        let request = request.timeout(session.0.settings.refresh_timeout);
        let SignIn::Refused(mut refusal) = self.sign_in_if(request, Session::may_resume, &lock).await? else {
            session.release(lock);
            return Ok(session.current().is_some());
        };
        session.within_timeout(refusal.buffer()).await?;
        let is_verdict = matches!(session.parse(&TokenResponse::new(&refusal)), RefreshOutcome::Rejected);
        if is_verdict { Ok(false) } else { Err(refusal.status_error()) }
    }
}

impl Session {
    /// Whether a cookie may start a session: there is none, and the user has not signed out.
    pub(crate) fn may_resume(&self) -> bool {
        self.current().is_none() && !self.is_signed_out_by_user() && self.has_cookie()
    }

    pub(crate) fn is_signed_out_by_user(&self) -> bool {
        let by_user = matches!(self.sign_out_reason(), Some(SignOutReason::ByUser | SignOutReason::OtherTab));
        by_user || (self.current().is_none() && self.has_sign_out_mark())
    }

    /// Completes when a session has begun or the user has signed out.
    async fn resumed_elsewhere(&self) {
        while self.may_resume() {
            self.change_or_poll().await;
        }
    }

    /// Revokes tokens that arrived after the user had signed out: the revocation request of the sign-out named the refresh token that
    /// was exchanged. A backend that
    /// revokes single tokens needs a second request, with its successor. A late answer causes no request with the cookie, which may be the next
    /// user's by now.
    pub(crate) fn revoke_discarded(&self, spent: Option<&Tokens>, granted: &TokenSet, sent_at: &Timestamp, lock: &Option<Rc<Lock>>) {
        let is_in_cookie = !self.0.grant.needs_refresh_token() && !self.is_late(sent_at);
        let is_new = granted.refresh_token.is_some() && spent.is_none_or(|spent| granted.refresh_token != spent.refresh_token);
        if self.is_signed_out_by_user() && (is_in_cookie || is_new) {
            self.revoke(granted.refresh_token.as_deref(), &self.random_id(), Some(Box::new(lock.clone())), true);
        }
    }
}
