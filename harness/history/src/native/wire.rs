//! What a block's payload is made of.
//!
//! These types mirror the records, with two differences: names that recur (functions, kinds,
//! errors) are numbers into the block's table, and long parts are borrowed, so that writing copies
//! them once, into the block.

use crate::{
    Entry, Fate, Fault, FaultEdge, Message, Nanos, NodeChange, NodeEvent, NodeId, OpEvent, OpKind,
    Peer, Phase, ProtocolEvent, Record, Value,
};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A name, by its place in the block's table.
type Name = u32;

/// One item of a payload.
#[derive(Serialize, Deserialize)]
pub(super) enum Item<'a> {
    /// The next name of the table.
    Name(&'a str),
    /// A record: index and time as (wrapping) differences from the record before it in the block.
    Record(u64, i64, #[serde(borrow)] Body<'a>),
}

/// What happened.
#[derive(Serialize, Deserialize)]
pub(super) enum Body<'a> {
    Op {
        process: u64,
        kind: OpKind,
        f: Name,
        key: Option<Cow<'a, Value>>,
        value: Cow<'a, Value>,
        error: Option<Name>,
        node: Option<NodeId>,
    },
    Event {
        node: NodeId,
        kind: Name,
        peer: Option<NodeId>,
        instance: Option<u64>,
        number: Option<u64>,
        value: Cow<'a, Value>,
    },
    Message {
        id: u64,
        src: Peer,
        dest: Peer,
        kind: Name,
        sent: Nanos,
        bytes: u32,
        fate: Fate,
    },
    Fault {
        id: u32,
        edge: FaultEdge,
        what: Name,
        targets: Cow<'a, [NodeId]>,
        touched: u64,
        #[serde(borrow)]
        detail: Cow<'a, str>,
    },
    Node(NodeId, Cow<'a, NodeChange>),
    Phase(Phase),
}

impl<'a> Body<'a> {
    /// Mirrors an entry, asking `name` for the place of each name.
    pub(super) fn of(entry: &'a Entry, mut name: impl FnMut(&str) -> Name) -> Body<'a> {
        match entry {
            Entry::Op(op) => Body::Op {
                process: op.process,
                kind: op.kind,
                f: name(&op.f),
                key: op.key.as_ref().map(Cow::Borrowed),
                value: Cow::Borrowed(&op.value),
                error: op.error.as_deref().map(name),
                node: op.node,
            },
            Entry::Event(event) => Body::Event {
                node: event.node,
                kind: name(&event.kind),
                peer: event.peer,
                instance: event.instance,
                number: event.number,
                value: Cow::Borrowed(&event.value),
            },
            Entry::Message(message) => Body::Message {
                id: message.id,
                src: message.src,
                dest: message.dest,
                kind: name(&message.kind),
                sent: message.sent,
                bytes: message.bytes,
                fate: message.fate,
            },
            Entry::Fault(fault) => Body::Fault {
                id: fault.id,
                edge: fault.edge,
                what: name(&fault.what),
                targets: Cow::Borrowed(&fault.targets),
                touched: fault.touched,
                detail: Cow::Borrowed(&fault.detail),
            },
            Entry::Node(event) => Body::Node(event.node, Cow::Borrowed(&event.change)),
            Entry::Phase(phase) => Body::Phase(*phase),
        }
    }

    /// The entry it mirrors; `None` if it uses a name the block has not spelled out.
    fn into_entry(self, names: &[CompactString]) -> Option<Entry> {
        let name = |n: Name| names.get(n as usize).cloned();
        Some(match self {
            Body::Op { process, kind, f, key, value, error, node } => Entry::Op(OpEvent {
                process,
                kind,
                f: name(f)?,
                key: key.map(Cow::into_owned),
                value: value.into_owned(),
                error: match error {
                    Some(error) => Some(name(error)?),
                    None => None,
                },
                node,
            }),
            Body::Event { node, kind, peer, instance, number, value } => {
                let (kind, value) = (name(kind)?, value.into_owned());
                Entry::Event(ProtocolEvent { node, kind, peer, instance, number, value })
            }
            Body::Message { id, src, dest, kind, sent, bytes, fate } => {
                Entry::Message(Message { id, src, dest, kind: name(kind)?, sent, bytes, fate })
            }
            Body::Fault { id, edge, what, targets, touched, detail } => Entry::Fault(Fault {
                id,
                edge,
                what: name(what)?,
                targets: targets.into_owned(),
                touched,
                detail: detail.into(),
            }),
            Body::Node(node, change) => {
                Entry::Node(NodeEvent { node, change: change.into_owned() })
            }
            Body::Phase(phase) => Entry::Phase(phase),
        })
    }
}

/// Decodes the items of one block.
#[derive(Default)]
pub(super) struct Decoder {
    names: Vec<CompactString>,
    index: u64,
    time: Nanos,
}

impl Decoder {
    /// Forgets the block before.
    pub(super) fn restart(&mut self) {
        self.names.clear();
        (self.index, self.time) = (0, 0);
    }

    /// Takes the next record off the front of `payload`; `None` if that is not one.
    pub(super) fn next(&mut self, payload: &mut &[u8]) -> Option<Record> {
        loop {
            let (item, rest) = postcard::take_from_bytes::<Item<'_>>(payload).ok()?;
            *payload = rest;
            match item {
                Item::Name(name) => self.names.push(name.into()),
                Item::Record(index, time, body) => {
                    self.index = self.index.wrapping_add(index);
                    self.time = self.time.wrapping_add_signed(time);
                    let entry = body.into_entry(&self.names)?;
                    return Some(Record { index: self.index, time: self.time, entry });
                }
            }
        }
    }
}
