//! Loads a server that has the tutorial's routes, and prints one line of figures. `cargo xtask bench` runs it.
//!
//! Each connection is kept alive and sends its next request as soon as the last one is answered, or once in `--every`. One thread sends (a
//! flood has another), so that the load takes little of the machine.

mod connection;
mod figures;
mod flood;
mod usage;

use clap::{Parser, ValueEnum};
use connection::{Connection, Failure};
use figures::Figures;
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
    vec,
};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};
use usage::Usage;

/// Loads a server, and prints one line of figures.
#[derive(Parser, Clone)]
struct Options {
    /// Where the server listens
    server: SocketAddr,
    /// The requests to send
    what: What,
    /// The account to sign in with, as NAME:PASSWORD
    #[arg(long, default_value = "load:correct horse battery")]
    account: String,
    /// How many connections send requests
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// For how many seconds it is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many seconds it runs before that
    #[arg(long, default_value_t = 1)]
    warm: u64,
    /// Each connection sends one request in this number of milliseconds, instead of the next one as soon as the last is answered
    #[arg(long)]
    every: Option<u64>,
    /// Meanwhile, one other host opens many connections that do this
    #[arg(long)]
    flood: Option<flood::Kind>,
    /// Where the server that is flooded listens, if it is another one
    #[arg(long)]
    flood_server: Option<SocketAddr>,
    /// How many connections the flood opens at a time
    #[arg(long, default_value_t = 1000)]
    flood_size: usize,
    /// The access tokens for `once`, one a line. An eighth of them are used before it is measured, and then the others until none is left
    #[arg(long)]
    tokens: Option<PathBuf>,
    /// The server's process: its processor time and memory are measured
    #[arg(long)]
    pid: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// GET /aaa, without a token
    Open,
    /// GET /bbb, with an access token
    Guarded,
    /// GET /bbb, with an access token of another session each time: each of `--tokens` once
    Once,
    /// GET /user/refresh?refresh_token=…, with the newest refresh token each time
    Refresh,
    /// A refresh in the same form, then GET /bbb with the new access token: one exchange
    Exchange,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(&Options::parse()).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<Figures, Failure> {
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        let mut connection = Connection::open(options.server).await?;
        if !matches!(options.what, What::Open | What::Once) {
            connection.sign_in(&options.account).await?;
        }
        connections.push(connection);
    }
    if options.what == What::Once {
        return measure_once(options, connections).await;
    }
    let start = Instant::now() + Duration::from_secs(options.warm);
    let end = start + Duration::from_secs(options.seconds);
    let mut callers = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        callers.spawn(call(connection, options.clone(), number, start, end));
    }
    let flood = options.flood.map(|kind| flood::start(options.flood_server.unwrap_or(options.server), kind, options.flood_size, end));
    sleep_until(start.into()).await;
    let before = options.pid.map(Usage::of).transpose()?;
    sleep(end - Instant::now()).await;
    let after = options.pid.map(Usage::of).transpose()?;
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller.map_err(|error| Failure(error.to_string()))??);
    }
    let treatment = match flood {
        Some(flood) => Some(flood.join().map_err(|_| Failure("the flood's thread panicked".into()))??),
        None => None,
    };
    Ok(Figures::new(times, end - start, before.zip(after), treatment))
}

/// The figures of requests that use each token once.
async fn measure_once(options: &Options, connections: Vec<Connection>) -> Result<Figures, Failure> {
    let file = options.tokens.as_ref().ok_or_else(|| Failure("--tokens is missing".into()))?;
    let mut warm: Vec<String> = fs::read_to_string(file)?.lines().map(str::to_owned).collect();
    let measured = warm.split_off(warm.len() / 8);
    let (connections, _) = use_tokens(connections, warm).await?;
    let (start, before) = (Instant::now(), options.pid.map(Usage::of).transpose()?);
    let (_, times) = use_tokens(connections, measured).await?;
    let (span, after) = (start.elapsed(), options.pid.map(Usage::of).transpose()?);
    Ok(Figures::new(times, span, before.zip(after), None))
}

/// Sends a request with each token, and returns how long each answer took.
async fn use_tokens(connections: Vec<Connection>, tokens: Vec<String>) -> Result<(Vec<Connection>, Vec<Duration>), Failure> {
    let tokens = Arc::new(Mutex::new(tokens.into_iter()));
    let mut callers = JoinSet::new();
    for mut connection in connections {
        let tokens = tokens.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            while let Some(token) = next(&tokens) {
                let asked = Instant::now();
                connection.set_access_token(&token);
                connection.guarded("/bbb").await?;
                times.push(asked.elapsed());
            }
            Ok::<_, Failure>((connection, times))
        });
    }
    let (mut connections, mut times) = (Vec::new(), Vec::new());
    while let Some(caller) = callers.join_next().await {
        let (connection, its_times) = caller.map_err(|error| Failure(error.to_string()))??;
        connections.push(connection);
        times.extend(its_times);
    }
    Ok((connections, times))
}

fn next(tokens: &Mutex<vec::IntoIter<String>>) -> Option<String> {
    tokens.lock().unwrap_or_else(PoisonError::into_inner).next()
}

/// Sends requests until the end. Returns how long each answer took to a request that was sent after the start.
async fn call(mut connection: Connection, options: Options, number: usize, start: Instant, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    let every = options.every.map(Duration::from_millis);
    if let Some(every) = every {
        // Spread evenly over the interval.
        sleep(every * u32::try_from(number).unwrap_or(0) / u32::try_from(options.connections).unwrap_or(1)).await;
    }
    loop {
        let asked = Instant::now();
        if asked >= end {
            return Ok(times);
        }
        if let Err(failure) = send(&mut connection, options.what).await {
            if !connection.is_closed() {
                return Err(failure);
            }
            connection.reconnect(options.server).await?;
            send(&mut connection, options.what).await?;
        }
        let answered = Instant::now();
        if asked >= start && answered <= end {
            times.push(answered - asked);
        }
        if let Some(every) = every {
            sleep_until((asked + every).into()).await;
        }
    }
}

async fn send(connection: &mut Connection, what: What) -> Result<(), Failure> {
    match what {
        What::Open => connection.get("/aaa").await,
        What::Guarded | What::Once => connection.guarded("/bbb").await,
        What::Refresh => connection.refresh().await,
        What::Exchange => {
            connection.refresh().await?;
            connection.guarded("/bbb").await
        }
    }
}
