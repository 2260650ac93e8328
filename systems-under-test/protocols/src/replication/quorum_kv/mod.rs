//! A key-value store on quorums of any size, in the manner of Dynamo (DeCandia et al. 2007).
//!
//! Model: fail-silent, with clocks that agree. Implements: a store for clients. Uses: fair-loss
//! links.
//!
//! The process that is asked coordinates: it sends a write to everybody and answers when `w` have
//! it, and a read returns what the first `r` hold between them. If `r + w > n` the two meet, and a
//! read sees the last write that was complete. What becomes of writes that did not know of each
//! other is up to the [`Versions`] that are held: the [last one wins](LastWrite), or they are kept
//! as [siblings](Siblings) until somebody who has read them writes what comes of them.
//!
//! Nobody waits for the other replicas. Two things bring them up to date: a coordinator that
//! hears a late, old answer to a read sends the newer value (read repair), and every process
//! compares what it has with one after the other (anti-entropy; Dynamo compares hash trees, where
//! here are lists). So in the end all replicas hold the same.

mod last_write;
mod siblings;

pub use last_write::LastWrite;
pub use siblings::Siblings;

use schism_kernel::{
    Algorithm, Ask, Cx, Data, Deliver, FairLossLink, Never, ProcessId, Send, Serving, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a coordinator asks those again who have not answered.
const RETRY: Duration = Duration::from_millis(100);
/// After how long it gives up.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often a process compares with some other.
const ANTI_ENTROPY: Duration = Duration::from_millis(200);

/// What a replica holds under a key, and how clients speak of it.
pub trait Versions: Wire + Default {
    /// What clients ask.
    type Question: Data;
    /// What they are answered.
    type Reply: Data;
    /// What is held, without the values.
    type Digest: Wire;

    /// What a question is after.
    fn meant(question: &Self::Question) -> Meant;

    /// What this becomes by the write that is asked for, at a time, by a process.
    fn written(&self, question: &Self::Question, at: Duration, by: ProcessId) -> Self;

    /// The answer to a read that found this.
    fn read(&self) -> Self::Reply;

    /// The answer to a write.
    fn stored() -> Self::Reply;

    /// Adds what somebody else holds.
    fn merge(&mut self, other: &Self);

    /// What is held.
    fn digest(&self) -> Self::Digest;

    /// Whether who holds the one has nothing to learn from who holds the other.
    fn covers(one: &Self::Digest, other: &Self::Digest) -> bool;
}

/// What a question is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// What is under a key.
    Read(u64),
    /// What this process alone has under a key.
    ReadOwn(u64),
    /// To write under a key.
    Write(u64),
}

/// What replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message<V, D> {
    /// What do you hold under this key? With the number of the operation.
    Fetch(u64, u64),
    /// This.
    Held(u64, V),
    /// Hold this under this key.
    Store(u64, u64, V),
    /// I do.
    Stored(u64),
    /// Hold this, too, and do not answer.
    Repair(u64, V),
    /// This is what I hold, without the values.
    Compare(BTreeMap<u64, D>),
    /// I hold something older under these keys.
    Behind(BTreeSet<u64>),
}
use Message::{Behind, Compare, Fetch, Held, Repair, Store, Stored};

/// An operation that this process coordinates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Operation<V, Q> {
    key: u64,
    /// What is written; nothing is by a read.
    version: Option<V>,
    /// Nobody, once it was answered.
    ask: Option<Ask<Q>>,
    since: Duration,
    /// Who has answered, and what they held.
    answers: BTreeMap<ProcessId, V>,
}

/// The timers of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Ask again.
    Retry,
    /// Compare with some other.
    AntiEntropy,
}

/// The store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuorumKv<V: Versions> {
    r: usize,
    w: usize,
    held: BTreeMap<u64, V>,
    operations: BTreeMap<u64, Operation<V, V::Question>>,
    next: u64,
    last: Duration,
    turn: usize,
    /// Defect: neither read repair nor anti-entropy.
    pub never_repairs: bool,
}

impl<V: Versions> QuorumKv<V> {
    /// A store that reads from `r` and writes to `w` replicas.
    pub fn new(r: usize, w: usize) -> Self {
        let (held, operations) = (BTreeMap::new(), BTreeMap::new());
        let last = Duration::ZERO;
        QuorumKv { r, w, held, operations, next: 0, last, turn: 0, never_repairs: false }
    }

    fn held(&self, key: u64) -> V {
        self.held.get(&key).cloned().unwrap_or_default()
    }

    fn hold(&mut self, key: u64, version: &V) {
        self.held.entry(key).or_default().merge(version);
    }

    /// Asks everybody who has not answered, ourselves included.
    fn ask(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else { return };
        let message = match &operation.version {
            Some(version) => Store(number, operation.key, version.clone()),
            None => Fetch(number, operation.key),
        };
        for &q in cx.all.iter().filter(|q| !operation.answers.contains_key(q)) {
            cx.trigger(Send(q, message.clone()));
        }
    }

    /// Somebody answered: if enough have, so does the coordinator.
    fn answered(&mut self, number: u64, by: ProcessId, held: V, cx: &mut Cx<'_, Self>) {
        let (r, w) = (self.r, self.w);
        let Some(operation) = self.operations.get_mut(&number) else { return };
        operation.answers.insert(by, held);
        let mut all = V::default();
        operation.answers.values().for_each(|held| all.merge(held));
        let read = operation.version.is_none();
        let (enough, reply) = if read { (r, all.read()) } else { (w, V::stored()) };
        let count = operation.answers.len();
        if count >= enough
            && let Some(ask) = operation.ask.take()
        {
            cx.indicate(ask.answer(reply));
        }
        if count >= enough && read && !self.never_repairs {
            for (&q, held) in &mut operation.answers {
                if !V::covers(&held.digest(), &all.digest()) {
                    cx.mark("read repair");
                    cx.trigger(Send(q, Repair(operation.key, all.clone())));
                    *held = all.clone();
                }
            }
        }
        if count == cx.n() {
            self.operations.remove(&number);
        }
    }
}

impl<V: Versions> Algorithm for QuorumKv<V> {
    type Implements = Serving<V::Question, V::Reply>;
    type Uses = FairLossLink<Message<V, V::Digest>>;
    type Timer = Timer;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.next = u64::from(cx.incarnation) << 32;
        if !self.never_repairs {
            cx.set_timer(Timer::AntiEntropy, ANTI_ENTROPY);
        }
    }

    fn upon_request(&mut self, ask: Ask<V::Question>, cx: &mut Cx<'_, Self>) {
        let (key, version) = match V::meant(&ask.question) {
            Meant::ReadOwn(key) => {
                let reply = self.held(key).read();
                return cx.indicate(ask.answer(reply));
            }
            Meant::Read(key) => (key, None),
            Meant::Write(key) => {
                // Two writes of one process differ, even if its clock stands still.
                self.last = cx.now.max(self.last + Duration::from_nanos(1));
                let version = self.held(key).written(&ask.question, self.last, cx.me);
                self.hold(key, &version);
                (key, Some(version))
            }
        };
        let number = self.next;
        self.next += 1;
        if self.operations.is_empty() {
            cx.set_timer(Timer::Retry, RETRY);
        }
        let (since, answers) = (cx.now, BTreeMap::new());
        self.operations.insert(number, Operation { key, version, ask: Some(ask), since, answers });
        self.ask(number, cx);
    }

    fn upon_indication(
        &mut self,
        Deliver(p, message): Deliver<Message<V, V::Digest>>,
        cx: &mut Cx<'_, Self>,
    ) {
        match message {
            Fetch(number, key) => cx.trigger(Send(p, Held(number, self.held(key)))),
            Held(number, version) => self.answered(number, p, version, cx),
            Store(number, key, version) => {
                self.hold(key, &version);
                cx.trigger(Send(p, Stored(number)));
            }
            Stored(number) => self.answered(number, p, V::default(), cx),
            Repair(key, version) => self.hold(key, &version),
            Compare(theirs) => {
                for (&key, held) in &self.held {
                    let known = theirs.get(&key).is_some_and(|it| V::covers(it, &held.digest()));
                    if !known {
                        cx.trigger(Send(p, Repair(key, held.clone())));
                    }
                }
                let news =
                    theirs.iter().filter(|(key, it)| !V::covers(&self.held(**key).digest(), it));
                let behind: BTreeSet<u64> = news.map(|(&key, _)| key).collect();
                if !behind.is_empty() {
                    cx.trigger(Send(p, Behind(behind)));
                }
            }
            Behind(keys) => {
                for key in keys {
                    cx.mark("anti-entropy");
                    cx.trigger(Send(p, Repair(key, self.held(key))));
                }
            }
        }
    }

    fn upon_timeout(&mut self, timer: Timer, cx: &mut Cx<'_, Self>) {
        match timer {
            Timer::Retry => {
                // Who was answered waits for nobody: late answers had their time.
                self.operations.retain(|_, it| it.ask.is_some() && cx.now < it.since + GIVE_UP);
                for number in self.operations.keys().copied().collect::<Vec<_>>() {
                    self.ask(number, cx);
                }
                if !self.operations.is_empty() {
                    cx.set_timer(Timer::Retry, RETRY);
                }
            }
            Timer::AntiEntropy => {
                let others: Vec<ProcessId> = cx.others().collect();
                if !others.is_empty() {
                    let q = others[self.turn % others.len()];
                    self.turn += 1;
                    let digests = self.held.iter().map(|(&key, held)| (key, held.digest()));
                    cx.trigger(Send(q, Compare(digests.collect())));
                }
                cx.set_timer(Timer::AntiEntropy, ANTI_ENTROPY);
            }
        }
    }
}
