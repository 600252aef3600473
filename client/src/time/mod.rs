//! Clocks, moments, and the dates in responses.

pub(crate) mod clock;
pub(crate) mod date;
pub(crate) mod timestamp;
