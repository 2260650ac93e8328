//! A whole history in memory, and the views of it that checkers start from.

use crate::{
    Entry, Meta, Nanos, NodeChange, NodeId, OpKind, Phase, ProtocolEvent, Record, Value, Worker,
};
use compact_str::CompactString;
use std::collections::HashMap;

/// A history: what is known of the run, and its records in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What is known of the run.
    pub meta: Meta,
    /// Everything that happened, by index.
    pub records: Vec<Record>,
}

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It happened between invocation and completion.
    Ok,
    /// It did not happen.
    Fail,
    /// It may have happened, at any time after its invocation.
    Info,
}

/// An invocation with its completion.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Who performed it.
    pub process: Worker,
    /// The node it was sent to.
    pub node: Option<NodeId>,
    /// The function.
    pub f: CompactString,
    /// The independent object it concerns.
    pub key: Option<Value>,
    /// The argument it was invoked with.
    pub input: Value,
    /// The result it completed with; meaningless unless it ended `ok`.
    pub output: Value,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not end `ok`.
    pub error: Option<CompactString>,
    /// Index of the record of its invocation.
    pub invoked: u64,
    /// Index of the record of its completion, if there is one.
    pub completed: Option<u64>,
    /// When it was invoked.
    pub begin: Nanos,
    /// When it completed, if it did.
    pub end: Option<Nanos>,
}

/// Who kept to the model, by the harness's own record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correctness {
    /// When each node was first killed or died, if it ever was.
    pub crashed: Vec<Option<Nanos>>,
    /// Whether each node was running when the run was torn down.
    pub up_at_end: Vec<bool>,
    /// Whether each node was turned Byzantine.
    pub byzantine: Vec<bool>,
}

impl Correctness {
    /// Crash-stop correct: never crashed, never lied.
    pub fn never_crashed(&self, node: NodeId) -> bool {
        let i = node.0 as usize;
        self.crashed.get(i).is_some_and(Option::is_none) && !self.byzantine[i]
    }

    /// Crash-recovery correct: up for good in the end, never lied.
    pub fn eventually_up(&self, node: NodeId) -> bool {
        let i = node.0 as usize;
        self.up_at_end.get(i).copied().unwrap_or(false) && !self.byzantine[i]
    }
}

impl History {
    /// All nodes of the run.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.meta.nodes).map(NodeId)
    }

    /// Invocations paired with their completions, in the order of invocation. An operation
    /// without a completion is `Info`.
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations: Vec<Operation> = Vec::new();
        let mut open: HashMap<Worker, usize> = HashMap::new();
        for record in &self.records {
            let Entry::Op(op) = &record.entry else { continue };
            if op.kind == OpKind::Invoke {
                open.insert(op.process, operations.len());
                operations.push(Operation {
                    process: op.process,
                    node: op.node,
                    f: op.f.clone(),
                    key: op.key.clone(),
                    input: op.value.clone(),
                    output: Value::Nil,
                    outcome: Outcome::Info,
                    error: None,
                    invoked: record.index,
                    completed: None,
                    begin: record.time,
                    end: None,
                });
            } else if let Some(i) = open.remove(&op.process) {
                let operation = &mut operations[i];
                operation.output = op.value.clone();
                operation.error = op.error.clone();
                operation.completed = Some(record.index);
                operation.end = Some(record.time);
                operation.outcome = match op.kind {
                    OpKind::Ok => Outcome::Ok,
                    OpKind::Fail => Outcome::Fail,
                    OpKind::Info | OpKind::Invoke => Outcome::Info,
                };
            }
        }
        operations
    }

    /// Every protocol event, with its index and time.
    pub fn events(&self) -> impl Iterator<Item = (u64, Nanos, &ProtocolEvent)> {
        self.records.iter().filter_map(|r| match &r.entry {
            Entry::Event(event) => Some((r.index, r.time, event)),
            _ => None,
        })
    }

    /// When the run entered a phase, if it did.
    pub fn phase(&self, phase: Phase) -> Option<Nanos> {
        self.records.iter().find(|r| r.entry == Entry::Phase(phase)).map(|r| r.time)
    }

    /// Who crashed and who lied.
    pub fn correctness(&self) -> Correctness {
        let n = self.meta.nodes as usize;
        let mut c = Correctness {
            crashed: vec![None; n],
            up_at_end: vec![true; n],
            byzantine: vec![false; n],
        };
        for record in &self.records {
            let Entry::Node(event) = &record.entry else { continue };
            let i = event.node.0 as usize;
            if i >= n {
                continue;
            }
            match &event.change {
                NodeChange::Started { .. } => c.up_at_end[i] = true,
                NodeChange::Killed | NodeChange::Died(_) => {
                    c.crashed[i].get_or_insert(record.time);
                    c.up_at_end[i] = false;
                }
                NodeChange::Byzantine(_) => c.byzantine[i] = true,
                NodeChange::Ready
                | NodeChange::Paused
                | NodeChange::Resumed
                | NodeChange::Garbage(_)
                | NodeChange::Stopped
                | NodeChange::Clock(_) => {}
            }
        }
        c
    }
}
