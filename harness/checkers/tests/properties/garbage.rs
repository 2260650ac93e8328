//! Nonsense in, a finding out: no history makes a check panic or cite records that do not exist.

use crate::support::{Rng, Tape, judge};
use schism_checkers::properties::{Faults, names, workloads};
use schism_history::{
    Entry, Fate, NodeChange, NodeEvent, NodeId, OpEvent, OpKind, Phase, ProtocolEvent, Value,
};

const KINDS: [&str; 18] = [
    "send",
    "deliver",
    "broadcast",
    "propose",
    "decide",
    "suspect",
    "restore",
    "trust",
    "lead",
    "step-down",
    "start-epoch",
    "commit",
    "apply",
    "output",
    "local",
    "clock",
    "nonsense",
    "",
];
const FUNCTIONS: [&str; 7] = ["read", "write", "cas", "broadcast", "echo", "generate", "nonsense"];

fn value(rng: &mut Rng) -> Value {
    match rng.below(8) {
        0 => Value::Nil,
        1 => Value::from("word"),
        2 => Value::List((0..rng.below(3)).map(|i| Value::Int(i as i64)).collect()),
        3 => Value::Int(i64::MIN),
        4 => Value::Int(i64::MAX),
        _ => Value::Int(rng.below(4) as i64),
    }
}

fn entry(rng: &mut Rng) -> Entry {
    let node = NodeId(if rng.chance(1) { 300 } else { rng.node(5) });
    let number = |rng: &mut Rng| match rng.below(4) {
        0 => None,
        1 if rng.chance(20) => Some(u64::MAX),
        _ => Some(rng.next() % 4),
    };
    match rng.below(12) {
        0 => Entry::Phase([Phase::Heal, Phase::Quiesce, Phase::Final][rng.below(3)]),
        1 => {
            let change = match rng.below(5) {
                0 => NodeChange::Killed,
                1 => NodeChange::Byzantine("".into()),
                2 => NodeChange::Died("".into()),
                _ => {
                    let incarnation = rng.below(3) as u32;
                    NodeChange::Started { incarnation, with_disk: false }
                }
            };
            Entry::Node(NodeEvent { node, change })
        }
        2..=4 => Entry::Op(OpEvent {
            process: rng.next() % 4,
            kind: [OpKind::Invoke, OpKind::Ok, OpKind::Fail, OpKind::Info][rng.below(4)],
            f: FUNCTIONS[rng.below(FUNCTIONS.len())].into(),
            key: rng.chance(30).then(|| value(rng)),
            value: value(rng),
            error: None,
            node: rng.chance(90).then_some(node),
        }),
        _ => Entry::Event(ProtocolEvent {
            node,
            kind: KINDS[rng.below(KINDS.len())].into(),
            peer: rng.chance(80).then(|| NodeId(rng.node(5))),
            instance: number(rng),
            number: number(rng),
            value: value(rng),
        }),
    }
}

#[test]
fn no_history_makes_a_check_panic() {
    for seed in 0..200 {
        let mut rng = Rng(seed);
        let mut tape = Tape::new(rng.node(4));
        for fact in ["f", "coverage", "messages-per-broadcast"] {
            let text = ["0", "1", "-3", "0.5", "NaN", "18446744073709551615", "x"][rng.below(7)];
            if rng.chance(80) {
                tape.0.meta.facts.insert(fact.into(), text.into());
            }
        }
        for _ in 0..rng.below(60) {
            if rng.chance(5) {
                tape.message(rng.node(9), rng.node(9), 7, Fate::Delivered);
            } else {
                let entry = entry(&mut rng);
                tape.push(entry);
            }
        }
        for workload in workloads() {
            for name in names(workload).into_iter().chain(["enough operations"]) {
                for faults in [Faults::CrashStop, Faults::CrashRecovery] {
                    judge(&tape.0, workload, name, faults);
                }
            }
        }
    }
}
