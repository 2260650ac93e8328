//! Many instances of an algorithm over one component.
//!
//! [`crate::Instances`] gives every instance a stack of its own, down to the network. Where what
//! is below serves many as well as one, that is a waste: a thousand instances of consensus would
//! each number and send again their own messages. [`Each`] runs the instances of an *algorithm*
//! side by side over a single component that they share.

use crate::layer::Below;
use crate::{
    Abstraction, Access, Algorithm, BestEffortBroadcast, Broadcast, Cx, Data, Deliver, EpochChange,
    EventualLeaderDetector, EventuallyPerfectFailureDetector, FairLossLink, FifoLink, Indication,
    Informs, LeaderElection, Many, Never, Note, PerfectFailureDetector, PerfectLink, ProcessId,
    Register, ReliableBroadcast, Request, Return, Round, Send, Speak, Stable, StartEpoch,
    StubbornLink, SynchronousRounds, Three, Two, UniformReliableBroadcast, Wire,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// An abstraction of which one component can serve many instances.
pub trait Shareable<K>: Abstraction + Data {
    /// What serves them all.
    type Shared: Abstraction;

    /// A request of one instance.
    fn of_one(key: K, event: Request<Self>) -> Request<Self::Shared>;

    /// Whom an indication is for.
    fn for_whom(event: Indication<Self::Shared>) -> ForWhom<K, Indication<Self>>;

    /// Of two indications for all: whether the earlier no longer matters once the later is there.
    fn outdates(_later: &Indication<Self>, _earlier: &Indication<Self>) -> bool {
        false
    }

    /// Whether an indication for all matters to an instance that is created after it.
    fn lasts(_event: &Indication<Self>) -> bool {
        true
    }
}

/// What names an instance.
pub trait Key: Wire {
    /// The number under which what it notes is told.
    fn number(&self) -> u64;
}

impl Key for u64 {
    fn number(&self) -> u64 {
        *self
    }
}

impl<K: Key, T: Wire> Key for (K, T) {
    fn number(&self) -> u64 {
        self.0.number()
    }
}

/// Whom an indication is for, and how it looks there.
pub enum ForWhom<K, I> {
    /// The instance with this key.
    One(K, I),
    /// Every instance, those that are created later included.
    All(I),
}
use ForWhom::{All, One};

impl<K, I> ForWhom<K, I> {
    fn map<J>(self, into: impl FnOnce(I) -> J) -> ForWhom<K, J> {
        match self {
            One(key, event) => One(key, into(event)),
            All(event) => All(into(event)),
        }
    }
}

/// What carries messages carries the key with each.
macro_rules! keyed {
    ($(|$key:ident, $request:pat_param| $keyed:expr => $($carrier:ident),+;)+) => { $($(
        impl<K: Wire, M: Wire> Shareable<K> for $carrier<M> {
            type Shared = $carrier<(K, M)>;
            fn of_one($key: K, $request: Request<Self>) -> Request<Self::Shared> {
                $keyed
            }
            fn for_whom(Deliver(p, (key, m)): Deliver<(K, M)>) -> ForWhom<K, Deliver<M>> {
                One(key, Deliver(p, m))
            }
        }
    )+)+ }
}
keyed! {
    |key, Send(q, m)| Send(q, (key, m)) => FairLossLink, StubbornLink, PerfectLink, FifoLink;
    |key, Broadcast(m)| Broadcast((key, m)) =>
        BestEffortBroadcast, ReliableBroadcast, UniformReliableBroadcast;
}

/// The epoch that began last is the one in which an instance begins.
impl<K> Shareable<K> for EpochChange {
    type Shared = Self;
    fn of_one(_: K, never: Never) -> Never {
        never
    }
    fn for_whom(event: StartEpoch) -> ForWhom<K, StartEpoch> {
        All(event)
    }
    fn outdates(_: &StartEpoch, _: &StartEpoch) -> bool {
        true
    }
}

/// Instances take part in rounds one by one.
impl<K: Data, M: Data> Shareable<K> for SynchronousRounds<M> {
    type Shared = Many<K, Self>;
    fn of_one(key: K, event: Speak<M>) -> (K, Speak<M>) {
        (key, event)
    }
    fn for_whom((key, round): (K, Round<M>)) -> ForWhom<K, Round<M>> {
        One(key, round)
    }
}

/// Who has crashed has crashed for every instance.
macro_rules! common {
    ($($detector:ty),+) => { $(
        impl<K> Shareable<K> for $detector {
            type Shared = Self;
            fn of_one(_: K, never: Request<Self>) -> Request<Self> {
                never
            }
            fn for_whom(event: Indication<Self>) -> ForWhom<K, Indication<Self>> {
                All(event)
            }
            fn outdates(later: &Indication<Self>, earlier: &Indication<Self>) -> bool {
                Self::knowledge(*later).outdates(Self::knowledge(*earlier))
            }
            fn lasts(event: &Indication<Self>) -> bool {
                Self::knowledge(*event).lasts()
            }
        }
    )+ }
}
common!(
    PerfectFailureDetector,
    EventuallyPerfectFailureDetector,
    LeaderElection,
    EventualLeaderDetector
);

/// Instances of instances are instances with longer keys.
impl<K: Data, T: Data, X: Abstraction + Data> Shareable<K> for Many<T, X> {
    type Shared = Many<(K, T), X>;
    fn of_one(key: K, (inner, event): (T, X::Request)) -> ((K, T), X::Request) {
        ((key, inner), event)
    }
    fn for_whom(((key, inner), event): ((K, T), X::Indication)) -> ForWhom<K, (T, X::Indication)> {
        One(key, (inner, event))
    }
}

/// A register serves nobody but its own users: each instance has its own.
impl<K: Data, V: Data> Shareable<K> for Register<V> {
    type Shared = Many<K, Register<V>>;
    fn of_one(key: K, event: Access<V>) -> (K, Access<V>) {
        (key, event)
    }
    fn for_whom((key, event): (K, Return<V>)) -> ForWhom<K, Return<V>> {
        One(key, event)
    }
}

/// Several used abstractions are shared one by one.
macro_rules! side_by_side {
    ($sum:ident: $($part:ident),+) => {
        impl<K, $($part: Shareable<K>),+> Shareable<K> for ($($part,)+) {
            type Shared = ($($part::Shared,)+);
            fn of_one(key: K, event: Request<Self>) -> Request<Self::Shared> {
                match event {
                    $($sum::$part(event) => $sum::$part($part::of_one(key, event)),)+
                }
            }
            fn for_whom(event: Indication<Self::Shared>) -> ForWhom<K, Indication<Self>> {
                match event {
                    $($sum::$part(event) => $part::for_whom(event).map($sum::$part),)+
                }
            }
            fn outdates(later: &Indication<Self>, earlier: &Indication<Self>) -> bool {
                match (later, earlier) {
                    $(($sum::$part(later), $sum::$part(earlier)) => $part::outdates(later, earlier),)+
                    _ => false,
                }
            }
            fn lasts(event: &Indication<Self>) -> bool {
                match event {
                    $($sum::$part(event) => $part::lasts(event),)+
                }
            }
        }
    };
}
side_by_side!(Two: A, B);
side_by_side!(Three: A, B, C);

/// Instances of an algorithm, each created from the prototype when it is first spoken of.
///
/// An instance that is created late first hears everything that was told to all and still
/// matters, as if it had been there all along.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Each<K, A: Algorithm> {
    prototype: A,
    live: BTreeMap<K, A>,
    known: Known<A::Uses>,
    /// Instances whose conditions may hold.
    unsettled: BTreeSet<K>,
}

/// What was told to all and still matters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Known<X: Abstraction>(Vec<X::Indication>);

impl<K: Key, A: Algorithm<Uses: Shareable<K>>> Each<K, A> {
    /// No instances yet.
    pub fn of(prototype: A) -> Self {
        let (live, known, unsettled) = (BTreeMap::new(), Known(Vec::new()), BTreeSet::new());
        Each { prototype, live, known, unsettled }
    }

    /// The instance of this name, if it was ever spoken of.
    pub fn get(&self, key: &K) -> Option<&A> {
        self.live.get(key)
    }

    /// Does something to an instance.
    fn at(&mut self, key: K, cx: &mut Cx<'_, Self>, step: impl FnOnce(&mut A, &mut Cx<'_, A>)) {
        let mut below = OfOne { key: &key, below: &mut *cx.below };
        let mut cx = below.cx(cx.me, cx.all, cx.now, cx.incarnation);
        let instance = self.live.entry(key.clone()).or_insert_with(|| {
            let mut instance = self.prototype.clone();
            instance.upon_init(&mut cx);
            for fact in &self.known.0 {
                instance.upon_indication(fact.clone(), &mut cx);
            }
            instance
        });
        step(instance, &mut cx);
        self.unsettled.insert(key);
    }
}

impl<K: Key, A: Algorithm<Uses: Shareable<K>>> Algorithm for Each<K, A> {
    type Implements = Many<K, A::Implements>;
    type Uses = <A::Uses as Shareable<K>>::Shared;
    type Timer = (K, A::Timer);
    type Stable = (K, A::Stable);

    fn upon_recovery(&mut self, stored: Vec<(K, A::Stable)>, cx: &mut Cx<'_, Self>) {
        let mut by_key: BTreeMap<K, Vec<A::Stable>> = BTreeMap::new();
        for (key, variable) in stored {
            by_key.entry(key).or_default().push(variable);
        }
        for (key, stored) in by_key {
            let mut instance = self.prototype.clone();
            let mut below = OfOne { key: &key, below: &mut *cx.below };
            let mut cx = below.cx(cx.me, cx.all, cx.now, cx.incarnation);
            instance.upon_recovery(stored, &mut cx);
            self.live.insert(key.clone(), instance);
            self.unsettled.insert(key);
        }
    }

    fn upon_request(&mut self, (key, event): (K, Request<A::Implements>), cx: &mut Cx<'_, Self>) {
        self.at(key, cx, |instance, cx| instance.upon_request(event, cx));
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match A::Uses::for_whom(event) {
            One(key, event) => self.at(key, cx, |instance, cx| instance.upon_indication(event, cx)),
            All(event) => {
                let keys: Vec<K> = self.live.keys().cloned().collect();
                for key in keys {
                    self.at(key, cx, |instance, cx| instance.upon_indication(event.clone(), cx));
                }
                self.known.0.retain(|earlier| !A::Uses::outdates(&event, earlier));
                if A::Uses::lasts(&event) {
                    self.known.0.push(event);
                }
            }
        }
    }

    fn upon_timeout(&mut self, (key, timer): (K, A::Timer), cx: &mut Cx<'_, Self>) {
        self.at(key, cx, |instance, cx| instance.upon_timeout(timer, cx));
    }

    fn upon_condition(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        while let Some(key) = self.unsettled.first().cloned() {
            let mut below = OfOne { key: &key, below: &mut *cx.below };
            let mut cx = below.cx(cx.me, cx.all, cx.now, cx.incarnation);
            if self.live.get_mut(&key).is_some_and(|one| one.upon_condition(&mut cx)) {
                return true;
            }
            self.unsettled.remove(&key);
        }
        false
    }
}

/// What one instance reaches.
struct OfOne<'a, K: Key, A: Algorithm<Uses: Shareable<K>>> {
    key: &'a K,
    below: &'a mut dyn Below<Each<K, A>>,
}

impl<K: Key, A: Algorithm<Uses: Shareable<K>>> OfOne<'_, K, A> {
    fn cx<'b>(
        &'b mut self,
        me: ProcessId,
        all: &'b [ProcessId],
        now: Duration,
        incarnation: u32,
    ) -> Cx<'b, A> {
        Cx { me, all, now, incarnation, below: self }
    }
}

impl<K: Key, A: Algorithm<Uses: Shareable<K>>> Below<A> for OfOne<'_, K, A> {
    fn trigger(&mut self, event: Request<A::Uses>) {
        self.below.trigger(A::Uses::of_one(self.key.clone(), event));
    }
    fn indicate(&mut self, event: Indication<A::Implements>) {
        self.below.indicate((self.key.clone(), event));
    }
    fn set_timer(&mut self, timer: A::Timer, after: Duration) {
        self.below.set_timer((self.key.clone(), timer), after);
    }
    fn cancel_timer(&mut self, timer: A::Timer) {
        self.below.cancel_timer((self.key.clone(), timer));
    }
    fn store(&mut self, variable: A::Stable) {
        self.below.store((self.key.clone(), variable));
    }
    fn erase(&mut self, key: <A::Stable as Stable>::Key) {
        self.below.erase((self.key.clone(), key));
    }
    fn choose(&mut self, bound: u32) -> u32 {
        self.below.choose(bound)
    }
    fn note(&mut self, note: Note) {
        let instance = note.instance.or(Some(self.key.number()));
        self.below.note(Note { instance, ..note });
    }
    fn mark(&mut self, situation: &'static str) {
        self.below.mark(situation);
    }
}
