//! What tests (`xtask`) and measurements (`bench/run`) use of this machine: child processes, system packages, temporary databases, the Nest backend.

pub mod databases;
pub mod nest;
pub mod packages;
pub mod process;
