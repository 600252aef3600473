//! `cargo xtask dev`: trunk builds the app at each change and reloads the page; it passes the API's requests to a server.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure};
use wugan_local::process::{Running, check_port, interrupted};

use crate::app;
use crate::server;

/// The port to which Trunk.toml passes requests.
const API_PORT: u16 = 3000;

#[derive(Args)]
pub(crate) struct Options {
    /// The port of the page
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Flags for wugan-server, after `--`, such as `-- --access-ttl 30s`
    #[arg(last = true)]
    server: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    check_port(API_PORT, "end the program that listens there; trunk passes requests to this port (Trunk.toml)")?;
    let program = server::build(&["wugan-server"], "dev")?;
    let address = SocketAddr::from(([127, 0, 0, 1], API_PORT));
    let mut server = Running::start(&mut server::command(&program, &project::root().join("data"), address, &options.server)?)?;
    let mut trunk = app::watch(options.port)?;
    println!("\nTrunk builds the app for http://127.0.0.1:{} (1 to 4 min the first time); Ctrl-C ends it.\n", options.port);
    loop {
        for (name, process) in [("the server", &mut server), ("trunk", &mut trunk)] {
            if let Some(status) = process.ended()? {
                return if interrupted() { Ok(()) } else { Err(failure(format!("{name} ended ({status}): the reason is printed above"))) };
            }
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
