//! What every property check starts from: the history together with what the harness's own record
//! says of its nodes.
//!
//! Who crashed, who lied, when the run stopped waiting and when a fault was in force are read
//! once, in one pass, from [`Entry::Node`], [`Entry::Phase`], [`Entry::Fault`] and
//! [`Entry::Message`]. A process is never asked about itself.
//!
//! Three words recur in every check:
//!
//! * *correct*: in the crash-stop model, never crashed; in the crash-recovery model, up for good
//!   in the end. Never Byzantine in either. Only what happened before the deadline counts, so that
//!   the end of the run itself crashes nobody.
//! * *honest*: never Byzantine. Uniform promises speak of all honest processes, crashed or not.
//! * *life*: one incarnation of one node. A restarted process has lost its volatile state, so what
//!   a promise says of "a process delivering twice" is judged life by life, while "the process
//!   eventually delivers" is met by any of its lives.
//!
//! "Eventually" means before the deadline: the end of the quiesce phase, or of the history if it
//! has no such phase.

use super::network::Network;
use super::spells::Spells;
use crate::{Finding, Status};
use schism_history::{Entry, History, Nanos, NodeChange, NodeId, Phase, ProtocolEvent, Record};

/// Which processes a model calls correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Faults {
    /// A process that crashes once is faulty, whatever it does later.
    CrashStop,
    /// A process that is up for good in the end is correct, however often it crashed before.
    CrashRecovery,
}

/// A history, and what the harness knows of its nodes.
pub struct Run<'h> {
    /// What was recorded.
    pub history: &'h History,
    /// What became of messages, link by link.
    pub network: Network,
    /// When faults were in force.
    pub spells: Spells,
    property: &'static str,
    faults: Faults,
    nodes: usize,
    correct: Vec<bool>,
    byzantine: Vec<bool>,
    crashes: Vec<Vec<(u64, Nanos)>>,
    lives: usize,
    last_life: Vec<usize>,
    end: u64,
    deadline: Nanos,
    heal: Option<(u64, Nanos)>,
    window: Nanos,
}

/// One protocol event, with the life of the node that told it.
pub struct Told<'h> {
    /// Index of the record.
    pub index: u64,
    /// When.
    pub time: Nanos,
    /// Which life of which node: `0..run.lives()`; the first life of node `i` is life `i`.
    pub life: usize,
    /// The node, as an index.
    pub node: usize,
    /// What was told.
    pub event: &'h ProtocolEvent,
}

impl<'h> Run<'h> {
    /// Reads the harness's record of a run, to judge `property` under `faults`.
    pub fn new(history: &'h History, property: &'static str, faults: Faults) -> Run<'h> {
        let records = &history.records;
        let mut nodes = usize::from(history.meta.nodes);
        let mut network = Network::default();
        let mut spells = Spells::new(records.last().map_or(0, |r| r.time));
        let mut changes = Vec::new();
        let mut phases = Vec::new();
        for record in records {
            match &record.entry {
                Entry::Event(event) => {
                    let peer = event.peer.map_or(0, |p| usize::from(p.0) + 1);
                    nodes = nodes.max(usize::from(event.node.0) + 1).max(peer);
                }
                Entry::Message(message) => network.observe(message),
                Entry::Node(change) => {
                    nodes = nodes.max(usize::from(change.node.0) + 1);
                    changes.push((record.index, record.time, change));
                    spells.node(record.time, change);
                }
                Entry::Fault(fault) => spells.fault(record.time, fault),
                Entry::Phase(phase) => phases.push((record.index, record.time, *phase)),
                Entry::Op(_) => {}
            }
        }
        let at = |wanted: &[Phase]| {
            phases.iter().find(|(_, _, p)| wanted.contains(p)).map(|&(i, t, _)| (i, t))
        };
        let last = (u64::MAX, records.last().map_or(0, |r| r.time));
        let (cut, deadline) = at(&[Phase::Final, Phase::Teardown]).unwrap_or(last);
        let calm = at(&[Phase::Quiesce]).or(at(&[Phase::Heal])).map_or(deadline, |(_, t)| t);
        let mut run = Run {
            history,
            network,
            spells: spells.finish(),
            property,
            faults,
            nodes,
            correct: Vec::new(),
            byzantine: vec![false; nodes],
            crashes: vec![Vec::new(); nodes],
            lives: nodes,
            last_life: (0..nodes).collect(),
            end: cut,
            deadline,
            heal: at(&[Phase::Heal]),
            window: calm + deadline.saturating_sub(calm) / 2,
        };
        let mut up = vec![true; nodes];
        for (index, time, change) in changes {
            let node = usize::from(change.node.0);
            match &change.change {
                NodeChange::Started { incarnation, .. } => {
                    if *incarnation > 0 {
                        if index < cut {
                            run.last_life[node] = run.lives;
                        }
                        run.lives += 1;
                    }
                    up[node] |= index < cut;
                }
                NodeChange::Killed | NodeChange::Died(_) if index < cut => {
                    run.crashes[node].push((index, time));
                    up[node] = false;
                }
                NodeChange::Byzantine(_) => run.byzantine[node] = true,
                _ => {}
            }
        }
        // A node that is only spoken of in events was never part of the run.
        let known = if history.meta.nodes == 0 { nodes } else { usize::from(history.meta.nodes) };
        run.correct = (0..nodes)
            .map(|n| {
                let lived = match faults {
                    Faults::CrashStop => run.crashes[n].is_empty(),
                    Faults::CrashRecovery => up[n],
                };
                n < known && lived && !run.byzantine[n]
            })
            .collect();
        run
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.nodes
    }

    /// How many lives they had together.
    pub fn lives(&self) -> usize {
        self.lives
    }

    /// Whether a node is correct in the model.
    pub fn correct(&self, node: usize) -> bool {
        self.correct.get(node).copied().unwrap_or(false)
    }

    /// The correct nodes.
    pub fn correct_nodes(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.nodes).filter(|&n| self.correct[n])
    }

    /// Whether a node never turned Byzantine.
    pub fn honest(&self, node: usize) -> bool {
        !self.byzantine.get(node).copied().unwrap_or(false)
    }

    /// Whether any node turned Byzantine.
    pub fn has_liars(&self) -> bool {
        self.byzantine.contains(&true)
    }

    /// The crashes of a node before the deadline, in order: record index and time.
    pub fn crashes(&self, node: usize) -> &[(u64, Nanos)] {
        &self.crashes[node]
    }

    /// Whether a node crashed after a record.
    pub fn crashes_after(&self, node: usize, index: u64) -> bool {
        self.crashes[node].last().is_some_and(|&(at, _)| at > index)
    }

    /// The life a node was in at the deadline, or its last one if it was down then.
    pub fn last_life(&self, node: usize) -> usize {
        self.last_life[node]
    }

    /// Whether a record stands before the deadline.
    pub fn in_time(&self, index: u64) -> bool {
        index < self.end
    }

    /// When the run stopped waiting.
    pub fn deadline(&self) -> Nanos {
        self.deadline
    }

    /// When every fault was undone: record index and time.
    pub fn heal(&self) -> Option<(u64, Nanos)> {
        self.heal
    }

    /// When the final window begins, in which what holds "from some time on" must hold: the second
    /// half of the quiesce phase (of what follows the healing, if there is no such phase), or just
    /// the deadline in a history without phases.
    pub fn window(&self) -> Nanos {
        self.window
    }

    /// Every protocol event, in order.
    pub fn events(&self) -> Events<'h> {
        Events {
            records: self.history.records.iter(),
            lives: (0..self.nodes).collect(),
            next: self.nodes,
        }
    }

    /// The record with an index.
    pub fn record(&self, index: u64) -> Option<&'h Record> {
        let records = &self.history.records;
        let guess = records.get(usize::try_from(index).ok()?);
        guess
            .filter(|r| r.index == index)
            .or_else(|| records.binary_search_by_key(&index, |r| r.index).ok().map(|i| &records[i]))
    }

    /// The time of a record, in words.
    pub fn at(&self, index: u64) -> Moment {
        Moment(self.record(index).map_or(0, |r| r.time))
    }

    /// What the history says of itself under a name.
    pub fn fact(&self, name: &str) -> Option<&'h str> {
        self.history.meta.facts.get(name).map(String::as_str)
    }

    /// The model the run is judged in.
    pub fn faults(&self) -> Faults {
        self.faults
    }

    /// The verdict: `bad` if there are breaches, otherwise kept as far as it was exercised.
    pub fn verdict(
        &self,
        bad: Status,
        breaches: Breaches,
        antecedents: u64,
        stress: u64,
        stressor: &str,
    ) -> Finding {
        let Some((mut explanation, witness)) = breaches.first else {
            return Finding::kept(self.property, antecedents, stress, stressor);
        };
        if breaches.count > 1 {
            explanation += &format!(" ({} more of the kind)", breaches.count - 1);
        }
        let mut finding =
            Finding::bad(self.property, bad, explanation, witness).counted(antecedents, stress);
        finding.details = serde_json::json!({ "breaches": breaches.count });
        finding
    }

    /// The verdict that the history does not allow one.
    pub fn unknown(&self, explanation: impl Into<String>) -> Finding {
        Finding::bad(self.property, Status::Unknown, explanation, Vec::new())
    }
}

/// Iterator over the protocol events of a history, see [`Run::events`].
pub struct Events<'h> {
    records: std::slice::Iter<'h, Record>,
    lives: Vec<usize>,
    next: usize,
}

impl<'h> Iterator for Events<'h> {
    type Item = Told<'h>;

    #[inline]
    fn next(&mut self) -> Option<Told<'h>> {
        for record in self.records.by_ref() {
            match &record.entry {
                Entry::Event(event) => {
                    let node = usize::from(event.node.0);
                    let life = self.lives[node];
                    return Some(Told {
                        index: record.index,
                        time: record.time,
                        life,
                        node,
                        event,
                    });
                }
                Entry::Node(change) => {
                    if let NodeChange::Started { incarnation: 1.., .. } = change.change {
                        self.lives[usize::from(change.node.0)] = self.next;
                        self.next += 1;
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// What contradicts a promise: the first case in full, the others as a number.
#[derive(Default)]
pub struct Breaches {
    first: Option<(String, Vec<u64>)>,
    count: u64,
}

impl Breaches {
    /// Counts a case; only the first is put into words.
    pub fn add(&mut self, explain: impl FnOnce() -> (String, Vec<u64>)) {
        self.count += 1;
        if self.first.is_none() {
            let (text, mut witness) = explain();
            witness.retain(|&i| i != u64::MAX);
            witness.sort_unstable();
            witness.dedup();
            self.first = Some((text, witness));
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A time as it stands in an explanation: `3.210 s`.
#[derive(Clone, Copy)]
pub struct Moment(pub Nanos);

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3} s", self.0 as f64 / 1e9)
    }
}

/// A node by its index, as it is called in an explanation.
pub fn name(node: usize) -> NodeId {
    NodeId(node as u16)
}
