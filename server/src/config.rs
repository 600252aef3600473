//! The command line: one struct, every flag also an environment variable, each explained by `--help`.
// The help of a flag is its documentation: links in angle brackets would appear there.
#![allow(rustdoc::bare_urls)]

use crate::command::Command;
use axum::http::HeaderName;
use clap::{CommandFactory, Parser, ValueEnum, builder::RangedU64ValueParser};
use ipnet::IpNet;
use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};
use wugan_axum::{ForwardedHeader, Options, Rate, SigningAlgorithm};

/// The settings of an operator. It has no `Debug`: the database URL and the demo user hold passwords.
#[derive(Clone, Parser)]
#[command(name = "wugan-server", version, about = "Wugan's backend: accounts, two tokens, rotation with reuse detection")]
pub struct Config {
    /// The command to run; without it, the server starts.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Address and port to listen on; port 0 takes a free port and prints it.
    #[arg(long, env = "WUGAN_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,

    /// Address and port for /metrics, /healthz and /readyz. Metrics are served here alone; without it, nowhere.
    #[arg(long, env = "WUGAN_ADMIN_LISTEN", value_name = "ADDR:PORT")]
    pub admin_listen: Option<SocketAddr>,

    /// The database: sqlite://FILE, postgres://USER:PASSWORD@HOST/NAME or mysql://USER:PASSWORD@HOST/NAME. A SQLite file is created if it
    /// is missing.
    #[arg(
        long,
        global = true,
        env = "WUGAN_DATABASE_URL",
        default_value = "sqlite://wugan.db",
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: String,

    /// How many connections this server opens to a PostgreSQL or MySQL database, from 4 on: half of them for refreshes and guarded requests,
    /// half for the rest.
    #[arg(
        long,
        env = "WUGAN_DATABASE_CONNECTIONS",
        default_value_t = 16,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(4..)
    )]
    pub database_connections: u32,

    /// The folder with the built app (index.html and what it loads).
    #[arg(long, env = "WUGAN_WEB_ROOT", default_value = "dist", value_name = "FOLDER")]
    pub web_root: PathBuf,

    /// The lifetime of an access token.
    #[arg(long, env = "WUGAN_ACCESS_TTL", default_value = "30m", value_name = "TIME", value_parser = long_time)]
    pub access_ttl: Duration,

    /// The lifetime of a refresh token. Each refresh issues a new one, so this is how long a session may be idle.
    #[arg(long, env = "WUGAN_REFRESH_TTL", default_value = "7d", value_name = "TIME", value_parser = long_time)]
    pub refresh_ttl: Duration,

    /// The lifetime of a session from its sign-in, regardless of refreshes.
    #[arg(long, env = "WUGAN_SESSION_TTL", default_value = "30d", value_name = "TIME", value_parser = long_time)]
    pub session_ttl: Duration,

    /// For clients without attempt ids: how long after the first use of a refresh token's successor the same client gets that successor
    /// again.
    #[arg(long, env = "WUGAN_REUSE_LEEWAY", default_value = "10s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub reuse_leeway: Duration,

    /// An origin whose pages may call this server, such as https://app.example.com. Repeatable; commas separate several in the environment.
    #[arg(long, env = "WUGAN_ALLOW_ORIGIN", value_name = "URL", value_delimiter = ',', value_parser = origin)]
    pub allow_origin: Vec<String>,

    /// A request header that pages of other origins may send, beside Authorization, Content-Type, DPoP and those of tracing libraries.
    #[arg(long, env = "WUGAN_ALLOW_HEADER", value_name = "NAME", value_delimiter = ',', value_parser = request_header)]
    pub allow_header: Vec<HeaderName>,

    /// The file with the signing keys, a JWK set. Created at the first start, mode 0600. Its content allows signing in as any user.
    #[arg(long, global = true, env = "WUGAN_SIGNING_KEY", default_value = "wugan.key", value_name = "FILE")]
    pub signing_key: PathBuf,

    /// The algorithm of a new key, hs256 or eddsa. With eddsa other services can verify access tokens by /.well-known/jwks.json.
    #[arg(long, global = true, env = "WUGAN_SIGNING_ALGORITHM", default_value = "hs256", value_name = "NAME")]
    pub signing_algorithm: SigningAlgorithm,

    /// The claim `iss` of the tokens: the URL at which browsers reach this server, so that other services accept them. It also begins the
    /// links that `user reset` prints.
    #[arg(long, global = true, env = "WUGAN_ISSUER", default_value = "wugan", value_name = "URL")]
    pub issuer: String,

    /// The claim `aud` of the tokens: the services that accept them.
    #[arg(long, env = "WUGAN_AUDIENCE", default_value = "wugan", value_name = "NAME")]
    pub audience: String,

    /// Whether GET /user/refresh?refresh_token=… is answered, as the tutorial's clients send it. Proxies log queries.
    #[arg(long, env = "WUGAN_ALLOW_QUERY_REFRESH", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub allow_query_refresh: bool,

    /// Whether visitors make accounts by POST /user/register. Otherwise `user add` makes them.
    #[arg(long, env = "WUGAN_ALLOW_REGISTRATION", default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    pub allow_registration: bool,

    /// Requires DPoP (RFC 9449): a sign-in without a proof is refused, and so are tokens that are not bound to a key. Without this flag a
    /// session is bound if its sign-in has a proof. Set --issuer to the URL at which browsers reach this server.
    #[arg(long, env = "WUGAN_REQUIRE_DPOP", default_value_t = false, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub require_dpop: bool,

    /// DPoP proofs must contain a nonce of this server. The time (`iat`) of such a proof is not checked. All nodes with the same signing
    /// keys share it.
    #[arg(long, env = "WUGAN_DPOP_NONCE", default_value_t = false, value_name = "BOOL", action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub dpop_nonce: bool,

    /// An account to create at start if it is missing, for trials. The password rules do not apply to it.
    #[arg(long, env = "WUGAN_DEMO_USER", value_name = "NAME:PASSWORD", hide_env_values = true)]
    pub demo_user: Option<DemoUser>,

    /// A network whose hosts are your proxies. Forwarding headers are trusted from them alone. Repeatable.
    #[arg(long, env = "WUGAN_TRUSTED_PROXY", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,

    /// The header in which your proxies forward the client's address: x-forwarded-for (with x-forwarded-proto) or forwarded (RFC 7239).
    #[arg(long, env = "WUGAN_FORWARDED_HEADER", default_value = "x-forwarded-for", value_name = "NAME")]
    pub forwarded_header: ForwardedHeader,

    /// How many connections one address (of IPv6, a /56) may have open at a time; four times as many for an IPv6 /48.
    #[arg(
        long,
        env = "WUGAN_CONNECTION_LIMIT",
        default_value_t = 1000,
        value_name = "COUNT",
        value_parser = RangedU64ValueParser::<usize>::new().range(1..)
    )]
    pub connection_limit: usize,

    /// How many requests a second one address (of IPv6, a /56) may send while other addresses send requests, too; four times as many for an
    /// IPv6 /48. Requests above this rate are delayed by up to a second.
    #[arg(
        long,
        env = "WUGAN_REQUEST_LIMIT",
        default_value_t = 5000,
        value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(100..=1_000_000)
    )]
    pub request_limit: u32,

    /// How many passwords may be tried for one name in a period. After that, each network has attempts of its own: as many if the account is
    /// signed in there, else a fifth. An IPv6 /48 has four fifths.
    #[arg(long, env = "WUGAN_NAME_LIMIT", default_value = "10/5m", value_name = "ATTEMPTS/TIME")]
    pub name_limit: Rate,

    /// How many sign-ins, new accounts and password resets may come from one address (of IPv6, a /56) in a period; four times as many from an
    /// IPv6 /48.
    #[arg(long, env = "WUGAN_ADDRESS_LIMIT", default_value = "300/5m", value_name = "ATTEMPTS/TIME")]
    pub address_limit: Rate,

    /// How many refreshes one session may make in a period, and how many requests to end other sessions of its account.
    #[arg(long, env = "WUGAN_SESSION_LIMIT", default_value = "120/1m", value_name = "REFRESHES/TIME")]
    pub session_limit: Rate,

    /// How long a request's head and body may take to arrive, each; also how long a connection may be idle. A connection whose client reads
    /// nothing of a response is closed after four times this time.
    #[arg(long, env = "WUGAN_REQUEST_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = long_time)]
    pub request_timeout: Duration,

    /// How long requests are still served after a stop signal, while /readyz answers 503. Set it to twice the interval of your load balancer's
    /// probes.
    #[arg(long, env = "WUGAN_DRAIN", default_value = "0s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub drain: Duration,

    /// How long entries of the audit trail are kept.
    #[arg(long, env = "WUGAN_AUDIT_TTL", default_value = "90d", value_name = "TIME", value_parser = long_time)]
    pub audit_ttl: Duration,

    /// The format of the log on stderr. WUGAN_LOG sets its level, such as `info` or `info,wugan_axum=debug`.
    #[arg(long, env = "WUGAN_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
}

impl Config {
    /// The options of `wugan_axum`.
    #[must_use]
    pub fn auth_options(&self) -> Options {
        Options::new(&self.database_url)
            .database_connections(self.database_connections)
            .signing_key(&self.signing_key)
            .signing_algorithm(self.signing_algorithm)
            .issuer(&self.issuer, &self.audience)
            .access_ttl(self.access_ttl)
            .refresh_ttl(self.refresh_ttl)
            .session_ttl(self.session_ttl)
            .reuse_leeway(self.reuse_leeway)
            .session_limit(self.session_limit)
            .audit_ttl(self.audit_ttl)
            .limits(self.name_limit, self.address_limit)
            .request_timeout(self.request_timeout)
            .trusted_proxies(self.trusted_proxy.iter().copied(), self.forwarded_header)
            .query_refresh(self.allow_query_refresh)
            .registration(self.allow_registration)
            .require_dpop(self.require_dpop)
            .dpop_nonces(self.dpop_nonce)
    }

    /// Variables that begin with `WUGAN_` and are not known. A mistyped one would leave a default in effect.
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
    /// Readable text.
    Text,
    /// One JSON object a line.
    Json,
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

/// A time between a second and a hundred years. Lifetimes of tokens are whole seconds, so a shorter one would be zero.
fn long_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) || time > Duration::from_secs(100 * 365 * 24 * 3600) {
        return Err("must be between 1s and 100years".into());
    }
    Ok(time)
}

/// An origin as browsers serialise it: without the scheme's own port, the host in Punycode (RFC 6454 §6.2).
fn origin(text: &str) -> Result<String, &'static str> {
    let url = url::Url::parse(text).map_err(|_| "write it as https://app.example.com")?;
    if url.host_str().is_some_and(|host| host.contains('*') || host.starts_with('.')) {
        return Err("name each host in full: browsers send an origin without wildcards");
    }
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if matches!(url.scheme(), "http" | "https") && is_bare && url.password().is_none() {
        Ok(url.origin().ascii_serialization())
    } else {
        Err("write it as https://app.example.com, without a path")
    }
}

/// Request headers that a browser sets itself, so that pages cannot send them and preflights do not ask for them (Fetch, "forbidden
/// request-header").
const FORBIDDEN_HEADERS: [&str; 21] = [
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

fn request_header(text: &str) -> Result<HeaderName, &'static str> {
    let name: HeaderName = text.parse().map_err(|_| "write the name of a request header, such as x-tenant")?;
    let is_forbidden =
        FORBIDDEN_HEADERS.contains(&name.as_str()) || ["proxy-", "sec-"].iter().any(|start| name.as_str().starts_with(start));
    if is_forbidden { Err("browsers do not let pages send this header: leave it out") } else { Ok(name) }
}

/// A network. Clients of a listener on [::] count by their IPv4 address, so an IPv4 network written as IPv6 would contain none.
fn network(text: &str) -> Result<IpNet, &'static str> {
    match text.parse() {
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => Err("write an IPv4 network as 10.0.0.0/8"),
        parsed => parsed.map_err(|_| "write it as 10.0.0.0/8, and one address as 10.0.0.1/32"),
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

    /// Unit files that name these flags must go on starting a server.
    #[test]
    fn released_flags_keep_their_names() {
        let help = Config::command().render_long_help().to_string();
        for flag in [
            "--listen",
            "--database-url",
            "--web-root",
            "--access-ttl",
            "--refresh-ttl",
            "--session-ttl",
            "--reuse-leeway",
            "--allow-origin",
            "--allow-header",
            "--issuer",
            "--audience",
            "--admin-listen",
            "--database-connections",
            "--allow-query-refresh",
            "--signing-key",
            "--demo-user",
            "--trusted-proxy",
            "--log-format",
        ] {
            assert!(help.lines().any(|line| line.trim().starts_with(&format!("{flag} <"))), "{flag}");
        }
    }

    #[test]
    fn case_25_a_mistyped_variable_is_found() {
        let find = |names: &[&str]| Config::unknown_variables(names.iter().map(|name| (*name).to_owned()));
        assert!(find(&["PATH", "WUGAN_LISTEN", "WUGAN_LOG", "WUGANISH"]).is_empty());
        assert_eq!(find(&["WUGAN_LISTEN", "WUGAN_ACCES_TTL", "WUGAN_TTL"]), ["WUGAN_ACCES_TTL", "WUGAN_TTL"]);
    }

    #[test]
    fn case_49_an_origin_is_serialised_as_browsers_do() {
        for (flag, sent) in [
            ("https://App.example.com:8443/", "https://app.example.com:8443"),
            ("https://app.example.com:443", "https://app.example.com"),
            ("http://app.example.com:80", "http://app.example.com"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://[2001:DB8::1]:8080", "http://[2001:db8::1]:8080"),
        ] {
            assert_eq!(origin(flag).unwrap(), sent);
        }
        for bad in ["*", "null", "https://app.example.com/path", "app.example.com", "ftp://a.b", "https://u@a.b", ""] {
            assert!(origin(bad).is_err(), "{bad}");
        }
        for wildcard in ["https://*.example.com", "https://*", "https://app.*:8443", "https://.example.com"] {
            assert!(origin(wildcard).unwrap_err().contains("wildcards"), "{wildcard}");
        }
        assert!(origin("http://localhost:*").is_err());
    }

    #[test]
    fn case_50_a_header_that_no_page_can_send_is_refused() {
        for bad in ["cookie", "Cookie", "Sec-Fetch-Mode", "proxy-authorization", "host", "x y", ""] {
            assert!(request_header(bad).is_err(), "{bad}");
        }
        assert_eq!(request_header("X-Tenant").unwrap(), "x-tenant");
    }

    #[test]
    fn case_42_a_proxys_network_that_contains_no_client_is_refused() {
        for bad in ["::ffff:10.0.0.0/104", "10.0.0.1", "proxy.example.com", ""] {
            assert!(network(bad).is_err(), "{bad}");
        }
        for good in ["10.0.0.0/8", "10.1.2.3/8", "2001:db8::/32", "::/0"] {
            assert!(network(good).is_ok(), "{good}");
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
