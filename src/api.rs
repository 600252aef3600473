//! Asking our server: an answer, or a problem that a person can be told.

use crate::{
    connection::{Connection, use_connection},
    problem::Problem,
};
use serde::Serialize;
use wugan::{
    Client, Request, Response, SignIn,
    leptos::{UseSessionReturn, use_session},
};

/// The client, with an eye on the connection; `Copy`.
#[derive(Clone, Copy)]
pub(crate) struct Api {
    session: UseSessionReturn,
    connection: Connection,
}

pub(crate) fn use_api() -> Api {
    Api { session: use_session(), connection: use_connection() }
}

impl Api {
    pub(crate) fn client(self) -> Client {
        self.session.client()
    }

    /// Sends a request; whatever is no success is a problem.
    pub(crate) async fn send(self, request: Request) -> Result<Response, Problem> {
        match self.client().send(request).await {
            Ok(response) if response.ok() => Ok(response),
            Ok(response) => Err(self.heed(Problem::read(response).await).await),
            Err(error) => Err(self.heed(error.into()).await),
        }
    }

    /// Signs in with what a form holds, by either of the two routes that hand out tokens.
    pub(crate) async fn sign_in<T: Serialize>(self, route: &str, form: &T) -> Result<(), Problem> {
        match self.client().sign_in(Request::post(route).json(form)).await {
            Ok(SignIn::Done) => Ok(()),
            Ok(SignIn::Refused(response)) => Err(self.heed(Problem::read(response).await).await),
            Err(error) => Err(self.heed(error.into()).await),
        }
    }

    /// Whether the server is away or only this was not answered, a look tells: the banner says the one, and of the other whoever asked is
    /// told when it will be asked again.
    pub(crate) async fn heed(self, problem: Problem) -> Problem {
        let least = match problem {
            Problem::Unreachable => 0,
            Problem::Unrenewed(seconds) => seconds.saturating_mul(1_000),
            _ => return problem,
        };
        if self.connection.is_away().await {
            return Problem::Unreachable;
        }
        self.connection.ask_later(least);
        problem
    }
}
