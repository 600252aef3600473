//! Wugan's backend as a server around [`wugan_axum`]: command line, files of the app, admin listener, operator commands.

pub mod command;
mod commands;
pub mod config;
mod edge;
pub mod log;
mod log_writer;
mod routes;
pub mod serve;
pub mod stop;
mod web;
mod write_timeout;
