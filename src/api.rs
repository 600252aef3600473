//! Requests to our server: a response, or a problem in a user's words.

use crate::{
    connection::{Connection, use_connection},
    problem::Problem,
};
use serde::Serialize;
use wugan::{
    Client, Request, Response, SignIn,
    leptos::{UseSessionReturn, use_session},
};

/// The client, which also watches the connection; `Copy`.
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

    /// Sends a request. A status other than 2xx is a problem.
    pub(crate) async fn send(self, request: Request) -> Result<Response, Problem> {
        match self.client().send(request).await {
            Ok(response) if response.status().is_success() => Ok(response),
            Ok(response) => Err(self.report(Problem::read(response).await).await),
            Err(error) => Err(self.report(error.into()).await),
        }
    }

    /// Sends a form to a route that answers with tokens, and starts a session with them.
    pub(crate) async fn sign_in<T: Serialize>(self, route: &str, form: &T) -> Result<(), Problem> {
        match self.client().post(route).json(form).sign_in().await {
            Ok(SignIn::Done(_)) => Ok(()),
            Ok(SignIn::Refused(response)) => Err(self.report(Problem::read(response).await).await),
            Err(error) => Err(self.report(error.into()).await),
        }
    }

    /// Checks the server after a problem that may be an outage. If it is down, the banner says so; else the request is repeated later,
    /// and the caller shows when.
    pub(crate) async fn report(self, problem: Problem) -> Problem {
        let min_wait_ms = match problem {
            Problem::Unreachable => 0,
            Problem::Unrenewed(seconds) => seconds.saturating_mul(1_000),
            _ => return problem,
        };
        if self.connection.is_down().await {
            return Problem::Unreachable;
        }
        self.connection.retry_later(min_wait_ms);
        problem
    }
}
