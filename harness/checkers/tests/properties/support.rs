//! Histories for tests: written by hand with [`Tape`], or drawn with [`Rng`].

use schism_checkers::properties::{Faults, find};
use schism_checkers::{Budget, Finding, Status};
use schism_history::{
    Entry, Fate, Fault, FaultEdge, History, Message, Nanos, NodeChange, NodeEvent, NodeId, OpEvent,
    OpKind, Peer, Phase, ProtocolEvent, Record, Value,
};

/// A history under construction. Every entry comes ten milliseconds after the one before.
#[derive(Clone)]
pub struct Tape(pub History);

impl Tape {
    /// An empty history of some nodes.
    pub fn new(nodes: u16) -> Tape {
        let mut history = History::default();
        history.meta.nodes = nodes;
        Tape(history)
    }

    /// Appends an entry; returns its index.
    pub fn push(&mut self, entry: Entry) -> u64 {
        let index = self.0.records.len() as u64;
        self.0.records.push(Record { index, time: (index + 1) * 10_000_000, entry });
        index
    }

    /// Appends a protocol event.
    pub fn event(
        &mut self,
        node: u16,
        kind: &str,
        peer: Option<u16>,
        number: Option<u64>,
        value: impl Into<Value>,
    ) -> u64 {
        self.push(Entry::Event(ProtocolEvent {
            node: NodeId(node),
            kind: kind.into(),
            peer: peer.map(NodeId),
            instance: None,
            number,
            value: value.into(),
        }))
    }

    pub fn broadcast(&mut self, node: u16, value: i64) -> u64 {
        self.event(node, "broadcast", None, None, value)
    }

    pub fn send(&mut self, node: u16, to: u16, value: i64) -> u64 {
        self.event(node, "send", Some(to), None, value)
    }

    pub fn deliver(&mut self, node: u16, from: u16, value: i64) -> u64 {
        self.event(node, "deliver", Some(from), None, value)
    }

    pub fn propose(&mut self, node: u16, value: i64) -> u64 {
        self.event(node, "propose", None, None, value)
    }

    pub fn decide(&mut self, node: u16, value: i64) -> u64 {
        self.event(node, "decide", None, None, value)
    }

    pub fn about(&mut self, node: u16, kind: &str, peer: u16) -> u64 {
        self.event(node, kind, Some(peer), None, Value::Nil)
    }

    pub fn numbered(&mut self, node: u16, kind: &str, number: u64, value: i64) -> u64 {
        self.event(node, kind, None, Some(number), value)
    }

    pub fn change(&mut self, node: u16, change: NodeChange) -> u64 {
        self.push(Entry::Node(NodeEvent { node: NodeId(node), change }))
    }

    pub fn kill(&mut self, node: u16) -> u64 {
        self.change(node, NodeChange::Killed)
    }

    pub fn restart(&mut self, node: u16, incarnation: u32) -> u64 {
        self.change(node, NodeChange::Started { incarnation, with_disk: true })
    }

    pub fn phase(&mut self, phase: Phase) -> u64 {
        self.push(Entry::Phase(phase))
    }

    /// A fault that lands, from here to the matching [`Tape::fault_ends`].
    pub fn fault_begins(&mut self, id: u32) -> u64 {
        self.fault(id, FaultEdge::Begin, 0)
    }

    pub fn fault_ends(&mut self, id: u32) -> u64 {
        self.fault(id, FaultEdge::End, 7)
    }

    fn fault(&mut self, id: u32, edge: FaultEdge, touched: u64) -> u64 {
        self.push(Entry::Fault(Fault {
            id,
            edge,
            what: "loss 20 %".into(),
            targets: Vec::new(),
            touched,
            detail: "".into(),
        }))
    }

    pub fn message(&mut self, src: u16, dest: u16, sent: Nanos, fate: Fate) -> u64 {
        self.push(Entry::Message(Message {
            id: self.0.records.len() as u64,
            src: Peer::Node(NodeId(src)),
            dest: Peer::Node(NodeId(dest)),
            kind: "Data".into(),
            sent,
            bytes: 10,
            fate,
        }))
    }

    pub fn op(
        &mut self,
        process: u64,
        node: u16,
        kind: OpKind,
        f: &str,
        value: impl Into<Value>,
    ) -> u64 {
        self.push(Entry::Op(OpEvent {
            process,
            kind,
            f: f.into(),
            key: None,
            value: value.into(),
            error: None,
            node: Some(NodeId(node)),
        }))
    }

    /// An operation without anything else in between.
    pub fn whole(
        &mut self,
        process: u64,
        node: u16,
        f: &str,
        input: impl Into<Value>,
        output: impl Into<Value>,
    ) {
        self.op(process, node, OpKind::Invoke, f, input);
        self.op(process, node, OpKind::Ok, f, output);
    }

    pub fn judge(&self, workload: &str, property: &str) -> Finding {
        self.judge_as(workload, property, Faults::CrashStop)
    }

    pub fn judge_as(&self, workload: &str, property: &str, faults: Faults) -> Finding {
        judge(&self.0, workload, property, faults)
    }

    pub fn status(&self, workload: &str, property: &str) -> Status {
        self.judge(workload, property).status
    }
}

/// Judges a history by name.
pub fn judge(history: &History, workload: &str, property: &str, faults: Faults) -> Finding {
    let check = find(workload, property, faults)
        .unwrap_or_else(|| panic!("{workload} has no promise called {property}"));
    assert_eq!(check.property(), property);
    let finding = check.check(history, &Budget::default());
    assert_eq!(finding.property, property);
    assert!(!finding.explanation.is_empty());
    let known = |i: &u64| history.records.iter().any(|r| r.index == *i);
    assert!(finding.witness.iter().all(known), "a witness outside the history: {finding:?}");
    assert!(finding.witness.is_sorted());
    finding
}

/// Whether a status says that the promise was broken.
pub fn broken(status: Status) -> bool {
    matches!(status, Status::Violated | Status::NotByDeadline)
}

/// Gives the records of a history new indexes and times, after an edit.
pub fn renumber(history: &mut History) {
    for (i, record) in history.records.iter_mut().enumerate() {
        record.index = i as u64;
        record.time = (i as u64 + 1) * 10_000_000;
    }
}

/// SplitMix64: a reproducible stream from any seed.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    pub fn node(&mut self, n: u16) -> u16 {
        self.below(usize::from(n)) as u16
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        if items.is_empty() { None } else { Some(&items[self.below(items.len())]) }
    }
}
