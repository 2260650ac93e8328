//! Consensus as a service: proposes what it is told and answers with what was decided.
//!
//! There are as many instances as clients name. A process proposes once in each; whoever asks
//! later is told the decision, too.

use schism_kernel::{
    Abstraction, Algorithm, Ask, Cx, Data, Decide, Many, Never, Note, Propose, Serving,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::marker::PhantomData;

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

/// What a process knows of an instance in which it proposed or decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Instance {
    Waiting(Vec<Ask<Question>>),
    Decided(i64),
}

/// The service, over the consensus `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Deciding<X> {
    instances: BTreeMap<u64, Instance>,
    over: PhantomData<X>,
}

impl<X> Default for Deciding<X> {
    fn default() -> Self {
        Deciding { instances: BTreeMap::new(), over: PhantomData }
    }
}

impl<X> Algorithm for Deciding<X>
where
    X: Abstraction<Request = Propose<i64>, Indication = Decide<i64>> + Data,
{
    type Implements = Serving<Question, Reply>;
    type Uses = Many<u64, X>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Propose { instance, value } = ask.question;
        match self.instances.get_mut(&instance) {
            None => {
                self.instances.insert(instance, Instance::Waiting(vec![ask]));
                cx.note(Note::new("propose").instance(instance).value(value));
                cx.trigger((instance, Propose(value)));
            }
            Some(Instance::Waiting(asks)) => asks.push(ask),
            Some(&mut Instance::Decided(value)) => {
                cx.indicate(ask.answer(Reply::ProposeOk { value }));
            }
        }
    }

    fn upon_indication(&mut self, event: (u64, Decide<i64>), cx: &mut Cx<'_, Self>) {
        let (instance, Decide(value)) = event;
        cx.note(Note::new("decide").instance(instance).value(value));
        let before = self.instances.insert(instance, Instance::Decided(value));
        if let Some(Instance::Waiting(asks)) = before {
            for ask in asks {
                cx.indicate(ask.answer(Reply::ProposeOk { value }));
            }
        }
    }
}
