//! Components shared by several pages.

pub(crate) mod banner;
pub(crate) mod card;
pub(crate) mod ended;
pub(crate) mod field;
pub(crate) mod notice;
pub(crate) mod page;
pub(crate) mod part;
pub(crate) mod retry;
pub(crate) mod shell;
pub(crate) mod storage_banner;
pub(crate) mod strength;
pub(crate) mod submit;
