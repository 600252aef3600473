//! One keep-alive connection, with a session of its own.

use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use std::{fmt, net::SocketAddr};
use tokio::net::TcpStream;

/// Why the measurement failed.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Failure {
        Failure(error.to_string())
    }
}

/// The part of a token answer that every backend has.
#[derive(Default, Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    authorization: String,
    refresh: String,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Result<Connection, Failure> {
        Connection::over(TcpStream::connect(server).await?, server).await
    }

    pub(crate) async fn over(stream: TcpStream, server: SocketAddr) -> Result<Connection, Failure> {
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its errors are those of the requests.
        tokio::spawn(async move { drop(connection.await) });
        Ok(Connection { sender, host: server.to_string(), authorization: String::new(), refresh: String::new() })
    }

    pub(crate) async fn sign_in(&mut self, account: &str) -> Result<(), Failure> {
        let answer = self.login(account).await?;
        self.keep(self.successful(answer)?)
    }

    /// Opens the connection again, with the same session: a server may close a keep-alive connection between two requests.
    pub(crate) async fn reconnect(&mut self, server: SocketAddr) -> Result<(), Failure> {
        self.sender = Connection::open(server).await?.sender;
        Ok(())
    }

    /// Whether the connection was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Sends a sign-in; the response's status may be any.
    pub(crate) async fn login(&mut self, account: &str) -> Result<(StatusCode, Bytes), Failure> {
        let (username, password) = account.split_once(':').unwrap_or((account, ""));
        let form = json!({"username": username, "password": password}).to_string();
        let request = Request::post("/user/login").header(CONTENT_TYPE, "application/json").header(HOST, &self.host);
        self.send(request.body(Full::from(form))?).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Result<(), Failure> {
        let request = Request::get(path).header(HOST, &self.host).body(Full::default())?;
        let answer = self.send(request).await?;
        self.successful(answer).map(drop)
    }

    /// Sends a GET; the response's status may be any.
    pub(crate) async fn status_of(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<StatusCode, Failure> {
        let request = Request::get(path).header(HOST, &self.host);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        Ok(self.send(request.body(Full::default())?).await?.0)
    }

    pub(crate) async fn guarded(&mut self, path: &str) -> Result<(), Failure> {
        let request = Request::get(path).header(HOST, &self.host).header(AUTHORIZATION, &self.authorization).body(Full::default())?;
        let answer = self.send(request).await?;
        self.successful(answer).map(drop)
    }

    /// Uses another session's access token from here on.
    pub(crate) fn set_access_token(&mut self, token: &str) {
        self.authorization = format!("Bearer {token}");
    }

    pub(crate) async fn refresh(&mut self) -> Result<(), Failure> {
        let request = Request::builder().method(Method::GET).uri(&self.refresh).header(HOST, &self.host).body(Full::default())?;
        let answer = self.send(request).await?;
        self.keep(self.successful(answer)?)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), Failure> {
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// The body of a success. Any other status ends the measurement.
    fn successful(&self, (status, body): (StatusCode, Bytes)) -> Result<Bytes, Failure> {
        if status.is_success() { Ok(body) } else { Err(Failure(format!("{} answered {status}", self.host))) }
    }

    fn keep(&mut self, body: Bytes) -> Result<(), Failure> {
        let tokens: Tokens = serde_json::from_slice(&body)?;
        self.set_access_token(&tokens.access_token);
        // A JWT needs no escapes in a query.
        self.refresh = format!("/user/refresh?refresh_token={}", tokens.refresh_token);
        Ok(())
    }
}
