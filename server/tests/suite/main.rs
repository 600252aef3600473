//! The server over real sockets, on every database: each test starts a server of its own on port 0.
//!
//! Names cite the case of the incident table in `docs/security.md` that they show. Those on PostgreSQL and MySQL
//! are ignored unless they are asked for (`--include-ignored`), with `WUGAN_TEST_POSTGRES` and `WUGAN_TEST_MYSQL` the URL of an account
//! that may create databases: `cargo xtask test` does all of it. `WUGAN_TEST_LONG` (`cargo xtask test native --long`) runs the long forms.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[cfg(unix)]
mod cluster;
mod database;
mod proxy;
mod test_server;

mod access;
mod accounts;
mod audit;
mod db_outage;
mod documents;
mod dpop;
mod edge;
#[cfg(unix)]
mod failover;
mod flood;
mod headers;
mod hostile;
mod keys;
mod limits;
mod logout;
mod migrations;
mod model;
mod nodes;
mod openapi;
mod operator;
mod process;
mod requests;
mod rotation;
mod round_trips;
mod schedules;
mod slow;
mod sqlite;
mod web;
