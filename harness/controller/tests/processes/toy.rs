//! A node that does what a test needs.

use schism_kernel::{
    Answer, Ask, Component, Env, Indication, Input, Node, Note, Outbox, ProcessId, Serving, Stable,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything a client can ask for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// The same back.
    Echo { echo: String },
    /// Adds one to a number that survives crashes, and says what it is.
    Add,
    /// Says what the sum is, and only then makes sure that it survives crashes.
    AddLate,
    /// Says what it is.
    Read,
    /// Sends so many long messages to everybody, without reading anything in between, and answers
    /// when all are acknowledged.
    Flood { count: u64 },
    /// Sends a message to one node; answers when it is acknowledged.
    Ping { to: u16 },
    /// Answers after a while.
    Wait { ms: u64 },
    /// Tells the harness something.
    Tell,
    /// Panics.
    Panic,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Reply {
    EchoOk { echo: String },
    Total { total: u64, incarnation: u32 },
    Done,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Message {
    Request { m: String },
    Ack,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Total(u64);

impl Stable for Total {
    type Key = ();
    fn key(&self) {}
}

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Toy {
    total: u64,
    unacknowledged: u64,
    asked: Option<Ask<Question>>,
}

pub fn node() -> Box<dyn Node> {
    schism_kernel::node(Toy::default())
}

impl Component for Toy {
    type Provides = Serving<Question, Reply>;
    type Message = Message;
    type Timer = Answer<u64>;
    type Stable = Total;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        match input {
            Input::Init | Input::Learn(_) => {}
            Input::Recover(stored) => {
                self.total = stored.last().map_or(0, |total| total.0);
            }
            Input::Request(ask) => self.ask(ask, env, out),
            Input::Message(from, Message::Request { .. }) => out.send(from, Message::Ack),
            Input::Message(_, Message::Ack) => {
                // A duplicated request is acknowledged twice.
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
                if self.unacknowledged == 0
                    && let Some(ask) = self.asked.take()
                {
                    out.indicate(ask.answer(Reply::Done));
                }
            }
            Input::Timeout(Answer { client, id, .. }) => {
                out.indicate(Answer { client, id, answer: Reply::Done });
            }
        }
    }
}

impl Toy {
    fn ask(&mut self, ask: Ask<Question>, env: &Env<'_>, out: &mut dyn Outbox<Self>) {
        let incarnation = env.incarnation;
        let answer = match &ask.question {
            Question::Echo { echo } => Reply::EchoOk { echo: echo.clone() },
            Question::Add => {
                self.total += 1;
                out.store(Total(self.total));
                Reply::Total { total: self.total, incarnation }
            }
            Question::AddLate => {
                self.total += 1;
                out.indicate(ask.answer(Reply::Total { total: self.total, incarnation }));
                return out.store(Total(self.total));
            }
            Question::Read => Reply::Total { total: self.total, incarnation },
            Question::Flood { count } => {
                let others = env.all.iter().filter(|&&other| other != env.me);
                let m = "x".repeat(1000);
                for (_, &other) in (0..*count).flat_map(|i| others.clone().map(move |o| (i, o))) {
                    out.send(other, Message::Request { m: m.clone() });
                    self.unacknowledged += 1;
                }
                self.asked = Some(ask);
                return;
            }
            Question::Ping { to } => {
                out.send(ProcessId(*to), Message::Request { m: "ping".into() });
                self.unacknowledged += 1;
                self.asked = Some(ask);
                return;
            }
            Question::Wait { ms } => {
                let timer = ask.answer(*ms);
                return out.set_timer(timer, Duration::from_millis(*ms));
            }
            Question::Tell => {
                let note = Note::new("lead").peer(env.me).number(7).value("seven");
                out.note(note);
                out.mark("told");
                Reply::Done
            }
            Question::Panic => panic!("the client asked for it"),
        };
        let indication: Indication<Serving<Question, Reply>> = ask.answer(answer);
        out.indicate(indication);
    }
}
