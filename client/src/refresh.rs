//! The one refresh: a futures `Shared` that everybody who waits clones, spawned so that it ends even when every waiter is gone.

use crate::{
    backoff,
    error::Error,
    event::{Cause, Event, RefreshOutcome},
    grant::{Reply, Verdict},
    lock::{self, Lock},
    record::Credential,
    session::{Session, Standing},
    tokens::{Left, Tokens},
};
use futures::{
    FutureExt,
    future::{Either, LocalBoxFuture, Shared, ready, select},
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

/// How often one who waits for the lock looks whether the store has what he waits for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How often one who waits is ready to wait again, because what came has run out already. A server may also hand out tokens that are
/// over when they arrive: no renewal helps then.
const TURNS: usize = 4;

/// What everybody who waits for a refresh has a clone of.
pub(crate) type Landing = Shared<LocalBoxFuture<'static, Result<Credential, Error>>>;

/// The refresh that is under way, if one is.
pub(crate) type Slot = RefCell<Option<Flight>>;

pub(crate) struct Flight {
    stale: Credential,
    /// The weightiest of all who joined: a 401 says that the token no longer works.
    cause: Rc<Cell<Cause>>,
    landing: Landing,
}

/// What the token endpoint said, and what follows.
enum Answer {
    Granted(Tokens),
    Rejected,
    Unavailable(Option<Duration>),
}

/// There is nothing to wait for.
fn landed(result: Result<Credential, Error>) -> Landing {
    ready(result).boxed_local().shared()
}

impl Session {
    /// A newer credential than `stale`, which works as far as can be known.
    pub(crate) async fn renew(&self, stale: &Credential, cause: Cause) -> Result<Credential, Error> {
        let mut newer = self.newer(stale, cause).await?;
        // Who was frozen meanwhile finds that what he waited for has run out in turn.
        for _ in 0..TURNS {
            if newer.tokens.left(&self.0.transport.clock) != Left::Nothing {
                break;
            }
            newer = self.newer(&newer, Cause::Due).await?;
        }
        Ok(newer)
    }

    /// The one that is there already, else by the one refresh.
    fn newer(&self, stale: &Credential, cause: Cause) -> Landing {
        match self.standing(stale) {
            Ok(Standing::Current(held)) => self.board(&held, cause),
            Ok(Standing::Newer(newer)) => landed(Ok(newer)),
            Err(over) => landed(Err(over)),
        }
    }

    /// Joins the flight that spends this refresh token, or starts it.
    fn board(&self, stale: &Credential, cause: Cause) -> Landing {
        if let Some(flight) = &*self.0.flight.borrow()
            && flight.stale.tokens.refresh_token == stale.tokens.refresh_token
            && flight.stale.session == stale.session
        {
            if cause == Cause::Unauthorized {
                flight.cause.set(cause);
            }
            return flight.landing.clone();
        }
        let cause = Rc::new(Cell::new(cause));
        let (session, from, why) = (self.clone(), stale.clone(), cause.clone());
        let landing = async move {
            let landed = session.fly(&from, &why).await;
            // Landed: whoever comes now starts anew.
            session.0.flight.borrow_mut().take_if(|flight| Rc::ptr_eq(&flight.cause, &why));
            landed
        };
        let landing = landing.boxed_local().shared();
        self.0.flight.replace(Some(Flight { stale: stale.clone(), cause, landing: landing.clone() }));
        self.0.transport.platform.spawn(landing.clone().map(drop).boxed_local());
        landing
    }

    /// One refresh, from the lock to the store.
    async fn fly(&self, stale: &Credential, cause: &Cell<Cause>) -> Result<Credential, Error> {
        if stale.tokens.refresh_token.is_none() {
            return Err(self.rejected(stale, cause.get()));
        }
        if let Some(retry_after) = self.0.backoff.pause() {
            return Err(Error::Unavailable { retry_after });
        }
        self.tell(|| Event::RefreshStarted { cause: cause.get() });
        let lock = self.lock(stale).await;
        let landed = match self.standing(stale) {
            Ok(Standing::Current(held)) => {
                let answer = self.ask(&held).await;
                if lock.as_ref().is_some_and(Lock::is_lost) {
                    self.give_way(stale).await;
                }
                let landed = self.land(&held, cause.get(), answer);
                // Without a verdict nothing was written that the others would have to see first.
                if !matches!(landed, Err((_, RefreshOutcome::Unavailable { .. }))) {
                    lock::release_after_lag(&self.0.transport.platform, lock);
                }
                landed
            }
            Ok(Standing::Newer(newer)) => Ok((newer, RefreshOutcome::Adopted)),
            Err(over) => Err((over, RefreshOutcome::Superseded)),
        };
        let (landed, outcome) = match landed {
            Ok((credential, outcome)) => (Ok(credential), outcome),
            Err((error, outcome)) => (Err(error), outcome),
        };
        self.tell(|| Event::RefreshEnded { outcome });
        landed
    }

    /// Waits for the lock, as long as there is something to refresh. None: there is not, or no lock can be had.
    async fn lock(&self, stale: &Credential) -> Option<Lock> {
        let lock = lock::hold(&self.0.transport, &self.0.settings.key, self.0.settings.lock_patience);
        match select(lock.boxed_local(), self.overtaken(stale).boxed_local()).await {
            Either::Left((lock, _)) => lock,
            Either::Right(..) => None,
        }
    }

    /// Whoever took the lock asks with the same token, and is answered the same, unless what it buys is used before: he goes first.
    async fn give_way(&self, stale: &Credential) {
        let _ = self.0.transport.within(self.0.settings.refresh_timeout, self.overtaken(stale)).await;
    }

    /// Is done when another tab, or another client in this page, has brought something newer.
    async fn overtaken(&self, stale: &Credential) {
        while matches!(self.standing(stale), Ok(Standing::Current(_))) {
            self.0.transport.platform.sleep(LOOK_EVERY).await;
        }
    }

    /// Acts on an answer, if the session it was asked for is still there, and nobody else has spent the refresh token.
    fn land(&self, stale: &Credential, cause: Cause, answer: Answer) -> Result<(Credential, RefreshOutcome), (Error, RefreshOutcome)> {
        match (self.standing_to_buy(stale), answer) {
            (Err(over), _) => Err((over, RefreshOutcome::Superseded)),
            (Ok(Standing::Newer(newer)), _) => Ok((newer, RefreshOutcome::Adopted)),
            (Ok(Standing::Current(_)), Answer::Granted(tokens)) => {
                self.0.backoff.over();
                Ok((self.rotate(stale, tokens), RefreshOutcome::Granted))
            }
            (Ok(Standing::Current(_)), Answer::Rejected) => {
                self.0.backoff.over();
                Err((self.rejected(stale, cause), RefreshOutcome::Rejected))
            }
            (Ok(Standing::Current(_)), Answer::Unavailable(wish)) => {
                let error = self.0.backoff.failed(wish);
                let retry_after = self.0.backoff.pause().unwrap_or_default();
                Err((error, RefreshOutcome::Unavailable { retry_after }))
            }
        }
    }

    /// Asks the token endpoint once. Whatever is not its own verdict is "unavailable".
    async fn ask(&self, stale: &Credential) -> Answer {
        let (transport, grant) = (&self.0.transport, &self.0.grant);
        let request = grant.refresh(stale.tokens.refresh_token.as_deref().unwrap_or_default()).stays();
        let asking = async {
            let address = transport.address(&request)?;
            let response = transport.attempt(&request, &address, None).await?;
            let (status, stamp) = (response.status(), response.stamp);
            transport.clock.heard(stamp);
            let wish = response.header("retry-after").as_deref().and_then(|value| backoff::retry_after(value, stamp.server));
            let body = response.read().await?;
            let verdict = grant.judge(&Reply { status, body: &body, response: &response });
            Ok::<_, Error>((verdict, stamp, wish))
        };
        match transport.within(self.0.settings.refresh_timeout, asking).await {
            Ok(Ok((Verdict::Granted(answer), stamp, _))) => {
                let tokens = Tokens::read(answer, stamp, Some(&stale.tokens));
                // Tokens of somebody else are no answer to our question.
                if stale.tokens.belongs_with(&tokens) { Answer::Granted(tokens) } else { Answer::Unavailable(None) }
            }
            Ok(Ok((Verdict::Rejected, ..))) => Answer::Rejected,
            Ok(Ok((Verdict::Unavailable, _, wish))) => Answer::Unavailable(wish),
            Ok(Err(_)) | Err(_) => Answer::Unavailable(None),
        }
    }
}
