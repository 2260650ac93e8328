//! Consensus as a service: proposes what it is told and answers with what was decided.
//!
//! There are as many instances as clients name. A process proposes once in each; whoever asks
//! later is told the decision, too.
//!
//! The book's algorithms have everybody propose. If an instance is not decided after a while,
//! somebody may have nothing to propose: a process then invites all the others to propose what
//! it has proposed itself.

use schism_kernel::Two::{A as C, B as Beb};
use schism_kernel::{
    Abstraction, Algorithm, Ask, BestEffortBroadcast, Broadcast, Cx, Data, Decide, DecideIn,
    Deliver, Indication, Many, Never, Note, Propose, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::time::Duration;

/// After how long a process that is still waiting invites the others.
const PATIENCE: Duration = Duration::from_millis(200);

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Propose this; what is decided?
    Propose {
        /// In which instance.
        #[serde(default)]
        instance: u64,
        /// The proposal.
        value: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// This was decided.
    ProposeOk {
        /// The decision.
        value: i64,
    },
}

/// An invitation to propose this value in this instance, if one has nothing better.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Invite(pub u64, pub i64);

/// A decision, as different abstractions tell it.
pub trait Decision: Data {
    /// In which round or epoch, where there are any, and what.
    fn parts(self) -> (Option<u64>, i64);
}

impl Decision for Decide<i64> {
    fn parts(self) -> (Option<u64>, i64) {
        (None, self.0)
    }
}

impl Decision for DecideIn<i64> {
    fn parts(self) -> (Option<u64>, i64) {
        (Some(self.0), self.1)
    }
}

/// What a process knows of an instance in which it proposed or decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Instance {
    Proposed { value: i64, asks: Vec<Ask<Question>> },
    Decided(i64),
}

/// The service, over the consensus `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deciding<X> {
    instances: BTreeMap<u64, Instance>,
    /// Instances that may need an invitation, and when.
    undecided: VecDeque<(Duration, u64)>,
    over: PhantomData<X>,
}

impl<X> Default for Deciding<X> {
    fn default() -> Self {
        let (instances, undecided) = (BTreeMap::new(), VecDeque::new());
        Deciding { instances, undecided, over: PhantomData }
    }
}

/// Time to invite, set while anything is undecided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Impatient;

impl<X> Algorithm for Deciding<X>
where
    X: Abstraction<Request = Propose<i64>, Indication: Decision> + Data,
{
    type Implements = Serving<Question, Reply>;
    type Uses = (Many<u64, X>, BestEffortBroadcast<Invite>);
    type Timer = Impatient;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Propose { instance, value } = ask.question;
        self.propose(instance, value, cx);
        match self.instances.get_mut(&instance) {
            Some(Instance::Proposed { asks, .. }) => asks.push(ask),
            Some(&mut Instance::Decided(value)) => {
                cx.indicate(ask.answer(Reply::ProposeOk { value }));
            }
            None => {}
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            C((instance, decision)) => {
                let (number, value) = decision.parts();
                cx.note(Note { number, ..Note::new("decide").instance(instance).value(value) });
                let before = self.instances.insert(instance, Instance::Decided(value));
                if let Some(Instance::Proposed { asks, .. }) = before {
                    for ask in asks {
                        cx.indicate(ask.answer(Reply::ProposeOk { value }));
                    }
                }
            }
            Beb(Deliver(_, Invite(instance, value))) => self.propose(instance, value, cx),
        }
    }

    fn upon_timeout(&mut self, Impatient: Impatient, cx: &mut Cx<'_, Self>) {
        while let Some(&(when, instance)) = self.undecided.front()
            && when <= cx.now
        {
            self.undecided.pop_front();
            if let Some(&Instance::Proposed { value, .. }) = self.instances.get(&instance) {
                cx.trigger(Beb(Broadcast(Invite(instance, value))));
            }
        }
        if let Some(&(when, _)) = self.undecided.front() {
            cx.set_timer(Impatient, when - cx.now);
        }
    }
}

impl<X> Deciding<X>
where
    X: Abstraction<Request = Propose<i64>, Indication: Decision> + Data,
{
    fn propose(&mut self, instance: u64, value: i64, cx: &mut Cx<'_, Self>) {
        if self.instances.contains_key(&instance) {
            return;
        }
        self.instances.insert(instance, Instance::Proposed { value, asks: Vec::new() });
        if self.undecided.is_empty() {
            cx.set_timer(Impatient, PATIENCE);
        }
        self.undecided.push_back((cx.now + PATIENCE, instance));
        cx.trigger(C((instance, Propose(value))));
        // Told when it is stored, if it is: what a crash undoes was no proposal.
        cx.note(Note::new("propose").instance(instance).value(value));
    }
}
