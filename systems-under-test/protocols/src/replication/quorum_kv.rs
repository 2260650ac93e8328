//! A key-value store on quorums of any size, in the manner of Dynamo (DeCandia et al. 2007).
//!
//! Model: fail-silent, with clocks that agree. Implements: a store for clients. Uses: fair-loss
//! links.
//!
//! The process that is asked coordinates: it sends a write to everybody and answers when `w` have
//! it, and a read returns the latest of what the first `r` say. If `r + w > n` the two meet, and a
//! read sees the last write that was complete. What is latest is a matter of stamps, and stamps
//! are times: the last write wins only as far as clocks agree.
//!
//! Nobody waits for the other replicas. Two things bring them up to date: a coordinator that
//! hears a late, old answer to a read sends the newer value (read repair), and every process compares
//! stamps with one after the other (anti-entropy; Dynamo compares hash trees, where here
//! are lists). So in the end all replicas hold the same.

use crate::services::{RegisterQuestion as Question, RegisterReply as Reply};
use schism_kernel::{Algorithm, Ask, Cx, Deliver, FairLossLink, Never, ProcessId, Send, Serving};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a coordinator asks those again who have not answered.
const RETRY: Duration = Duration::from_millis(100);
/// After how long it gives up.
const GIVE_UP: Duration = Duration::from_secs(10);
/// How often a process compares with some other.
const ANTI_ENTROPY: Duration = Duration::from_millis(200);

/// When, by the coordinator's clock, and who the coordinator was.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub Duration, pub u16);

/// A value and its stamp, or nothing under the lowest stamp.
pub type Version = (Stamp, Option<i64>);

/// What replicas say to each other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message {
    /// What do you hold under this key? With the number of the operation.
    Fetch(u64, u64),
    /// This.
    Held(u64, Version),
    /// Hold this under this key.
    Store(u64, u64, Version),
    /// I do.
    Stored(u64),
    /// Hold this, too, and do not answer.
    Repair(u64, Version),
    /// These are the stamps of what I hold.
    Compare(BTreeMap<u64, Stamp>),
    /// I hold something older under these keys.
    Behind(BTreeSet<u64>),
}
use Message::{Behind, Compare, Fetch, Held, Repair, Store, Stored};

/// An operation that this process coordinates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Operation {
    key: u64,
    /// What is written; nothing is by a read.
    version: Option<Version>,
    /// Nobody, once it was answered.
    ask: Option<Ask<Question>>,
    since: Duration,
    /// Who has answered, and what they held.
    answers: BTreeMap<ProcessId, Version>,
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
pub struct QuorumKv {
    r: usize,
    w: usize,
    held: BTreeMap<u64, Version>,
    operations: BTreeMap<u64, Operation>,
    next: u64,
    last: Duration,
    turn: usize,
    /// Defect: neither read repair nor anti-entropy.
    pub never_repairs: bool,
}

impl QuorumKv {
    /// A store that reads from `r` and writes to `w` replicas.
    pub fn new(r: usize, w: usize) -> Self {
        QuorumKv {
            r,
            w,
            held: BTreeMap::new(),
            operations: BTreeMap::new(),
            next: 0,
            last: Duration::ZERO,
            turn: 0,
            never_repairs: false,
        }
    }

    fn held(&self, key: u64) -> Version {
        self.held.get(&key).copied().unwrap_or_default()
    }

    /// The last write wins.
    fn hold(&mut self, key: u64, version: Version) {
        let held = self.held.entry(key).or_default();
        *held = version.max(*held);
    }

    /// Asks everybody who has not answered, ourselves included.
    fn ask(&mut self, number: u64, cx: &mut Cx<'_, Self>) {
        let Some(operation) = self.operations.get(&number) else { return };
        let message = match operation.version {
            Some(version) => Store(number, operation.key, version),
            None => Fetch(number, operation.key),
        };
        for &q in cx.all.iter().filter(|q| !operation.answers.contains_key(q)) {
            cx.trigger(Send(q, message.clone()));
        }
    }

    /// Somebody answered: if enough have, so does the coordinator.
    fn answered(&mut self, number: u64, by: ProcessId, held: Version, cx: &mut Cx<'_, Self>) {
        let (r, w) = (self.r, self.w);
        let Some(operation) = self.operations.get_mut(&number) else { return };
        operation.answers.insert(by, held);
        let latest = operation.answers.values().max().copied().unwrap_or_default();
        let (enough, reply) = match operation.version {
            Some(_) => (w, Reply::WriteOk),
            None => (r, Reply::ReadOk { value: latest.1 }),
        };
        let count = operation.answers.len();
        if count >= enough
            && let Some(ask) = operation.ask.take()
        {
            cx.indicate(ask.answer(reply));
        }
        let (key, read) = (operation.key, operation.version.is_none());
        if count >= enough && read && !self.never_repairs {
            for (&q, &version) in &operation.answers {
                if version < latest {
                    cx.mark("read repair");
                    cx.trigger(Send(q, Repair(key, latest)));
                }
            }
            operation.answers.values_mut().for_each(|version| *version = latest);
        }
        if count == cx.n() {
            self.operations.remove(&number);
        }
    }
}

impl Algorithm for QuorumKv {
    type Implements = Serving<Question, Reply>;
    type Uses = FairLossLink<Message>;
    type Timer = Timer;
    type Stable = Never;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.next = u64::from(cx.incarnation) << 32;
        if !self.never_repairs {
            cx.set_timer(Timer::AntiEntropy, ANTI_ENTROPY);
        }
    }

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let (key, version) = match ask.question {
            Question::Read { key, own_copy: true } => {
                let value = self.held(key).1;
                return cx.indicate(ask.answer(Reply::ReadOk { value }));
            }
            Question::Read { key, .. } => (key, None),
            Question::Write { key, value } => {
                // Two writes of one process differ, even if its clock stands still.
                self.last = cx.now.max(self.last + Duration::from_nanos(1));
                (key, Some((Stamp(self.last, cx.me.0), Some(value))))
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

    fn upon_indication(&mut self, Deliver(p, message): Deliver<Message>, cx: &mut Cx<'_, Self>) {
        match message {
            Fetch(number, key) => cx.trigger(Send(p, Held(number, self.held(key)))),
            Held(number, version) => self.answered(number, p, version, cx),
            Store(number, key, version) => {
                self.hold(key, version);
                cx.trigger(Send(p, Stored(number)));
            }
            Stored(number) => self.answered(number, p, Version::default(), cx),
            Repair(key, version) => self.hold(key, version),
            Compare(theirs) => {
                for (&key, &(stamp, value)) in &self.held {
                    if theirs.get(&key).is_none_or(|&other| other < stamp) {
                        cx.trigger(Send(p, Repair(key, (stamp, value))));
                    }
                }
                let newer = theirs.into_iter().filter(|&(key, stamp)| stamp > self.held(key).0);
                let behind: BTreeSet<u64> = newer.map(|(key, _)| key).collect();
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
                    let stamps = self.held.iter().map(|(&key, &(stamp, _))| (key, stamp)).collect();
                    cx.trigger(Send(q, Compare(stamps)));
                }
                cx.set_timer(Timer::AntiEntropy, ANTI_ENTROPY);
            }
        }
    }
}
