//! A broadcast as a service: broadcasts what it is told, and reads out what was delivered.

use schism_kernel::{
    Abstraction, Algorithm, Ask, Broadcast, Cx, Data, Deliver, Never, Note, Serving,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Broadcast this.
    Broadcast {
        /// The message.
        message: i64,
    },
    /// What was delivered so far?
    Read,
    /// Who is whose neighbour: of no interest, since everybody reaches everybody.
    Topology,
}

/// What is answered.
#[expect(clippy::enum_variant_names, reason = "the names are Maelstrom's")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It is being broadcast.
    BroadcastOk,
    /// What was delivered.
    ReadOk {
        /// In the order of delivery.
        messages: Vec<i64>,
    },
    /// Thank you.
    TopologyOk,
}

/// The service, over the broadcast `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Broadcasting<X> {
    delivered: Vec<i64>,
    over: PhantomData<X>,
}

impl<X> Default for Broadcasting<X> {
    fn default() -> Self {
        Broadcasting { delivered: Vec::new(), over: PhantomData }
    }
}

impl<X> Algorithm for Broadcasting<X>
where
    X: Abstraction<Request = Broadcast<i64>, Indication = Deliver<i64>> + Data,
{
    type Implements = Serving<Question, Reply>;
    type Uses = X;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        match ask.question {
            Question::Broadcast { message } => {
                cx.note(Note::new("broadcast").value(message));
                cx.trigger(Broadcast(message));
                cx.indicate(ask.answer(Reply::BroadcastOk));
            }
            Question::Read => {
                let messages = self.delivered.clone();
                cx.indicate(ask.answer(Reply::ReadOk { messages }));
            }
            Question::Topology => cx.indicate(ask.answer(Reply::TopologyOk)),
        }
    }

    fn upon_indication(&mut self, Deliver(p, m): Deliver<i64>, cx: &mut Cx<'_, Self>) {
        cx.note(Note::new("deliver").peer(p).value(m));
        self.delivered.push(m);
    }
}
