//! The cases of the client (`docs/cases.md`), known failures of such clients: the engine in a simulated browser. A test's name is its case and
//! what is observed.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cases {
    mod backends;
    mod caches;
    mod cookies;
    mod dpop;
    mod events;
    mod grants;
    mod outages;
    mod pause;
    mod protocol;
    mod queue;
    mod requests;
    mod responses;
    mod sessions;
    mod store;
    mod tabs;
    mod time;
}

use std::{cell::RefCell, rc::Rc, time::Duration};
use wugan::{AuthState, Client, ClientBuilder, Error, Event, RequestBuilder};
use wugan_testing::{API, Running, Simulation, Tab};

/// The key under which the record is stored by default.
const KEY: &str = "wugan:https://api.example.com/user/refresh";

fn builder() -> ClientBuilder {
    Client::builder(API)
}

/// A tab in which ada is signed in.
fn ada() -> (Simulation, Tab, Client) {
    ada_with(builder())
}

fn ada_with(builder: ClientBuilder) -> (Simulation, Tab, Client) {
    let sim = Simulation::new(1);
    let tab = sim.tab();
    let client = tab.client(builder);
    client.session().sign_in(sim.server().sign_in("ada"));
    (sim, tab, client)
}

/// Opens this number of tabs with a client each. The user of the first one is ada.
fn tabs(sim: &Simulation, count: usize, builder: impl Fn() -> ClientBuilder) -> Vec<(Tab, Client)> {
    let tabs: Vec<_> = (0..count).map(|_| sim.tab()).map(|tab| (tab.clone(), tab.client(builder()))).collect();
    tabs[0].1.session().sign_in(sim.server().sign_in("ada"));
    sim.advance(seconds(1.0));
    tabs
}

/// Sends a GET and reads its text.
fn get(tab: &Tab, client: &Client, url: &str) -> Running<Result<(u16, String), Error>> {
    send(tab, client.get(url))
}

/// Sends a request and reads its status and text.
fn send(tab: &Tab, request: RequestBuilder) -> Running<Result<(u16, String), Error>> {
    tab.run(async move {
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.text().await?))
    })
}

/// The status of a response, or the error.
fn status(result: Result<(u16, String), Error>) -> Result<u16, Error> {
    result.map(|(status, _)| status)
}

/// The answer of the guarded route `/bbb`.
fn bbb() -> Result<(u16, String), Error> {
    Ok((200, "bbb".to_owned()))
}

/// Asks for a refresh.
fn refresh((tab, client): (&Tab, &Client)) -> Running<Result<(), Error>> {
    let session = client.session().clone();
    tab.run(async move { session.refresh().await })
}

/// Records all events of a client.
fn record(client: &Client) -> Rc<RefCell<Vec<Event>>> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let recorded = events.clone();
    client.session().on_event(move |timed| recorded.borrow_mut().push(timed.event.clone())).forget();
    events
}

fn count(events: &RefCell<Vec<Event>>, is_counted: impl Fn(&Event) -> bool) -> usize {
    events.borrow().iter().filter(|event| is_counted(event)).count()
}

fn is_refresh_start(event: &Event) -> bool {
    matches!(event, Event::RefreshStarted { .. })
}

fn is_refused(event: &Event) -> bool {
    matches!(event, Event::Answered { status: 401, .. })
}

fn is_signed_in(client: &Client) -> bool {
    client.session().info().state == AuthState::SignedIn
}

/// The name of the user that a client knows.
fn user(client: &Client) -> Option<String> {
    client.session().info().user.and_then(|user| user.name)
}

/// The stored record as JSON.
fn stored_record(sim: &Simulation) -> serde_json::Value {
    serde_json::from_str(&sim.stored(KEY).expect("a record")).expect("JSON")
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
