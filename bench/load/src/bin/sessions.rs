//! Creates many sessions of one account in the database of a server, which may be running, and prints an access token of each. In one
//! transaction: sign-ins would take a password hash each.

use clap::Parser;
use std::{error::Error, fmt::Write, path::PathBuf};
use uuid::Uuid;
use wugan_axum::{
    Auth, Device, Options,
    store::session::{self, Model},
};

/// Creates sessions, and prints an access token of each.
#[derive(Parser)]
struct Arguments {
    database_url: String,
    signing_key: PathBuf,
    sessions: usize,
    /// The access tokens were used before; otherwise the first request with one writes its first use
    #[arg(long)]
    used: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let auth = Auth::open(Options::new(arguments.database_url).signing_key(arguments.signing_key)).await?;
    // An account of a sign-in method of the application's own. Another one each time, as a sign-in ends the oldest of many sessions.
    let subject = format!("bench:{}", Uuid::new_v4());
    auth.start_session(&subject, &Device::default()).await?;
    let (store, now) = (auth.store(), auth.clock().now());
    let users = store.users().await?;
    let user = users.iter().find(|user| user.username == subject).ok_or("the account is missing")?;
    let started = store.live_sessions(user.id, now).await?;
    let first = started.first().ok_or("the session is missing")?;
    let (transaction, mut tokens) = (store.begin().await?, String::new());
    for _ in 0..arguments.sessions {
        let last_used_generation = if arguments.used { first.generation } else { first.last_used_generation };
        let row = Model { id: Uuid::new_v4(), last_used_generation, ..first.clone() };
        writeln!(tokens, "{}", auth.tokens().issue(&row.current(), &subject, now)?.access_token)?;
        session::insert(&*transaction, row).await?;
    }
    transaction.commit().await?;
    auth.close().await;
    print!("{tokens}");
    Ok(())
}
