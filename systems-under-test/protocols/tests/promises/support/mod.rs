//! A small deterministic world for tests: processes, clients and a bad network on virtual time.
//!
//! Everything that happens is drawn from one seed. A process can crash in the middle of a step,
//! after so many of the messages of that step have left it: that is how a broadcast gets stuck
//! half-way.

mod effects;
pub mod linear;
pub mod rng;

use effects::{Effect, Effects};
use rng::Rng;
use schism_kernel::{ClientId, Env, Node, NodeInput, Note, Packet, ProcessId};
use schism_protocols::Setup;
use serde_json::Value;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

pub const MS: Duration = Duration::from_millis(1);

/// What the network does to messages, in thousandths and in milliseconds.
#[derive(Clone, Copy)]
pub struct Network {
    pub loss: u64,
    pub duplication: u64,
    pub delay_ms: (u64, u64),
}

impl Network {
    pub const GOOD: Network = Network { loss: 0, duplication: 0, delay_ms: (1, 5) };
    /// Loses, repeats and reorders.
    pub const BAD: Network = Network { loss: 150, duplication: 100, delay_ms: (1, 40) };
    /// Within the bound of the synchronous model, and using all of it.
    pub const BOUNDED: Network = Network { loss: 0, duplication: 50, delay_ms: (1, 240) };
    /// The same in synchronous rounds.
    pub const IN_ROUNDS: Network = Network { loss: 0, duplication: 50, delay_ms: (1, 48) };
}

pub struct Noted {
    pub at: Duration,
    pub node: usize,
    pub note: Note,
}

/// A client's operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub node: usize,
    pub invoked: Duration,
    pub question: Value,
    /// When and what was answered; nothing if nothing came in time.
    pub reply: Option<(Duration, Value)>,
}

enum Event {
    Arrive(usize, ProcessId, Packet),
    Lost,
    Timeout(usize, u32, u64),
    Ask(usize),
    GiveUp(usize),
    /// After so many more messages, or at once.
    Crash(usize, Option<usize>),
    Restart(usize),
    Partition(Vec<bool>),
}

struct Process {
    node: Option<Box<dyn Node>>,
    incarnation: u32,
    disk: BTreeMap<Vec<u8>, Vec<u8>>,
    /// How many more messages leave it before it crashes.
    fuse: Option<usize>,
}

struct Client {
    id: u32,
    node: usize,
    waiting: Option<usize>,
}

pub struct World {
    pub now: Duration,
    pub rng: Rng,
    pub network: Network,
    /// How many messages of a thousand arrive altered.
    pub corruption: u64,
    pub notes: Vec<Noted>,
    pub operations: Vec<Operation>,
    pub marks: BTreeMap<&'static str, usize>,
    pub crashed: Vec<Option<Duration>>,
    /// Messages that entered the network, by kind.
    pub sent: BTreeMap<&'static str, usize>,
    all: Vec<ProcessId>,
    build: fn(Setup) -> Box<dyn Node>,
    processes: Vec<Process>,
    queue: BinaryHeap<Reverse<(Duration, u64)>>,
    events: BTreeMap<u64, Event>,
    next_event: u64,
    side: Vec<bool>,
    clients: Vec<Client>,
    load_until: Duration,
    next_question: Box<dyn FnMut(&mut Rng, usize) -> Value>,
}

impl World {
    pub fn new(
        build: fn(Setup) -> Box<dyn Node>,
        nodes: usize,
        seed: u64,
        network: Network,
    ) -> World {
        let process = || Process { node: None, incarnation: 0, disk: BTreeMap::new(), fuse: None };
        let mut world = World {
            now: Duration::ZERO,
            rng: Rng::new(seed),
            network,
            corruption: 0,
            notes: Vec::new(),
            operations: Vec::new(),
            marks: BTreeMap::new(),
            crashed: vec![None; nodes],
            sent: BTreeMap::new(),
            all: (0..nodes as u16).map(ProcessId).collect(),
            build,
            processes: (0..nodes).map(|_| process()).collect(),
            queue: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            side: vec![false; nodes],
            clients: Vec::new(),
            load_until: Duration::ZERO,
            next_question: Box::new(|_, _| Value::Null),
        };
        for node in 0..nodes {
            world.processes[node].node = Some(build(Setup::new(nodes)));
            world.step(node, NodeInput::Init);
        }
        world
    }

    fn at(&mut self, time: Duration, event: Event) {
        self.queue.push(Reverse((time.max(self.now), self.next_event)));
        self.events.insert(self.next_event, event);
        self.next_event += 1;
    }

    /// Crashes a process for good, or until it is restarted.
    pub fn crash(&mut self, time: Duration, node: usize) {
        self.at(time, Event::Crash(node, None));
    }

    /// Crashes a process in mid-step, once so many more messages have left it.
    pub fn crash_after_sends(&mut self, time: Duration, node: usize, sends: usize) {
        self.at(time, Event::Crash(node, Some(sends)));
    }

    /// Starts a crashed process again, with its disk.
    pub fn restart(&mut self, time: Duration, node: usize) {
        self.at(time, Event::Restart(node));
    }

    /// Lets no message pass between these nodes and the others, for a while.
    pub fn partition(&mut self, from: Duration, until: Duration, some: &[usize]) {
        let side = (0..self.all.len()).map(|node| some.contains(&node)).collect();
        self.at(from, Event::Partition(side));
        self.at(until, Event::Partition(vec![false; self.all.len()]));
    }

    /// Lets this many clients per node ask one question after the other, for a while.
    pub fn load(
        &mut self,
        until: Duration,
        clients_per_node: usize,
        next: impl FnMut(&mut Rng, usize) -> Value + 'static,
    ) {
        (self.load_until, self.next_question) = (until, Box::new(next));
        for id in 0..clients_per_node * self.all.len() {
            let node = id % self.all.len();
            self.clients.push(Client { id: id as u32, node, waiting: None });
            let first = MS * self.rng.below(20) as u32;
            self.at(self.now + first, Event::Ask(id));
        }
    }

    pub fn run(&mut self, until: Duration) {
        while let Some(&Reverse((time, id))) = self.queue.peek()
            && time <= until
        {
            self.queue.pop();
            self.now = time;
            let event = self.events.remove(&id).expect("every event happens once");
            self.happen(event);
        }
        self.now = until;
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrive(node, from, packet) => {
                if self.side[from.0 as usize] == self.side[node]
                    && let Some(packet) = self.across_the_wire(node, packet)
                {
                    self.step(node, NodeInput::Message(from, packet));
                }
            }
            Event::Lost => {}
            Event::Timeout(node, incarnation, number) => {
                if self.processes[node].incarnation == incarnation {
                    self.step(node, NodeInput::Timeout(number));
                }
            }
            Event::Ask(client) => self.ask(client),
            Event::GiveUp(operation) => {
                let next_id = self.clients.iter().map(|c| c.id).max().unwrap_or(0) + 1;
                let client = self.clients.iter().position(|c| c.waiting == Some(operation));
                if let Some(client) = client {
                    // Its operation may still take effect: another client takes its place.
                    self.clients[client].waiting = None;
                    self.clients[client].id = next_id;
                    self.at(self.now, Event::Ask(client));
                }
            }
            Event::Crash(node, Some(sends)) => self.processes[node].fuse = Some(sends),
            Event::Crash(node, None) => self.fall(node),
            Event::Restart(node) => {
                self.processes[node].fuse = None;
                if self.processes[node].node.is_none() {
                    let process = &mut self.processes[node];
                    process.incarnation += 1;
                    process.node = Some((self.build)(Setup::new(self.all.len())));
                    let disk: Vec<_> =
                        process.disk.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                    self.crashed[node] = None;
                    self.step(node, NodeInput::Recover(disk));
                }
            }
            Event::Partition(side) => self.side = side,
        }
    }

    /// Across a real network a message is text; now and then it is here, too.
    /// What was altered on the way need not be readable.
    fn across_the_wire(&mut self, to: usize, packet: Packet) -> Option<Packet> {
        let process = self.processes[to].node.as_ref()?;
        let altered = self.corruption > 0 && self.rng.below(1000) < self.corruption;
        if self.rng.below(20) > 0 && !altered {
            return Some(packet);
        }
        let mut text = Vec::new();
        packet.encode(&mut text);
        if altered {
            let digits: Vec<usize> =
                (0..text.len()).filter(|&i| text[i].is_ascii_digit()).collect();
            let place = digits[self.rng.below(digits.len() as u64) as usize];
            text[place] = if text[place] == b'9' { b'8' } else { text[place] + 1 };
        }
        let text = std::str::from_utf8(&text).expect("JSON is UTF-8");
        let packet = process.decode(text);
        if altered { packet.ok() } else { Some(packet.expect("a peer wrote it")) }
    }

    /// A crash may take with it what is still on its way: nobody is left to send it again.
    fn fall(&mut self, node: usize) {
        if self.processes[node].node.take().is_some() {
            self.crashed[node] = Some(self.now);
            let rng = &mut self.rng;
            for event in self.events.values_mut() {
                if matches!(event, Event::Arrive(_, from, _) if usize::from(from.0) == node)
                    && rng.below(2) == 0
                {
                    *event = Event::Lost;
                }
            }
        }
        self.processes[node].fuse = None;
    }

    fn ask(&mut self, client: usize) {
        let (id, node) = (self.clients[client].id, self.clients[client].node);
        if self.now >= self.load_until || self.clients[client].waiting.is_some() {
            return;
        }
        if self.processes[node].node.is_none() {
            return self.at(self.now + MS * 100, Event::Ask(client));
        }
        let question = (self.next_question)(&mut self.rng, node);
        let number = self.operations.len();
        self.clients[client].waiting = Some(number);
        let (invoked, asked) = (self.now, question.clone());
        self.operations.push(Operation { node, invoked, question, reply: None });
        self.at(self.now + MS * 3000, Event::GiveUp(number));
        self.step(node, NodeInput::Ask(ClientId(id), number as u64, &asked));
    }

    /// Asks a question that is answered at once.
    pub fn ask_now(&mut self, node: usize, question: &Value) -> Value {
        let id = self.clients.iter().map(|c| c.id).max().unwrap_or(0) + 1;
        let number = self.operations.len();
        self.clients.push(Client { id, node, waiting: Some(number) });
        let (invoked, asked) = (self.now, question.clone());
        self.operations.push(Operation { node, invoked, question: asked, reply: None });
        self.step(node, NodeInput::Ask(ClientId(id), number as u64, question));
        let reply = self.operations[number].reply.clone();
        reply.expect("it was answered at once").1
    }

    /// Runs a step, and carries out what it asks for until the process crashes.
    pub fn step(&mut self, node: usize, input: NodeInput<'_>) {
        let process = &mut self.processes[node];
        let Some(running) = &mut process.node else { return };
        let mut effects = Effects(Vec::new());
        let mut env = Env {
            me: ProcessId(node as u16),
            all: &self.all,
            now: self.now,
            incarnation: process.incarnation,
            choices: &mut self.rng,
        };
        running.step(input, &mut env, &mut effects).expect("tests ask what can be understood");
        for effect in effects.0 {
            let process = &mut self.processes[node];
            match effect {
                Effect::Send(to, packet) => {
                    if let Some(left) = &mut process.fuse {
                        if *left == 0 {
                            return self.fall(node);
                        }
                        *left -= 1;
                    }
                    self.transmit(node, to, packet);
                }
                Effect::Reply(id, body) => self.reply(id.0, body),
                Effect::SetTimer(number, after) => {
                    let incarnation = process.incarnation;
                    self.at(self.now + after, Event::Timeout(node, incarnation, number));
                }
                Effect::Store(key, value) => {
                    process.disk.insert(key, value);
                }
                Effect::Erase(key) => {
                    process.disk.remove(&key);
                }
                Effect::Note(note) => self.notes.push(Noted { at: self.now, node, note }),
                Effect::Mark(situation) => *self.marks.entry(situation).or_default() += 1,
            }
        }
    }

    fn transmit(&mut self, from: usize, to: ProcessId, packet: Packet) {
        *self.sent.entry(packet.kind()).or_default() += 1;
        let copies = 1 + u64::from(self.rng.below(1000) < self.network.duplication);
        for _ in 0..copies {
            let cut = self.side[from] != self.side[to.0 as usize];
            if cut || self.rng.below(1000) < self.network.loss {
                continue;
            }
            let (least, most) = self.network.delay_ms;
            let delay = Duration::from_micros(1000 * least + self.rng.below(1000 * (most - least)));
            let event = Event::Arrive(to.0 as usize, ProcessId(from as u16), packet.clone());
            self.at(self.now + delay, event);
        }
    }

    fn reply(&mut self, id: u32, body: Value) {
        let Some(client) = self.clients.iter().position(|c| c.id == id) else { return };
        let Some(number) = self.clients[client].waiting.take() else { return };
        self.operations[number].reply = Some((self.now, body));
        let pause = MS * (1 + self.rng.below(10) as u32);
        self.at(self.now + pause, Event::Ask(client));
    }

    /// Who is running now and never crashed for good.
    pub fn correct(&self) -> Vec<usize> {
        (0..self.all.len()).filter(|&node| self.crashed[node].is_none()).collect()
    }

    pub fn noted<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Noted> {
        self.notes.iter().filter(move |n| n.note.kind == kind)
    }

    pub fn answered(&self) -> usize {
        self.operations.iter().filter(|o| o.reply.is_some()).count()
    }
}
