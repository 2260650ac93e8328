//! How large a run is.

use crate::Recipe;
use schism_nemesis::time;
use std::fmt;
use std::time::Duration;

/// How large a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Nodes.
    pub nodes: u16,
    /// Operations, those of the end included.
    pub operations: usize,
    /// Faults of the plan.
    pub faults: usize,
    /// Single messages that are lost or late.
    pub messages: usize,
    /// How long workload and faults go on.
    pub time: Duration,
}

impl Size {
    /// The size of a literal recipe.
    pub fn of(recipe: &Recipe) -> Size {
        Size {
            nodes: recipe.nodes,
            operations: recipe.script.as_ref().map_or(0, Vec::len),
            faults: recipe.plan.faults.len(),
            messages: recipe.pinned.len(),
            time: recipe.time_limit,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let many = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        write!(
            f,
            "{}, {}, {}",
            many(self.nodes.into(), "node"),
            many(self.operations, "operation"),
            many(self.faults, "fault"),
        )?;
        if self.messages > 0 {
            write!(f, ", {} lost or late", many(self.messages, "message"))?;
        }
        write!(f, ", {}", time::words(self.time))
    }
}
