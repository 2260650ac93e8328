//! Runs that never happened, but could have: what tests, benchmarks and samples report on.
//!
//! A small model of a leader with followers under faults gives the shapes real runs have: outages
//! at partitions and crashes, slow spells under delay, retransmissions under loss. Everything
//! follows from a seed.

mod broadcast;
mod hostile;
mod raft;
mod register;

pub use broadcast::failing_broadcast;
pub use hostile::hostile;
pub use raft::healthy_raft;
pub use register::failing_register;

use schism_checkers::Finding;
use schism_history::{
    Entry, Fate, Fault, FaultEdge, History, Message, Meta, Nanos, NodeChange, NodeEvent, NodeId,
    OpEvent, OpKind, Peer, Phase, ProtocolEvent, Record, Value,
};
use schism_reports::{RunFacts, Summary};

/// A run to report on.
pub struct Sample {
    pub history: History,
    pub findings: Vec<Finding>,
    pub facts: RunFacts,
}

impl Sample {
    pub fn summary(&self) -> Summary {
        Summary::of(&self.history, &self.findings, &self.facts)
    }
}

pub const MILLI: Nanos = 1_000_000;
pub const SECOND: Nanos = 1_000_000_000;

/// Random numbers from a seed (SplitMix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Between 0 and 1.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Exponentially distributed around a mean.
    pub fn around(&mut self, mean: Nanos) -> Nanos {
        (-(1.0 - self.unit()).ln() * mean as f64) as Nanos
    }
}

/// What happened, in any order.
pub struct Story {
    pub entries: Vec<(Nanos, Entry)>,
    pub messages: u64,
    pub rng: Rng,
}

impl Story {
    pub fn new(seed: u64) -> Story {
        Story { entries: Vec::new(), messages: 0, rng: Rng(seed) }
    }

    pub fn at(&mut self, time: Nanos, entry: Entry) {
        self.entries.push((time, entry));
    }

    pub fn phases(&mut self, chaos: Nanos, heal: Nanos, end: Nanos) {
        let later = end - heal;
        let times = [
            (Phase::Setup, 0),
            (Phase::Chaos, chaos),
            (Phase::Heal, heal),
            (Phase::Quiesce, heal + later / 8),
            (Phase::Final, heal + later * 6 / 8),
            (Phase::Teardown, end),
        ];
        for (phase, time) in times {
            self.at(time, Entry::Phase(phase));
        }
    }

    pub fn node(&mut self, time: Nanos, node: u16, change: NodeChange) {
        self.at(time, Entry::Node(NodeEvent { node: NodeId(node), change }));
    }

    pub fn start(&mut self, nodes: u16) {
        for node in 0..nodes {
            let time = u64::from(node) * 3 * MILLI;
            self.node(time, node, NodeChange::Started { incarnation: 0, with_disk: true });
            self.node(time + 40 * MILLI, node, NodeChange::Ready);
        }
    }

    pub fn fault(
        &mut self,
        id: u32,
        what: &str,
        targets: &[u16],
        (begin, end): (Nanos, Nanos),
        touched: u64,
        detail: &str,
    ) {
        for (edge, time) in [(FaultEdge::Begin, begin), (FaultEdge::End, end)] {
            let ended = edge == FaultEdge::End;
            let fault = Fault {
                id,
                edge,
                what: what.into(),
                targets: targets.iter().map(|&n| NodeId(n)).collect(),
                touched: if ended { touched } else { 0 },
                detail: if ended { detail.into() } else { "".into() },
            };
            self.at(time, Entry::Fault(fault));
        }
    }

    pub fn message(
        &mut self,
        src: u16,
        dest: u16,
        kind: &str,
        sent: Nanos,
        took: Nanos,
        fate: Fate,
    ) {
        self.messages += 1;
        let message = Message {
            id: self.messages,
            src: Peer::Node(NodeId(src)),
            dest: Peer::Node(NodeId(dest)),
            kind: kind.into(),
            sent,
            bytes: 60 + (self.messages % 90) as u32,
            fate,
        };
        self.at(sent + took, Entry::Message(message));
    }

    pub fn op(
        &mut self,
        time: Nanos,
        process: u64,
        kind: OpKind,
        f: &str,
        key: Option<i64>,
        value: impl Into<Value>,
        node: u16,
    ) {
        let event = OpEvent {
            process,
            kind,
            f: f.into(),
            key: key.map(Value::Int),
            value: value.into(),
            error: match kind {
                OpKind::Info => Some("no answer within 5 s".into()),
                OpKind::Fail => Some("temporarily unavailable: no leader".into()),
                OpKind::Invoke | OpKind::Ok => None,
            },
            node: Some(NodeId(node)),
        };
        self.at(time, Entry::Op(event));
    }

    pub fn event(
        &mut self,
        time: Nanos,
        node: u16,
        kind: &str,
        peer: Option<u16>,
        number: Option<u64>,
        value: impl Into<Value>,
    ) {
        let event = ProtocolEvent {
            node: NodeId(node),
            kind: kind.into(),
            peer: peer.map(NodeId),
            instance: None,
            number,
            value: value.into(),
        };
        self.at(time, Entry::Event(event));
    }

    /// Brought into order.
    pub fn tell(mut self, test: &str, workload: &str, seed: u64, nodes: u16) -> History {
        self.entries.sort_by_key(|(time, _)| *time);
        let records = self.entries.into_iter().enumerate();
        History {
            meta: Meta {
                test: test.into(),
                workload: workload.into(),
                seed,
                nodes,
                facts: [("model".to_owned(), "crash-recovery, majority".to_owned())].into(),
            },
            records: records
                .map(|(i, (time, entry))| Record { index: i as u64, time, entry })
                .collect(),
        }
    }
}

/// Index of the first record that a condition holds of.
pub fn find(history: &History, holds: impl Fn(&Record) -> bool) -> u64 {
    history.records.iter().find(|r| holds(r)).map_or(0, |r| r.index)
}

/// What is known of every sample.
pub fn facts(test: &str, seed: u64) -> RunFacts {
    RunFacts {
        command: format!(
            "schism test {test} --seed {seed} --nodes 5 --time-limit 60s --nemesis all"
        ),
        version: "schism 0.1.0".into(),
        started: "2025-03-01 12:00:00 UTC".into(),
        containment: "PID namespace; nodes die with the harness".into(),
        faults_planned: None,
        report: format!("store/{test}/20250301T120000Z-{seed}/report/index.html"),
        environment: vec!["Linux 6.1, 2 cores, 8 GB".into()],
        marks: [
            ("leader isolated while a write was open".to_owned(), 3),
            ("two leaders in different terms at once".to_owned(), 1),
        ]
        .into(),
    }
}
