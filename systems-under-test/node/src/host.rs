//! What a node process does with a line, without input and output.

use crate::ServeError;
use crate::chance::{Chance, arbitrary_seed};
use crate::clock::Clock;
use crate::desk::{Desk, HARNESS};
use crate::envelope::{peer_message, scan};
use crate::init::{Identity, Init};
use crate::store::Store;
use schism_history::{Skew, Trouble};
use schism_kernel::{ClientId, Env, Malformed, Node, NodeInput, ProcessId};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// Makes a node of a run with so many.
type Make = Box<dyn FnOnce(usize) -> Box<dyn Node>>;

/// A node to be, and once it was told who it is, the node and everything around it.
pub(crate) struct Host {
    make: Option<Make>,
    placed: Option<Placed>,
}

/// A node that knows its place.
pub(crate) struct Placed {
    node: Box<dyn Node>,
    who: Identity,
    incarnation: u32,
    chance: Chance,
    clock: Clock,
    pub desk: Desk,
}

/// Any layout of a message.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    src: Cow<'a, str>,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The body of a message between nodes.
#[derive(Deserialize)]
struct PeerBody<'a> {
    #[serde(borrow)]
    m: &'a RawValue,
}

/// What is needed to answer a question.
#[derive(Deserialize)]
struct Question<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    msg_id: Option<u64>,
}

/// What the harness may ask of a node that is up.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Order {
    /// Set the clock, and say how far ahead it is then.
    Clock { fault: u32, skew: Skew },
    /// The disk goes wrong, or right.
    Trouble { trouble: Trouble },
}

impl Host {
    pub fn new(make: Make) -> Host {
        Host { make: Some(make), placed: None }
    }

    /// What there is to write; nothing before `init`.
    pub fn desk(&mut self) -> Option<&mut Desk> {
        self.placed.as_mut().map(|placed| &mut placed.desk)
    }

    /// When the first timer goes off, by the machine's clock.
    pub fn next_timer(&self) -> Option<Duration> {
        let placed = self.placed.as_ref()?;
        placed.desk.timers.next().map(|due| placed.clock.when(due))
    }

    /// Handles every timer that is due. Here as elsewhere, `now` is by the machine's clock.
    pub fn timers(&mut self, now: Duration) {
        let Some(placed) = &mut self.placed else { return };
        while let Some(number) = placed.desk.timers.pop(placed.clock.read(now)) {
            complain(placed.step(now, NodeInput::Timeout(number)));
        }
    }

    /// Handles a line of input. What cannot be read is complained about on standard error and
    /// changes nothing, since on a faulty network a node must expect anything.
    pub fn line(&mut self, now: Duration, line: &[u8]) -> Result<(), ServeError> {
        if let Some(placed) = &mut self.placed
            && let Some(envelope) = scan(line)
            && let Some(from) = placed.who.process(envelope.src)
            && let Some(message) = peer_message(envelope.body, envelope.kind)
        {
            match std::str::from_utf8(message) {
                Ok(message) => placed.message(now, from, message),
                Err(e) => eprintln!("cannot read a message from {from}: {e}"),
            }
            return Ok(());
        }
        let message: Message = match serde_json::from_slice(line) {
            Ok(message) => message,
            Err(e) => {
                eprintln!("cannot read a line ({e}): {}", String::from_utf8_lossy(line));
                return Ok(());
            }
        };
        let Some(placed) = &mut self.placed else {
            return self.first(now, &message);
        };
        if let Some(from) = placed.who.process(message.src.as_bytes()) {
            match serde_json::from_str::<PeerBody>(message.body.get()) {
                Ok(body) => placed.message(now, from, body.m.get()),
                Err(e) => eprintln!("cannot read a message from {from}: {e}"),
            }
        } else if message.src == HARNESS {
            placed.order(now, &message);
        } else {
            placed.question(now, &message);
        }
        Ok(())
    }

    /// Handles a line before `init`, which should be `init`.
    fn first(&mut self, now: Duration, message: &Message) -> Result<(), ServeError> {
        let question: Option<Question> = serde_json::from_str(message.body.get()).ok();
        if question.is_none_or(|question| question.kind != "init") {
            eprintln!("ignored before init: {}", message.body);
            return Ok(());
        }
        let unreadable = ServeError::Init;
        let mut init: Init =
            serde_json::from_str(message.body.get()).map_err(|e| unreadable(e.to_string()))?;
        let who = Identity::new(&mut init).map_err(unreadable)?;
        let wanted = init.schism;
        let (store, stored) = match &wanted.disk {
            Some(folder) => {
                let (mut store, stored) = Store::open(folder, wanted.fsync)?;
                store.trouble = wanted.trouble;
                (Some(store), stored)
            }
            None => (None, Vec::new()),
        };
        let seed = wanted.seed.unwrap_or_else(arbitrary_seed);
        let chance = Chance::new(seed, who.me, wanted.incarnation);
        let mut desk = Desk::new(&who, store, wanted.notes);
        desk.say(&message.src, "init_ok", &[("in_reply_to", &init.msg_id.into())]);
        let Some(make) = self.make.take() else { return Ok(()) };
        let node = make(who.all.len());
        let clock = Clock { origin: wanted.origin, skew: wanted.clock };
        let incarnation = wanted.incarnation;
        let mut placed = Placed { node, who, incarnation, chance, clock, desk };
        let input = match stored.is_empty() {
            true => NodeInput::Init,
            false => NodeInput::Recover(stored),
        };
        // A node that cannot read its own disk must not go on as if there had been nothing on it.
        placed.step(now, input).map_err(ServeError::Recovery)?;
        self.placed = Some(placed);
        Ok(())
    }
}

impl Placed {
    fn step(&mut self, now: Duration, input: NodeInput<'_>) -> Result<(), Malformed> {
        let now = self.clock.read(now);
        self.desk.now = now;
        let mut env = Env {
            me: self.who.me,
            all: &self.who.all,
            now,
            incarnation: self.incarnation,
            choices: &mut self.chance,
        };
        self.node.step(input, &mut env, &mut self.desk)
    }

    fn message(&mut self, now: Duration, from: ProcessId, message: &str) {
        let packet = self.node.decode(message);
        complain(packet.and_then(|packet| self.step(now, NodeInput::Message(from, packet))));
    }

    /// Does what the harness asks of it, beyond Maelstrom's protocol.
    fn order(&mut self, now: Duration, message: &Message) {
        match serde_json::from_str(message.body.get()) {
            Ok(Order::Clock { fault, skew }) => {
                self.clock.skew = skew;
                let (fault, ahead) = (fault.into(), self.clock.ahead(now).into());
                self.desk.say(HARNESS, "clock_ok", &[("fault", &fault), ("ahead", &ahead)]);
            }
            Ok(Order::Trouble { trouble }) => {
                if let Some(store) = &mut self.desk.store {
                    store.trouble = trouble;
                }
            }
            // `init` comes from the harness, too.
            Err(_) => self.question(now, message),
        }
    }

    fn question(&mut self, now: Duration, message: &Message) {
        let src = &*message.src;
        let Ok(Question { kind, msg_id: Some(id) }) = serde_json::from_str(message.body.get())
        else {
            eprintln!(
                "cannot answer {src}, whose question has no type or msg_id: {}",
                message.body
            );
            return;
        };
        if kind == "init" {
            return self.desk.refuse(src, id, 12, "this node was initialised before");
        }
        let client = src.strip_prefix('c').and_then(|number| number.parse().ok());
        let Some(client) = client.map(ClientId) else {
            let why = format!("only clients are answered, and {src:?} is not the name of one");
            return self.desk.refuse(src, id, 10, &why);
        };
        let body: Value = match serde_json::from_str(message.body.get()) {
            Ok(body) => body,
            Err(e) => return self.desk.refuse(src, id, 12, &e.to_string()),
        };
        if let Err(malformed) = self.step(now, NodeInput::Ask(client, id, &body)) {
            // Not knowing the type and not understanding its fields are different errors.
            let code = if malformed.why.starts_with("unknown variant") { 10 } else { 12 };
            self.desk.refuse(src, id, code, &malformed.to_string());
        }
    }
}

fn complain(result: Result<(), Malformed>) {
    if let Err(malformed) = result {
        eprintln!("{malformed}");
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
