//! Components shared by several pages.

pub(crate) mod banner;
pub(crate) mod field;
pub(crate) mod later;
pub(crate) mod live;
pub(crate) mod notice;
pub(crate) mod shell;
pub(crate) mod strength;
pub(crate) mod submit;
