//! What is played.

use schism_history::{Message, Nanos, NodeId, ProtocolEvent};
use schism_nemesis::{Fabric, FaultId};
use schism_run::{Command, Run};
use serde_json::Value;

/// A script: told what happens, it says what to do. [`Run`] is the one that matters.
pub trait Script {
    /// The run begins.
    fn begin(&mut self, now: Nanos);
    /// Time has passed: does what is due.
    fn step(&mut self, now: Nanos);
    /// When [`step`](Script::step) has something to do next.
    fn next_due(&mut self) -> Option<Nanos>;
    /// Moves what is to be done now, in order, to the end of the list.
    fn commands(&mut self, into: &mut Vec<Command>);
    /// A node answered `init`.
    fn ready(&mut self, now: Nanos, node: NodeId);
    /// A node ended without being asked to.
    fn died(&mut self, now: Nanos, node: NodeId, how: &str);
    /// What was done to a node was seen to take effect.
    fn confirm(&mut self, node: NodeId, how: &str);
    /// A node whose clock was set for this fault is so many nanoseconds ahead.
    fn read_clock(&mut self, fault: FaultId, node: NodeId, ahead: i64);
    /// So much of what a node that was killed had stored is lost.
    fn lost(&mut self, node: NodeId, count: usize, what: &str);
    /// A node did not survive what a fault made it cope with.
    fn succumbed(&mut self, now: Nanos, fault: FaultId, node: NodeId, how: &str);
    /// Something a node made durable took so much longer because of a fault.
    fn slowed(&mut self, fault: FaultId, by: Nanos);
    /// The system says that a fault limits a node to so much.
    fn limited(&mut self, fault: FaultId, node: NodeId, to: &str);
    /// Something stood in the way of a fault.
    fn refused(&mut self, fault: FaultId, why: &str);
    /// A node broke the protocol with the harness.
    fn garbage(&mut self, now: Nanos, node: NodeId, what: &str);
    /// A node answered a client.
    fn reply(&mut self, now: Nanos, client: u32, body: &Value);
    /// A request could not be handed over, as its node is not running.
    fn undelivered(&mut self, now: Nanos, client: u32, node: NodeId);
    /// A protocol told something.
    fn note(&mut self, now: Nanos, event: ProtocolEvent);
    /// A protocol reached a situation.
    fn mark(&mut self, now: Nanos, situation: &str);
    /// A node has sent a message to another. Says whether something is to be done about it at once.
    fn sent(&mut self, now: Nanos, kind: &str, src: NodeId, dest: NodeId) -> bool;
    /// Whether the message with this number is wanted by [`message`](Script::message) rather
    /// than by [`count_message`](Script::count_message).
    fn records_message(&self, id: u64) -> bool;
    /// The fate of a message.
    fn message(&mut self, now: Nanos, message: Message);
    /// The fate of a message that is only counted is known.
    fn count_message(&mut self, now: Nanos, bytes: u32);
    /// The rules of the links.
    fn fabric(&mut self) -> &mut Fabric;
    /// The user wants the run to end.
    fn interrupt(&mut self, now: Nanos);
    /// Whether it is over. Messages that are still on their way are reported after that.
    fn finished(&self) -> bool;
}

impl Script for Run {
    fn begin(&mut self, now: Nanos) {
        Run::begin(self, now);
    }
    fn step(&mut self, now: Nanos) {
        Run::step(self, now);
    }
    fn next_due(&mut self) -> Option<Nanos> {
        Run::next_due(self)
    }
    fn commands(&mut self, into: &mut Vec<Command>) {
        into.extend(Run::commands(self));
    }
    fn ready(&mut self, now: Nanos, node: NodeId) {
        Run::ready(self, now, node);
    }
    fn died(&mut self, now: Nanos, node: NodeId, how: &str) {
        Run::died(self, now, node, how);
    }
    fn confirm(&mut self, node: NodeId, how: &str) {
        Run::confirm(self, node, how);
    }
    fn read_clock(&mut self, fault: FaultId, node: NodeId, ahead: i64) {
        Run::read_clock(self, fault, node, ahead);
    }
    fn lost(&mut self, node: NodeId, count: usize, what: &str) {
        Run::lost(self, node, count, what);
    }
    fn succumbed(&mut self, now: Nanos, fault: FaultId, node: NodeId, how: &str) {
        Run::succumbed(self, now, fault, node, how);
    }
    fn slowed(&mut self, fault: FaultId, by: Nanos) {
        Run::slowed(self, fault, by);
    }
    fn limited(&mut self, fault: FaultId, node: NodeId, to: &str) {
        Run::limited(self, fault, node, to);
    }
    fn refused(&mut self, fault: FaultId, why: &str) {
        Run::refused(self, fault, why);
    }
    fn garbage(&mut self, now: Nanos, node: NodeId, what: &str) {
        Run::garbage(self, now, node, what);
    }
    fn reply(&mut self, now: Nanos, client: u32, body: &Value) {
        Run::reply(self, now, client, body);
    }
    fn undelivered(&mut self, now: Nanos, client: u32, node: NodeId) {
        Run::undelivered(self, now, client, node);
    }
    fn note(&mut self, now: Nanos, event: ProtocolEvent) {
        Run::note(self, now, event);
    }
    fn mark(&mut self, now: Nanos, situation: &str) {
        Run::mark(self, now, situation);
    }
    fn sent(&mut self, now: Nanos, kind: &str, src: NodeId, dest: NodeId) -> bool {
        Run::sent(self, now, kind, src, dest)
    }
    fn records_message(&self, id: u64) -> bool {
        Run::records_message(self, id)
    }
    fn message(&mut self, now: Nanos, message: Message) {
        Run::message(self, now, message);
    }
    fn count_message(&mut self, now: Nanos, bytes: u32) {
        Run::count_message(self, now, bytes);
    }
    fn fabric(&mut self) -> &mut Fabric {
        Run::fabric(self)
    }
    fn interrupt(&mut self, now: Nanos) {
        Run::interrupt(self, now);
    }
    fn finished(&self) -> bool {
        Run::finished(self)
    }
}
