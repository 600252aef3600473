//! The routes and extractors. The rules that they call do not depend on HTTP.

mod accounts;
pub mod body;
mod device;
mod error;
mod login;
mod metadata;
mod proof;
mod refresh;
mod routes;
mod sessions;
mod token_response;
mod user;
