//! The app's files.

mod csp;
mod files;
mod page;

pub(crate) use files::Web;
