//! JavaScript values by name, and JSON as the browser reads and writes it.

pub(crate) mod json;
pub(crate) mod object;
