//! The naive client: each request refreshes on its own. It uses a temporary account, deleted afterwards.

use super::burst::{TIMEOUT, at_once};
use crate::{answers, problem::Problem};
use futures::{
    FutureExt,
    future::{Either, LocalBoxFuture, select},
};
use gloo_net::http::{Request, RequestBuilder, Response};
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use leptos::prelude::window;
use serde::Serialize;
use std::{cell::RefCell, rc::Rc};
use wugan::{Event, Outcome, RefreshResult, RefreshTrigger, TimedEvent};
use wugan_timeline::UseTimeline;
use wugan_wire::{Credentials, DeleteAccount, RefreshRequest, TokenAnswer, routes};

/// Sends the burst with an invalid access token and records the events.
pub(super) async fn burst(route: &str, count: usize, timeline: UseTimeline) -> Result<(), Problem> {
    let credentials = Credentials { username: format!("guest-{}", random(6)), password: random(16) };
    let answer = post(routes::REGISTER, &credentials, None).await?;
    let mut tokens = tokens_in(answer).await.ok_or(Problem::Unexpected)?;
    "invalid".clone_into(&mut tokens.access_token);
    let tokens = Rc::new(RefCell::new(tokens));
    at_once((1..=count).map(|number| request(number as u64, route, tokens.clone(), timeline).boxed_local()).collect()).await;
    // A failure is not shown: the user could do nothing about the account.
    let _ = delete_account(credentials).await;
    Ok(())
}

/// Deletes the account after a new sign-in: its tokens may have been revoked by the many refreshes.
async fn delete_account(credentials: Credentials) -> Result<(), Problem> {
    let fresh = tokens_in(post(routes::LOGIN, &credentials, None).await?).await.ok_or(Problem::Unexpected)?;
    post(routes::DELETE, &DeleteAccount { password: credentials.password }, Some(&fresh.access_token)).await.map(drop)
}

async fn request(number: u64, route: &str, tokens: Rc<RefCell<TokenAnswer>>, timeline: UseTimeline) {
    let request = number;
    let mut replay = false;
    let outcome = loop {
        push(timeline, Event::Sent { request, method: "GET".to_owned(), path: route.to_owned(), replay });
        let bearer = tokens.borrow().access_token.clone();
        let sent = async { with_token(Request::get(route), Some(&bearer)).send().await };
        let Ok(answer) = with_timeout(sent.boxed_local()).await else { break None };
        push(timeline, Event::Answered { request, status: answer.status(), replay });
        if answer.status() != 401 || replay {
            break Some(answer.status());
        }
        push(timeline, Event::Waiting { request });
        push(timeline, Event::RefreshStarted { trigger: RefreshTrigger::Unauthorized });
        let refresh = RefreshRequest { refresh_token: tokens.borrow().refresh_token.clone() };
        let fresh = match post(routes::REFRESH, &refresh, None).await {
            Ok(answer) => tokens_in(answer).await,
            Err(_) => None,
        };
        let result = if fresh.is_some() { RefreshResult::Granted } else { RefreshResult::Rejected };
        push(timeline, Event::RefreshEnded { result });
        match fresh {
            Some(fresh) => *tokens.borrow_mut() = fresh,
            None => break Some(401),
        }
        replay = true;
    };
    let outcome = outcome.map_or_else(|| Outcome::Failed(wugan::Error::Network(String::new())), Outcome::Answered);
    push(timeline, Event::Settled { request, outcome });
}

fn push(timeline: UseTimeline, event: Event) {
    let at = window().performance().map_or(0.0, |clock| clock.now());
    timeline.push(&TimedEvent { at, event });
}

async fn post<T: Serialize>(route: &str, body: &T, bearer: Option<&str>) -> Result<Response, Problem> {
    let request = with_token(Request::post(route), bearer).json(body).map_err(|_| Problem::Unexpected)?;
    let answer = with_timeout(request.send().boxed_local()).await?;
    if answer.ok() {
        return Ok(answer);
    }
    let wait = answer.headers().get("retry-after");
    let said = answer.text().await.ok().and_then(|body| answers::error(&body));
    Err(said.map_or(Problem::Unexpected, |(code, fields)| Problem::refused(code, fields, wait)))
}

/// Applies the same timeout as the library's burst.
async fn with_timeout(sent: LocalBoxFuture<'_, Result<Response, gloo_net::Error>>) -> Result<Response, Problem> {
    match select(sent, TimeoutFuture::new(TIMEOUT.as_millis() as u32)).await {
        Either::Left((answer, _)) => answer.map_err(|_| Problem::Unreachable),
        Either::Right(_) => Err(Problem::Slow),
    }
}

async fn tokens_in(answer: Response) -> Option<TokenAnswer> {
    answers::tokens(&answer.text().await.ok()?)
}

fn with_token(request: RequestBuilder, bearer: Option<&str>) -> RequestBuilder {
    match bearer {
        Some(token) => request.header("authorization", &format!("Bearer {token}")),
        None => request,
    }
}

/// Random bytes as hexadecimal digits.
fn random(bytes: u32) -> String {
    let random = Uint8Array::new_with_length(bytes);
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_array_buffer_view(&random);
    }
    random.to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}
