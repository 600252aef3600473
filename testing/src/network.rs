//! Transfers a request from a tab to a server and its response back: cache, cookies, connections, latency and faults.

use crate::{
    browser::Browser,
    connections::Permit,
    environment::Environment,
    message::{Incoming, Reply},
    server::{Fault, Server},
    tab_state::TabState,
};
use futures::{
    channel::oneshot,
    future::{FutureExt, LocalBoxFuture, pending},
};
use std::{
    any::Any,
    cell::Cell,
    rc::{Rc, Weak},
    time::Duration,
};
use wugan::{
    Error,
    platform::{PlatformRequest, PlatformResponse},
};

/// The origin of the page.
const PAGE_ORIGIN: &str = "https://app.example.com";

/// By how many milliseconds the clocks of unknown servers are wrong: a day.
const FOREIGN_CLOCK_OFFSET: f64 = 86_400_000.0;

/// How long a request that hangs keeps its connection open, in milliseconds.
const HANG: f64 = 3_600_000.0;

type Sender = oneshot::Sender<Result<Reply, Error>>;
type Connection = Rc<Cell<Option<Permit>>>;

/// One request from its departure to its response.
struct Transfer {
    incoming: Incoming,
    server: Server,
    tab: Rc<TabState>,
    fault: Fault,
    /// Milliseconds to the server and back.
    times: (f64, f64),
    stores_cookies: bool,
    sender: Sender,
    connection: Connection,
}

pub(crate) fn fetch(
    browser: &Rc<Browser>,
    tab: &Rc<TabState>,
    request: &PlatformRequest<'_>,
) -> LocalBoxFuture<'static, Result<Box<dyn PlatformResponse>, Error>> {
    let mut incoming = Incoming::read(request);
    let (sender, response) = oneshot::channel();
    let env = &browser.env;
    let (weak, page) = (Rc::downgrade(env), tab.clone());
    let (origin, has_proof) = (incoming.origin.clone(), incoming.header("dpop").is_some());
    let arrive = move |reply: Reply| {
        if has_proof
            && reply.header("dpop-nonce").is_some()
            && let Some(env) = weak.upgrade()
        {
            page.note_nonce(&origin, env.executor.elapsed());
        }
        Box::new(Arrived { reply, tab: page, env: weak }) as Box<dyn PlatformResponse>
    };

    if !bypasses_cache(request)
        && let Some(reply) = browser.cache.get(&incoming.method, &incoming.href, env.now())
    {
        env.note(|| format!("{tab:?} reads {} from the cache", incoming.path));
        env.executor.after(1.0, move || drop(sender.send(Ok(reply))));
        return async move { response.await.map_err(|_| aborted())?.map(arrive) }.boxed_local();
    }

    let server = match browser.find_server(&incoming.origin, &incoming.path) {
        Some((server, below)) => {
            incoming.clock_offset = server.clock_offset(&incoming.origin);
            incoming.path = below;
            server
        }
        None => {
            incoming.is_foreign = true;
            incoming.clock_offset = FOREIGN_CLOCK_OFFSET;
            browser.servers.borrow()[0].clone()
        }
    };
    let has_credentials = sends_credentials(request, &incoming.origin);
    incoming.cookie = browser.cookies.get(&incoming.origin).filter(|_| has_credentials);
    incoming.sent_at = env.now();
    let fault = server.next_fault(&incoming);
    env.note(|| format!("{tab:?} sends {} {} {fault:?}", incoming.method, incoming.path));
    let awake_for = tab.awake_for(env.executor.elapsed());
    server.check_token_age(&incoming, awake_for);
    server.check_nonce(&incoming, tab.has_read_nonce(&incoming.origin, env.executor.elapsed()));
    let guard = server.start_refresh(tab.number(), awake_for, &mut incoming);
    let connection = Connection::default();
    let transfer = Transfer {
        times: (server.transfer_time(&env.executor), server.transfer_time(&env.executor)),
        server,
        tab: tab.clone(),
        fault,
        stores_cookies: has_credentials,
        sender,
        connection: connection.clone(),
        incoming,
    };
    let origin = transfer.incoming.origin.clone();
    let weak = Rc::downgrade(browser);
    browser.connections.acquire(
        &origin,
        Box::new(move |permit| {
            transfer.connection.set(Some(permit));
            match weak.upgrade() {
                Some(browser) if !transfer.is_aborted() => transfer.depart(&browser),
                _ => close(&transfer.connection),
            }
        }),
    );
    let closing = ClosesConnection(connection);
    async move {
        let response = response.await;
        if let Some(guard) = &guard {
            guard.answered(matches!(response, Ok(Ok(_))));
        }
        drop((guard, closing));
        response.map_err(|_| aborted())?.map(arrive)
    }
    .boxed_local()
}

impl Transfer {
    /// The page does not wait any more: the request was aborted, or its tab was closed.
    fn is_aborted(&self) -> bool {
        self.sender.is_canceled() || self.tab.is_closed()
    }

    fn depart(self, browser: &Rc<Browser>) {
        let weak = Rc::downgrade(browser);
        browser.env.executor.after(self.times.0, move || {
            // An aborted request that has not reached the server yet never does.
            if self.is_aborted() {
                close(&self.connection);
            } else if let Some(browser) = weak.upgrade() {
                self.reach_server(&browser);
            }
        });
    }

    fn reach_server(self, browser: &Rc<Browser>) {
        let error = match self.fault {
            Fault::Hangs => {
                browser.env.executor.after(HANG, move || drop(self));
                return;
            }
            Fault::Redirect if !self.incoming.follows_redirects => Some("redirected"),
            Fault::Unreachable => Some("unreachable"),
            _ => None,
        };
        if let Some(error) = error {
            self.deliver(Err(Error::Network(error.into())));
            return;
        }
        let reply = self.server.answer(&self.incoming, self.fault);
        browser.env.note(|| format!("server answers {:?} {} {}", self.tab, self.incoming.path, reply.status));
        let weak = Rc::downgrade(browser);
        browser.env.executor.after(self.times.1, move || {
            let Some(browser) = weak.upgrade() else { return };
            if self.fault == Fault::Lost {
                return self.deliver(Err(Error::Network("lost".into())));
            }
            if !self.is_aborted() {
                browser.cache.store(&self.incoming.method, &self.incoming.href, &reply, browser.env.now());
                if let Some(cookie) = reply.set_cookie.as_ref().filter(|_| self.stores_cookies) {
                    browser.cookies.set(&self.incoming.origin, cookie);
                }
            }
            self.deliver(Ok(reply));
        });
    }

    fn deliver(self, response: Result<Reply, Error>) {
        drop(self.sender.send(response));
        close(&self.connection);
    }
}

/// A reply that has arrived in a tab.
struct Arrived {
    reply: Reply,
    tab: Rc<TabState>,
    env: Weak<Environment>,
}

impl PlatformResponse for Arrived {
    fn status(&self) -> u16 {
        self.reply.status
    }

    fn header(&self, name: &str) -> Option<String> {
        self.reply.header(name)
    }

    fn headers(&self) -> Vec<(String, String)> {
        let mut names: Vec<&str> = self.reply.headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| Some((name.to_owned(), self.reply.header(name)?))).collect()
    }

    fn url(&self) -> String {
        self.reply.url.clone()
    }

    fn bytes(&self) -> LocalBoxFuture<'static, Result<Vec<u8>, Box<Error>>> {
        let (body, delay, tab) = (self.reply.body.clone(), self.reply.body_delay, self.tab.clone());
        let Some(env) = self.env.upgrade().filter(|_| delay.is_finite()) else { return pending().boxed_local() };
        let delay = (delay > 0.0).then(|| tab.sleep(&env, Duration::from_secs_f64(delay / 1_000.0)));
        async move {
            if let Some(delay) = delay {
                delay.await;
            }
            Ok(body)
        }
        .boxed_local()
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Closes the connection of a request that the page does not wait for any more.
struct ClosesConnection(Connection);

impl Drop for ClosesConnection {
    fn drop(&mut self) {
        close(&self.0);
    }
}

fn close(connection: &Connection) {
    drop(connection.take());
}

fn aborted() -> Error {
    Error::Network("the connection was closed".into())
}

fn bypasses_cache(request: &PlatformRequest<'_>) -> bool {
    use web_sys::RequestCache::{NoCache, NoStore, Reload};
    matches!(request.request.options().cache, Some(NoCache | NoStore | Reload))
}

/// Whether cookies are sent and stored (Fetch standard, credentials mode; the default is `same-origin`).
fn sends_credentials(request: &PlatformRequest<'_>, origin: &str) -> bool {
    use web_sys::RequestCredentials::{Include, Omit};
    match request.request.options().credentials {
        Some(Include) => true,
        Some(Omit) => false,
        _ => origin == PAGE_ORIGIN,
    }
}
