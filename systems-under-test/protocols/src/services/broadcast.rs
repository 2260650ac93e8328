//! A broadcast as a service: broadcasts what it is told, and reads out what was delivered.

use schism_kernel::{
    Abstraction, Algorithm, Ask, Broadcast, Cx, Data, Deliver, Indication, Never, Note, Outcome,
    Serving,
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

/// What a broadcast tells of a message, as different abstractions tell it.
pub trait Told: Data {
    /// Whether broadcasts are told apart by their numbers rather than by what is broadcast.
    fn counts() -> bool {
        false
    }

    /// Notes it; the message, if there is one.
    fn note<A: Algorithm>(self, cx: &mut Cx<'_, A>) -> Option<i64>;
}

impl Told for Deliver<i64> {
    fn note<A: Algorithm>(self, cx: &mut Cx<'_, A>) -> Option<i64> {
        let Deliver(p, m) = self;
        cx.note(Note::new("deliver").peer(p).value(m));
        Some(m)
    }
}

impl Told for Outcome<i64> {
    fn counts() -> bool {
        true
    }

    fn note<A: Algorithm>(self, cx: &mut Cx<'_, A>) -> Option<i64> {
        let Outcome { sender, number, m, round } = self;
        let of_this = |kind| Note::new(kind).peer(sender).instance(number).value(m);
        cx.note(of_this("deliver"));
        if let Some(round) = round {
            cx.note(of_this("decide").number(round));
        }
        m
    }
}

/// The service, over the broadcast `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Broadcasting<X> {
    delivered: Vec<i64>,
    broadcasts: u64,
    over: PhantomData<X>,
}

impl<X> Default for Broadcasting<X> {
    fn default() -> Self {
        Broadcasting { delivered: Vec::new(), broadcasts: 0, over: PhantomData }
    }
}

impl<X> Algorithm for Broadcasting<X>
where
    X: Abstraction<Request = Broadcast<i64>, Indication: Told> + Data,
{
    type Implements = Serving<Question, Reply>;
    type Uses = X;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        match ask.question {
            Question::Broadcast { message } => {
                let number = X::Indication::counts().then_some(self.broadcasts);
                self.broadcasts += 1;
                cx.note(Note { instance: number, ..Note::new("broadcast").value(message) });
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

    fn upon_indication(&mut self, told: Indication<X>, cx: &mut Cx<'_, Self>) {
        self.delivered.extend(told.note(cx));
    }
}
