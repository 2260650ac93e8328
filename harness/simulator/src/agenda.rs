//! What will happen, in the order of time and then of its making.

use schism_history::{Nanos, NodeId, Peer};
use schism_kernel::Packet;
use schism_run::LastSends;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A message on its way.
pub(crate) struct Flight {
    pub id: u64,
    pub src: NodeId,
    pub dest: NodeId,
    pub packet: Packet,
    pub sent: Nanos,
    /// Whether it is a copy that a fault made.
    pub copy: bool,
    /// It arrives altered; the number decides how.
    pub corrupt: Option<u64>,
}

impl Flight {
    pub(crate) fn ends(&self) -> (Peer, Peer) {
        (Peer::Node(self.src), Peer::Node(self.dest))
    }
}

/// Something that will happen.
pub(crate) enum Event {
    /// A message arrives.
    Arrival(Flight),
    /// A timer that a node set in this life goes off, as its clock shows `due`.
    Timer { node: NodeId, life: u32, number: u64, due: Nanos },
    /// A client's request arrives.
    Ask { client: u32, node: NodeId, body: serde_json::Value },
    /// A reply arrives at its client.
    Reply { client: u32, body: serde_json::Value },
    /// A node that was started in this life is ready.
    Ready { node: NodeId, life: u32 },
    /// What a node stored in this life is durable at last.
    Synced { node: NodeId, life: u32 },
}

struct Entry {
    at: Nanos,
    made: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    /// The soonest is the greatest, because a heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.made).cmp(&(self.at, self.made))
    }
}

/// Everything that will happen.
#[derive(Default)]
pub(crate) struct Agenda {
    heap: BinaryHeap<Entry>,
    made: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Nanos, event: Event) {
        self.heap.push(Entry { at, made: self.made, event });
        self.made += 1;
    }

    pub(crate) fn next_at(&self) -> Option<Nanos> {
        self.heap.peek().map(|entry| entry.at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Nanos, Event)> {
        self.heap.pop().map(|entry| (entry.at, entry.event))
    }

    /// When the messages of a sender that are on their way were sent.
    pub(crate) fn sent_by(&self, src: NodeId) -> impl Iterator<Item = Nanos> + '_ {
        self.heap.iter().filter_map(move |entry| match &entry.event {
            Event::Arrival(flight) if flight.src == src => Some(flight.sent),
            _ => None,
        })
    }

    /// Takes out the messages of a sender for which `lost` says so, asked in their order. Says how
    /// many of them are left, too.
    pub(crate) fn lose(&mut self, src: NodeId, mut lost: LastSends) -> (Vec<Flight>, usize) {
        let mut gone = Vec::new();
        let mut left = 0;
        let entries = std::mem::take(&mut self.heap).into_sorted_vec().into_iter().rev();
        for entry in entries {
            match entry.event {
                Event::Arrival(flight) if flight.src == src && lost.lose(flight.sent) => {
                    gone.push(flight)
                }
                event => {
                    left += usize::from(matches!(&event, Event::Arrival(it) if it.src == src));
                    self.heap.push(Entry { event, ..entry });
                }
            }
        }
        (gone, left)
    }

    /// A node's clock was set: its timers go off when it shows what they wait for.
    pub(crate) fn retime(&mut self, of: NodeId, when: impl Fn(Nanos) -> Nanos) {
        let mut entries = std::mem::take(&mut self.heap).into_vec();
        for entry in &mut entries {
            if let Event::Timer { node, due, .. } = entry.event
                && node == of
            {
                entry.at = when(due);
            }
        }
        self.heap = entries.into();
    }

    /// What is left, in order.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Event> {
        std::mem::take(&mut self.heap).into_sorted_vec().into_iter().rev().map(|e| e.event)
    }
}
