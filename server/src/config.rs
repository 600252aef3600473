//! The command line: one struct, every flag also an environment variable, each explained by `--help`.

use crate::{commands::Command, limits::Rate};
use clap::{CommandFactory, Parser, ValueEnum};
use ipnet::IpNet;
use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

/// Everything an operator can set. It has no `Debug`: the database URL and the demo user hold passwords.
#[derive(Clone, Parser)]
#[command(name = "wugan-server", version, about = "Wugan's backend: accounts, two tokens, rotation with theft detection")]
pub struct Config {
    /// What to do; without it, serve.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address and port to listen on; port 0 takes a free one and prints it.
    #[arg(long, env = "WUGAN_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// The database: sqlite://FILE, postgres://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME. A SQLite file is made if missing.
    #[arg(
        long,
        global = true,
        env = "WUGAN_DATABASE_URL",
        default_value = "sqlite://wugan.db",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: String,

    /// The folder with the built app (index.html and what it loads).
    #[arg(long, env = "WUGAN_WEB_ROOT", default_value = "dist", value_name = "FOLDER")]
    pub web_root: PathBuf,

    /// How long an access token lives.
    #[arg(long, env = "WUGAN_ACCESS_TTL", default_value = "30m", value_name = "TIME", value_parser = lifetime)]
    pub access_ttl: Duration,

    /// How long a refresh token lives; each refresh hands out a new one, so this is how long a session may lie idle.
    #[arg(long, env = "WUGAN_REFRESH_TTL", default_value = "7d", value_name = "TIME", value_parser = lifetime)]
    pub refresh_ttl: Duration,

    /// How long a session lives from its sign-in, however often it is refreshed.
    #[arg(long, env = "WUGAN_SESSION_TTL", default_value = "30d", value_name = "TIME", value_parser = lifetime)]
    pub session_ttl: Duration,

    /// For clients without attempt ids: how long after the first use of a refresh token's successor the same client gets that successor again.
    #[arg(long, env = "WUGAN_REUSE_LEEWAY", default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub reuse_leeway: Duration,

    /// An origin whose pages may call this server, such as https://app.example.com. Repeatable; commas separate several in the environment.
    #[arg(long, env = "WUGAN_ALLOW_ORIGIN", value_name = "URL", value_delimiter = ',', value_parser = origin)]
    pub allow_origin: Vec<String>,

    /// The file with the signing keys, a JWK set. Made on first start, mode 0600. Whoever reads it can sign in as anybody.
    #[arg(long, global = true, env = "WUGAN_SIGNING_KEY", default_value = "wugan.key", value_name = "FILE")]
    pub signing_key: PathBuf,

    /// What a new key signs with. With EdDSA other services can verify access tokens by /.well-known/jwks.json, without the secret.
    #[arg(long, global = true, env = "WUGAN_SIGNING_ALGORITHM", default_value = "hs256", value_name = "NAME")]
    pub signing_algorithm: SigningAlgorithm,

    /// Who issues the tokens and whom they are for (the claims `iss` and `aud`).
    #[arg(long, env = "WUGAN_ISSUER", default_value = "wugan", value_name = "NAME")]
    pub issuer: String,

    /// An account to make at start if it is missing, for trying things out. The password rules do not apply to it.
    #[arg(long, env = "WUGAN_DEMO_USER", value_name = "NAME:PASSWORD", hide_env_values = true)]
    pub demo_user: Option<DemoUser>,

    /// A network whose hosts are proxies of yours: only from them X-Forwarded-For and X-Forwarded-Proto are believed. Repeatable.
    #[arg(long, env = "WUGAN_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpNet>,

    /// How many passwords may be tried for one name in which time. When they are used up, a network where the account is signed in has
    /// as many of its own, and each other a fifth.
    #[arg(long, env = "WUGAN_NAME_LIMIT", default_value = "10/5m", value_name = "TRIES/TIME")]
    pub name_limit: Rate,

    /// How many wrong passwords and new accounts may come from one address (of IPv6, a /64) in which time.
    #[arg(long, env = "WUGAN_ADDRESS_LIMIT", default_value = "100/5m", value_name = "TRIES/TIME")]
    pub address_limit: Rate,

    /// How long a request may take to arrive, its head and its body each; also how long a kept connection may lie idle.
    #[arg(long, env = "WUGAN_REQUEST_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = lifetime)]
    pub request_timeout: Duration,

    /// How long to go on serving when told to stop, while /readyz answers 503, so that a balancer looks elsewhere first. Twice as long as
    /// it takes to notice.
    #[arg(long, env = "WUGAN_DRAIN", default_value = "0s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub drain: Duration,

    /// How long the audit trail is kept.
    #[arg(long, env = "WUGAN_AUDIT_TTL", default_value = "90d", value_name = "TIME", value_parser = lifetime)]
    pub audit_ttl: Duration,

    /// How the log on stderr is written. WUGAN_LOG sets its level, such as `info` or `wugan_server=debug`.
    #[arg(long, env = "WUGAN_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl Config {
    /// The variables that look like ours and are none: a typing mistake there would leave a default standing where somebody believes
    /// to have set something.
    #[must_use]
    pub fn unknown_variables(names: impl Iterator<Item = String>) -> Vec<String> {
        let command = Self::command();
        let known = |name: &str| name == "WUGAN_LOG" || command.get_arguments().any(|flag| flag.get_env().is_some_and(|env| env == name));
        names.filter(|name| name.starts_with("WUGAN_") && !known(name)).collect()
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What a new key signs with. A key once made keeps its algorithm: a token's own header is never asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SigningAlgorithm {
    /// HMAC with SHA-256: one secret signs and verifies.
    #[value(name = "hs256", alias = "HS256")]
    Hs256,
    /// Ed25519: the public half may be handed out.
    #[value(name = "eddsa", alias = "EdDSA")]
    EdDsa,
}

/// The account of `--demo-user`. It has no `Debug`: it holds a password.
#[derive(Clone)]
pub struct DemoUser {
    /// Its name.
    pub username: String,
    /// Its password.
    pub password: String,
}

impl FromStr for DemoUser {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((name, password)) if !name.is_empty() && !password.is_empty() => {
                Ok(Self { username: name.into(), password: password.into() })
            }
            _ => Err("write it as NAME:PASSWORD"),
        }
    }
}

/// Tokens count in seconds, so nothing shorter than one lives.
fn lifetime(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) || time > Duration::from_secs(100 * 365 * 24 * 3600) {
        return Err("must be between 1s and 100years".into());
    }
    Ok(time)
}

/// An origin is scheme, host and port alone (RFC 6454 §4); `*` and `null` would let everybody in.
fn origin(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('/');
    let uri: axum::http::Uri = text.parse().map_err(|_| "write it as https://app.example.com")?;
    match (uri.scheme_str(), uri.authority()) {
        (Some("http" | "https"), Some(host)) if text.ends_with(host.as_str()) && !host.as_str().contains('@') => {
            Ok(text.to_ascii_lowercase())
        }
        _ => Err("write it as https://app.example.com, without a path"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_command_line_is_sound_and_every_flag_is_explained() {
        let command = Config::command();
        command.clone().debug_assert();
        for flag in command.get_arguments() {
            assert!(flag.get_help().is_some(), "{} has no help", flag.get_id());
            assert!(flag.get_env().is_some(), "{} has no variable", flag.get_id());
        }
    }

    #[test]
    fn case_25_a_mistyped_variable_is_found() {
        let find = |names: &[&str]| Config::unknown_variables(names.iter().map(|name| (*name).to_owned()));
        assert!(find(&["PATH", "WUGAN_LISTEN", "WUGAN_LOG", "WUGANISH"]).is_empty());
        assert_eq!(find(&["WUGAN_LISTEN", "WUGAN_ACCES_TTL", "WUGAN_TTL"]), ["WUGAN_ACCES_TTL", "WUGAN_TTL"]);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("https://App.example.com:8443/").unwrap(), "https://app.example.com:8443");
        for bad in ["*", "null", "https://app.example.com/path", "app.example.com", "ftp://a.b", "https://u@a.b", ""] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_demo_user_is_a_name_and_a_password() {
        let demo: DemoUser = "ada:pass:word".parse().ok().unwrap();
        assert_eq!((demo.username.as_str(), demo.password.as_str()), ("ada", "pass:word"));
        for bad in ["ada", "ada:", ":pw", ""] {
            assert!(bad.parse::<DemoUser>().is_err(), "{bad}");
        }
    }
}
