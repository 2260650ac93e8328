//! Messages that are on their way.

use compact_str::CompactString;
use schism_history::{Nanos, Peer};
use schism_run::LastSends;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is known of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Label {
    pub id: u64,
    pub src: Peer,
    pub dest: Peer,
    /// Its type, if it is recorded.
    pub kind: Option<CompactString>,
    pub sent: Nanos,
    /// Where in its line its body begins, and how long that is.
    pub body_at: usize,
    pub bytes: u32,
    /// Whether it is an additional copy.
    pub copy: bool,
}

/// A message, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    pub label: Label,
    /// The whole line, without its line feed.
    pub line: Box<[u8]>,
}

/// A kept message with its place in the queue: by time, and where that is the same by the order
/// in which they were offered.
#[derive(PartialEq, Eq)]
struct Due {
    at: Nanos,
    number: u64,
    parcel: Parcel,
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Messages by when they arrive.
#[derive(Default)]
pub(super) struct Delayed {
    heap: BinaryHeap<Reverse<Due>>,
    number: u64,
    bytes: usize,
}

impl Delayed {
    pub fn add(&mut self, at: Nanos, parcel: Parcel) {
        self.number += 1;
        self.bytes += parcel.line.len();
        self.heap.push(Reverse(Due { at, number: self.number, parcel }));
    }

    /// When the messages of a sender were sent.
    pub fn sent_by(&self, src: Peer) -> impl Iterator<Item = Nanos> + '_ {
        let of_sender = self.heap.iter().filter(move |Reverse(due)| due.parcel.label.src == src);
        of_sender.map(|Reverse(due)| due.parcel.label.sent)
    }

    /// Takes out the messages of a sender for which `lost` says so, asked in their order.
    pub fn lose(&mut self, src: Peer, lost: &mut LastSends) -> Vec<Parcel> {
        let mut gone = Vec::new();
        for Reverse(due) in std::mem::take(&mut self.heap).into_sorted_vec().into_iter().rev() {
            if due.parcel.label.src == src && lost.lose(due.parcel.label.sent) {
                self.bytes -= due.parcel.line.len();
                gone.push(due.parcel);
            } else {
                self.heap.push(Reverse(due));
            }
        }
        gone
    }

    /// How much memory the messages take.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the first one arrives.
    pub fn next(&self) -> Option<Nanos> {
        self.heap.peek().map(|Reverse(due)| due.at)
    }

    /// Takes out the first one if it has arrived.
    pub fn pop(&mut self, now: Nanos) -> Option<Parcel> {
        if self.next()? > now {
            return None;
        }
        let Reverse(due) = self.heap.pop()?;
        self.bytes -= due.parcel.line.len();
        Some(due.parcel)
    }
}
