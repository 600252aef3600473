//! What ends with a value.

use std::any::Any;

/// Releases a lock or ends a subscription when it is dropped.
pub type Guard = Box<dyn Any>;
