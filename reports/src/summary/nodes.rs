//! What became of each node, by the harness's own record.

use schism_history::{Entry, History, Nanos, NodeChange, NodeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The life of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeLife {
    /// Which.
    pub node: NodeId,
    /// How often it was started again.
    pub restarts: u64,
    /// How often the harness killed it.
    pub killed: u64,
    /// The times it ended unasked, and with what.
    pub died: Vec<Crash>,
    /// The times it broke the protocol with the harness, and what it said.
    pub garbage: Vec<Crash>,
    /// The strategy by which it lied, if it turned Byzantine.
    pub byzantine: Option<String>,
    /// When it was not running or not scheduled.
    pub away: Vec<Spell>,
    /// How many protocol events it told.
    pub events: u64,
}

/// Something a node did that nobody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crash {
    /// When.
    pub time: Nanos,
    /// What, in words.
    pub what: String,
}

/// A time during which a node did nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spell {
    /// Whether it was only paused.
    pub paused: bool,
    /// From when.
    pub begin: Nanos,
    /// Until when; none if it never came back.
    pub end: Option<Nanos>,
}

/// The lives of all nodes, by number.
pub(super) fn lives(history: &History) -> Vec<NodeLife> {
    let new = |node| NodeLife {
        node,
        restarts: 0,
        killed: 0,
        died: Vec::new(),
        garbage: Vec::new(),
        byzantine: None,
        away: Vec::new(),
        events: 0,
    };
    // Records may speak of nodes the run's description does not count.
    let mut lives: BTreeMap<NodeId, NodeLife> = history.nodes().map(|n| (n, new(n))).collect();
    for record in &history.records {
        match &record.entry {
            Entry::Event(event) => {
                lives.entry(event.node).or_insert_with_key(|&n| new(n)).events += 1;
            }
            Entry::Node(event) => {
                let life = lives.entry(event.node).or_insert_with_key(|&n| new(n));
                life.take(record.time, &event.change);
            }
            _ => {}
        }
    }
    lives.into_values().collect()
}

impl NodeLife {
    fn take(&mut self, time: Nanos, change: &NodeChange) {
        match change {
            NodeChange::Started { incarnation, .. } => {
                self.restarts += u64::from(*incarnation > 0);
                self.back(time);
            }
            NodeChange::Killed => {
                self.killed += 1;
                self.leaves(time, false);
            }
            NodeChange::Paused => self.leaves(time, true),
            NodeChange::Resumed => {
                if self.away.last().is_some_and(|spell| spell.paused) {
                    self.back(time);
                }
            }
            NodeChange::Byzantine(strategy) => self.byzantine = Some(strategy.to_string()),
            NodeChange::Died(how) => {
                self.died.push(Crash { time, what: how.to_string() });
                self.leaves(time, false);
            }
            NodeChange::Garbage(line) => {
                self.garbage.push(Crash { time, what: line.to_string() });
            }
            NodeChange::Ready | NodeChange::Stopped | NodeChange::Clock(_) => {}
        }
    }

    fn leaves(&mut self, time: Nanos, paused: bool) {
        self.back(time);
        self.away.push(Spell { paused, begin: time, end: None });
    }

    fn back(&mut self, time: Nanos) {
        if let Some(spell) = self.away.last_mut() {
            spell.end.get_or_insert(time);
        }
    }
}
