//! What a node asks for, carried out in the simulated world.

use crate::agenda::{Agenda, Event, Flight};
use crate::storage::Storage;
use compact_str::CompactString;
use schism_history::{Fate, Message, Nanos, NodeId, ProtocolEvent, Skew, Value};
use schism_kernel::{ClientId, NodeOutbox, Note, Packet, ProcessId};
use schism_nemesis::Rng;
use schism_nemesis::network::{Holding, Routed};
use schism_run::Run;
use std::time::Duration;

/// Everything outside the nodes.
pub(crate) struct World {
    pub run: Run,
    pub agenda: Agenda,
    pub now: Nanos,
    /// Links that hold messages back.
    pub holding: Holding<Flight>,
    /// What decides how long clients' messages take.
    pub seed: u64,
    pub messages: u64,
    /// Nodes stepped so far: the unit of simulated work.
    pub steps: u64,
    /// Things that happened so far.
    pub events: u64,
    /// What nodes came to, in order.
    pub beats: Vec<Beat>,
    /// Whether the script may want to be called at another time than it said last.
    pub script_moved: bool,
}

/// Something worth noticing that a node came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When.
    pub at: Nanos,
    /// Which node.
    pub node: NodeId,
    /// What: a situation its protocol told of, or that it was struck in the middle of sending.
    pub what: &'static str,
}

/// No more of what nodes came to is kept of a run.
const BEATS_MAX: usize = 10_000;

/// What rate limits are told about the length of a message: it must not depend on whether the
/// message is recorded.
const ASSUMED_BYTES: u32 = 128;
/// The key of the stream of random numbers.
const CLIENT_LINKS: u64 = 2;
/// A client's message takes between these.
const CLIENT_DELAY: (u64, u64) = (20_000, 200_000);

impl World {
    /// Offers a message to the fabric.
    pub(crate) fn offer(&mut self, flight: Flight) {
        let (src, dest) = flight.ends();
        let decision = self.run.fabric().route(self.now, src, dest, ASSUMED_BYTES);
        match decision.routed {
            Routed::Arrives(times) => {
                let mut flight = Some(Flight { corrupt: decision.corrupt, ..flight });
                for (i, &at) in times.iter().enumerate() {
                    let last = i + 1 == times.len();
                    let this =
                        if last { flight.take() } else { flight.as_ref().map(Flight::again) };
                    if let Some(mut this) = this {
                        this.copy = i > 0;
                        self.agenda.add(at, Event::Arrival(this));
                    }
                }
            }
            Routed::Lost => self.fate(&flight, Fate::Lost),
            Routed::Cut => self.fate(&flight, Fate::Cut),
            Routed::Held => self.holding.keep(src, dest, flight),
        }
    }

    /// A node came to something.
    pub(crate) fn beat(&mut self, node: NodeId, what: &'static str) {
        if self.beats.len() < BEATS_MAX {
            self.beats.push(Beat { at: self.now, node, what });
        }
    }

    /// Offers again what waited for frozen links.
    pub(crate) fn thaw(&mut self) {
        for (_, _, flight) in self.holding.thawed(self.run.fabric()) {
            self.offer(flight);
        }
    }

    /// Records what became of a message.
    pub(crate) fn fate(&mut self, flight: &Flight, fate: Fate) {
        if !self.run.records_message(flight.id) {
            return self.run.count_message(self.now, ASSUMED_BYTES);
        }
        let (src, dest) = flight.ends();
        let mut text = Vec::new();
        flight.packet.encode(&mut text);
        let message = Message {
            id: flight.id,
            src,
            dest,
            kind: CompactString::const_new(flight.packet.kind()),
            sent: flight.sent,
            bytes: text.len() as u32,
            fate,
        };
        self.run.message(self.now, message);
    }

    /// Something leaves a node.
    pub(crate) fn emit(&mut self, node: NodeId, output: Output) {
        match output {
            Output::Send(dest, packet) => {
                let id = self.messages;
                self.messages += 1;
                let sent = self.now;
                let kind = packet.kind();
                let flight =
                    Flight { id, src: node, dest, packet, sent, copy: false, corrupt: None };
                self.offer(flight);
                self.script_moved |= self.run.sent(sent, kind, node, dest);
            }
            Output::Reply(client, body) => {
                let at = self.client_arrival(client);
                self.agenda.add(at, Event::Reply { client, body });
            }
            Output::Note(event) => {
                // It may be what a fault waits for.
                self.script_moved = true;
                self.run.note(self.now, event);
            }
        }
    }

    /// When a message to or from a client arrives.
    pub(crate) fn client_arrival(&self, client: u32) -> Nanos {
        let (least, most) = CLIENT_DELAY;
        // As on other links: an operation that is left out changes nothing about the others.
        let mut dice = Rng::new(self.seed, &[CLIENT_LINKS, client.into(), self.now]);
        self.now + least + dice.below(most - least)
    }
}

impl Flight {
    fn again(&self) -> Flight {
        Flight { packet: self.packet.clone(), copy: true, ..*self }
    }
}

/// What leaves a node.
pub(crate) enum Output {
    Send(NodeId, Packet),
    Reply(u32, serde_json::Value),
    Note(ProtocolEvent),
}

/// The outbox of one node in one life.
pub(crate) struct Outbox<'a> {
    pub world: &'a mut World,
    pub storage: &'a mut Storage,
    pub node: NodeId,
    pub life: u32,
    /// What is wrong with its clock.
    pub skew: Skew,
}

impl Outbox<'_> {
    fn leave(&mut self, output: Output) {
        if let Some(output) = self.storage.pass(output) {
            self.world.emit(self.node, output);
        }
    }
}

impl NodeOutbox for Outbox<'_> {
    fn send(&mut self, to: ProcessId, packet: Packet) {
        self.leave(Output::Send(NodeId(to.0), packet));
    }

    fn reply(&mut self, client: ClientId, id: u64, mut body: serde_json::Value) {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("in_reply_to".into(), id.into());
        }
        self.leave(Output::Reply(client.0, body));
    }

    fn set_timer(&mut self, number: u64, after: Duration) {
        let due = self.skew.read(self.world.now).saturating_add(after.as_nanos() as Nanos);
        let at = self.skew.when(due).max(self.world.now);
        let (node, life) = (self.node, self.life);
        self.world.agenda.add(at, Event::Timer { node, life, number, due });
    }

    fn cancel_timer(&mut self, _: u64) {
        // The node ignores the number when it comes.
    }

    fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.storage.disk.store(key, value);
    }

    fn erase(&mut self, key: Vec<u8>) {
        self.storage.disk.erase(&key);
    }

    fn note(&mut self, note: Note) {
        let kind = match note.kind {
            std::borrow::Cow::Borrowed(kind) => CompactString::const_new(kind),
            std::borrow::Cow::Owned(kind) => kind.into(),
        };
        let event = ProtocolEvent {
            node: self.node,
            kind,
            peer: note.peer.map(|p| NodeId(p.0)),
            instance: note.instance,
            number: note.number,
            value: Value::from(&note.value),
        };
        self.leave(Output::Note(event));
    }

    fn mark(&mut self, situation: &'static str) {
        self.world.beat(self.node, situation);
        self.world.run.mark(self.world.now, situation);
    }
}
