//! How it is often done: every request refreshes for itself. In an account of its own, made for this and deleted afterwards.

use super::burst::{DEADLINE, at_once};
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
use wugan::{Cause, Event, Noted, Outcome, RefreshOutcome};
use wugan_timeline::UseTimeline;
use wugan_wire::{Credentials, DeleteAccount, RefreshRequest, TokenAnswer, routes};

/// Sends the burst with an access token that is no longer good, and notes what happens.
pub(super) async fn burst(route: &str, count: usize, timeline: UseTimeline) -> Result<(), Problem> {
    let credentials = Credentials { username: format!("guest-{}", random(6)), password: random(16) };
    let answer = post(routes::REGISTER, &credentials, None).await?;
    let mut tokens = tokens_in(answer).await.ok_or(Problem::Odd)?;
    "spoiled".clone_into(&mut tokens.access_token);
    let tokens = Rc::new(RefCell::new(tokens));
    at_once((1..=count).map(|number| request(number as u64, route, tokens.clone(), timeline).boxed_local()).collect()).await;
    // The burst has been seen: that its account stays is nothing its person could do anything about.
    let _ = forget(credentials).await;
    Ok(())
}

/// Nothing of the account shall stay. What has become of its tokens in so many refreshes, nobody knows: the password still holds.
async fn forget(credentials: Credentials) -> Result<(), Problem> {
    let fresh = tokens_in(post(routes::LOGIN, &credentials, None).await?).await.ok_or(Problem::Odd)?;
    post(routes::DELETE, &DeleteAccount { password: credentials.password }, Some(&fresh.access_token)).await.map(drop)
}

async fn request(number: u64, route: &str, tokens: Rc<RefCell<TokenAnswer>>, timeline: UseTimeline) {
    let request = number;
    let mut replay = false;
    let outcome = loop {
        note(timeline, Event::Sent { request, method: "GET".to_owned(), path: route.to_owned(), replay });
        let bearer = tokens.borrow().access_token.clone();
        let sent = async { with_token(Request::get(route), Some(&bearer)).send().await };
        let Ok(answer) = in_time(sent.boxed_local()).await else { break None };
        note(timeline, Event::Answered { request, status: answer.status(), replay });
        if answer.status() != 401 || replay {
            break Some(answer.status());
        }
        note(timeline, Event::Waiting { request });
        note(timeline, Event::RefreshStarted { cause: Cause::Unauthorized });
        let refresh = RefreshRequest { refresh_token: tokens.borrow().refresh_token.clone() };
        let fresh = match post(routes::REFRESH, &refresh, None).await {
            Ok(answer) => tokens_in(answer).await,
            Err(_) => None,
        };
        let outcome = if fresh.is_some() { RefreshOutcome::Granted } else { RefreshOutcome::Rejected };
        note(timeline, Event::RefreshEnded { outcome });
        match fresh {
            Some(fresh) => *tokens.borrow_mut() = fresh,
            None => break Some(401),
        }
        replay = true;
    };
    let outcome = outcome.map_or_else(|| Outcome::Failed(wugan::Error::Network(String::new())), Outcome::Answered);
    note(timeline, Event::Settled { request, outcome });
}

fn note(timeline: UseTimeline, event: Event) {
    let at = window().performance().map_or(0.0, |clock| clock.now());
    timeline.note(&Noted { at, event });
}

async fn post<T: Serialize>(route: &str, body: &T, bearer: Option<&str>) -> Result<Response, Problem> {
    let request = with_token(Request::post(route), bearer).json(body).map_err(|_| Problem::Odd)?;
    let answer = in_time(request.send().boxed_local()).await?;
    if answer.ok() {
        return Ok(answer);
    }
    let wait = answer.headers().get("retry-after");
    let said = answer.text().await.ok().and_then(|body| answers::error(&body));
    Err(said.map_or(Problem::Odd, |(code, fields)| Problem::said(code, fields, wait)))
}

/// No answer in the time that ours get either is none.
async fn in_time(sent: LocalBoxFuture<'_, Result<Response, gloo_net::Error>>) -> Result<Response, Problem> {
    match select(sent, TimeoutFuture::new(DEADLINE.as_millis() as u32)).await {
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

/// This many random bytes, in hexadecimal digits.
fn random(bytes: u32) -> String {
    let random = Uint8Array::new_with_length(bytes);
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_array_buffer_view(&random);
    }
    random.to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}
