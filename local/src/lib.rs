//! What tests (`xtask`) and measurements (`bench/run`) use of this machine: child processes, system packages, temporary databases.

pub mod databases;
pub mod packages;
pub mod process;
