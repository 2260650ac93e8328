//! Instances that go through rounds together, in sessions.
//!
//! Implements: synchronous rounds, for each of many instances. Uses: synchronous rounds.
//!
//! A session is a fixed number of rounds. Instances begin with the first round of a session, so
//! that nobody can begin one late because it had missed that others had begun it: a process that
//! hears of an instance in mid-session has been in it from the start, without saying anything, and
//! is told of the rounds it did not know it was in.

use schism_kernel::{Algorithm, Cx, Many, Never, ProcessId, Round, Speak, SynchronousRounds, Wire};
use std::collections::{BTreeMap, BTreeSet};

/// Instances in sessions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sessions<K, M> {
    rounds: u64,
    /// The round that is to end next.
    next: u64,
    /// How many rounds this process was in, up to a few.
    seen: u64,
    /// Who was there in the rounds of this session so far.
    present: Vec<BTreeSet<ProcessId>>,
    running: BTreeSet<K>,
    /// What begins with the next session.
    beginning: BTreeMap<K, M>,
}

/// A process that has been there for so many rounds has fallen in with the others.
const SETTLED: u64 = 3;

impl<K, M> Sessions<K, M> {
    /// Sessions of so many rounds.
    pub fn of(rounds: u64) -> Self {
        let (next, seen, present) = (1, 0, Vec::new());
        let (running, beginning) = (BTreeSet::new(), BTreeMap::new());
        Sessions { rounds, next, seen, present, running, beginning }
    }
}

impl<K: Wire, M: Wire> Algorithm for Sessions<K, M> {
    type Implements = Many<K, SynchronousRounds<M>>;
    type Uses = SynchronousRounds<(K, M)>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, (key, Speak(m)): (K, Speak<M>), cx: &mut Cx<'_, Self>) {
        if self.running.contains(&key) {
            cx.trigger(Speak((key, m)));
        } else {
            self.beginning.insert(key, m);
        }
    }

    fn upon_indication(&mut self, Round(number, heard): Round<(K, M)>, cx: &mut Cx<'_, Self>) {
        let round = (number - 1) % self.rounds + 1;
        if number != self.next || round == 1 {
            self.present.clear();
        }
        if number != self.next {
            self.running.clear();
        }
        self.next = number + 1;
        self.seen = SETTLED.min(self.seen + 1);
        if self.present.len() as u64 + 1 == round {
            self.over(round, heard, cx);
        }
        if round == self.rounds {
            self.running.clear();
            self.present.clear();
            if self.seen == SETTLED {
                for (key, m) in std::mem::take(&mut self.beginning) {
                    self.running.insert(key.clone());
                    cx.trigger(Speak((key, m)));
                }
            }
        }
    }
}

impl<K: Wire, M: Wire> Sessions<K, M> {
    fn over(&mut self, round: u64, heard: BTreeMap<ProcessId, Vec<(K, M)>>, cx: &mut Cx<'_, Self>) {
        let here: BTreeSet<ProcessId> = heard.keys().copied().collect();
        let silence = |here: &BTreeSet<ProcessId>| -> BTreeMap<ProcessId, Vec<M>> {
            here.iter().map(|&p| (p, Vec::new())).collect()
        };
        let mut said: BTreeMap<K, BTreeMap<ProcessId, Vec<M>>> = BTreeMap::new();
        for (p, words) in heard {
            for (key, m) in words {
                let of_instance = said.entry(key).or_insert_with(|| silence(&here));
                of_instance.entry(p).or_default().push(m);
            }
        }
        for key in
            said.keys().filter(|&key| !self.running.contains(key)).cloned().collect::<Vec<_>>()
        {
            self.beginning.remove(&key);
            for (earlier, here) in (1..).zip(&self.present) {
                cx.indicate((key.clone(), Round(earlier, silence(here))));
            }
            self.running.insert(key);
        }
        for key in &self.running {
            let heard = said.remove(key).unwrap_or_else(|| silence(&here));
            cx.indicate((key.clone(), Round(round, heard)));
        }
        self.present.push(here);
    }
}
