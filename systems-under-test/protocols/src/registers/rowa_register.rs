//! Algorithm 4.1: Read-One Write-All.
//!
//! Model: fail-stop. Implements: a (1,N) regular register. Uses: best-effort broadcast, perfect
//! links, the perfect failure detector.
//!
//! A write waits until everybody who has not crashed has the value; a read looks at its own copy
//! and sends nothing. Any number of processes may crash. Everything hangs on the detector: who is
//! accused while alive may still hold, and return, an old value.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{ReadReturn, WriteReturn};
use schism_kernel::Three::{A as Beb, B as Pl, C as P};
use schism_kernel::{
    Access, Algorithm, BestEffortBroadcast, Broadcast, Crash, Cx, Deliver, Indication, Never,
    PerfectFailureDetector, PerfectLink, ProcessId, Register, Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `[WRITE, v]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Store<V>(pub V);

/// `[ACK]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ack;

/// Algorithm 4.1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadOneWriteAll<V> {
    val: Option<V>,
    correct: BTreeSet<ProcessId>,
    writeset: BTreeSet<ProcessId>,
    /// Defect: a write returns when the first process has the value.
    pub waits_for_one_only: bool,
}

impl<V> Default for ReadOneWriteAll<V> {
    fn default() -> Self {
        let (correct, writeset) = (BTreeSet::new(), BTreeSet::new());
        ReadOneWriteAll { val: None, correct, writeset, waits_for_one_only: false }
    }
}

impl<V: Wire> Algorithm for ReadOneWriteAll<V> {
    type Implements = Register<V>;
    type Uses = (BestEffortBroadcast<Store<V>>, PerfectLink<Ack>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ onrr, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
    }

    fn upon_request(&mut self, event: Access<V>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ onrr, Read ⟩ do
            Read => cx.indicate(ReadReturn(self.val.clone())),
            // upon event ⟨ onrr, Write | v ⟩ do
            Write(v) => {
                self.writeset.clear();
                cx.trigger(Beb(Broadcast(Store(v))));
            }
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(p)) => {
                self.correct.remove(&p);
            }
            // upon event ⟨ beb, Deliver | q, [WRITE, v] ⟩ do
            Beb(Deliver(q, Store(v))) => {
                self.val = Some(v);
                cx.trigger(Pl(Send(q, Ack)));
            }
            // upon event ⟨ pl, Deliver | p, [ACK] ⟩ do
            Pl(Deliver(p, Ack)) => {
                self.writeset.insert(p);
            }
        }
    }

    /// `upon correct ⊆ writeset do`
    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let hasty = self.waits_for_one_only && self.writeset.len() == 1;
        if !(self.correct.is_subset(&self.writeset) || hasty) {
            return false;
        }
        self.writeset.clear();
        cx.indicate(WriteReturn);
        true
    }
}
