//! The operator's commands: the audit trail, users, sessions and keys. They work on the database and the key file, whether a server is
//! running or not.

use crate::{
    command::{Command, KeyCommand, SessionCommand, User, UserCommand},
    config::Config,
};
use serde_json::json;
use std::{
    io::{self, BufRead},
    time::Duration,
};
use wugan_axum::{
    Auth, Error, StartError,
    clock::{Clock, Millis, millis, rfc3339},
    keys::{self, KeyInfo},
    store::{audit, session, user},
};

impl Command {
    /// Runs the command and returns the lines to print.
    ///
    /// # Errors
    /// It failed; the error says why in one line.
    pub async fn run(self, config: Config) -> Result<Vec<String>, StartError> {
        if let Self::Key(command) = &self {
            return change_keys(command, &config);
        }
        let auth = Auth::open_existing(config.auth_options()).await?;
        let done = match self {
            Self::Audit { user, since, limit } => audit(&auth, user, since, limit).await,
            Self::User(command) => command.run(&auth, &config).await,
            Self::Session(command) => command.run(&auth).await,
            Self::Key(_) => Ok(Vec::new()),
        };
        auth.close().await;
        done.map_err(|error| match error {
            Error::NotFound => StartError("there is no such user or session".into()),
            Error::UsernameTaken => StartError("that username is taken".into()),
            Error::InvalidRequest(message) => StartError(message.into()),
            Error::InvalidInput(fields) => StartError(fields.into_iter().map(|field| field.message).collect::<Vec<_>>().join(" ")),
            Error::Busy(cause) | Error::Internal(cause) => StartError(cause),
            error => StartError(format!("the command failed: {error:?}")),
        })
    }
}

fn change_keys(command: &KeyCommand, config: &Config) -> Result<Vec<String>, StartError> {
    let (file, algorithm, now) = (&config.signing_key, config.signing_algorithm, Clock::default().now());
    Ok(match command {
        KeyCommand::List => keys::list(file)?.into_iter().map(|key| describe_key(&key, now)).collect(),
        KeyCommand::Add => vec![keys::add(file, algorithm)?],
        KeyCommand::Rotate => vec![keys::rotate(file, algorithm, millis(config.session_ttl.max(config.access_ttl)), now)?],
        KeyCommand::Revoke { id } => keys::revoke(file, id, algorithm, now)?.into_iter().collect(),
    })
}

fn describe_key(key: &KeyInfo, now: Millis) -> String {
    let state = match (key.signs_from, key.verifies_until) {
        (_, Some(end)) if end <= now => "expired",
        (_, Some(_)) => "verifies",
        (Some(from), None) if from <= now => "signs",
        (Some(_), None) => "will sign",
        (None, None) => "waits",
    };
    json!({
        "id": key.id, "algorithm": key.algorithm, "state": state, "signs_from": key.signs_from.map(rfc3339),
        "verifies_until": key.verifies_until.map(rfc3339),
    })
    .to_string()
}

async fn audit(auth: &Auth, name_or_id: Option<String>, since: Duration, limit: u64) -> Result<Vec<String>, Error> {
    let user = match name_or_id {
        None => None,
        Some(name) => match (auth.accounts().find(&name).await, name.parse()) {
            (Err(Error::NotFound), Ok(id)) => Some(id),
            (found, _) => Some(found?.id),
        },
    };
    let rows = auth.store().events(auth.clock().now().saturating_sub(millis(since)), user, limit).await?;
    let names = auth.store().user_names(rows.iter().filter_map(|row| row.user_id).collect()).await?;
    let line = |row: audit::Model| {
        let name = row.user_id.and_then(|id| names.get(&id));
        json!({
            "at": rfc3339(row.at), "event": row.event, "user": row.user_id, "name": name,
            "session": row.session_id.map(|id| id.to_string()), "ip": row.ip, "user_agent": row.user_agent, "detail": row.detail,
        })
        .to_string()
    };
    Ok(rows.into_iter().map(line).collect())
}

/// The URL at which browsers reach the server: the issuer, or else the listener's address as this machine reaches it.
fn base_url(config: &Config) -> String {
    let is_url = config.issuer.starts_with("http://") || config.issuer.starts_with("https://");
    if is_url {
        return config.issuer.trim_end_matches('/').to_owned();
    }
    eprintln!("The link begins with the address of --listen. Set --issuer to the URL at which users reach the server.");
    let listen = config.listen;
    if listen.ip().is_unspecified() { format!("http://localhost:{}", listen.port()) } else { format!("http://{listen}") }
}

impl UserCommand {
    async fn run(self, auth: &Auth, config: &Config) -> Result<Vec<String>, Error> {
        let accounts = auth.accounts();
        let ended = |count: u64| vec![audit::sessions_ended(count)];
        match self {
            Self::Add(User { name }) => {
                let mut password = String::new();
                io::stdin().lock().read_line(&mut password).map_err(|_| Error::InvalidRequest("the password could not be read"))?;
                let user = accounts.create(&name, password.trim_end_matches(['\r', '\n'])).await?;
                Ok(vec![user.id.to_string()])
            }
            Self::Disable(User { name }) => accounts.set_disabled(&name, true).await.map(ended),
            Self::Enable(User { name }) => accounts.set_disabled(&name, false).await.map(ended),
            Self::Reset(User { name }) => {
                let code = accounts.make_reset_code(&name).await?;
                // In the fragment, which browsers do not send.
                Ok(vec![format!("{}/reset#code={code}", base_url(config))])
            }
            Self::List => {
                let line = |row: user::Model| {
                    json!({
                        "id": row.id, "username": row.username, "created_at": rfc3339(row.created_at),
                        "last_login_at": row.last_login_at.map(rfc3339), "disabled_at": row.disabled_at.map(rfc3339),
                    })
                    .to_string()
                };
                Ok(auth.store().users().await?.into_iter().map(line).collect())
            }
        }
    }
}

impl SessionCommand {
    async fn run(self, auth: &Auth) -> Result<Vec<String>, Error> {
        match self {
            Self::List(User { name }) => {
                let user = auth.accounts().find(&name).await?;
                let line = |row: session::Model| {
                    json!({
                        "id": row.id.to_string(), "created_at": rfc3339(row.created_at), "last_used_at": rfc3339(row.last_used_at),
                        "expires_at": rfc3339(row.expires_at), "refreshes": row.generation, "ip": row.last_ip.or(row.ip),
                        "user_agent": row.last_user_agent.or(row.user_agent),
                    })
                    .to_string()
                };
                Ok(auth.sessions().list(user.id).await?.into_iter().map(line).collect())
            }
            Self::End { id_or_name } => {
                let by_id = match id_or_name.parse() {
                    Ok(id) => auth.end_session(id).await,
                    Err(_) => Err(Error::NotFound),
                };
                let ended = match by_id {
                    // A name and a subject may have the form of an id.
                    Err(Error::NotFound) => auth.end_sessions(auth.accounts().find(&id_or_name).await?.id).await?,
                    ended => ended?,
                };
                Ok(vec![audit::sessions_ended(ended)])
            }
        }
    }
}
