//! Stamped events as a service: does what it is told to, and tells what it was stamped with.

use crate::clocks::{Doing, Done, StampedLink, Told};
use crate::services::error::MALFORMED_REQUEST;
use crate::services::link::To;
use schism_kernel::{Algorithm, Ask, Cx, Data, Never, Note, Serving};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Let something happen that concerns nobody else.
    Local,
    /// Send a message.
    Send {
        /// To whom.
        to: To,
    },
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    /// It happened.
    LocalOk,
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

/// The service, over a clock with stamps `S`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Happening<S> {
    sent: u64,
    stamps: PhantomData<fn() -> S>,
}

impl<S> Default for Happening<S> {
    fn default() -> Self {
        Happening { sent: 0, stamps: PhantomData }
    }
}

impl<S: Told + Data> Algorithm for Happening<S> {
    type Implements = Serving<Question, Reply>;
    type Uses = StampedLink<u64, S>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, ask: Ask<Question>, cx: &mut Cx<'_, Self>) {
        let reply = match &ask.question {
            Question::Local => {
                cx.trigger(Doing::Local);
                Reply::LocalOk
            }
            Question::Send { to } => match to.among(cx.all) {
                Some(q) => {
                    // Messages are known by their number, which no life of the process repeats.
                    let number = u64::from(cx.incarnation) << 32 | self.sent;
                    self.sent += 1;
                    cx.trigger(Doing::Send(q, number));
                    Reply::SendOk
                }
                None => {
                    let text = "there is no such process".to_string();
                    Reply::Error { code: MALFORMED_REQUEST, text }
                }
            },
        };
        cx.indicate(ask.answer(reply));
    }

    fn upon_indication(&mut self, event: Done<u64, S>, cx: &mut Cx<'_, Self>) {
        let (note, stamp) = match &event {
            Done::Local(stamp) => (Note::new("local"), stamp),
            Done::Sent(q, m, stamp) => (Note::new("send").peer(*q).instance(*m), stamp),
            Done::Delivered(p, m, stamp) => (Note::new("deliver").peer(*p).instance(*m), stamp),
        };
        cx.note(stamp.told(note, cx.now));
    }
}
