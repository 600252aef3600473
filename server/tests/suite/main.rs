//! The server over real sockets, on every database: each test starts a server of its own on port 0.
//!
//! Names cite the case of the incident table in `docs/security.md` that they show. PostgreSQL and MySQL are used if
//! `WUGAN_TEST_POSTGRES` and `WUGAN_TEST_MYSQL` hold the URL of an account that may create databases.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod database;
mod world;

mod access;
mod accounts;
mod audit;
mod away;
mod flood;
mod headers;
mod hostile;
mod keys;
mod limits;
mod logout;
mod model;
mod openapi;
mod operator;
mod process;
mod requests;
mod rotation;
mod slow;
mod web;
