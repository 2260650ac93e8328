//! A node that keeps a number of messages to its neighbour outstanding, and echoes.

use schism_kernel::{Ask, Component, Env, Input, Never, Node, Outbox, ProcessId, Serving};
use serde::{Deserialize, Serialize};

/// What the messages carry.
pub const TEXT: &str = "please echo this thirty-two-byte";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Question {
    Go { outstanding: u64 },
    Echo { echo: String },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Reply {
    EchoOk { echo: String },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
enum Message {
    Echo { number: u64, text: String },
    EchoOk { number: u64, text: String },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Ring {
    number: u64,
}

pub fn node() -> Box<dyn Node> {
    schism_kernel::node(Ring::default())
}

impl Ring {
    fn send(&mut self, env: &Env<'_>, out: &mut dyn Outbox<Self>) {
        self.number += 1;
        let next = ProcessId((env.me.0 + 1) % env.all.len() as u16);
        out.send(next, Message::Echo { number: self.number, text: TEXT.into() });
    }
}

impl Component for Ring {
    type Provides = Serving<Question, Reply>;
    type Message = Message;
    type Timer = Never;
    type Stable = Never;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        match input {
            Input::Request(Ask { question: Question::Go { outstanding }, .. }) => {
                for _ in 0..outstanding {
                    self.send(env, out);
                }
            }
            Input::Request(ask) => {
                if let Question::Echo { echo } = &ask.question {
                    out.indicate(ask.answer(Reply::EchoOk { echo: echo.clone() }));
                }
            }
            Input::Message(from, Message::Echo { number, text }) => {
                out.send(from, Message::EchoOk { number, text });
            }
            Input::Message(_, Message::EchoOk { .. }) => self.send(env, out),
            Input::Init | Input::Recover(_) | Input::Learn(_) => {}
            Input::Timeout(never) => match never {},
        }
    }
}
