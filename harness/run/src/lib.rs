//! The script of a run, without IO.
//!
//! A [`host`](Command) owns nodes and a clock: the controller owns real processes and real time,
//! the simulator owns nodes in memory and virtual time. Both play the same script: clients
//! invoke operations, the nemesis' plan comes due, phases follow each other, everything is
//! recorded. The host tells the script what happened and carries out the commands it gives.

mod command;

pub use command::{Command, Disk};
