//! What a process asks of the world in a step.

use schism_kernel::{ClientId, NodeOutbox, Note, Packet, ProcessId};
use serde_json::Value;
use std::time::Duration;

/// What a step asks for, in order.
pub enum Effect {
    Send(ProcessId, Packet),
    Reply(ClientId, Value),
    SetTimer(u64, Duration),
    Store(Vec<u8>, Vec<u8>),
    Erase(Vec<u8>),
    Note(Note),
    Mark(&'static str),
}

pub struct Effects(pub Vec<Effect>);

impl NodeOutbox for Effects {
    fn send(&mut self, to: ProcessId, packet: Packet) {
        self.0.push(Effect::Send(to, packet));
    }
    fn reply(&mut self, client: ClientId, _: u64, body: Value) {
        self.0.push(Effect::Reply(client, body));
    }
    fn set_timer(&mut self, number: u64, after: Duration) {
        self.0.push(Effect::SetTimer(number, after));
    }
    fn cancel_timer(&mut self, _: u64) {}
    fn store(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.0.push(Effect::Store(key, value));
    }
    fn erase(&mut self, key: Vec<u8>) {
        self.0.push(Effect::Erase(key));
    }
    fn note(&mut self, note: Note) {
        self.0.push(Effect::Note(note));
    }
    fn mark(&mut self, situation: &'static str) {
        self.0.push(Effect::Mark(situation));
    }
}
