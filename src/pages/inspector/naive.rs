//! How it is often done: every request refreshes for itself. In an account of its own, made for this and deleted afterwards.

use crate::problem::Problem;
use futures::future::join_all;
use gloo_net::http::{Request, RequestBuilder, Response};
use js_sys::Uint8Array;
use leptos::prelude::window;
use serde::{Serialize, de::DeserializeOwned};
use std::{cell::RefCell, rc::Rc};
use wugan::{Cause, Event, Noted, Outcome, RefreshOutcome};
use wugan_timeline::UseTimeline;
use wugan_wire::{Credentials, DeleteAccount, ErrorBody, RefreshRequest, TokenAnswer, routes};

/// Sends the burst with an access token that is no longer good, and notes what happens.
pub(super) async fn burst(route: &str, count: usize, timeline: UseTimeline) -> Result<(), Problem> {
    let credentials = Credentials { username: format!("guest-{}", random(6)), password: random(16) };
    let answer = post(routes::REGISTER, &credentials, None).await?;
    let mut tokens: TokenAnswer = read(answer).await.ok_or(Problem::Odd)?;
    "spoiled".clone_into(&mut tokens.access_token);
    let tokens = Rc::new(RefCell::new(tokens));
    join_all((1..=count).map(|number| request(number as u64, route, tokens.clone(), timeline))).await;
    // Whatever has become of the tokens, nothing of it shall stay.
    let mut token = tokens.borrow().access_token.clone();
    if token == "spoiled"
        && let Ok(answer) = post(routes::LOGIN, &credentials, None).await
        && let Some(fresh) = read::<TokenAnswer>(answer).await
    {
        token = fresh.access_token;
    }
    post(routes::DELETE, &DeleteAccount { password: credentials.password }, Some(&token)).await.map(drop)
}

async fn request(number: u64, route: &str, tokens: Rc<RefCell<TokenAnswer>>, timeline: UseTimeline) {
    let request = number;
    let mut replay = false;
    let outcome = loop {
        note(timeline, Event::Sent { request, method: "GET".to_owned(), path: route.to_owned(), replay });
        let bearer = tokens.borrow().access_token.clone();
        let Ok(answer) = with_token(Request::get(route), Some(&bearer)).send().await else { break None };
        note(timeline, Event::Answered { request, status: answer.status(), replay });
        if answer.status() != 401 || replay {
            break Some(answer.status());
        }
        note(timeline, Event::Waiting { request });
        note(timeline, Event::RefreshStarted { cause: Cause::Unauthorized });
        let refresh = RefreshRequest { refresh_token: tokens.borrow().refresh_token.clone() };
        let fresh = match post(routes::REFRESH, &refresh, None).await {
            Ok(answer) => read::<TokenAnswer>(answer).await,
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
    let answer = request.send().await.map_err(|_| Problem::Unreachable)?;
    if answer.ok() {
        return Ok(answer);
    }
    Err(read::<ErrorBody>(answer).await.map_or(Problem::Odd, |body| Problem::Said(body.code, body.fields)))
}

/// From bytes, as the library does it: reading JSON from text would be the same code once more.
async fn read<T: DeserializeOwned>(answer: Response) -> Option<T> {
    serde_json::from_slice(&answer.binary().await.ok()?).ok()
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
