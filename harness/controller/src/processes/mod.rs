//! The process host: real nodes, real time, real crashes.
//!
//! A [`Host`] gives a [`Script`] one operating-system process per node. A single thread waits for
//! everything at once: the nodes' output, their ends, time, and Ctrl-C. Every message goes through
//! it, so the fabric's link rules apply to programs that know nothing of them, and what was sent
//! to whom, when, is known without asking anybody. Messages are forwarded as the bytes they came
//! as; of those that our own nodes wrote only the envelope is looked at.
//!
//! Nodes cannot outlive the controller, however it ends: see [`Containment`].

mod contain;
mod damage;
mod delayed;
mod error;
mod host;
mod letter;
mod lifecycle;
mod limits;
mod log;
mod notes;
mod pipe;
mod process;
mod program;
mod router;
mod script;
mod seat;
mod services;
mod signals;

pub(crate) use contain::tie_to_parent;
pub use contain::{Containment, prepare};
pub use error::HostError;
pub use host::Host;
pub use program::{Config, Program, ProgramError};
pub use script::Script;
pub(crate) use signals::Interrupts;
