//! Tests of the server over real sockets, on all databases. Each test starts its own server on port 0.
//!
//! A name cites the test's case of the incident table in `docs/security.md`. Tests on PostgreSQL and MySQL are ignored by default
//! (`--include-ignored` runs them, and one that needs strace). `WUGAN_TEST_POSTGRES` and `WUGAN_TEST_MYSQL` are the URLs of accounts that
//! may create databases; `cargo xtask test` sets them. `WUGAN_TEST_LONG` (`cargo xtask test native --long`) runs the long forms.
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
mod disconnects;
mod documents;
mod dpop;
mod edge;
#[cfg(unix)]
mod failover;
mod flood;
mod headers;
mod hostile;
mod jose;
mod keys;
mod library;
mod limits;
mod locked_rows;
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
