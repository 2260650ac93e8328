//! Algorithm 3.9: Eager Probabilistic Broadcast.
//!
//! Model: fair-loss links that lose by chance. Implements: probabilistic broadcast. Uses: fair-loss
//! links.
//!
//! Whoever hears of a message for the first time tells some others at random, for some rounds.
//! Nobody acknowledges anything; that all hear of it is merely likely, and the more so the more
//! are told: with a fan-out of k a broadcast costs at most kN messages.

use crate::broadcast::Relay;
use crate::seen::Seen;
use schism_kernel::{
    Algorithm, Broadcast, Cx, Deliver, FairLossLink, Never, ProbabilisticBroadcast, ProcessId,
    Send, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

/// `[GOSSIP, s, m, r]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Gossip<M> {
    /// How many more rounds it goes on.
    pub rounds: u32,
    /// The message, and whose it is.
    pub m: Relay<M>,
}

/// Algorithm 3.9.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EagerProbabilisticBroadcast<M> {
    fanout: usize,
    rounds: u32,
    delivered: BTreeMap<ProcessId, Seen>,
    broadcasts: u64,
    messages: PhantomData<M>,
}

impl<M> EagerProbabilisticBroadcast<M> {
    /// Tells so many others, for so many rounds.
    pub fn new(fanout: usize, rounds: u32) -> Self {
        let (delivered, broadcasts, messages) = (BTreeMap::new(), 0, PhantomData);
        EagerProbabilisticBroadcast { fanout, rounds, delivered, broadcasts, messages }
    }
}

impl<M: Wire> Algorithm for EagerProbabilisticBroadcast<M> {
    type Implements = ProbabilisticBroadcast<M>;
    type Uses = FairLossLink<Gossip<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ pb, Broadcast | m ⟩ do`
    fn upon_request(&mut self, Broadcast(m): Broadcast<M>, cx: &mut Cx<'_, Self>) {
        let (origin, number) = (cx.me, self.broadcasts);
        self.broadcasts += 1;
        self.delivered.entry(origin).or_default().insert(number);
        cx.indicate(Deliver(origin, m.clone()));
        self.gossip(Gossip { rounds: self.rounds, m: Relay { origin, number, m } }, cx);
    }

    /// `upon event ⟨ fll, Deliver | p, [GOSSIP, s, m, r] ⟩ do`
    fn upon_indication(&mut self, Deliver(_, gossip): Deliver<Gossip<M>>, cx: &mut Cx<'_, Self>) {
        let Gossip { rounds, m: data } = gossip;
        if self.delivered.entry(data.origin).or_default().insert(data.number) {
            cx.indicate(Deliver(data.origin, data.m.clone()));
            if rounds > 1 {
                self.gossip(Gossip { rounds: rounds - 1, m: data }, cx);
            }
        }
    }
}

impl<M: Wire> EagerProbabilisticBroadcast<M> {
    /// `procedure gossip(msg)`
    fn gossip(&mut self, gossip: Gossip<M>, cx: &mut Cx<'_, Self>) {
        for t in picktargets(self.fanout, cx) {
            cx.trigger(Send(t, gossip.clone()));
        }
    }
}

/// `function picktargets(k) returns set of processes`: k others, drawn at random.
pub(super) fn picktargets<A: Algorithm>(k: usize, cx: &mut Cx<'_, A>) -> Vec<ProcessId> {
    let mut others: Vec<ProcessId> = cx.others().collect();
    let k = k.min(others.len());
    for i in 0..k {
        let j = i + cx.choose((others.len() - i) as u32) as usize;
        others.swap(i, j);
    }
    others.truncate(k);
    others
}
