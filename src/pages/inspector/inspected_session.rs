//! The session that the inspector experiments with: a guest's, with a temporary account and a client of its own, or the user's.

use super::guest_accounts::{self, GuestLock};
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
use wugan_wire::{Code, Credentials, DeleteAccount, routes};

/// The inspected session; cheap to clone.
#[derive(Clone)]
pub(super) struct InspectedSession(Rc<Inner>);

struct Inner {
    client: Client,
    connection: Connection,
    guest: Option<Guest>,
}

#[derive(Default)]
struct Guest {
    /// `None` until the first experiment, and once it is being deleted.
    account: RefCell<Option<(Credentials, Option<GuestLock>)>>,
    /// The page has been closed: an account that is being registered is deleted as soon as there is one.
    closed: Cell<bool>,
}

impl InspectedSession {
    /// The user's own session.
    pub(super) fn own(client: Client, connection: Connection) -> InspectedSession {
        InspectedSession(Rc::new(Inner { client, connection, guest: None }))
    }

    /// A guest, whose account is created by the first experiment. Its session is not stored, so it is apart from the user's and ends with
    /// the page.
    ///
    /// # Errors
    /// If the page has no origin.
    pub(super) fn guest(connection: Connection) -> Result<InspectedSession, wugan::Error> {
        let client = guest_client()?;
        Ok(InspectedSession(Rc::new(Inner { client, connection, guest: Some(Guest::default()) })))
    }

    /// Deletes the accounts of guests whose pages are closed.
    pub(super) fn delete_abandoned_guests() {
        for account in guest_accounts::stored() {
            spawn_local(async move {
                if let Some(_lock) = guest_accounts::lock(&account).await {
                    delete_account(&account).await;
                }
            });
        }
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
        let signed_in = match self.account() {
            Some(account) => sign_in(&self.0.client, routes::LOGIN, &account).await,
            None => self.register(guest).await,
        };
        match signed_in {
            // The account was deleted meanwhile.
            Err(Problem::Refused(Code::InvalidCredentials, _)) => self.register(guest).await,
            Err(problem) => Err(self.0.connection.report(problem).await),
            Ok(()) => Ok(()),
        }
    }

    async fn register(&self, guest: &Guest) -> Result<(), Problem> {
        let account = Credentials { username: format!("guest-{}", random(6)), password: random(16) };
        // Locked before the account is created: without the lock, another page would delete the account as abandoned.
        let lock = guest_accounts::lock(&account).await;
        sign_in(&self.0.client, routes::REGISTER, &account).await?;
        guest_accounts::store(&account);
        guest.account.replace(Some((account, lock)));
        if guest.closed.get() {
            self.delete();
        }
        Ok(())
    }

    /// The guest's account, once there is one.
    pub(super) fn account(&self) -> Option<Credentials> {
        self.0.guest.as_ref()?.account.borrow().as_ref().map(|(account, _)| account.clone())
    }

    /// Deletes the guest's account in the background. While the document is being unloaded, there is time for one request: if that fails,
    /// the next inspector of this browser deletes the account.
    pub(super) fn delete(&self) {
        let Some(guest) = &self.0.guest else { return };
        guest.closed.set(true);
        let Some((account, _)) = guest.account.take() else { return };
        let client = self.0.client.clone();
        spawn_local(async move {
            match send_deletion(&client, &account).await {
                Ok(()) => guest_accounts::forget(&account),
                // The session may have ended.
                Err(_) => delete_account(&account).await,
            }
        });
    }

    /// Ends the session of a guest that was deleted when the document was left: it came back from the browser's back/forward cache.
    pub(super) fn reopen(&self) {
        let Some(guest) = &self.0.guest else { return };
        if guest.closed.take() {
            self.0.client.session().sign_out();
            InspectedSession::delete_abandoned_guests();
        }
    }
}

fn guest_client() -> Result<Client, wugan::Error> {
    Client::builder("").in_memory().build()
}

/// Deletes the account of a guest with a new session. If that fails, the account stays stored.
async fn delete_account(account: &Credentials) {
    let Ok(client) = guest_client() else { return };
    let deleted = match sign_in(&client, routes::LOGIN, account).await {
        Ok(()) => send_deletion(&client, account).await,
        failed => failed,
    };
    if matches!(deleted, Ok(()) | Err(Problem::Refused(Code::InvalidCredentials, _))) {
        guest_accounts::forget(account);
    }
}

async fn send_deletion(client: &Client, account: &Credentials) -> Result<(), Problem> {
    let body = DeleteAccount { password: account.password.clone() };
    send(client, Request::post(routes::DELETE).json(&body).keepalive()).await.map(drop)
}

/// Random bytes as hexadecimal digits.
fn random(bytes: u32) -> String {
    let random = Uint8Array::new_with_length(bytes);
    if let Ok(crypto) = window().crypto() {
        let _ = crypto.get_random_values_with_array_buffer_view(&random);
    }
    random.to_vec().iter().map(|byte| format!("{byte:02x}")).collect()
}
