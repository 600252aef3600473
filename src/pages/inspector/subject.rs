//! The session that the inspector experiments with: a guest's, with a temporary account and a client of its own, or the user's.

use crate::{
    api::{send, sign_in},
    connection::Connection,
    problem::Problem,
};
use js_sys::Uint8Array;
use leptos::{prelude::window, task::spawn_local};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};
use wugan::{AuthState, Client, Request};
use wugan_wire::{Credentials, DeleteAccount, routes};

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Subject(Rc<Inner>);

struct Inner {
    client: Client,
    connection: Connection,
    guest: Option<Guest>,
}

#[derive(Default)]
struct Guest {
    /// `None` until the first experiment.
    account: RefCell<Option<Credentials>>,
    /// The page has been closed: an account that is being registered is deleted as soon as there is one.
    closed: Cell<bool>,
}

/// Where the tab stores its guest as `name:password`, so that it can delete the account after a crash, when it is restored.
const LEFT_KEY: &str = "wugan.guest";

impl Guest {
    fn set(&self, account: Credentials) {
        if let Some(store) = tab_storage() {
            let _ = store.set_item(LEFT_KEY, &format!("{}:{}", account.username, account.password));
        }
        self.account.replace(Some(account));
    }

    fn take(&self) -> Option<Credentials> {
        if let Some(store) = tab_storage() {
            let _ = store.remove_item(LEFT_KEY);
        }
        self.account.take()
    }
}

impl Subject {
    /// The user's own session.
    pub(super) fn own(client: Client, connection: Connection) -> Subject {
        Subject(Rc::new(Inner { client, connection, guest: None }))
    }

    /// A guest, whose account is created by the first experiment. Its session is not stored, so it is apart from the user's and ends with
    /// the page.
    ///
    /// # Errors
    /// If the page has no origin.
    pub(super) fn guest(connection: Connection) -> Result<Subject, wugan::Error> {
        let client = Client::builder("").in_memory().build()?;
        Ok(Subject(Rc::new(Inner { client, connection, guest: Some(Guest::default()) })))
    }

    /// Deletes the account of the guest that this tab had when it was killed.
    pub(super) fn delete_left(connection: Connection) {
        let stored = tab_storage().and_then(|store| store.get_item(LEFT_KEY).ok().flatten());
        let Some((username, password)) = stored.as_deref().and_then(|stored| stored.split_once(':')) else { return };
        let Ok(subject) = Subject::guest(connection) else { return };
        if let Some(guest) = &subject.0.guest {
            guest.set(Credentials { username: username.to_owned(), password: password.to_owned() });
        }
        subject.delete();
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn connection(&self) -> Connection {
        self.0.connection
    }

    /// Makes sure that there is a session. A guest whose session has ended signs in again; one whose account is gone gets a new one.
    pub(super) async fn sign_in(&self) -> Result<(), Problem> {
        if self.0.client.session().info().state == AuthState::SignedIn {
            return Ok(());
        }
        let Some(guest) = &self.0.guest else { return Err(Problem::SignedOut) };
        let known = guest.account.borrow().clone();
        let signed_in = match known {
            Some(account) => sign_in(&self.0.client, routes::LOGIN, &account).await,
            None => self.register(guest).await,
        };
        match signed_in {
            // The account was deleted meanwhile.
            Err(Problem::Refused(wugan_wire::Code::InvalidCredentials, _)) => self.register(guest).await,
            Err(problem) => Err(self.0.connection.report(problem).await),
            Ok(()) => Ok(()),
        }
    }

    async fn register(&self, guest: &Guest) -> Result<(), Problem> {
        let account = Credentials { username: format!("guest-{}", random(6)), password: random(16) };
        sign_in(&self.0.client, routes::REGISTER, &account).await?;
        guest.set(account);
        if guest.closed.get() {
            self.delete();
        }
        Ok(())
    }

    /// The guest's account, once there is one.
    pub(super) fn account(&self) -> Option<Credentials> {
        self.0.guest.as_ref()?.account.borrow().clone()
    }

    /// Deletes the guest's account in the background.
    pub(super) fn delete(&self) {
        let Some(guest) = &self.0.guest else { return };
        guest.closed.set(true);
        let Some(account) = guest.take() else { return };
        let this = self.clone();
        spawn_local(async move {
            // Its session may have ended. If the second try fails too, the user could do nothing about it.
            if this.send_deletion(&account).await.is_err() && sign_in(&this.0.client, routes::LOGIN, &account).await.is_ok() {
                let _ = this.send_deletion(&account).await;
            }
        });
    }

    /// The same while the document is being unloaded: there is time for one request.
    pub(super) fn delete_while_unloading(&self) {
        let Some(guest) = &self.0.guest else { return };
        if let Some(account) = guest.take() {
            let this = self.clone();
            spawn_local(async move { drop(this.send_deletion(&account).await) });
        }
    }

    /// Ends the session of a guest that was deleted when the document was left: it came back from the browser's back/forward cache.
    pub(super) fn end_if_deleted(&self) {
        if self.0.guest.as_ref().is_some_and(|guest| guest.account.borrow().is_none()) {
            self.0.client.session().sign_out();
        }
    }

    async fn send_deletion(&self, account: &Credentials) -> Result<(), Problem> {
        let body = DeleteAccount { password: account.password.clone() };
        send(&self.0.client, Request::post(routes::DELETE).json(&body).keepalive()).await.map(drop)
    }
}

fn tab_storage() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

/// Random bytes as hexadecimal digits.
fn random(bytes: u32) -> String {
    let random = Uint8Array::new_with_length(bytes);
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_array_buffer_view(&random);
    }
    random.to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}
