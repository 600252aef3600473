//! The account service.

use super::{
    password::{candidates, is_too_long, normalized, problem},
    refusals::Refusals,
    validation::{display_name, name_key, validate_credentials},
};
use crate::{
    clock::{Clock, Millis},
    device::Device,
    error::Error,
    limiter::{Limiter, Rate},
    metrics::Metrics,
    network::client_network,
    network_limiter::NetworkLimiter,
    passwords::{PasswordCheck, Passwords},
    quota::Permit,
    sessions::Sessions,
    store::{
        NewUser, Store,
        audit::{Entry, Event},
        session::{self, SessionSelector},
        user,
    },
    task::run_to_completion,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tracing::warn;
use wugan_wire::TokenAnswer;

/// How long a one-time code for a new password is valid.
const RESET_TTL: Millis = 60 * 60 * 1000;
/// Begins the name key of an account without a password. No registered name contains the colon.
const EXTERNAL: &str = "external:";
/// The longest subject of a sign-in method of the application's own, in characters.
const MAX_SUBJECT: usize = 100;

/// The rules for a new name and password.
type Validate = fn(&str, &str) -> Result<(), Error>;

/// How often passwords may be tried.
pub struct Limits {
    /// For one name.
    names: Limiter,
    /// For one name from one network, when the name's own limit is used up.
    other_networks: NetworkLimiter,
    /// From one network, for all names.
    networks: NetworkLimiter,
}

impl Limits {
    /// Limits of these rates for a name and for a network.
    #[must_use]
    pub fn new(name: Rate, network: Rate) -> Self {
        Self { names: Limiter::new(name), other_networks: NetworkLimiter::new(name.fifth()), networks: NetworkLimiter::new(network) }
    }

    fn take(&self, attempt: &Attempt, now: Millis) -> Result<(), Duration> {
        match attempt {
            Attempt::Name(name, network) => self.names.take((name, network), now),
            Attempt::OtherNetwork(name, client) => self.other_networks.take(name, *client, now),
        }
    }

    fn refund(&self, attempt: &Attempt) {
        match attempt {
            Attempt::Name(name, network) => self.names.refund((name, network)),
            Attempt::OtherNetwork(name, client) => self.other_networks.refund(name, *client),
        }
    }
}

/// A counted attempt for a name, which can be refunded.
enum Attempt {
    /// From anywhere, or from a network where the account is signed in.
    Name(String, Option<IpAddr>),
    /// From a network where the account is not signed in.
    OtherNetwork(String, IpAddr),
}

/// The account service. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    passwords: Passwords,
    sessions: Sessions,
    limits: Arc<Limits>,
    refusals: Arc<Refusals>,
    metrics: Arc<Metrics>,
    clock: Clock,
}

impl Accounts {
    /// The service on this database.
    #[must_use]
    pub fn new(store: Store, passwords: Passwords, sessions: Sessions, limits: Limits, metrics: Arc<Metrics>, clock: Clock) -> Self {
        Self { store, passwords, sessions, limits: Arc::new(limits), refusals: Arc::default(), metrics, clock }
    }

    /// Creates an account and starts a session.
    ///
    /// # Errors
    /// A field breaks a rule, the name is taken, or the server is busy.
    pub async fn register(&self, username: &str, password: &str, device: &Device) -> Result<TokenAnswer, Error> {
        let (permit, jkt) = self.admit(device)?;
        let session = |user: &user::Model| Some(self.sessions.new_row(user.id, jkt.clone(), device));
        let created = self.insert(username, password, validate_credentials, permit, device, session).await?;
        let (user, Some(session)) = created else { return Err(Error::Internal("a registration without a session".into())) };
        self.metrics.login("registered");
        self.sessions.issue(&session, &user)
    }

    /// Creates an account for an operator.
    ///
    /// # Errors
    /// A field breaks a rule, the name is taken, or the server is busy.
    pub async fn create(&self, username: &str, password: &str) -> Result<user::Model, Error> {
        self.create_with(username, password, validate_credentials).await
    }

    /// Creates an account whose name and password are not validated, such as the demo user.
    ///
    /// # Errors
    /// The name is taken, or the server is busy.
    pub async fn create_unchecked(&self, username: &str, password: &str) -> Result<user::Model, Error> {
        self.create_with(username, password, |_, _| Ok(())).await
    }

    async fn create_with(&self, username: &str, password: &str, validate: Validate) -> Result<user::Model, Error> {
        let permit = self.passwords.permit(None)?;
        Ok(self.insert(username, password, validate, permit, &Device::default(), |_| None).await?.0)
    }

    async fn insert(
        &self,
        username: &str,
        password: &str,
        validate: Validate,
        permit: Permit,
        device: &Device,
        session: impl Fn(&user::Model) -> Option<session::Model>,
    ) -> Result<(user::Model, Option<session::Model>), Error> {
        let (name, new) = (username.to_owned(), password.to_owned());
        let hash = self.passwords.hash(permit, move || validate(&name, &new).map(|()| normalized(&new))).await?;
        let new = NewUser { username: &display_name(username), key: &name_key(username), hash };
        self.store.create_user(new, device.entry(None), session, self.clock.now()).await?.ok_or(Error::UsernameTaken)
    }

    /// Signs in.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] for an unknown name, a wrong password and a disabled account, after the same time; too many attempts;
    /// or the server is busy.
    pub async fn login(&self, username: &str, password: &str, device: &Device) -> Result<TokenAnswer, Error> {
        let (permit, jkt) = self.admit(device)?;
        let key = name_key(username);
        let user = self.store.user_by_key(&key).await?;
        let attempt = self.count_name(key, user.as_ref(), device).await?;
        let answer = self.login_as(permit, user.as_ref(), password, jkt, device).await;
        match &answer {
            Err(Error::InvalidCredentials) => {
                self.metrics.login("refused");
                self.refusals.count(user.as_ref().map(|user| user.id), device, self.clock.now());
            }
            // The network's limit is not refunded: valid sign-ins cost a hash, too.
            _ => self.limits.refund(&attempt),
        }
        if answer.is_ok() {
            self.metrics.login("signed_in");
        }
        answer
    }

    async fn login_as(
        &self,
        permit: Permit,
        user: Option<&user::Model>,
        password: &str,
        jkt: Option<String>,
        device: &Device,
    ) -> Result<TokenAnswer, Error> {
        let check = self.check(permit, password, user).await?;
        let Some(user) = user.filter(|_| check != PasswordCheck::Wrong) else { return Err(Error::InvalidCredentials) };
        let answer = match self.sessions.start(user, jkt.clone(), device).await {
            Err(Error::InvalidCredentials) => return self.login_with_new_hash(user, password, jkt, device).await,
            started => started?,
        };
        if check == PasswordCheck::ValidNeedsRehash
            && let Err(error) = self.rehash(user, password).await
        {
            // The next sign-in tries again.
            warn!(?error, user = user.id, "an outdated password hash could not be replaced");
        }
        Ok(answer)
    }

    /// Signs in after the account was changed while its password was checked: another sign-in may have replaced an outdated hash of the same
    /// password.
    async fn login_with_new_hash(
        &self,
        checked: &user::Model,
        password: &str,
        jkt: Option<String>,
        device: &Device,
    ) -> Result<TokenAnswer, Error> {
        let user = self.store.user_by_id(checked.id).await?.filter(|user| user.password_hash != checked.password_hash);
        let user = user.ok_or(Error::InvalidCredentials)?;
        if self.check(self.passwords.permit(device.network())?, password, Some(&user)).await? == PasswordCheck::Wrong {
            return Err(Error::InvalidCredentials);
        }
        self.sessions.start(&user, jkt, device).await
    }

    async fn rehash(&self, user: &user::Model, password: &str) -> Result<(), Error> {
        let password = normalized(password);
        let hash = self.passwords.hash(self.passwords.permit(None)?, || Ok(password)).await?;
        self.store.replace_hash(user, &hash).await?;
        Ok(())
    }

    /// Starts a session for a sign-in method of the application's own. The account of that subject is created if it is missing; it has no
    /// password, and its name cannot be registered.
    ///
    /// # Errors
    /// As [`Auth::start_session`](crate::Auth::start_session).
    pub async fn start_external(&self, subject: &str, device: &Device) -> Result<TokenAnswer, Error> {
        // Trailing blanks are not compared by MySQL and MariaDB.
        if subject.is_empty() || subject.trim() != subject || subject.chars().count() > MAX_SUBJECT || subject.contains('\0') {
            return Err(Error::InvalidRequest("a subject has 1 to 100 characters, no NUL, and no white space at its ends"));
        }
        let jkt = self.sessions.bind(device)?;
        let key = external_key(subject);
        let user = match self.store.user_by_key(&key).await? {
            Some(user) => user,
            None if !names_method(subject) => {
                return Err(Error::InvalidRequest("a subject begins with its sign-in method and a colon, such as ldap:ada"));
            }
            None => self.create_external(subject, &key, device).await?,
        };
        let answer = self.sessions.start(&user, jkt, device).await?;
        self.metrics.login("signed_in");
        Ok(answer)
    }

    async fn create_external(&self, subject: &str, key: &str, device: &Device) -> Result<user::Model, Error> {
        let new = NewUser { username: subject, key, hash: String::new() };
        match self.store.create_user(new, device.entry(None), |_| None, self.clock.now()).await? {
            Some((user, _)) => Ok(user),
            // Another request created it meanwhile.
            None => self.store.user_by_key(key).await?.ok_or(Error::Internal("an external account disappeared".into())),
        }
    }

    /// Changes the password of a signed-in user, ends all sessions and starts a new one.
    ///
    /// # Errors
    /// The current password is wrong, the new one breaks a rule, or the server is busy.
    pub async fn change_password(&self, user_id: i64, current: &str, new: &str, device: &Device) -> Result<TokenAnswer, Error> {
        let jkt = self.sessions.bind(device)?;
        // Twice: a sign-in may replace an outdated hash of the current password meanwhile.
        for _ in 0..2 {
            let user = self.get(user_id).await?;
            self.confirm(&user, current, device).await?;
            let permit = self.passwords.permit(device.network())?;
            if let Some(changed) = self.set_password(permit, &user, new, Event::PasswordChanged, jkt.clone(), device).await? {
                return Ok(changed);
            }
        }
        Err(Error::WrongPassword)
    }

    /// Sets a new password with a one-time code, ends all sessions and starts a new one.
    ///
    /// # Errors
    /// [`Error::InvalidGrant`] if the code is unknown, used or expired; the new password breaks a rule; or the server is busy.
    pub async fn reset_password(&self, code: &str, new: &str, device: &Device) -> Result<TokenAnswer, Error> {
        let (permit, jkt) = self.admit(device)?;
        let user = self.store.user_by_reset_hash(&hash_code(code)).await?;
        let is_valid = |user: &user::Model| user.reset_expires_at.is_some_and(|end| self.clock.now() < end) && user.disabled_at.is_none();
        let user = user.filter(is_valid).ok_or(Error::InvalidGrant)?;
        let changed = self.set_password(permit, &user, new, Event::PasswordReset, jkt, device).await?;
        changed.ok_or(Error::InvalidGrant)
    }

    /// Makes a one-time code for a new password, in place of one that was made before. The database keeps its hash alone.
    ///
    /// # Errors
    /// The account is unknown or has no password, or the database is unavailable.
    pub async fn make_reset_code(&self, username: &str) -> Result<String, Error> {
        let user = self.find(username).await?;
        if user.password_hash.is_empty() {
            return Err(Error::InvalidRequest("this account signs in without a password"));
        }
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|_| Error::Internal("the system provides no random numbers".into()))?;
        let (code, now) = (BASE64_URL_SAFE_NO_PAD.encode(bytes), self.clock.now());
        let entry = Entry { user_id: Some(user.id), ..Entry::default() };
        self.store.set_reset(user.id, &hash_code(&code), now.saturating_add(RESET_TTL), entry, now).await?;
        Ok(code)
    }

    /// Validates and sets a new password; `None` if the account was changed meanwhile. Runs to its end if the client disconnects.
    async fn set_password(
        &self,
        permit: Permit,
        user: &user::Model,
        new: &str,
        event: Event,
        jkt: Option<String>,
        device: &Device,
    ) -> Result<Option<TokenAnswer>, Error> {
        let (new, name) = (new.to_owned(), user.username.clone());
        let validated = move || match problem("new_password", &new, &name) {
            Some(problem) => Err(Error::InvalidInput(vec![problem])),
            None => Ok(normalized(&new)),
        };
        let hash = self.passwords.hash(permit, validated).await?;
        let row = self.sessions.new_row(user.id, jkt, device);
        let entry = Entry { session_id: Some(row.id), ..device.entry(Some(user.id)) };
        let (accounts, user) = (self.clone(), user.clone());
        run_to_completion(async move {
            let changed = accounts.store.change_password(&user, hash, &row, event, entry, row.created_at).await?;
            accounts.sessions.invalidate(SessionSelector::All(user.id));
            changed.then(|| accounts.sessions.issue(&row, &user)).transpose()
        })
        .await
    }

    /// Deletes the account of a signed-in user, with all its sessions.
    ///
    /// # Errors
    /// The password is wrong, or the server is busy.
    pub async fn delete(&self, user_id: i64, password: &str, device: &Device) -> Result<(), Error> {
        let user = self.get(user_id).await?;
        self.confirm(&user, password, device).await?;
        if self.delete_unchanged(user, device.entry(Some(user_id))).await? { Ok(()) } else { Err(Error::WrongPassword) }
    }

    /// Deletes an account for an operator, with all its sessions.
    ///
    /// # Errors
    /// There is no such account, it was changed meanwhile, or the database is unavailable.
    pub async fn delete_for_operator(&self, user_id: i64) -> Result<(), Error> {
        let user = self.store.user_by_id(user_id).await?.ok_or(Error::NotFound)?;
        let entry = Entry { user_id: Some(user_id), detail: Some("by the operator".into()), ..Entry::default() };
        let is_deleted = self.delete_unchanged(user, entry).await?;
        if is_deleted { Ok(()) } else { Err(Error::Busy("the account was changed meanwhile".into())) }
    }

    async fn delete_unchanged(&self, user: user::Model, entry: Entry) -> Result<bool, Error> {
        let accounts = self.clone();
        run_to_completion(async move {
            let is_deleted = accounts.store.delete_user(&user, entry, accounts.clock.now()).await?;
            accounts.sessions.invalidate(SessionSelector::All(user.id));
            Ok(is_deleted)
        })
        .await
    }

    /// The account of that id, for its user.
    ///
    /// # Errors
    /// The account was deleted, or the database is unavailable.
    pub async fn get(&self, user_id: i64) -> Result<user::Model, Error> {
        self.store.user_by_id(user_id).await?.ok_or(Error::InvalidToken)
    }

    /// The account of that name or, for sign-in methods of the application's own, of that subject. `external:` before an older subject
    /// without a colon excludes a registered account of that name.
    ///
    /// # Errors
    /// There is none, or the database is unavailable.
    pub async fn find(&self, username: &str) -> Result<user::Model, Error> {
        let key = if username.contains(':') { external_key(username) } else { name_key(username) };
        if let Some(user) = self.store.user_by_key(&key).await? {
            return Ok(user);
        }
        let subject = username.strip_prefix(EXTERNAL).unwrap_or(username);
        self.store.user_by_key(&external_key(subject)).await?.ok_or(Error::NotFound)
    }

    /// Disables an account and ends its sessions, or enables it. Returns the number of sessions that were ended.
    ///
    /// # Errors
    /// There is no such account, or the database is unavailable.
    pub async fn set_disabled(&self, username: &str, disabled: bool) -> Result<u64, Error> {
        let (accounts, user) = (self.clone(), self.find(username).await?);
        run_to_completion(async move {
            let ended = accounts.store.set_disabled(user.id, disabled, accounts.clock.now()).await?;
            accounts.sessions.invalidate(SessionSelector::All(user.id));
            Ok(ended)
        })
        .await
    }

    /// Records the refused sign-ins that were counted; to be called each minute.
    ///
    /// # Errors
    /// The database is unavailable.
    pub async fn flush_refusals(&self) -> Result<(), Error> {
        Ok(self.refusals.flush(&self.store).await?)
    }

    /// The password hashing, for tests.
    #[must_use]
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }

    /// Checks the password of a signed-in user. It is limited like a sign-in: the access token may be stolen.
    async fn confirm(&self, user: &user::Model, password: &str, device: &Device) -> Result<(), Error> {
        let permit = self.passwords.permit(device.network())?;
        self.limits.names.take(user.id, self.clock.now()).map_err(|wait| self.limited(wait))?;
        let check = self.check(permit, password, Some(user)).await;
        if !matches!(check, Ok(PasswordCheck::Wrong)) {
            self.limits.names.refund(user.id);
        }
        if check? == PasswordCheck::Wrong {
            self.refusals.count(Some(user.id), device, self.clock.now());
            return Err(Error::WrongPassword);
        }
        Ok(())
    }

    async fn check(&self, permit: Permit, password: &str, user: Option<&user::Model>) -> Result<PasswordCheck, Error> {
        // No password is that long, and hashing a megabyte costs time.
        if is_too_long(password) {
            return Ok(PasswordCheck::Wrong);
        }
        let hash = user.map(|user| user.password_hash.clone()).filter(|hash| !hash.is_empty());
        self.passwords.check(permit, candidates(password), hash).await
    }

    /// Admits a sign-in, a registration or a reset, and returns the key that its session is bound to. What costs least comes first: a
    /// busy server's refusal is not counted as an attempt, and a proof's signature is verified only within the limit.
    fn admit(&self, device: &Device) -> Result<(Permit, Option<String>), Error> {
        let permit = self.passwords.permit(device.network())?;
        if let Some(client) = device.ip {
            self.limits.networks.take(&(), client, self.clock.now()).map_err(|wait| self.limited(wait))?;
        }
        Ok((permit, self.sessions.bind(device)?))
    }

    /// Counts an attempt for a name. When the name's limit is used up, each network has a limit of its own: the same again for a network
    /// where the account is signed in, a fifth elsewhere. Guessing from elsewhere therefore does not lock the owner out.
    async fn count_name(&self, key: String, user: Option<&user::Model>, device: &Device) -> Result<Attempt, Error> {
        let (limits, now) = (&self.limits, self.clock.now());
        let anywhere = Attempt::Name(key.clone(), None);
        let Err(wait) = limits.take(&anywhere, now) else { return Ok(anywhere) };
        let Some(client) = device.ip else { return Err(self.limited(wait)) };
        let network = client_network(client);
        // Queried for an unknown name, too, so that the time is the same.
        let known = self.store.session_addresses(user.map_or(-1, |user| user.id), now).await?;
        let is_known = known.iter().filter_map(|ip| ip.parse().ok()).any(|ip| client_network(ip) == network);
        let here = if is_known { Attempt::Name(key, Some(network)) } else { Attempt::OtherNetwork(key, client) };
        limits.take(&here, now).map_err(|later| self.limited(wait.min(later)))?;
        Ok(here)
    }

    fn limited(&self, wait: Duration) -> Error {
        self.metrics.login("limited");
        Error::RateLimited(wait)
    }
}

/// Whether the subject begins with its sign-in method and a colon. No registered name contains a colon, so `ada` and `ldap:ada` differ
/// wherever a name is shown.
fn names_method(subject: &str) -> bool {
    subject.find(':').is_some_and(|at| at > 0)
}

fn external_key(subject: &str) -> String {
    format!("{EXTERNAL}{subject}")
}

fn hash_code(code: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(code))
}
