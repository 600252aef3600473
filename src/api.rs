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
            Ok(response) => Err(self.heed(Problem::read(response).await)),
            Err(error) => Err(self.heed(error.into())),
        }
    }

    /// Signs in with what a form holds, by either of the two routes that hand out tokens.
    pub(crate) async fn sign_in<T: Serialize>(self, route: &str, form: &T) -> Result<(), Problem> {
        match self.client().sign_in(Request::post(route).json(form)).await {
            Ok(SignIn::Done) => Ok(()),
            Ok(SignIn::Refused(response)) => Err(self.heed(Problem::read(response).await)),
            Err(error) => Err(self.heed(error.into())),
        }
    }

    /// Lets the banner know.
    pub(crate) fn heed(self, problem: Problem) -> Problem {
        if problem == Problem::Unreachable {
            self.connection.lose();
        }
        problem
    }
}
