//! `cargo xtask serve`: the app and its server as they would be put on the internet, at one address.

use clap::Args;

use crate::app;
use crate::project;
use crate::server::{self, Build};
use crate::step::{Result, failure, step};

#[derive(Args)]
pub(crate) struct Options {
    /// The port to serve at
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// Flags for wugan-server, after `--`: e.g. `-- --access-ttl 30s`
    #[arg(last = true)]
    server: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let address = server::address(options.port, &options.server)?;
    server::must_be_free(address)?;
    app::build()?;
    let program = server::build(Build::Release)?;
    let mut server =
        step("Starting the server", "a second", || server::start(&program, &project::root().join("data"), address, &options.server))?;
    println!("\nWugan is at http://{} (accounts are kept in data/wugan.db; Ctrl-C ends it)\n", server::local(address));
    let status = server.wait()?;
    if status.success() { Ok(()) } else { Err(failure(format!("the server ended ({status}): it says why above"))) }
}
