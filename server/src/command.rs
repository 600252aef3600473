//! The subcommands of the command line.

use clap::{Args, Subcommand};
use std::time::Duration;

/// A subcommand.
#[derive(Clone, Subcommand)]
pub enum Command {
    /// Print the audit trail: sign-ins, refusals, ended sessions, reuse of tokens. One JSON object a line, the newest first.
    Audit {
        /// Print the entries of this user only. A deleted user is named by the id in the trail.
        #[arg(long, value_name = "NAME_OR_ID", allow_hyphen_values = true)]
        user: Option<String>,
        /// Print no entries that are older than this.
        #[arg(long, default_value = "7d", value_name = "TIME", value_parser = humantime::parse_duration)]
        since: Duration,
        /// Print at most this number of entries.
        #[arg(long, default_value_t = 1000, value_name = "LINES")]
        limit: u64,
    },
    /// Manage users.
    #[command(subcommand)]
    User(UserCommand),
    /// Manage sessions.
    #[command(subcommand)]
    Session(SessionCommand),
    /// Manage signing keys.
    #[command(subcommand)]
    Key(KeyCommand),
}

/// The user of a command.
#[derive(Clone, Args)]
pub struct User {
    /// The user's name.
    #[arg(allow_hyphen_values = true)]
    pub name: String,
}

/// A subcommand of `user`.
#[derive(Clone, Subcommand)]
pub enum UserCommand {
    /// Create an account. The password is the first line of standard input.
    Add(User),
    /// Disable an account and end its sessions.
    Disable(User),
    /// Enable a disabled account.
    Enable(User),
    /// Print a link with which the user can set a new password once, within an hour.
    Reset(User),
    /// List all accounts, one JSON object a line.
    List,
}

/// A subcommand of `session`.
#[derive(Clone, Subcommand)]
pub enum SessionCommand {
    /// List a user's live sessions, one JSON object a line.
    List(User),
    /// End one session, or all sessions of a user. Running servers notice within five seconds.
    End {
        /// The session's id, or the user's name.
        #[arg(allow_hyphen_values = true)]
        id_or_name: String,
    },
}

/// A subcommand of `key`.
#[derive(Clone, Subcommand)]
pub enum KeyCommand {
    /// List the keys, one JSON object a line.
    List,
    /// Create a key that verifies and does not sign yet, so that it can be copied to all servers first. Prints its id.
    Add,
    /// Sign with the key that `key add` added last, or with a new one if there is none. It signs five seconds from now on. The old key
    /// verifies for --session-ttl, or for --access-ttl if that is longer. Prints the id of the new key.
    Rotate,
    /// Remove a key at once, for example a stolen one. Users with tokens of that key have to sign in again. If no other key signs, a new one
    /// does: prints its id.
    Revoke {
        /// The key's id.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}
