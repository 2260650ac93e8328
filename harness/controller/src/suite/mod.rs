//! Suites: a matrix of runs, carried out side by side, kept, summed up and compared with what the
//! same suite came to before.

mod builtin;
mod child;
mod definition;
mod execute;
mod ledger;
mod outputs;
mod prune;
mod shard;

pub use builtin::SUITES;
pub use child::{Running, Surroundings, command};
pub use definition::{Case, Rules, Suite};
pub use execute::{Watch, execute};
pub use ledger::{Ledger, Tale, tale};
pub use outputs::write_outputs;
pub use prune::{Pruned, prune};
pub use shard::Shard;
