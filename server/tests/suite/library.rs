//! The library in an application of its own: below a path, with sign-in methods of the application, without a listener that knows addresses.

use crate::test_server::PASSWORD;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, connect_info::MockConnectInfo},
    http::Request,
    routing::get,
};
use reqwest::{Client, Method, StatusCode, header};
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tower::ServiceExt;
use wugan_axum::{Auth, Device, Error, Options, Rate, User};

async fn open(folder: &TempDir, change: impl FnOnce(Options) -> Options) -> Result<Auth, wugan_axum::StartError> {
    let database = format!("sqlite://{}", folder.path().join("app.db").display());
    Auth::open(change(Options::new(database).signing_key(folder.path().join("app.key")))).await
}

#[tokio::test]
async fn an_application_nests_the_routes_and_manages_accounts() {
    let folder = TempDir::new().unwrap();
    let auth = open(&folder, |options| options.registration(false)).await.unwrap();
    let name = |user: User| async move { user.id.to_string() };
    let app = Router::new().nest("/{tenant}", auth.routes()).route("/name", get(name)).with_state(auth.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = app.layer(MockConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4000))));
    tokio::spawn(async move { axum::serve(listener, app).await });
    let http = Client::builder().no_proxy().build().unwrap();
    let send = async |method: Method, path: &str, token: &str, body: Value| {
        let sent = http.request(method, format!("{url}{path}")).bearer_auth(token).json(&body).send().await.unwrap();
        (sent.status(), sent.json::<Value>().await.unwrap_or_default())
    };
    let credentials = json!({"username": "ada", "password": PASSWORD});

    assert_eq!(send(Method::POST, "/shop/user/register", "", credentials.clone()).await.0, StatusCode::NOT_FOUND);
    let ada = auth.create_account("ada", PASSWORD).await.unwrap();
    let (status, tokens) = send(Method::POST, "/shop/user/login", "", credentials.clone()).await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(status, StatusCode::OK);
    let user = auth.authenticate(token).await.unwrap();
    assert_eq!((user.id, auth.username(ada).await.unwrap()), (ada, "ada".to_owned()));
    assert!(matches!(auth.username(ada + 1).await, Err(Error::NotFound)));
    let session = &auth.sessions().list(ada).await.unwrap()[0];
    assert_eq!(session.ip.as_deref(), Some("192.0.2.1"));
    let ended = send(Method::DELETE, &format!("/shop/user/sessions/{}", user.session_id), token, Value::Null).await;
    assert_eq!((ended.0, auth.end_sessions(ada).await.unwrap()), (StatusCode::NO_CONTENT, 0));

    let code = auth.make_reset_code("ada").await.unwrap();
    let (status, tokens) = send(Method::POST, "/shop/user/reset", "", json!({"code": code, "new_password": "other green kettles"})).await;
    let token = tokens["access_token"].as_str().unwrap();
    // The session is cached from here on.
    auth.authenticate(token).await.unwrap();
    assert_eq!((status, auth.end_sessions(ada).await.unwrap()), (StatusCode::OK, 1));
    let refused = auth.authenticate(token).await.unwrap_err();
    assert_eq!(refused.to_string(), "The access token is invalid or has expired.");
    let token = auth.start_session("google:1", &Device::default()).await.unwrap().access_token;
    let session = auth.authenticate(&token).await.unwrap().session_id;
    assert_eq!(auth.end_session(session).await.unwrap(), 1);
    assert!(matches!(auth.authenticate(&token).await, Err(Error::InvalidToken)));
    assert_eq!(auth.set_disabled("ada", true).await.unwrap(), 0);
    assert_eq!(send(Method::POST, "/shop/user/login", "", credentials).await.0, StatusCode::UNAUTHORIZED);
    auth.close().await;
}

#[tokio::test]
async fn an_application_with_users_of_its_own_ends_sessions_and_deletes_accounts() {
    let folder = TempDir::new().unwrap();
    let auth = open(&folder, |options| options.registration(false)).await.unwrap();
    let start = async || auth.start_session("app:7", &Device::default()).await.unwrap().access_token;
    assert!(matches!(auth.user_id("app:7").await, Err(Error::NotFound)));
    let token = start().await;
    let id = auth.user_id("app:7").await.unwrap();
    // The session is cached from here on.
    assert_eq!(auth.authenticate(&token).await.unwrap().id, id);
    assert_eq!(auth.end_sessions(id).await.unwrap(), 1);
    assert!(matches!(auth.authenticate(&token).await, Err(Error::InvalidToken)));
    let token = start().await;
    auth.authenticate(&token).await.unwrap();
    auth.delete_account(id).await.unwrap();
    assert!(matches!(auth.authenticate(&token).await, Err(Error::InvalidToken)));
    for gone in [auth.username(id).await.map(drop), auth.user_id("app:7").await.map(drop), auth.delete_account(id).await] {
        assert!(matches!(gone, Err(Error::NotFound)), "{gone:?}");
    }
    let events = auth.store().events(0, Some(id), 10).await.unwrap();
    assert_eq!((events[0].event.as_str(), events[0].detail.as_deref()), ("account_deleted", Some("by the operator")));
    auth.close().await;
}

#[tokio::test]
async fn a_handler_may_take_an_optional_user() {
    let folder = TempDir::new().unwrap();
    let auth = open(&folder, |options| options).await.unwrap();
    let name = |user: Option<User>| async move { user.map_or("none".to_owned(), |user| user.id.to_string()) };
    let app = Router::new().route("/name", get(name)).with_state(auth.clone());
    let token = auth.start_session("google:1", &Device::default()).await.unwrap().access_token;
    let user = auth.authenticate(&token).await.unwrap().id.to_string();
    let sent = [None, Some("Basic YTpi".to_owned()), Some(format!("Bearer {token}")), Some("Bearer rubbish".to_owned())];
    let expected = [(200, "none"), (200, "none"), (200, user.as_str()), (401, "")];
    for (authorization, (status, text)) in sent.into_iter().zip(expected) {
        let request = Request::get("/name").extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4000))));
        let request = authorization.iter().fold(request, |request, value| request.header(header::AUTHORIZATION, value));
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{authorization:?}");
        let body = to_bytes(response.into_body(), 1000).await.unwrap();
        assert!(status != 200 || body == text, "{body:?}");
    }
    auth.close().await;
}

#[tokio::test]
async fn options_that_cannot_be_used_are_refused() {
    let second = Duration::from_secs(1);
    let rate = |burst, period| Rate { burst, period };
    let good = rate(10, second);
    type Change<'a> = (&'a str, &'a dyn Fn(Options) -> Options);
    let changes: [Change<'_>; 7] = [
        ("access_ttl", &|options| options.access_ttl(Duration::from_millis(900))),
        ("refresh_ttl", &|options| options.refresh_ttl(Duration::ZERO)),
        ("session_ttl", &|options| options.session_ttl(Duration::ZERO)),
        ("limit for a name", &|options| options.limits(rate(0, second), good)),
        ("limit for a network", &|options| options.limits(good, rate(2, Duration::from_millis(1)))),
        ("limit for a network", &|options| options.limits(good, rate(2, Duration::MAX))),
        ("session_limit", &|options| options.session_limit(rate(0, second))),
    ];
    for (name, change) in changes {
        let folder = TempDir::new().unwrap();
        let refused = open(&folder, change).await.unwrap_err();
        assert!(refused.to_string().contains(name), "{refused}");
        assert!(!folder.path().join("app.db").exists(), "no database was created");
    }
}
