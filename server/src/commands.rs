//! What an operator can do beside serving: read the audit trail, look after users, sessions and keys. It works on the database and
//! the key file, beside a server that runs or without one.

use crate::{
    accounts::{make_account, name_key},
    clock::{Clock, millis, rfc3339},
    config::Config,
    error::{Error, StartError},
    keys,
    passwords::Passwords,
    store::{
        Store,
        audit::{self, Entry, Event},
        session::{self, Which},
        user,
    },
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::{
    io::{self, BufRead},
    time::Duration,
};
use uuid::Uuid;

/// A subcommand.
#[derive(Clone, Subcommand)]
pub enum Command {
    /// Show what happened: sign-ins, refusals, ended sessions, reuse of tokens; one JSON object a line, the newest first.
    Audit {
        /// Of this user alone; of one whose account is deleted, by the id that the trail has.
        #[arg(long, value_name = "NAME_OR_ID")]
        user: Option<String>,
        /// Not older than this.
        #[arg(long, default_value = "7d", value_name = "TIME", value_parser = humantime::parse_duration)]
        since: Duration,
        /// Not more lines than this.
        #[arg(long, default_value_t = 1000, value_name = "LINES")]
        limit: u64,
    },
    /// Look after users.
    #[command(subcommand)]
    User(UserCommand),
    /// Look after sessions.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Look after the signing keys.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// What can be done with users.
#[derive(Clone, Subcommand)]
pub enum UserCommand {
    /// Make an account; its password is read from the first line of standard input.
    Add {
        /// Its name.
        name: String,
    },
    /// Let nobody sign in to an account any more, and end its sessions.
    Disable {
        /// Its name.
        name: String,
    },
    /// Let its user sign in again.
    Enable {
        /// Its name.
        name: String,
    },
    /// List all accounts, one JSON object a line.
    List,
}

/// What can be done with sessions.
#[derive(Clone, Subcommand)]
pub enum SessionCommand {
    /// List a user's live sessions, one JSON object a line.
    List {
        /// Whose.
        name: String,
    },
    /// End one session, or all of a user's; servers that run notice within five seconds.
    End {
        /// The session's id, or the user's name.
        id_or_name: String,
    },
}

/// What can be done with keys.
#[derive(Clone, Subcommand)]
pub enum KeyCommand {
    /// Make a key that verifies and does not sign yet, so that it can be copied to all servers first.
    Add,
    /// Let the key that was added last sign from now on (one is made if there is none); the old ones go on verifying.
    Rotate,
}

/// What they work with: the database as it is. No keys, no hashing but for a new account, and nothing that makes a file.
struct Desk {
    store: Store,
    clock: Clock,
}

impl Command {
    /// Does it, and returns the lines to print.
    ///
    /// # Errors
    /// One line that says what is wrong.
    pub async fn run(self, config: Config) -> Result<Vec<String>, StartError> {
        if let Self::Key(command) = self {
            return change_keys(&command, &config);
        }
        let desk = Desk { store: Store::open_as_it_is(&config.database_url).await?, clock: Clock::default() };
        let done = match self {
            Self::Audit { user, since, limit } => audit(&desk, user, since, limit).await,
            Self::User(command) => command.run(&desk).await,
            Self::Session(command) => command.run(&desk).await,
            Self::Key(_) => Ok(Vec::new()),
        };
        desk.store.close().await;
        done.map_err(|error| match error {
            Error::NotFound => StartError("there is no such user or session".into()),
            Error::UsernameTaken => StartError("that username is taken".into()),
            Error::InvalidRequest(message) => StartError(message.into()),
            Error::InvalidInput(fields) => StartError(fields.into_iter().map(|field| field.message).collect::<Vec<_>>().join(" ")),
            Error::Busy(cause) | Error::Internal(cause) => StartError(cause),
            _ => StartError("that did not work".into()),
        })
    }
}

fn change_keys(command: &KeyCommand, config: &Config) -> Result<Vec<String>, StartError> {
    let id = match command {
        KeyCommand::Add => keys::add(&config.signing_key, config.signing_algorithm)?,
        KeyCommand::Rotate => {
            keys::rotate(&config.signing_key, config.signing_algorithm, millis(config.refresh_ttl), Clock::default().now())?
        }
    };
    Ok(vec![id])
}

async fn find(desk: &Desk, name: &str) -> Result<user::Model, Error> {
    user::by_key(desk.store.reader(), &name_key(name)).await?.ok_or(Error::NotFound)
}

async fn audit(desk: &Desk, whose: Option<String>, since: Duration, limit: u64) -> Result<Vec<String>, Error> {
    let user = match whose {
        Some(whose) => Some(find_once(desk, &whose).await?),
        None => None,
    };
    let then = desk.clock.now().saturating_sub(millis(since));
    let rows = audit::since(desk.store.reader(), then, user, limit).await?;
    let names = user::names(desk.store.reader(), rows.iter().filter_map(|row| row.user_id).collect()).await?;
    let line = |row: audit::Model| {
        let all = json!({
            "at": rfc3339(row.at), "event": row.event, "user": row.user_id, "name": row.user_id.and_then(|id| names.get(&id)),
            "session": row.session_id.map(|id| id.to_string()), "ip": row.ip, "user_agent": row.user_agent, "detail": row.detail,
        });
        said(all)
    };
    Ok(rows.into_iter().map(line).collect())
}

/// The id of an account that is there by its name, or that once was by its id.
async fn find_once(desk: &Desk, name_or_id: &str) -> Result<i64, Error> {
    match (find(desk, name_or_id).await, name_or_id.parse()) {
        (Err(Error::NotFound), Ok(id)) => Ok(id),
        (found, _) => found.map(|user| user.id),
    }
}

impl UserCommand {
    async fn run(self, desk: &Desk) -> Result<Vec<String>, Error> {
        match self {
            Self::Add { name } => {
                let mut password = String::new();
                io::stdin().lock().read_line(&mut password).map_err(|_| Error::InvalidRequest("the password could not be read"))?;
                let password = password.trim_end_matches(['\r', '\n']).to_owned();
                let user = make_account(&desk.store, &Passwords::new()?, &name, password, desk.clock.now()).await?;
                Ok(vec![user.id.to_string()])
            }
            Self::Disable { name } => set_disabled(desk, &name, true).await,
            Self::Enable { name } => set_disabled(desk, &name, false).await,
            Self::List => {
                let line = |row: user::Model| {
                    said(json!({
                        "id": row.id, "username": row.username, "created_at": rfc3339(row.created_at),
                        "last_login_at": row.last_login_at.map(rfc3339), "disabled_at": row.disabled_at.map(rfc3339),
                    }))
                };
                Ok(user::all(desk.store.reader()).await?.into_iter().map(line).collect())
            }
        }
    }
}

async fn set_disabled(desk: &Desk, name: &str, disabled: bool) -> Result<Vec<String>, Error> {
    let (user, now) = (find(desk, name).await?, desk.clock.now());
    let tx = desk.store.begin().await?;
    user::set_disabled(&tx, user.id, disabled.then_some(now)).await?;
    let ended = if disabled { session::revoke(&tx, Which::All(user.id), now).await? } else { 0 };
    let event = if disabled { Event::UserDisabled } else { Event::UserEnabled };
    audit::note(&tx, event, Entry { user_id: Some(user.id), detail: Some(format!("{ended} sessions ended")), ..Entry::default() }, now)
        .await?;
    tx.commit().await?;
    Ok(vec![format!("{ended} sessions ended")])
}

impl SessionCommand {
    async fn run(self, desk: &Desk) -> Result<Vec<String>, Error> {
        let now = desk.clock.now();
        match self {
            Self::List { name } => {
                let user = find(desk, &name).await?;
                let line = |row: session::Model| {
                    said(json!({
                        "id": row.id.to_string(), "created_at": rfc3339(row.created_at), "last_used_at": rfc3339(row.last_used_at),
                        "expires_at": rfc3339(row.expires_at), "refreshes": row.generation, "ip": row.ip, "user_agent": row.user_agent,
                    }))
                };
                Ok(session::live(desk.store.reader(), user.id, now).await?.into_iter().map(line).collect())
            }
            Self::End { id_or_name } => {
                let (which, user_id, session_id) = match id_or_name.parse::<Uuid>() {
                    Ok(id) => {
                        let row = session::by_id(desk.store.reader(), id).await?.ok_or(Error::NotFound)?;
                        (Which::One(id), row.user_id, Some(id))
                    }
                    Err(_) => {
                        let user = find(desk, &id_or_name).await?;
                        (Which::All(user.id), user.id, None)
                    }
                };
                let tx = desk.store.begin().await?;
                let ended = session::revoke(&tx, which, now).await?;
                let entry =
                    Entry { user_id: Some(user_id), session_id, detail: Some(format!("{ended} sessions ended")), ..Entry::default() };
                audit::note(&tx, Event::EndedByOperator, entry, now).await?;
                tx.commit().await?;
                Ok(vec![format!("{ended} sessions ended")])
            }
        }
    }
}

fn said(value: Value) -> String {
    value.to_string()
}
