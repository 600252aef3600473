//! Requests to our server: a response, or a problem in a user's words.

use crate::{
    connection::{Connection, use_connection},
    problem::Problem,
    responses,
};
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use serde::Serialize;
use wugan::{
    Client, Request, Response, SignIn, TokenSet,
    leptos::{UseSessionReturn, use_session},
};
use wugan_wire::{PasswordChange, PasswordReset, TokenAnswer, routes};

/// How long a request waits for the client's code, in milliseconds.
const LOAD_TIMEOUT: u32 = 10_000;

/// The client, which also watches the connection; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    session: UseSessionReturn,
    connection: Connection,
}

pub(crate) fn use_api() -> Api {
    Api { session: use_session(), connection: use_connection() }
}

/// Sends a request. A status other than 2xx is a problem.
pub(crate) async fn send(client: &Client, request: Request) -> Result<Response, Problem> {
    let response = client.send(request).await?;
    if response.status().is_success() { Ok(response) } else { Err(Problem::read(response).await) }
}

/// Sends a form to a route that answers with tokens, and starts a session with them.
pub(crate) async fn sign_in(client: &Client, route: &str, form: &impl Serialize) -> Result<(), Problem> {
    match client.post(route).json(form).sign_in().await? {
        SignIn::Done(_) => Ok(()),
        SignIn::Refused(response) if route == routes::REGISTER => Err(Problem::read(response).await.about_registration()),
        SignIn::Refused(response) => Err(Problem::read(response).await),
    }
}

impl Api {
    /// Sends a request. A status other than 2xx is a problem.
    pub(crate) async fn send(self, request: Request) -> Result<Response, Problem> {
        let sent = async { send(&self.client().await?, request).await };
        self.reported(sent.await).await
    }

    /// Loads a path as text.
    pub(crate) async fn load(self, path: &str) -> Result<String, Problem> {
        Ok(self.send(Request::get(path)).await?.text().await?)
    }

    /// Sends a form to a route that answers with tokens, and starts a session with them.
    pub(crate) async fn sign_in(self, route: &str, form: &impl Serialize) -> Result<(), Problem> {
        let signed_in = async { sign_in(&self.client().await?, route, form).await };
        self.reported(signed_in.await).await
    }

    /// Changes the password. The server ends all sessions but this one, which goes on with the tokens in the response. A server that
    /// answers 204 keeps the present tokens valid.
    pub(crate) async fn change_password(self, change: &PasswordChange) -> Result<(), Problem> {
        let sent = self.send(Request::post(routes::PASSWORD).json(change)).await;
        let body = sent.map_err(|problem| problem.about_own_password("current_password"))?.text().await?;
        if !body.is_empty() {
            let tokens = responses::tokens(&body).ok_or(Problem::Unexpected)?;
            self.client().await?.session().sign_in(token_set(tokens));
        }
        Ok(())
    }

    /// Sets a new password by a reset link's code, and signs in.
    pub(crate) async fn reset_password(self, code: String, new_password: String) -> Result<(), Problem> {
        self.sign_in(routes::RESET, &PasswordReset { code, new_password }).await.map_err(Problem::about_reset_code)
    }

    /// The client. Its code goes on loading after the timeout, so that a later attempt finds it.
    async fn client(self) -> Result<Client, Problem> {
        match select(self.session.load(), TimeoutFuture::new(LOAD_TIMEOUT)).await {
            Either::Left((client, _)) => Ok(client?),
            Either::Right(_) => Err(Problem::NotLoaded),
        }
    }

    async fn reported<T>(self, result: Result<T, Problem>) -> Result<T, Problem> {
        match result {
            Err(problem) => Err(self.connection.report(problem).await),
            done => done,
        }
    }
}

#[allow(clippy::cast_precision_loss)] // A lifetime in seconds is far below 2^52.
fn token_set(answer: TokenAnswer) -> TokenSet {
    TokenSet::new(answer.access_token, answer.refresh_token).with_expires_in(answer.expires_in as f64)
}
