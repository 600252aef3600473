//! What tests (`xtask`) and measurements (`bench/run`) use of this machine: child processes, system packages, packages of npm and Python,
//! temporary databases, the Nest backend.

pub mod databases;
pub mod nest;
pub mod npm;
pub mod packages;
pub mod process;
pub mod python;
