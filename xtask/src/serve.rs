//! `cargo xtask serve`: the app and its server, built for production, at one address.

use std::net::SocketAddr;

use clap::Args;
use wugan_bundle::project;
use wugan_bundle::step::{Result, failure};
use wugan_local::process::{Running, check_port, interrupted};

use crate::app;
use crate::server;

#[derive(Args)]
pub(crate) struct Options {
    /// The port to serve at
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Flags for wugan-server, after `--`, such as `-- --access-ttl 30s`
    #[arg(last = true)]
    server: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if std::env::var_os("WUGAN_LISTEN").is_none() && options.server.is_empty() {
        check_port(options.port, "--port takes another one")?;
    }
    app::build()?;
    let program = server::build(&["wugan-server"], "release")?;
    let listen = SocketAddr::from(([127, 0, 0, 1], options.port));
    println!("\nStarting the server. Its accounts are stored in data/wugan.db; Ctrl-C ends it.\n");
    let mut server = Running::start(&mut server::command(&program, &project::root().join("data"), listen, &options.server)?)?;
    let status = server.wait()?;
    let failed = || failure(format!("the server ended ({status}): the reason is printed above; --port takes another port"));
    if status.success() || interrupted() { Ok(()) } else { Err(failed()) }
}
