//! Operations: from the workload to a node and back into the history.

use crate::Command;
use crate::clients::Pending;
use crate::run::{Run, State};
use compact_str::CompactString;
use schism_history::{Entry, Nanos, NodeId, OpEvent, OpKind, Phase, Value};
use schism_workloads::{Client, Doubt, Op, doubt_of};
use serde_json::Value as Json;

/// An open loop opens connections as it needs them, but not without end.
const CONNECTIONS_MAX: u32 = 10_000;
/// How long a client of a closed loop waits before it tries again after a failure.
const REST: Nanos = 10_000_000;

impl Run {
    /// Lets every client that is free, and whose time has come, invoke its next operation.
    pub(crate) fn invoke(&mut self, now: Nanos) {
        self.clients.wake(now);
        if self.script.is_some() {
            return self.invoke_scripted(now);
        }
        match self.config.rate {
            None => {
                let free: Vec<u32> = self.clients.free().collect();
                for client in free {
                    if self.enough() {
                        return;
                    }
                    self.invoke_one(now, client);
                }
            }
            Some(rate) => {
                while self.next_arrival <= now && !self.enough() {
                    // Evenly spread around the mean: no two runs of one seed may differ by the
                    // rounding of a logarithm.
                    let mean = 1e9 / rate.max(1e-3);
                    self.next_arrival += (2.0 * mean * self.dice.unit()) as Nanos;
                    let client = match self.clients.take_turn() {
                        Some(client) => client,
                        None if self.clients.count() < CONNECTIONS_MAX => self.clients.connect(),
                        None => continue,
                    };
                    self.invoke_one(now, client);
                }
            }
        }
    }

    fn invoke_one(&mut self, now: Nanos, client: u32) {
        let Some(node) = self.node_for(client) else { return };
        let dice = &mut self.dice;
        let mut about = Client {
            client,
            clients: self.config.concurrency.max(1),
            node,
            nodes: self.config.nodes,
            dice: &mut |bound| dice.below(bound),
        };
        match self.workload.next(&mut about) {
            Some(op) => self.ask(now, client, node, op),
            None => self.clients.retire(client),
        }
    }

    /// Invokes what is written down for now, of clients that wait for nothing at nodes that are up.
    fn invoke_scripted(&mut self, now: Nanos) {
        while let Some((at, client)) = self.next_scripted().filter(|&(at, _)| at <= now) {
            debug_assert!(at <= now);
            let taken = self.script.as_mut().and_then(|script| script.take(client));
            if let Some((_, node, op)) = taken {
                self.ask(now, client, node, op);
            }
        }
    }

    /// When the next operation that is written down can be invoked, and by whom.
    pub(crate) fn next_scripted(&self) -> Option<(Nanos, u32)> {
        let script = self.script.as_ref()?;
        let can = |&(_, client, node): &(Nanos, u32, NodeId)| {
            self.clients.pending(client).is_none() && self.state(node) == State::Up
        };
        script.next().filter(can).map(|(at, client, _)| (self.since + at, client)).min()
    }

    /// The node a client talks to: its own, or the next one that is up.
    fn node_for(&self, client: u32) -> Option<NodeId> {
        let n = u32::from(self.config.nodes);
        let own = client % n;
        let up = |&i: &u32| self.nodes[i as usize] == State::Up;
        if self.workload.bound_to_node() {
            return Some(own).filter(up).map(|i| NodeId(i as u16));
        }
        (0..n).map(|k| (own + k) % n).find(up).map(|i| NodeId(i as u16))
    }

    fn ask(&mut self, now: Nanos, client: u32, node: NodeId, op: Op) {
        if self.phase == Phase::Chaos {
            self.schedule.asked(now - self.zero, node);
        }
        let mut body = self.workload.request(&op);
        let process = self.clients.process(client);
        self.op_event(now, process, OpKind::Invoke, &op, op.value.clone(), None, node);
        self.progress.invoked += 1;
        let life = self.incarnations[usize::from(node.0)];
        let deadline = now + self.config.timeout;
        let msg_id = self.clients.begin(client, op, node, life, now, deadline);
        if let Some(fields) = body.as_object_mut() {
            fields.insert("msg_id".into(), msg_id.into());
        }
        self.commands.push_back(Command::Ask { client, node, body });
    }

    /// Asks every node that is up its next final operation, on a connection of its own.
    pub(crate) fn ask_last(&mut self, now: Nanos) {
        let n = u32::from(self.config.nodes);
        while self.clients.count() < n {
            self.clients.connect();
        }
        let nodes: Vec<NodeId> = self.last.keys().copied().collect();
        for node in nodes {
            if self.state(node) != State::Up {
                self.last.remove(&node);
                continue;
            }
            let client = u32::from(node.0);
            if self.clients.pending(client).is_some() {
                continue;
            }
            match self.last.get_mut(&node).and_then(|ops| ops.pop_front()) {
                Some(op) => self.ask(now, client, node, op),
                None => {
                    self.last.remove(&node);
                }
            }
        }
    }

    /// A node answered a client.
    pub fn reply(&mut self, now: Nanos, client: u32, body: &Json) {
        self.take_reply(now, client, body);
        self.step(now);
    }

    fn take_reply(&mut self, now: Nanos, client: u32, body: &Json) {
        let msg_id = body.get("in_reply_to").and_then(Json::as_u64).unwrap_or(0);
        let pending = self.clients.pending(client).filter(|pending| pending.msg_id == msg_id);
        let Some(pending) = pending else { return };
        let op = pending.op.clone();
        if body.get("type").and_then(Json::as_str) == Some("error") {
            let code = body.get("code").and_then(Json::as_i64).unwrap_or(-1);
            if let Some(result) = self.workload.result_of_error(&op, code) {
                return self.end(now, client, OpKind::Ok, result, None);
            }
            let (name, doubt) = doubt_of(code);
            let text = body.get("text").and_then(Json::as_str).unwrap_or_default();
            let error = match (name, text) {
                ("unknown error", text) => format!("error {code}: {text}"),
                (name, "") => name.to_string(),
                (name, text) => format!("{name}: {text}"),
            };
            let kind = match doubt {
                Doubt::Definite => OpKind::Fail,
                Doubt::Indefinite => OpKind::Info,
            };
            return self.end(now, client, kind, op.value, Some(error.into()));
        }
        match self.workload.result(&op, body) {
            Ok(value) => self.end(now, client, OpKind::Ok, value, None),
            Err(expected) => {
                let error = format!("the reply is not {expected}: {body}");
                self.end(now, client, OpKind::Info, op.value, Some(error.into()));
            }
        }
    }

    /// A request could not be handed to its node, which is not running: it never took effect.
    pub fn undelivered(&mut self, now: Nanos, client: u32, node: NodeId) {
        let here = |pending: &&Pending| pending.node == node;
        if let Some(pending) = self.clients.pending(client).filter(here) {
            let value = pending.op.value.clone();
            let error = format!("{node} is down");
            self.end(now, client, OpKind::Fail, value, Some(error.into()));
        }
        self.step(now);
    }

    /// Ends an operation in doubt.
    pub(crate) fn give_up(&mut self, now: Nanos, client: u32, why: &'static str) {
        if let Some(pending) = self.clients.pending(client) {
            let value = pending.op.value.clone();
            self.end(now, client, OpKind::Info, value, Some(CompactString::const_new(why)));
        }
    }

    /// Ends, in doubt, what is on its way at a node that will never answer in this life.
    pub(crate) fn abandon(&mut self, now: Nanos, node: NodeId, life: u32, why: &'static str) {
        for client in self.clients.waiting_on(node, life) {
            self.give_up(now, client, why);
        }
    }

    fn end(
        &mut self,
        now: Nanos,
        client: u32,
        kind: OpKind,
        value: Value,
        error: Option<CompactString>,
    ) {
        let process = self.clients.process(client);
        let begun = self.clients.pending(client).map_or(now, |pending| pending.since);
        let pace = self.config.pace.saturating_mul(self.workload.rests());
        let mut rest = begun.saturating_add(pace).max(now);
        if kind != OpKind::Ok {
            // Whoever was refused would be refused again at once.
            rest = rest.max(now + REST);
        }
        if self.config.rate.is_some() {
            rest = now;
        }
        let Some(pending) = self.clients.end(client, kind == OpKind::Info, rest) else { return };
        match kind {
            OpKind::Ok => self.progress.ok += 1,
            OpKind::Fail => self.progress.fail += 1,
            OpKind::Info | OpKind::Invoke => self.progress.info += 1,
        }
        self.op_event(now, process, kind, &pending.op, value, error, pending.node);
    }

    fn op_event(
        &mut self,
        now: Nanos,
        process: u64,
        kind: OpKind,
        op: &Op,
        value: Value,
        error: Option<CompactString>,
        node: NodeId,
    ) {
        let (f, key) = (op.f.clone(), op.key.clone());
        let event = OpEvent { process, kind, f, key, value, error, node: Some(node) };
        self.sink.append(now, Entry::Op(event));
    }
}
