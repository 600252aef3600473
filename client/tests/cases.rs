//! What goes wrong in such clients, and what ours does: the engine in a simulated browser, case by case.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod cases {
    mod outages;
    mod requests;
    mod sessions;
    mod store;
    mod tabs;
    mod time;
}

use std::{cell::RefCell, rc::Rc, time::Duration};
use wugan::{
    Builder, Client, Error, Event, Request, State,
    testing::{Running, Tab, World},
};

const KEY: &str = "wugan.session";

fn settings() -> Builder {
    Client::builder("https://api.example.com")
}

/// A tab in which ada is signed in.
fn ada() -> (World, Tab, Client) {
    let world = World::new(1);
    let tab = world.tab();
    let client = tab.client(settings());
    client.session().sign_in(world.server().sign_in("ada"));
    (world, tab, client)
}

/// Begins to ask for a route; answers with status and text.
fn ask(tab: &Tab, client: &Client, url: &str) -> Running<Result<(u16, String), Error>> {
    send(tab, client, Request::get(url))
}

fn send(tab: &Tab, client: &Client, request: Request) -> Running<Result<(u16, String), Error>> {
    let client = client.clone();
    tab.run(async move {
        let response = client.send(request).await?;
        Ok((response.status(), response.text().await?))
    })
}

fn bbb() -> Result<(u16, String), Error> {
    Ok((200, "bbb".to_owned()))
}

/// Writes down all events of a client.
fn record(client: &Client) -> Rc<RefCell<Vec<Event>>> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let heard = events.clone();
    client.session().on_event(move |noted| heard.borrow_mut().push(noted.event.clone())).forever();
    events
}

fn count(events: &RefCell<Vec<Event>>, like: impl Fn(&Event) -> bool) -> usize {
    events.borrow().iter().filter(|event| like(event)).count()
}

fn signed_in(client: &Client) -> bool {
    client.session().peek().state == State::SignedIn
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
