//! A closed stack behind one type, for hosts.
//!
//! A deployable stack ends on top in a *service*: an algorithm that implements [`Serving`], that
//! is, answers clients. [`node`] hides what the stack is made of: hosts see packets, timer
//! numbers and bytes to store.

use crate::{
    Abstraction, Component, Data, Env, Indication, Input, Note, Outbox, ProcessId, Stable, Wire,
    kind_of,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

/// A client's connection: client 3 is called `c3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClientId(pub u32);

/// The abstraction of a stack that serves clients: questions `Q`, answers `R`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serving<Q, R>(PhantomData<fn() -> (Q, R)>);

/// A client's question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ask<Q> {
    /// Who asks.
    pub client: ClientId,
    /// The client's number for the question.
    pub id: u64,
    /// What.
    pub question: Q,
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Answer<R> {
    /// Who asked.
    pub client: ClientId,
    /// The number of the question.
    pub id: u64,
    /// What it is told.
    pub answer: R,
}

impl<Q> Ask<Q> {
    /// The answer to this question.
    pub fn answer<R>(&self, answer: R) -> Answer<R> {
        Answer { client: self.client, id: self.id, answer }
    }
}

impl<Q: Data, R: Data> Abstraction for Serving<Q, R> {
    type Request = Ask<Q>;
    type Indication = Answer<R>;
}

/// A message of whatever type its stack exchanges.
pub struct Packet(Box<dyn AnyMessage>);

trait AnyMessage: Any + fmt::Debug {
    fn duplicate(&self) -> Packet;
    fn encode(&self, into: &mut Vec<u8>);
    fn kind(&self) -> &'static str;
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl<M: Wire> AnyMessage for M {
    fn duplicate(&self) -> Packet {
        Packet(Box::new(self.clone()))
    }
    fn encode(&self, into: &mut Vec<u8>) {
        serde_json::to_writer(into, self).expect("messages are plain data");
    }
    fn kind(&self) -> &'static str {
        kind_of(self)
    }
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

impl Packet {
    /// Writes it as JSON.
    pub fn encode(&self, into: &mut Vec<u8>) {
        (*self.0).encode(into);
    }
    /// The name of the protocol message in it.
    pub fn kind(&self) -> &'static str {
        (*self.0).kind()
    }
}

impl Clone for Packet {
    fn clone(&self) -> Self {
        (*self.0).duplicate()
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Something a node was given that it cannot read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {what}: {why}")]
pub struct Malformed {
    /// What it should have been.
    pub what: &'static str,
    /// Why it is not.
    pub why: String,
}

/// What a host can do to a node.
pub enum NodeInput<'a> {
    /// Starts it, with nothing on its disk.
    Init,
    /// Starts it again with what it stored: keys and values, in the order of their first store.
    Recover(Vec<(Vec<u8>, Vec<u8>)>),
    /// A client asks: `id` is the client's number for the question, `body` the question.
    Ask(ClientId, u64, &'a serde_json::Value),
    /// A message arrived.
    Message(ProcessId, Packet),
    /// The timer with this number went off. Numbers that were cancelled or replaced are ignored.
    Timeout(u64),
    /// The process learnt something about the others.
    Learn(crate::Knowledge),
}

/// Where a node puts what it wants done, in order; see [`Outbox`].
pub trait NodeOutbox {
    /// Hands a message to the network.
    fn send(&mut self, to: ProcessId, packet: Packet);
    /// Answers a client's question.
    fn reply(&mut self, client: ClientId, id: u64, body: serde_json::Value);
    /// Asks for a timeout with this number. Every number is used once.
    fn set_timer(&mut self, number: u64, after: Duration);
    /// Takes a timeout back. A host may ignore this.
    fn cancel_timer(&mut self, number: u64);
    /// Writes to stable storage.
    fn store(&mut self, key: Vec<u8>, value: Vec<u8>);
    /// Removes from stable storage.
    fn erase(&mut self, key: Vec<u8>);
    /// Tells the harness what the protocol did.
    fn note(&mut self, note: Note);
    /// Tells the harness that a situation was reached.
    fn mark(&mut self, situation: &'static str);
}

/// A stack of any make.
pub trait Node {
    /// Handles one input to completion. An input it cannot read changes nothing.
    fn step(
        &mut self,
        input: NodeInput<'_>,
        env: &mut Env<'_>,
        out: &mut dyn NodeOutbox,
    ) -> Result<(), Malformed>;
    /// Reads a message that a peer of the same stack wrote with [`Packet::encode`].
    fn decode(&self, json: &str) -> Result<Packet, Malformed>;
    /// What it is made of, as a type: the paths of its algorithms stand in it.
    fn stack(&self) -> &'static str {
        std::any::type_name::<Self>()
    }
}

/// Hides what a stack is made of.
pub fn node<C, Q, R>(stack: C) -> Box<dyn Node>
where
    C: Component<Provides = Serving<Q, R>>,
    Q: Data + DeserializeOwned,
    R: Data + Serialize,
{
    Box::new(Erased { stack, timers: Timers::default() })
}

struct Erased<C: Component> {
    stack: C,
    timers: Timers<C::Timer>,
}

/// Numbers for timers: a timer that is set again gets a new one, so that the old one is ignored
/// when it goes off.
struct Timers<T> {
    next: u64,
    numbers: HashMap<T, u64>,
    timers: HashMap<u64, T>,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Timers { next: 0, numbers: HashMap::new(), timers: HashMap::new() }
    }
}

struct Outward<'a, T> {
    out: &'a mut dyn NodeOutbox,
    timers: &'a mut Timers<T>,
}

fn to_bytes(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("stored variables are plain data")
}

impl<C, Q, R> Outbox<C> for Outward<'_, C::Timer>
where
    C: Component<Provides = Serving<Q, R>>,
    Q: Data,
    R: Data + Serialize,
{
    fn send(&mut self, to: ProcessId, message: C::Message) {
        self.out.send(to, Packet(Box::new(message)));
    }
    fn indicate(&mut self, Answer { client, id, answer }: Indication<C::Provides>) {
        let body = serde_json::to_value(answer).expect("answers are plain data");
        self.out.reply(client, id, body);
    }
    fn set_timer(&mut self, timer: C::Timer, after: Duration) {
        let number = self.timers.next;
        self.timers.next += 1;
        self.timers.timers.insert(number, timer.clone());
        if let Some(old) = self.timers.numbers.insert(timer, number) {
            self.timers.timers.remove(&old);
            self.out.cancel_timer(old);
        }
        self.out.set_timer(number, after);
    }
    fn cancel_timer(&mut self, timer: C::Timer) {
        if let Some(number) = self.timers.numbers.remove(&timer) {
            self.timers.timers.remove(&number);
            self.out.cancel_timer(number);
        }
    }
    fn store(&mut self, variable: C::Stable) {
        self.out.store(to_bytes(&variable.key()), to_bytes(&variable));
    }
    fn erase(&mut self, key: <C::Stable as Stable>::Key) {
        self.out.erase(to_bytes(&key));
    }
    fn note(&mut self, note: Note) {
        self.out.note(note);
    }
    fn mark(&mut self, situation: &'static str) {
        self.out.mark(situation);
    }
}

impl<C, Q, R> Node for Erased<C>
where
    C: Component<Provides = Serving<Q, R>>,
    Q: Data + DeserializeOwned,
    R: Data + Serialize,
{
    fn step(
        &mut self,
        input: NodeInput<'_>,
        env: &mut Env<'_>,
        out: &mut dyn NodeOutbox,
    ) -> Result<(), Malformed> {
        let input = match input {
            NodeInput::Init => Input::Init,
            NodeInput::Recover(stored) => {
                let read = |(_, value): (Vec<u8>, Vec<u8>)| serde_json::from_slice(&value);
                let stored: Result<Vec<C::Stable>, _> = stored.into_iter().map(read).collect();
                let mut stored = stored
                    .map_err(|e| Malformed { what: "a stored variable", why: e.to_string() })?;
                stored.sort_by_key(Stable::key);
                Input::Recover(stored)
            }
            NodeInput::Ask(client, id, body) => match Q::deserialize(body) {
                Ok(question) => Input::Request(Ask { client, id, question }),
                Err(e) => {
                    return Err(Malformed { what: "a client's question", why: e.to_string() });
                }
            },
            NodeInput::Message(from, packet) => match packet.0.into_any().downcast() {
                Ok(message) => Input::Message(from, *message),
                Err(_) => {
                    let why = "it is another stack's".into();
                    return Err(Malformed { what: "a message", why });
                }
            },
            NodeInput::Timeout(number) => match self.timers.timers.remove(&number) {
                Some(timer) => {
                    self.timers.numbers.remove(&timer);
                    Input::Timeout(timer)
                }
                None => return Ok(()),
            },
            NodeInput::Learn(fact) => Input::Learn(fact),
        };
        let mut out = Outward { out, timers: &mut self.timers };
        self.stack.step(input, env, &mut out);
        Ok(())
    }

    fn stack(&self) -> &'static str {
        std::any::type_name::<C>()
    }

    fn decode(&self, json: &str) -> Result<Packet, Malformed> {
        match serde_json::from_str::<C::Message>(json) {
            Ok(message) => Ok(Packet(Box::new(message))),
            Err(e) => Err(Malformed { what: "a message", why: e.to_string() }),
        }
    }
}
