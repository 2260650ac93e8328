//! Algorithm 5.6: Read/Write Epoch Consensus.
//!
//! Model: fail-silent, N > 2f. Implements: epoch consensus. Uses: perfect links, best-effort
//! broadcast.
//!
//! The leader reads from a majority what earlier epochs may have decided, has a majority write the
//! latest of it (or its own proposal, if there is none), and only then decides. Any two majorities
//! have a process in common: a later epoch cannot miss what this one decided. Epochs are numbered
//! from outside, and a process takes part in the next only with the state that this one is
//! aborted with. An epoch costs 5N messages and five steps.
//!
//! Messages may arrive before the process is in the epoch: they wait.

use schism_kernel::Two::{A as Pl, B as Beb};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, EpochConsensus, EpochState, InEpoch,
    Indication, Never, Note, OfEpoch, PerfectLink, ProcessId, Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the leader broadcasts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ToAll<V> {
    /// `[READ]`
    Read,
    /// `[WRITE, v]`
    Write(V),
    /// `[DECIDED, v]`
    Decided(V),
}
use ToAll::{Decided, Read, Write};

/// What the leader is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ToLeader<V> {
    /// `[STATE, valts, val]`
    State(u64, Option<V>),
    /// `[ACCEPT]`
    Accept,
}
use ToLeader::{Accept, State};

/// Algorithm 5.6.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadWriteEpochConsensus<V> {
    /// `ets`, `ℓ` and `(valts, val)`, once it began.
    begun: Option<(u64, ProcessId, EpochState<V>)>,
    aborted: bool,
    tmpval: Option<V>,
    states: BTreeMap<ProcessId, EpochState<V>>,
    accepted: usize,
    /// What came before it began.
    early: Vec<(ProcessId, ToAll<V>)>,
    /// Defect: writes its own proposal without reading what there is.
    pub skips_the_read_phase: bool,
    /// Defect: goes on when it is aborted.
    pub ignores_aborts: bool,
}

impl<V> Default for ReadWriteEpochConsensus<V> {
    fn default() -> Self {
        ReadWriteEpochConsensus {
            begun: None,
            aborted: false,
            tmpval: None,
            states: BTreeMap::new(),
            accepted: 0,
            early: Vec::new(),
            skips_the_read_phase: false,
            ignores_aborts: false,
        }
    }
}

impl<V: Wire> Algorithm for ReadWriteEpochConsensus<V> {
    type Implements = EpochConsensus<V>;
    type Uses = (PerfectLink<ToLeader<V>>, BestEffortBroadcast<ToAll<V>>);
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: InEpoch<V>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ ep, Init | state ⟩ do
            InEpoch::Init(ets, leader, state) => {
                self.begun = Some((ets, leader, state));
                for (p, message) in std::mem::take(&mut self.early) {
                    self.hear(p, message, cx);
                }
            }
            // upon event ⟨ ep, Propose | v ⟩ do                       // only leader ℓ
            InEpoch::Propose(v) => {
                self.tmpval = Some(v.clone());
                let first = if self.skips_the_read_phase { Write(v) } else { Read };
                cx.trigger(Beb(Broadcast(first)));
            }
            // upon event ⟨ ep, Abort ⟩ do
            InEpoch::Abort => {
                let Some((ets, _, state)) = self.begun.clone() else { return };
                cx.note(Note::new("ep-abort").number(ets));
                cx.note(Note::new("ep-aborted").number(ets));
                self.aborted = !self.ignores_aborts;
                cx.indicate(OfEpoch::Aborted(state));
            }
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            _ if self.aborted => {}
            Beb(Deliver(p, message)) if self.begun.is_none() => self.early.push((p, message)),
            Beb(Deliver(p, message)) => self.hear(p, message, cx),
            // upon event ⟨ pl, Deliver | q, [STATE, ts, v] ⟩ do       // only leader ℓ
            Pl(Deliver(q, State(ts, v))) => {
                self.states.insert(q, (ts, v));
            }
            // upon event ⟨ pl, Deliver | q, [ACCEPT] ⟩ do             // only leader ℓ
            Pl(Deliver(_, Accept)) => self.accepted += 1,
        }
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        if self.aborted {
            return false;
        }
        // upon #(states) > N/2 do                                     // only leader ℓ
        if self.states.len() >= cx.majority() {
            let (_, highest) =
                std::mem::take(&mut self.states).into_values().max().unwrap_or_default();
            self.tmpval = highest.or(self.tmpval.take());
            if let Some(v) = self.tmpval.clone() {
                cx.trigger(Beb(Broadcast(Write(v))));
            }
            return true;
        }
        // upon accepted > N/2 do                                      // only leader ℓ
        if self.accepted >= cx.majority() {
            self.accepted = 0;
            if let Some(v) = self.tmpval.clone() {
                cx.trigger(Beb(Broadcast(Decided(v))));
            }
            return true;
        }
        false
    }
}

impl<V: Wire> ReadWriteEpochConsensus<V> {
    /// What the leader says, in an epoch that has begun here.
    fn hear(&mut self, p: ProcessId, message: ToAll<V>, cx: &mut Cx<'_, Self>) {
        let Some((ets, leader, state)) = self.begun.as_mut().filter(|(_, l, _)| *l == p) else {
            return;
        };
        match message {
            // upon event ⟨ beb, Deliver | ℓ, [READ] ⟩ do
            Read => cx.trigger(Pl(Send(*leader, State(state.0, state.1.clone())))),
            // upon event ⟨ beb, Deliver | ℓ, [WRITE, v] ⟩ do
            Write(v) => {
                *state = (*ets, Some(v));
                cx.trigger(Pl(Send(*leader, Accept)));
            }
            // upon event ⟨ beb, Deliver | ℓ, [DECIDED, v] ⟩ do
            Decided(v) => {
                cx.note(Note::new("ep-decide").number(*ets));
                cx.indicate(OfEpoch::Decide(v));
            }
        }
    }
}
