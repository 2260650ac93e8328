//! The clients of a run: who is free, who waits for what, until when.
//!
//! A client is a connection (`c3`); the logical process on it changes whenever an operation ends
//! `info`, because the old one may still take effect and therefore never issues another.

use schism_history::{Nanos, NodeId, Worker};
use schism_workloads::Op;
use std::collections::{BTreeSet, VecDeque};

/// An operation on its way.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub op: Op,
    pub msg_id: u64,
    pub node: NodeId,
    /// How often the node had been started by then.
    pub life: u32,
    /// When.
    pub since: Nanos,
}

#[derive(Clone, Debug)]
struct Connection {
    process: Worker,
    pending: Option<Pending>,
    /// It never has an operation again.
    done: bool,
}

/// All connections.
#[derive(Debug)]
pub(crate) struct Clients {
    connections: Vec<Connection>,
    free: BTreeSet<u32>,
    /// The client after the one that took the last turn.
    turn: u32,
    /// Clients that rest before their next operation, in the order in which they wake.
    resting: BTreeSet<(Nanos, u32)>,
    /// Time-outs in the order of their deadlines, which is the order of invocation.
    deadlines: VecDeque<(Nanos, u32, u64)>,
    next_process: Worker,
    next_msg_id: u64,
}

impl Clients {
    pub(crate) fn new(count: u32) -> Self {
        let mut clients = Clients {
            connections: Vec::new(),
            free: BTreeSet::new(),
            turn: 0,
            resting: BTreeSet::new(),
            deadlines: VecDeque::new(),
            next_process: 0,
            next_msg_id: 1,
        };
        for _ in 0..count {
            clients.connect();
        }
        clients
    }

    /// Opens one more connection.
    pub(crate) fn connect(&mut self) -> u32 {
        let client = self.connections.len() as u32;
        let process = self.next_process;
        self.next_process += 1;
        self.connections.push(Connection { process, pending: None, done: false });
        self.free.insert(client);
        client
    }

    pub(crate) fn count(&self) -> u32 {
        self.connections.len() as u32
    }

    pub(crate) fn process(&self, client: u32) -> Worker {
        self.connections[client as usize].process
    }

    /// Clients that have nothing on their way, in order.
    pub(crate) fn free(&self) -> impl Iterator<Item = u32> + '_ {
        self.free.iter().copied()
    }

    /// Of the clients that have nothing on their way, the one whose turn it is.
    pub(crate) fn take_turn(&mut self) -> Option<u32> {
        let client = self.free.range(self.turn..).next().or_else(|| self.free.first()).copied()?;
        self.turn = client + 1;
        Some(client)
    }

    /// Whether nothing is on its way.
    pub(crate) fn idle(&self) -> bool {
        self.connections.iter().all(|c| c.pending.is_none())
    }

    /// How many operations are on their way.
    pub(crate) fn open(&self) -> usize {
        self.connections.iter().filter(|c| c.pending.is_some()).count()
    }

    /// This client never has an operation again.
    pub(crate) fn retire(&mut self, client: u32) {
        self.connections[client as usize].done = true;
        self.free.remove(&client);
    }

    /// Notes that a client has put an operation to a node; gives the request its number.
    pub(crate) fn begin(
        &mut self,
        client: u32,
        op: Op,
        node: NodeId,
        life: u32,
        now: Nanos,
        deadline: Nanos,
    ) -> u64 {
        let msg_id = self.next_msg_id;
        self.next_msg_id += 1;
        self.free.remove(&client);
        self.connections[client as usize].pending =
            Some(Pending { op, msg_id, node, life, since: now });
        self.deadlines.push_back((deadline, client, msg_id));
        msg_id
    }

    /// What the client waits for.
    pub(crate) fn pending(&self, client: u32) -> Option<&Pending> {
        self.connections.get(client as usize)?.pending.as_ref()
    }

    /// The operation ended. In doubt, a new process takes over the connection. The client is not
    /// free before `rest`.
    pub(crate) fn end(&mut self, client: u32, in_doubt: bool, rest: Nanos) -> Option<Pending> {
        let connection = self.connections.get_mut(client as usize)?;
        let pending = connection.pending.take()?;
        if in_doubt {
            connection.process = self.next_process;
            self.next_process += 1;
        }
        if !connection.done {
            self.resting.insert((rest, client));
        }
        Some(pending)
    }

    /// Frees the clients that have rested.
    pub(crate) fn wake(&mut self, now: Nanos) {
        while let Some(&(until, client)) = self.resting.first() {
            if until > now {
                break;
            }
            self.resting.pop_first();
            self.free.insert(client);
        }
    }

    /// When the next client has rested.
    pub(crate) fn next_waking(&self) -> Option<Nanos> {
        self.resting.first().map(|&(until, _)| until)
    }

    /// Clients whose operation is at this node since this life of it or longer.
    pub(crate) fn waiting_on(&self, node: NodeId, life: u32) -> Vec<u32> {
        let waits = |pending: &Pending| pending.node == node && pending.life <= life;
        let all = self.connections.iter().zip(0..);
        all.filter(|(c, _)| c.pending.as_ref().is_some_and(waits)).map(|(_, i)| i).collect()
    }

    /// When the next time-out is due.
    pub(crate) fn next_deadline(&mut self) -> Option<Nanos> {
        while let Some(&(deadline, client, msg_id)) = self.deadlines.front() {
            if self.pending(client).is_some_and(|pending| pending.msg_id == msg_id) {
                return Some(deadline);
            }
            self.deadlines.pop_front();
        }
        None
    }

    /// The next client that has waited too long.
    pub(crate) fn overdue(&mut self, now: Nanos) -> Option<u32> {
        self.next_deadline().filter(|&deadline| deadline <= now)?;
        self.deadlines.pop_front().map(|(_, client, _)| client)
    }
}
