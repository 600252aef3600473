//! `cargo xtask dev`: for working on the app. trunk builds it at every change and reloads the page; calls go through to a server beside it.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::app;
use crate::process::interrupted;
use crate::project;
use crate::server::{self, Build};
use crate::step::{Result, failure, step};

/// Where Trunk.toml sends calls.
const API_PORT: u16 = 3000;

#[derive(Args)]
pub(crate) struct Options {
    /// The port of the page
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Flags for wugan-server, after `--`: e.g. `-- --access-ttl 30s`
    #[arg(last = true)]
    server: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], API_PORT));
    server::must_be_free(address)?;
    server::must_be_free(SocketAddr::from(([127, 0, 0, 1], options.port)))?;
    let program = server::build(Build::Dev)?;
    let mut server =
        step("Starting the server", "a second", || server::start(&program, &project::root().join("data"), address, &options.server))?;
    let mut trunk = step("Starting trunk", "it builds the app first: 1 to 4 min the first time", || app::watch(options.port))?;
    println!("\nThe app will be at http://127.0.0.1:{} (the API at http://{address}; Ctrl-C ends both)\n", options.port);
    loop {
        if let Some(status) = server.ended()? {
            return if interrupted() { Ok(()) } else { Err(failure(format!("the server ended ({status}): it says why above"))) };
        }
        if let Some(status) = trunk.ended()? {
            return if interrupted() { Ok(()) } else { Err(failure(format!("trunk ended ({status}): it says why above"))) };
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}
