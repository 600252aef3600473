//! Accounts: how one is made, who may sign in to it, and what only he may do who knows its password.

mod rules;

pub use rules::name_key;

use crate::{
    app::App,
    clock::Millis,
    error::Error,
    limits::{Limiter, neighbourhood},
    passwords::{Checked, HashError, Passwords, Place},
    sessions::Device,
    store::{
        Store,
        audit::{self, Event},
        session, user,
    },
};
use rules::{is_too_long, keep_the_rules, password_problem};
use sea_orm::DatabaseTransaction;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tracing::warn;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use wugan_wire::TokenAnswer;

/// A try for a name that was taken: from the name's own bucket, or from the one it has in a network.
struct Taken<'a> {
    from: &'a Limiter,
    key: (String, Option<IpAddr>),
}

impl App {
    /// Makes an account and signs in to it.
    ///
    /// # Errors
    /// A field breaks a rule, the name is taken, or too much is going on.
    pub async fn register(&self, username: &str, password: String, device: Device) -> Result<TokenAnswer, Error> {
        keep_the_rules(username, &password)?;
        self.take_from_address(&device)?;
        let (tx, user) = new_account(&self.store, &self.passwords, username, password, &device, self.clock.now()).await?;
        let session = self.add_session(&tx, &user, &device).await?;
        tx.commit().await?;
        self.metrics.login("registered");
        Ok(self.tokens.issue(&session, &user.username, session.created_at)?)
    }

    /// Signs in.
    ///
    /// # Errors
    /// Unknown name, wrong password or disabled account, all alike and after the same time; too many tries; or too much is going on.
    pub async fn login(&self, username: &str, password: String, device: Device) -> Result<TokenAnswer, Error> {
        self.take_from_address(&device)?;
        let answer = self.login_by_name(username, password, &device).await;
        // Whoever was right has not guessed, and whoever was not heard may come again.
        if let (Some(ip), false) = (device.ip, matches!(answer, Err(Error::InvalidCredentials | Error::RateLimited(_)))) {
            self.limits.addresses.give_back(neighbourhood(ip));
        }
        answer
    }

    async fn login_by_name(&self, username: &str, password: String, device: &Device) -> Result<TokenAnswer, Error> {
        let place = self.passwords.place()?;
        let key = name_key(username);
        let user = user::by_key(self.store.reader(), &key).await?;
        let taken = self.take_from_name(key, user.as_ref(), device).await?;
        let known = user.as_ref().map(|user| user.id);
        let answer = self.login_as(place, user, password, device).await;
        match &answer {
            Err(Error::InvalidCredentials) => {
                self.metrics.login("refused");
                // A name that nobody has is not written down: people type their password there.
                self.note(Event::SignInRefused, known, device).await?;
            }
            _ => taken.from.give_back(&taken.key),
        }
        if answer.is_ok() {
            self.metrics.login("signed_in");
        }
        answer
    }

    async fn login_as(&self, place: Place, user: Option<user::Model>, password: String, device: &Device) -> Result<TokenAnswer, Error> {
        let checked = self.check(place, password.clone(), user.as_ref()).await?;
        let (Some(user), Checked::Right | Checked::RightButOld) = (user, checked) else { return Err(Error::InvalidCredentials) };
        let answer = self.start_session(&user, device.clone()).await?;
        if checked == Checked::RightButOld
            && let Err(error) = self.renew_hash(&user, password).await
        {
            // He is signed in all the same, and the next time will do.
            warn!(?error, user = user.id, "an old password hash could not be replaced");
        }
        Ok(answer)
    }

    async fn renew_hash(&self, user: &user::Model, password: String) -> Result<(), Error> {
        let hash = self.passwords.hash(self.passwords.place()?, password).await?;
        user::replace_hash(self.store.writer(), user, &hash).await?;
        Ok(())
    }

    /// Changes the password of a user who is signed in, and ends his other sessions.
    ///
    /// # Errors
    /// The current password is wrong, the new one breaks a rule, or too much is going on.
    pub async fn change_password(
        self: &Arc<Self>,
        user_id: i64,
        keep: Uuid,
        current: String,
        new: String,
        device: Device,
    ) -> Result<(), Error> {
        if let Some(problem) = password_problem("new_password", &new) {
            return Err(Error::InvalidInput(vec![problem]));
        }
        let user = self.confirmed_user(user_id, current).await?;
        let hash = self.passwords.hash(self.passwords.place()?, new).await?;
        self.replace_password(user, hash, keep, device).await
    }

    /// Deletes the account of a user who is signed in, with all its sessions.
    ///
    /// # Errors
    /// The password is wrong, or too much is going on.
    pub async fn delete_account(self: &Arc<Self>, user_id: i64, password: String, device: Device) -> Result<(), Error> {
        let user = self.confirmed_user(user_id, password).await?;
        self.delete_user(user, device).await
    }

    /// The user, if he knows his password. Who holds a stolen access token may not guess on here either.
    async fn confirmed_user(&self, user_id: i64, password: String) -> Result<user::Model, Error> {
        let place = self.passwords.place()?;
        let user = user::by_id(self.store.reader(), user_id).await?.ok_or(Error::InvalidToken)?;
        self.limits.names.take(user_id, self.clock.now()).map_err(|wait| self.limited(wait))?;
        let checked = self.check(place, password, Some(&user)).await;
        if checked != Ok(Checked::Wrong) {
            self.limits.names.give_back(user_id);
        }
        match checked? {
            Checked::Wrong => Err(Error::WrongPassword),
            Checked::Right | Checked::RightButOld => Ok(user),
        }
    }

    async fn note(&self, event: Event, user_id: Option<i64>, device: &Device) -> Result<(), Error> {
        Ok(audit::note(self.store.writer(), event, device.entry(user_id), self.clock.now()).await?)
    }

    fn take_from_address(&self, device: &Device) -> Result<(), Error> {
        let Some(ip) = device.ip else { return Ok(()) };
        self.limits.addresses.take(neighbourhood(ip), self.clock.now()).map_err(|wait| self.limited(wait))
    }

    /// Takes a try from the name. When those are used up a network has some of its own, as many again where the account is signed in
    /// and a few elsewhere: whoever keeps guessing does not lock the owner out, wherever that one comes from.
    async fn take_from_name(&self, key: String, user: Option<&user::Model>, device: &Device) -> Result<Taken<'_>, Error> {
        let (limits, now) = (&self.limits, self.clock.now());
        let everywhere = Taken { from: &limits.names, key: (key, None) };
        let Err(wait) = everywhere.from.take(&everywhere.key, now) else { return Ok(everywhere) };
        let Some(near) = device.ip.map(neighbourhood) else { return Err(self.limited(wait)) };
        // Asked for a name that nobody has, too, so that the time does not tell.
        let homes = session::addresses(self.store.reader(), user.map_or(-1, |user| user.id), now).await?;
        let at_home = homes.iter().filter_map(|home| home.parse().ok()).any(|home| neighbourhood(home) == near);
        let here = Taken { from: if at_home { &limits.names } else { &limits.elsewhere }, key: (everywhere.key.0, Some(near)) };
        here.from.take(&here.key, now).map_err(|later| self.limited(wait.min(later)))?;
        Ok(here)
    }

    fn limited(&self, wait: Duration) -> Error {
        self.metrics.login("limited");
        Error::RateLimited(wait)
    }

    async fn check(&self, place: Place, password: String, user: Option<&user::Model>) -> Result<Checked, HashError> {
        // Nobody's password is that long, and hashing a megabyte is work that only an attacker orders.
        if is_too_long(&password) {
            return Ok(Checked::Wrong);
        }
        self.passwords.check(place, password, user.map(|user| user.password_hash.clone())).await
    }
}

/// Makes an account for an operator, by the same rules.
///
/// # Errors
/// A field breaks a rule, the name is taken, or too much is going on.
pub async fn make_account(
    store: &Store,
    passwords: &Passwords,
    username: &str,
    password: String,
    now: Millis,
) -> Result<user::Model, Error> {
    keep_the_rules(username, &password)?;
    add_user(store, passwords, username, password, now).await
}

/// Makes an account whose name and password are not asked whether they keep the rules.
///
/// # Errors
/// The name is taken, or too much is going on.
pub async fn add_user(store: &Store, passwords: &Passwords, username: &str, password: String, now: Millis) -> Result<user::Model, Error> {
    let (tx, user) = new_account(store, passwords, username, password, &Device::default(), now).await?;
    tx.commit().await?;
    Ok(user)
}

/// A new account in a transaction that is still open, for what belongs to it.
async fn new_account(
    store: &Store,
    passwords: &Passwords,
    username: &str,
    password: String,
    device: &Device,
    now: Millis,
) -> Result<(DatabaseTransaction, user::Model), Error> {
    let place = passwords.place()?;
    let key = name_key(username);
    if user::by_key(store.reader(), &key).await?.is_some() {
        return Err(Error::UsernameTaken);
    }
    let hash = passwords.hash(place, password).await?;
    let name: String = username.nfc().collect();
    let tx = store.begin().await?;
    let user = user::insert(&tx, &name, &key, hash, now).await?.ok_or(Error::UsernameTaken)?;
    audit::note(&tx, Event::Registered, device.entry(Some(user.id)), now).await?;
    Ok((tx, user))
}
