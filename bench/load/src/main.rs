//! Loads a server that speaks the tutorial's routes, and prints one line of figures. `cargo xtask bench` runs it.
//!
//! Every connection is kept alive and asks again as soon as it is answered, or once in `--every`. It runs on one thread (the flood has
//! another) and costs the machine little, so that what is measured is the server.

mod connection;
mod figures;
mod flood;
mod usage;

use clap::{Parser, ValueEnum};
use connection::{Connection, Failure};
use figures::Figures;
use std::{
    net::SocketAddr,
    process::ExitCode,
    time::{Duration, Instant},
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
    /// What to ask for
    what: What,
    /// The account to sign in with, as NAME:PASSWORD
    #[arg(long, default_value = "load:correct horse battery")]
    account: String,
    /// How many connections ask
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// For how many seconds it is measured
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How many seconds it runs before that
    #[arg(long, default_value_t = 1)]
    warm: u64,
    /// Every connection asks once in so many milliseconds, instead of as often as it can
    #[arg(long)]
    every: Option<u64>,
    /// Meanwhile, so many others try to sign in at once, again and again
    #[arg(long, default_value_t = 0)]
    flood: usize,
    /// The server's process, whose processor time and memory are told
    #[arg(long)]
    pid: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum What {
    /// GET /aaa, without a token
    Open,
    /// GET /bbb, with an access token
    Guarded,
    /// GET /user/refresh?refresh_token=…, with the newest refresh token each time
    Refresh,
    /// The same, and then GET /bbb with the new access token: one exchange
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
        if options.what != What::Open {
            connection.sign_in(&options.account).await?;
        }
        connections.push(connection);
    }
    let start = Instant::now() + Duration::from_secs(options.warm);
    let end = start + Duration::from_secs(options.seconds);
    let mut callers = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        callers.spawn(call(connection, options.clone(), number, start, end));
    }
    let flood = (options.flood > 0).then(|| flood::start(options.server, options.flood, end));
    sleep_until(start.into()).await;
    let before = options.pid.map(Usage::of).transpose()?;
    sleep(end - Instant::now()).await;
    let after = options.pid.map(Usage::of).transpose()?;
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller.map_err(|error| Failure(error.to_string()))??);
    }
    let refused = match flood {
        Some(flood) => Some(flood.join().map_err(|_| Failure("the flood broke off".into()))??),
        None => None,
    };
    Ok(Figures::new(times, end - start, before.zip(after), refused))
}

/// Asks until the end. Returns how long each answer took that was asked for after the start.
async fn call(mut connection: Connection, options: Options, number: usize, start: Instant, end: Instant) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    let every = options.every.map(Duration::from_millis);
    if let Some(every) = every {
        // Spread over the time: they are many people, not one crowd.
        sleep(every * u32::try_from(number).unwrap_or(0) / u32::try_from(options.connections).unwrap_or(1)).await;
    }
    loop {
        let asked = Instant::now();
        if asked >= end {
            return Ok(times);
        }
        match options.what {
            What::Open => connection.get("/aaa").await?,
            What::Guarded => connection.guarded("/bbb").await?,
            What::Refresh => connection.refresh().await?,
            What::Exchange => {
                connection.refresh().await?;
                connection.guarded("/bbb").await?;
            }
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
