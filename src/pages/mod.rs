//! The pages.

pub(crate) mod account;
pub(crate) mod home;
pub(crate) mod inspector;
pub(crate) mod not_found;
pub(crate) mod overview;
pub(crate) mod reset;
pub(crate) mod sessions;
pub(crate) mod sign_in;
