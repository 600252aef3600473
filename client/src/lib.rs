//! Wugan.
