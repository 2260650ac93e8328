//! The script of a run, without IO.
//!
//! A host owns nodes and a clock: the controller owns real processes and real time, the simulator
//! owns nodes in memory and virtual time. Both play the same script, a [`Run`]: clients invoke
//! operations, the nemesis' plan comes due, phases follow each other, everything is recorded. The
//! host tells the script what happened, carries out the [`Command`]s it gives, and comes back
//! when it is due.

mod clients;
mod command;
mod config;
mod faults;
mod operations;
mod record;
mod run;
mod script;

pub use command::{Command, Disk, LastSends, Strike};
pub use config::{Config, Limit, Messages};
pub use record::{InMemory, Sink};
pub use run::{Progress, Run};
pub use schism_workloads::Workload;
pub use script::Scripted;
