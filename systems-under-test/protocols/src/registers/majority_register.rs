//! Algorithm 4.2: Majority Voting Regular Register.
//!
//! Model: fail-silent, N > 2f. Implements: a (1,N) regular register. Uses: best-effort broadcast,
//! perfect links.
//!
//! The writer stores its value at a majority, a reader asks a majority and takes the latest. The
//! two meet in at least one process, so a read sees the last write that was complete. Two
//! reads during one write may see the new value and then the old one: regular is not atomic.
//! Reads and writes both cost 2N messages and one round trip.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{ReadReturn, WriteReturn};
use schism_kernel::Two::{A as Beb, B as Pl};
use schism_kernel::{
    Access, Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Indication, Never, PerfectLink,
    ProcessId, Register, Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question<V> {
    /// `[READ, r]`
    Consult(u64),
    /// `[WRITE, ts, v]`
    Store(u64, V),
}
use Question::{Consult, Store};

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reply<V> {
    /// `[VALUE, r, ts, val]`
    Value(u64, u64, Option<V>),
    /// `[ACK, ts]`
    Ack(u64),
}
use Reply::{Ack, Value};

/// Algorithm 4.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MajorityVoting<V> {
    ts: u64,
    val: Option<V>,
    wts: u64,
    acks: usize,
    rid: u64,
    readlist: BTreeMap<ProcessId, (u64, Option<V>)>,
    /// Defect: reads and writes ask one process less than a majority.
    pub asks_one_less: bool,
}

impl<V> Default for MajorityVoting<V> {
    /// `upon event ⟨ onrr, Init ⟩ do`
    fn default() -> Self {
        MajorityVoting {
            ts: 0,
            val: None,
            wts: 0,
            acks: 0,
            rid: 0,
            readlist: BTreeMap::new(),
            asks_one_less: false,
        }
    }
}

impl<V: Wire> Algorithm for MajorityVoting<V> {
    type Implements = Register<V>;
    type Uses = (BestEffortBroadcast<Question<V>>, PerfectLink<Reply<V>>);
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: Access<V>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ onrr, Write | v ⟩ do
            Write(v) => {
                self.wts += 1;
                self.acks = 0;
                cx.trigger(Beb(Broadcast(Store(self.wts, v))));
            }
            // upon event ⟨ onrr, Read ⟩ do
            Read => {
                self.rid += 1;
                self.readlist.clear();
                cx.trigger(Beb(Broadcast(Consult(self.rid))));
            }
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        let enough = cx.majority() - usize::from(self.asks_one_less);
        match event {
            // upon event ⟨ beb, Deliver | p, [WRITE, ts', v'] ⟩ do
            Beb(Deliver(p, Store(ts, v))) => {
                if ts > self.ts {
                    (self.ts, self.val) = (ts, Some(v));
                }
                cx.trigger(Pl(Send(p, Ack(ts))));
            }
            // upon event ⟨ pl, Deliver | q, [ACK, ts'] ⟩ such that ts' = wts do
            Pl(Deliver(_, Ack(ts))) if ts == self.wts => {
                self.acks += 1;
                if self.acks == enough {
                    cx.indicate(WriteReturn);
                }
            }
            // upon event ⟨ beb, Deliver | p, [READ, r] ⟩ do
            Beb(Deliver(p, Consult(r))) => {
                cx.trigger(Pl(Send(p, Value(r, self.ts, self.val.clone()))));
            }
            // upon event ⟨ pl, Deliver | q, [VALUE, r, ts', v'] ⟩ such that r = rid do
            Pl(Deliver(q, Value(r, ts, v))) if r == self.rid => {
                self.readlist.insert(q, (ts, v));
                if self.readlist.len() == enough {
                    let highest = self.readlist.values().max_by_key(|(ts, _)| *ts);
                    cx.indicate(ReadReturn(highest.and_then(|(_, v)| v.clone())));
                }
            }
            Pl(_) => {}
        }
    }
}
