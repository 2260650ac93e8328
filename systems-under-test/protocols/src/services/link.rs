//! A link as a service: sends what it is told to whom it is told.

use crate::services::error::MALFORMED_REQUEST;
use schism_kernel::{
    Abstraction, Algorithm, Ask, Cx, Data, Deliver, Never, Note, ProcessId, Send, Serving,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// A process, by its name or its rank.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(untagged)]
pub enum To {
    /// `2`
    Rank(u16),
    /// `"n2"`
    Name(String),
}

impl To {
    /// Which of these processes is meant.
    pub(super) fn among(&self, all: &[ProcessId]) -> Option<ProcessId> {
        let named = |p: &ProcessId| match self {
            To::Rank(rank) => p.0 == *rank,
            To::Name(name) => p.to_string() == *name,
        };
        all.iter().copied().find(named)
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Send this.
    Send {
        /// To whom.
        to: To,
        /// What.
        value: i64,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It is being sent.
    SendOk,
    /// It is not.
    Error {
        /// Maelstrom's code.
        code: u32,
        /// Why.
        text: String,
    },
}

/// The service, over the link `X`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sending<X>(PhantomData<X>);

impl<X> Default for Sending<X> {
    fn default() -> Self {
        Sending(PhantomData)
    }
}

impl<X> Algorithm for Sending<X>
where
    X: Abstraction<Request = Send<i64>, Indication = Deliver<i64>> + Data,
{
    type Implements = Serving<Question, Reply>;
    type Uses = X;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let Question::Send { to, value } = &ask.question;
        let Some(q) = to.among(cx.all) else {
            let text = "there is no such process".to_string();
            return cx.indicate(ask.answer(Reply::Error { code: MALFORMED_REQUEST, text }));
        };
        cx.note(Note::new("send").peer(q).value(*value));
        cx.trigger(Send(q, *value));
        cx.indicate(ask.answer(Reply::SendOk));
    }

    fn upon_indication(&mut self, Deliver(p, m): Deliver<i64>, cx: &mut Cx<'_, Self>) {
        cx.note(Note::new("deliver").peer(p).value(m));
    }
}
