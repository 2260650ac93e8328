//! The book's algorithms.

use crate::{Abstraction, Data, Indication, Note, ProcessId, Request, Stable, layer::Below};
use std::time::Duration;

/// An "Algorithm" of the book: implements one abstraction, uses another.
///
/// Several used abstractions are a tuple, whose events arrive as [`crate::Two`] or
/// [`crate::Three`]; an algorithm's file gives their variants the book's instance names:
/// `use schism_kernel::Two::{A as Beb, B as P}`.
pub trait Algorithm: Data {
    /// The module it implements.
    type Implements: Abstraction;
    /// The module, or modules, it is built on.
    type Uses: Abstraction;
    /// Its timers.
    type Timer: Data;
    /// Its variables on stable storage.
    type Stable: Stable;

    /// `upon event ⟨ Init ⟩ do`
    fn upon_init(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// `upon event ⟨ Recovery ⟩ do`, with what `retrieve` gives. Without stable storage a
    /// process that comes back is a process that starts.
    fn upon_recovery(&mut self, _stored: Vec<Self::Stable>, cx: &mut Cx<'_, Self>) {
        self.upon_init(cx);
    }

    /// `upon event ⟨ x, Request | … ⟩ do`, of the module it implements.
    fn upon_request(&mut self, event: Request<Self::Implements>, cx: &mut Cx<'_, Self>);

    /// `upon event ⟨ y, Indication | … ⟩ do`, of a module it uses.
    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>);

    /// `upon event ⟨ Timeout ⟩ do`
    fn upon_timeout(&mut self, _timer: Self::Timer, _cx: &mut Cx<'_, Self>) {}

    /// `upon ⟨condition⟩ do`: returns whether a guard held and its body ran. Called after
    /// every event until it returns false.
    fn upon_condition(&mut self, _cx: &mut Cx<'_, Self>) -> bool {
        false
    }
}

/// What an algorithm may see and do inside a handler.
pub struct Cx<'a, A: Algorithm> {
    /// `self`: who we are.
    pub me: ProcessId,
    /// `Π`: everybody, us included.
    pub all: &'a [ProcessId],
    /// This process's own clock, possibly skewed.
    pub now: Duration,
    /// How often this process was restarted.
    pub incarnation: u32,
    pub(crate) below: &'a mut dyn Below<A>,
}

impl<'a, A: Algorithm> Cx<'a, A> {
    /// `trigger ⟨ y, Request | … ⟩` of a used module.
    pub fn trigger(&mut self, event: Request<A::Uses>) {
        self.below.trigger(event);
    }

    /// `trigger ⟨ x, Indication | … ⟩` of the implemented module.
    pub fn indicate(&mut self, event: Indication<A::Implements>) {
        self.below.indicate(event);
    }

    /// `starttimer(…)`: the timer goes off once, after this long. One that is set already is
    /// moved.
    pub fn set_timer(&mut self, timer: A::Timer, after: Duration) {
        self.below.set_timer(timer, after);
    }

    /// Takes a timer back, if it is set.
    pub fn cancel_timer(&mut self, timer: A::Timer) {
        self.below.cancel_timer(timer);
    }

    /// `store(…)`: durable before anything that is triggered or indicated after it is seen by
    /// anyone.
    pub fn store(&mut self, variable: A::Stable) {
        self.below.store(variable);
    }

    /// Removes a variable from stable storage.
    pub fn erase(&mut self, key: <A::Stable as Stable>::Key) {
        self.below.erase(key);
    }

    /// A number below `bound`: the only randomness there is.
    pub fn choose(&mut self, bound: u32) -> u32 {
        self.below.choose(bound)
    }

    /// Tells the harness what happened.
    pub fn note(&mut self, note: Note) {
        self.below.note(note);
    }

    /// Counts a situation worth reaching.
    pub fn mark(&mut self, situation: &'static str) {
        self.below.mark(situation);
    }

    /// `Π \ {self}`: everybody else.
    pub fn others(&self) -> impl Iterator<Item = ProcessId> + use<'a, A> {
        let (me, all) = (self.me, self.all);
        all.iter().copied().filter(move |&q| q != me)
    }

    /// `N`
    pub fn n(&self) -> usize {
        self.all.len()
    }

    /// The smallest number of processes that is more than half of them.
    pub fn majority(&self) -> usize {
        self.all.len() / 2 + 1
    }
}
