//! Algorithm 3.2: Lazy Reliable Broadcast.
//!
//! Model: fail-stop. Implements: regular reliable broadcast. Uses: best-effort broadcast, the
//! perfect failure detector.
//!
//! A message is passed on only when its sender has crashed: without crashes a broadcast costs
//! N messages, with one N². A detector that accuses the living costs messages and nothing else;
//! one that misses a crash costs agreement. Everything delivered is kept, in case its sender
//! crashes one day.

use crate::broadcast::Relay;
use schism_kernel::Two::{A as Beb, B as P};
use schism_kernel::{
    Algorithm, BestEffortBroadcast, Broadcast, Crash, Cx, Deliver, Indication, Never,
    PerfectFailureDetector, ProcessId, ReliableBroadcast, Wire,
};
use std::collections::{BTreeMap, BTreeSet};

/// Algorithm 3.2.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LazyReliableBroadcast<M> {
    correct: BTreeSet<ProcessId>,
    from: BTreeMap<ProcessId, BTreeMap<u64, M>>,
    broadcasts: u64,
    /// Defect: does nothing when a process crashes.
    pub ignores_crashes: bool,
}

impl<M> Default for LazyReliableBroadcast<M> {
    fn default() -> Self {
        LazyReliableBroadcast {
            correct: BTreeSet::new(),
            from: BTreeMap::new(),
            broadcasts: 0,
            ignores_crashes: false,
        }
    }
}

impl<M: Wire> Algorithm for LazyReliableBroadcast<M> {
    type Implements = ReliableBroadcast<M>;
    type Uses = (BestEffortBroadcast<Relay<M>>, PerfectFailureDetector);
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ rb, Init ⟩ do`
    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.correct = cx.all.iter().copied().collect();
    }

    /// `upon event ⟨ rb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let (origin, number) = (cx.me, self.broadcasts);
        self.broadcasts += 1;
        cx.trigger(Beb(Broadcast(Relay { origin, number, m })));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ beb, Deliver | p, [DATA, s, m] ⟩ do
            Beb(Deliver(_, data)) => {
                let from = self.from.entry(data.origin).or_default();
                if from.contains_key(&data.number) {
                    return;
                }
                from.insert(data.number, data.m.clone());
                cx.indicate(Deliver(data.origin, data.m.clone()));
                if !self.correct.contains(&data.origin) {
                    cx.trigger(Beb(Broadcast(data)));
                }
            }
            // upon event ⟨ P, Crash | p ⟩ do
            P(Crash(_)) if self.ignores_crashes => {}
            P(Crash(p)) => {
                self.correct.remove(&p);
                for (&number, m) in self.from.entry(p).or_default() {
                    let relay = Relay { origin: p, number, m: m.clone() };
                    cx.trigger(Beb(Broadcast(relay)));
                }
            }
        }
    }
}
