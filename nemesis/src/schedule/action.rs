//! What passes between a schedule and its host.

use crate::FaultId;
use crate::network::LinkRule;
use crate::plan::{AfterKill, Turn};
use schism_history::{NodeId, Peer, Skew, Trouble};

/// What the host knows of the nodes at this moment.
#[derive(Clone, Copy, Debug)]
pub struct Roles<'a> {
    /// Who leads, by the last event that told so.
    pub leader: Option<NodeId>,
    /// Which nodes run, by position.
    pub up: &'a [bool],
}

/// What a host has to do. Each says which fault it is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A fault begins: write its record. What it does follows.
    Begun {
        /// Which.
        fault: FaultId,
    },
    /// Give these rules to [`Fabric::begin`](crate::Fabric::begin).
    BeginLinks {
        /// For which fault.
        fault: FaultId,
        /// Source, destination, rule.
        rules: Vec<(Peer, Peer, LinkRule)>,
    },
    /// Tell [`Fabric::end`](crate::Fabric::end), let go what was held, and report what it touched.
    EndLinks {
        /// For which fault.
        fault: FaultId,
    },
    /// Kill the process of this node.
    Kill {
        /// For which fault.
        fault: FaultId,
        /// Which.
        node: NodeId,
        /// Whether it is struck while it sends.
        sending: bool,
    },
    /// Start this node again.
    Restart {
        /// For which fault.
        fault: FaultId,
        /// Which.
        node: NodeId,
        /// What it finds of its stable storage.
        disk: AfterKill,
    },
    /// Stop the process of this node.
    Pause {
        /// For which fault.
        fault: FaultId,
        /// Which.
        node: NodeId,
    },
    /// Let the process of this node go on.
    Resume {
        /// For which fault.
        fault: FaultId,
        /// Which.
        node: NodeId,
    },
    /// Set the clock of this node.
    Clock {
        /// For which fault.
        fault: FaultId,
        /// Which.
        node: NodeId,
        /// How far off it is from now on, on the schedule's clock.
        skew: Skew,
    },
    /// From now on this node counts as Byzantine.
    Turned {
        /// Which.
        node: NodeId,
        /// How it lies.
        turn: Turn,
    },
    /// Tell this node what it has to cope with from now on, in this life and the next.
    Trouble {
        /// Which.
        node: NodeId,
        /// All of it.
        trouble: Trouble,
    },
    /// A fault has been undone: write its record.
    Ended {
        /// Which.
        fault: FaultId,
    },
}

/// What came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landing<'a> {
    /// What it is, in words.
    pub what: &'a str,
    /// Whether its time came.
    pub begun: bool,
    /// How much it touched. 0: it did not land.
    pub touched: u64,
    /// What it touched, or why nothing, in words.
    pub detail: &'a str,
}
