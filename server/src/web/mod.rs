//! The app's files.

mod csp;
mod etag;
mod files;
mod page;

pub(crate) use files::Web;
