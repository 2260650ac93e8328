//! Arbitrary histories that keep the rules.

use compact_str::CompactString;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use schism_history::{
    Entry, Fate, Fault, FaultEdge, History, Message, Meta, NodeChange, NodeEvent, NodeId, OpEvent,
    OpKind, Peer, Phase, ProtocolEvent, Real, Record, Skew, Value,
};
use std::collections::HashSet;

/// Text with everything that needs care in one format or another.
fn text() -> impl Strategy<Value = CompactString> {
    prop_oneof![
        3 => "[a-z-]{1,8}",
        1 => "[ -~\\PC\\n\\t\\r\u{0}\u{7f}\u{1F600}:#\"\\\\]{0,40}",
    ]
    .prop_map(CompactString::from)
}

fn name() -> impl Strategy<Value = CompactString> {
    "[a-z][a-z0-9 -]{0,30}".prop_map(CompactString::from)
}

fn real() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>().prop_map(|x| if x.is_nan() { f64::NAN } else { x }),
        Just(1.0),
        Just(-0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
}

/// A value; keywords only where the format has them.
pub fn value(keywords: bool) -> impl Strategy<Value = Value> {
    let string = text().prop_map(move |s| {
        if keywords
            && s.len() % 2 == 0
            && s.bytes().all(|b| b.is_ascii_lowercase())
            && !s.is_empty()
        {
            Value::Keyword(s)
        } else {
            Value::Str(s)
        }
    });
    let leaf = prop_oneof![
        Just(Value::Nil),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (0_i64..5).prop_map(Value::Int),
        real().prop_map(|x| Value::Real(Real(x))),
        string,
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::List),
            vec(inner.clone(), 0..4).prop_map(Value::set),
            vec((inner.clone(), inner.clone()), 0..4).prop_map(Value::map),
            vec((text().prop_map(Value::Str), inner), 0..4).prop_map(Value::map),
        ]
    })
}

fn node() -> impl Strategy<Value = NodeId> {
    any::<u16>().prop_map(NodeId)
}

fn peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        node().prop_map(Peer::Node),
        any::<u32>().prop_map(Peer::Client),
        any::<u8>().prop_map(Peer::Service),
    ]
}

fn op(keywords: bool) -> impl Strategy<Value = Entry> {
    let kind = prop_oneof![5 => Just(OpKind::Ok), 2 => Just(OpKind::Fail), 1 => Just(OpKind::Info)];
    (
        0_u64..4,
        kind,
        name(),
        option::of(value(keywords)),
        value(keywords),
        option::of(text()),
        option::of(node()),
    )
        .prop_map(|(process, kind, f, key, value, error, node)| {
            Entry::Op(OpEvent { process, kind, f, key, value, error, node })
        })
}

fn event(keywords: bool) -> impl Strategy<Value = Entry> {
    let number = || option::of(0..u64::MAX);
    (node(), name(), option::of(node()), number(), number(), value(keywords)).prop_map(
        |(node, kind, peer, instance, number, value)| {
            Entry::Event(ProtocolEvent { node, kind, peer, instance, number, value })
        },
    )
}

fn message() -> impl Strategy<Value = Entry> {
    let fate = prop_oneof![
        Just(Fate::Delivered),
        Just(Fate::Duplicated),
        Just(Fate::Lost),
        Just(Fate::Cut),
        Just(Fate::Dead),
        Just(Fate::InFlight),
    ];
    (any::<u64>(), peer(), peer(), name(), any::<u64>(), any::<u32>(), fate).prop_map(
        |(id, src, dest, kind, sent, bytes, fate)| {
            Entry::Message(Message { id, src, dest, kind, sent, bytes, fate })
        },
    )
}

pub fn fault() -> impl Strategy<Value = Entry> {
    let edge = prop_oneof![Just(FaultEdge::Begin), Just(FaultEdge::End)];
    (any::<u32>(), edge, text(), vec(node(), 0..4), 0..i64::MAX as u64, text()).prop_map(
        |(id, edge, what, targets, touched, detail)| {
            Entry::Fault(Fault { id, edge, what, targets, touched, detail })
        },
    )
}

fn change() -> impl Strategy<Value = Entry> {
    let change = prop_oneof![
        (any::<u32>(), any::<bool>())
            .prop_map(|(incarnation, with_disk)| NodeChange::Started { incarnation, with_disk }),
        Just(NodeChange::Ready),
        Just(NodeChange::Killed),
        Just(NodeChange::Paused),
        Just(NodeChange::Resumed),
        Just(NodeChange::Stopped),
        (any::<u64>(), any::<i64>(), any::<i64>())
            .prop_map(|(since, offset, ppm)| NodeChange::Clock(Skew { since, offset, ppm })),
        text().prop_map(NodeChange::Byzantine),
        text().prop_map(NodeChange::Died),
        text().prop_map(NodeChange::Garbage),
    ];
    (node(), change).prop_map(|(node, change)| Entry::Node(NodeEvent { node, change }))
}

fn phase() -> impl Strategy<Value = Entry> {
    prop_oneof![
        Just(Phase::Setup),
        Just(Phase::Chaos),
        Just(Phase::Heal),
        Just(Phase::Quiesce),
        Just(Phase::Final),
        Just(Phase::Teardown),
    ]
    .prop_map(Entry::Phase)
}

fn meta() -> impl Strategy<Value = Meta> {
    let facts = proptest::collection::btree_map("\\PC{0,9}", "\\PC{0,9}", 0..3);
    ("\\PC{0,9}", "\\PC{0,9}", any::<u64>(), any::<u16>(), facts).prop_map(
        |(test, workload, seed, nodes, facts)| Meta { test, workload, seed, nodes, facts },
    )
}

/// Histories with every kind of record.
pub fn history(keywords: bool) -> impl Strategy<Value = History> {
    let entry = prop_oneof![
        6 => op(keywords),
        1 => event(keywords),
        1 => message(),
        1 => fault(),
        1 => change(),
        1 => phase(),
    ];
    (meta(), vec(steps(entry), 0..40)).prop_map(|(meta, entries)| arrange(meta, entries))
}

/// Histories with what Jepsen knows.
pub fn jepsen_history() -> impl Strategy<Value = History> {
    let entry = prop_oneof![6 => op(true), 1 => fault()];
    vec(steps(entry), 0..40).prop_map(|entries| arrange(Meta::default(), entries))
}

fn steps(entry: impl Strategy<Value = Entry>) -> impl Strategy<Value = (u64, u64, Entry)> {
    let index = prop_oneof![9 => Just(1_u64), 1 => 1_u64..1000];
    let time = prop_oneof![Just(0_u64), 0_u64..1_000_000_000];
    (index, time, entry)
}

/// Turns ends of operations into invocations where the rules ask for one.
fn arrange(meta: Meta, entries: Vec<(u64, u64, Entry)>) -> History {
    let (mut index, mut time) = (0, 0);
    let mut open: Vec<(u64, CompactString)> = Vec::new();
    let mut gone = HashSet::new();
    let mut records = Vec::new();
    for (index_step, time_step, mut entry) in entries {
        time += time_step;
        if let Entry::Op(op) = &mut entry {
            while gone.contains(&op.process) {
                op.process += 4;
            }
            match open.iter().position(|(process, _)| *process == op.process) {
                Some(i) => {
                    op.f = open.swap_remove(i).1;
                    if op.kind == OpKind::Info {
                        gone.insert(op.process);
                    }
                }
                None => {
                    op.kind = OpKind::Invoke;
                    open.push((op.process, op.f.clone()));
                }
            }
        }
        records.push(Record { index, time, entry });
        index += index_step;
    }
    History { meta, records }
}
