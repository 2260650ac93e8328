//! A plan: which faults happen, to whom, from when until when.
//!
//! It is data. A person reads and edits it as TOML, and a run of the same plan does the same:
//!
//! ```toml
//! [[fault]]
//! from = "1.5s"
//! until = "4s"
//! what = { partition = "isolate" }
//! target = "leader"
//!
//! [[fault]]
//! from = "2s"
//! until = "3s"
//! what = { loss = 0.2 }
//!
//! [[fault]]
//! from = "5s"
//! until = "7s"
//! what = { kill = "keep-disk" }
//! target = ["n3"]
//! ```
//!
//! A bad plan is refused before anything starts, with the line and what would be right.

mod check;
mod clock;
mod fault;
mod hardship;
mod moment;
mod table;
mod target;
mod text;

pub use check::Circumstances;
pub use clock::Clock;
pub use fault::{AfterKill, Duplicate, Fault, What};
pub use hardship::{DiskFault, Limit, Turn};
pub use moment::{Moment, Occasion};
pub use target::Target;
pub use text::PlanError;

pub(crate) use check::{comes_too_late, interval};
pub(crate) use fault::named;

use serde::{Deserialize, Serialize};

/// Which faults happen. Times count from the beginning of the chaos phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The faults. Their positions are their numbers.
    #[serde(rename = "fault", default)]
    pub faults: Vec<Fault>,
}
