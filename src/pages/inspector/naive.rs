//! The naive client: each request refreshes on its own. It has a session of its own in the guest's account.

use super::burst::{TIMEOUT, all};
use crate::{problem::Problem, responses};
use futures::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use gloo_net::http::{Request, Response};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::window;
use serde::Serialize;
use std::{cell::RefCell, rc::Rc};
use wugan::{Event, Outcome, RefreshResult, RefreshTrigger, TimedEvent};
use wugan_wire::{Credentials, RefreshRequest, TokenAnswer, routes};

/// The present tokens of the naive client.
pub(super) type Tokens = Rc<RefCell<TokenAnswer>>;

/// Starts a session.
pub(super) async fn sign_in(account: &Credentials) -> Result<Tokens, Problem> {
    let response = post(routes::LOGIN, account).await?;
    Ok(Rc::new(RefCell::new(tokens_in(response).await.ok_or(Problem::Unexpected)?)))
}

/// Sends the burst with an invalid access token. Returns the events.
pub(super) async fn burst(tokens: Tokens, route: &str, count: usize) -> Vec<TimedEvent> {
    "invalid".clone_into(&mut tokens.borrow_mut().access_token);
    let events = RefCell::new(Vec::new());
    all((1..=count).map(|number| request(number as u64, route, tokens.clone(), &events).boxed_local()).collect()).await;
    events.into_inner()
}

async fn request(number: u64, route: &str, tokens: Tokens, events: &RefCell<Vec<TimedEvent>>) {
    let request = number;
    let mut replay = false;
    let outcome = loop {
        push(events, Event::Sent { request, method: "GET".to_owned(), path: route.to_owned(), replay });
        let bearer = tokens.borrow().access_token.clone();
        let sent = async { Request::get(route).header("authorization", &format!("Bearer {bearer}")).send().await };
        let Ok(answer) = with_timeout(sent.boxed_local()).await else { break None };
        push(events, Event::Answered { request, status: answer.status(), replay });
        if answer.status() != 401 || replay {
            break Some(answer.status());
        }
        push(events, Event::Waiting { request });
        push(events, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        let refresh = RefreshRequest { refresh_token: tokens.borrow().refresh_token.clone() };
        let fresh = match post(routes::REFRESH, &refresh).await {
            Ok(answer) => tokens_in(answer).await,
            Err(_) => None,
        };
        let result = if fresh.is_some() { RefreshResult::Granted } else { RefreshResult::Rejected };
        push(events, Event::RefreshEnded { result });
        match fresh {
            Some(fresh) => *tokens.borrow_mut() = fresh,
            None => break Some(401),
        }
        replay = true;
    };
    let outcome = outcome.map_or_else(|| Outcome::Failed(wugan::Error::Network(String::new())), Outcome::Answered);
    push(events, Event::Settled { request, outcome });
}

fn push(events: &RefCell<Vec<TimedEvent>>, event: Event) {
    let at = window().performance().map_or(0.0, |clock| clock.now());
    events.borrow_mut().push(TimedEvent { at, event });
}

async fn post(route: &str, body: &impl Serialize) -> Result<Response, Problem> {
    let request = Request::post(route).json(body).map_err(|_| Problem::Unexpected)?;
    let response = with_timeout(request.send().boxed_local()).await?;
    if response.ok() {
        return Ok(response);
    }
    let wait = response.headers().get("retry-after");
    let error = response.text().await.ok().and_then(|body| responses::error(&body));
    Err(error.map_or(Problem::Unexpected, |(code, fields)| Problem::refused(code, fields, wait)))
}

/// Applies the same timeout as the library's burst.
async fn with_timeout(sent: LocalBoxFuture<'_, Result<Response, gloo_net::Error>>) -> Result<Response, Problem> {
    match select(sent, TimeoutFuture::new(TIMEOUT.as_millis() as u32)).await {
        Either::Left((answer, _)) => answer.map_err(|_| Problem::Unreachable),
        Either::Right(_) => Err(Problem::Slow),
    }
}

async fn tokens_in(answer: Response) -> Option<TokenAnswer> {
    responses::tokens(&answer.text().await.ok()?)
}
