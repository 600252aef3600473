//! A simulated browser and server, for this crate's tests and yours (feature "testing").
//!
//! The engine that runs here is the shipped one: only its [`Platform`](crate::platform::Platform) is another. Time is virtual, so
//! that eight hours of sleep pass in a microsecond, and every schedule comes from a seed, so that it can be seen again.
//!
//! ```
//! use wugan::{Client, testing::World};
//!
//! let world = World::new(7);
//! let tab = world.tab();
//! let client = tab.client(Client::builder("https://api.example.com"));
//! client.session().sign_in(world.server().sign_in("ada"));
//! let call = tab.run(async move { client.get("/bbb").await?.text().await });
//! assert_eq!(world.until(call), Ok("bbb".to_owned()));
//! ```

mod locks;
mod server;
mod store;
mod tab;
mod world;

pub use server::{Fault, Seen, Server};
pub use tab::Tab;
pub use world::{Running, World};
