//! The simulated host: nodes, virtual time, and the loop that joins them to the script.

use crate::agenda::{Agenda, Event, Flight};
use crate::disk::Disk;
use crate::guard::guarded;
use crate::outbox::{Beat, Outbox, World};
use crate::storage::Storage;
use rustc_hash::FxHashSet;
use schism_history::{DiskError, Fate, Nanos, NodeId, Skew, Trouble};
use schism_kernel::{Choices, ClientId, Env, Malformed, Node, NodeInput, Packet, ProcessId};
use schism_nemesis::network::{Holding, corrupt};
use schism_nemesis::{FaultId, LinkRule, Plan, Rng};
use schism_run::{Command, Config, LastSends, Run, Sink};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// What is simulated.
pub struct Setup<'a> {
    /// Makes a node.
    pub build: &'a dyn Fn() -> Box<dyn Node>,
    /// What the run is asked to do; its seed decides everything.
    pub config: Config,
    /// Drives it.
    pub workload: Box<dyn schism_run::Workload>,
    /// The faults.
    pub plan: Plan,
    /// What links do without faults.
    pub base: LinkRule,
    /// Where the records go.
    pub sink: Box<dyn Sink>,
}

/// What came of a simulated run.
pub struct Outcome {
    /// The script, with its counters, landings and records.
    pub run: Run,
    /// Virtual time that passed.
    pub elapsed: Nanos,
    /// How often a node was stepped.
    pub steps: u64,
    /// How many things happened: arrivals, timers, requests, replies.
    pub events: u64,
    /// Kinds of messages that some node handled one directly after the other.
    pub pairs: BTreeSet<(&'static str, &'static str)>,
    /// What nodes came to, in order.
    pub beats: Vec<Beat>,
}

/// A node in memory.
struct Host {
    node: Option<Box<dyn Node>>,
    life: u32,
    storage: Storage,
    choices: Dice,
    /// What is wrong with its clock.
    skew: Skew,
    /// The kind of the message it handled last.
    last: &'static str,
    /// While it is stopped: what waits for it.
    stopped: Option<VecDeque<Event>>,
    /// When the last of those of its messages was sent that have arrived.
    heard: Nanos,
}

struct Dice(Rng);

impl Choices for Dice {
    fn choose(&mut self, bound: u32) -> u32 {
        self.0.below(u64::from(bound.max(1))) as u32
    }
}

/// The life of a node that has none.
const DEAD: u32 = u32::MAX;
/// How long a node takes to start.
const START: (u64, u64) = (1_000_000, 5_000_000);
/// Keys of the streams of random numbers.
const CHOICES: u64 = 1;
const UNSYNCED: u64 = 4;
const DAMAGE: u64 = 5;
/// What is lost in a crash.
const UNSYNCED_WRITES: &str = "unsynced writes";

/// Plays a run to its end.
pub fn simulate(setup: Setup<'_>) -> Outcome {
    let Setup { build, config, workload, plan, base, sink } = setup;
    let seed = config.seed;
    let host = |_| Host {
        node: None,
        life: 0,
        storage: Storage::default(),
        choices: Dice(Rng::new(seed, &[CHOICES])),
        skew: Skew::default(),
        last: "",
        stopped: None,
        heard: 0,
    };
    let mut simulation = Simulation {
        all: (0..config.nodes).map(ProcessId).collect(),
        nodes: (0..config.nodes).map(host).collect(),
        build,
        seed,
        pairs: FxHashSet::default(),
        world: World {
            run: Run::new(config, workload, plan, base, sink),
            agenda: Agenda::default(),
            now: 0,
            holding: Holding::default(),
            seed,
            messages: 0,
            steps: 0,
            beats: Vec::new(),
            events: 0,
            script_moved: true,
        },
    };
    simulation.play();
    let World { run, now, steps, events, beats, .. } = simulation.world;
    let pairs = simulation.pairs.into_iter().collect();
    Outcome { run, elapsed: now, steps, events, pairs, beats }
}

struct Simulation<'a> {
    all: Vec<ProcessId>,
    nodes: Vec<Host>,
    build: &'a dyn Fn() -> Box<dyn Node>,
    seed: u64,
    pairs: FxHashSet<(&'static str, &'static str)>,
    world: World,
}

impl Simulation<'_> {
    fn play(&mut self) {
        self.world.run.begin(0);
        let mut script_due = Some(0);
        while !self.world.run.finished() {
            if self.world.script_moved {
                self.carry_out_commands();
                self.world.script_moved = false;
                script_due = self.world.run.next_due();
            }
            match (script_due, self.world.agenda.next_at()) {
                (Some(due), next) if next.is_none_or(|next| due <= next) => {
                    self.world.now = self.world.now.max(due);
                    self.world.run.step(self.world.now);
                    self.world.script_moved = true;
                }
                _ => match self.world.agenda.pop() {
                    Some((at, event)) => {
                        self.world.now = at;
                        self.world.events += 1;
                        self.happen(event);
                    }
                    // Nobody will ever do anything again: as with a silent system of real
                    // processes, only the user can end this.
                    None => self.world.run.interrupt(self.world.now),
                },
            }
        }
        let left: Vec<Event> = self.world.agenda.drain().collect();
        for event in left {
            if let Event::Arrival(flight) = event {
                self.world.fate(&flight, Fate::InFlight);
            }
        }
    }

    fn carry_out_commands(&mut self) {
        loop {
            let commands: Vec<Command> = self.world.run.commands().collect();
            if commands.is_empty() {
                return;
            }
            self.carry_out(commands);
        }
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Start { node, incarnation, disk } => {
                    let host = &mut self.nodes[usize::from(node.0)];
                    let keys = [DAMAGE, u64::from(node.0), u64::from(incarnation)];
                    let mut dice = Rng::new(self.seed, &keys);
                    match disk {
                        schism_run::Disk::Kept => {}
                        schism_run::Disk::Wiped => host.storage.disk = Disk::default(),
                        // What comes after a flipped bit cannot be read any more.
                        schism_run::Disk::Flipped | schism_run::Disk::RolledBack => {
                            let lost = host.storage.disk.roll_back(&mut dice);
                            self.world.run.lost(node, lost, "writes");
                        }
                    }
                    host.life = incarnation;
                    host.stopped = None;
                    let keys = [CHOICES, u64::from(node.0), u64::from(incarnation)];
                    host.choices = Dice(Rng::new(self.seed, &keys));
                    let (least, most) = START;
                    let at = self.world.now + least + host.choices.0.below(most - least);
                    self.world.agenda.add(at, Event::Ready { node, life: incarnation });
                }
                Command::Kill { node, strike } => {
                    let Host { life, heard, .. } = self.nodes[usize::from(node.0)];
                    let sent = self.world.agenda.sent_by(node);
                    let lost = LastSends::new(self.seed, (node, life), strike, heard, sent);
                    let (unsynced, waiting) = self.end(node, None);
                    self.crash_while_sending(node, lost);
                    self.world.run.lost(node, unsynced, UNSYNCED_WRITES);
                    self.world.run.confirm(node, "killed");
                    for event in waiting {
                        self.happen(event);
                    }
                }
                Command::Pause(node) => {
                    let host = &mut self.nodes[usize::from(node.0)];
                    host.stopped.get_or_insert_default();
                    self.world.run.confirm(node, "stopped");
                }
                Command::Resume(node) => {
                    let waiting = self.nodes[usize::from(node.0)].stopped.take();
                    for event in waiting.unwrap_or_default() {
                        self.happen(event);
                    }
                }
                Command::Clock { fault, node, skew } => self.set_clock(fault, node, skew),
                Command::Trouble { node, trouble } => self.set_trouble(node, trouble),
                Command::Thaw => self.world.thaw(),
                Command::Ask { client, node, body } => {
                    let at = self.world.client_arrival(client);
                    self.world.agenda.add(at, Event::Ask { client, node, body });
                }
            }
        }
    }

    fn set_clock(&mut self, fault: FaultId, node: NodeId, skew: Skew) {
        let now = self.world.now;
        let host = &mut self.nodes[usize::from(node.0)];
        host.skew = skew;
        self.world.agenda.retime(node, |due| skew.when(due).max(now));
        // The clock of a dead process is nobody's.
        if host.life != DEAD {
            let ahead = skew.read(now).wrapping_sub(now) as i64;
            self.world.run.read_clock(fault, node, ahead);
        }
    }

    /// A node's life is over. Says how many writes are lost with it, and what was to happen to it.
    fn end(&mut self, node: NodeId, failed: Option<DiskError>) -> (usize, Vec<Event>) {
        let host = &mut self.nodes[usize::from(node.0)];
        let keys = [UNSYNCED, u64::from(node.0), u64::from(host.life)];
        host.node = None;
        host.life = DEAD;
        let (lost, blocked) = host.storage.abandoned(failed);
        let stopped = host.stopped.take().unwrap_or_default();
        let unsynced = host.storage.disk.crash(&mut Rng::new(self.seed, &keys));
        (lost + unsynced, blocked.into_iter().chain(stopped).collect())
    }

    fn set_trouble(&mut self, node: NodeId, trouble: Trouble) {
        self.nodes[usize::from(node.0)].storage.trouble = trouble;
        for (fault, _) in trouble.memory.into_iter().chain(trouble.descriptors) {
            self.world.run.refused(fault, "simulated nodes have no limits to run into");
        }
    }

    /// A process that crashes in the middle of sending has sent to some and not to others. A step
    /// is never torn, so what it last sent is: of the messages still on their way all are lost, or
    /// some, or none.
    fn crash_while_sending(&mut self, node: NodeId, lost: LastSends) {
        let (lost, left) = self.world.agenda.lose(node, lost);
        if !lost.is_empty() && left > 0 {
            self.world.beat(node, "struck in mid-sentence");
        }
        for flight in lost {
            self.world.fate(&flight, Fate::Lost);
        }
    }

    fn happen(&mut self, event: Event) {
        let node = match &event {
            Event::Reply { client, body } => {
                self.world.run.reply(self.world.now, *client, body);
                self.world.script_moved = true;
                return;
            }
            Event::Arrival(Flight { dest, .. }) => *dest,
            Event::Timer { node, .. }
            | Event::Ask { node, .. }
            | Event::Ready { node, .. }
            | Event::Synced { node, .. } => *node,
        };
        let host = &mut self.nodes[usize::from(node.0)];
        if let Some(waiting) = &mut host.stopped {
            return waiting.push_back(event);
        }
        if host.storage.is_syncing() && !matches!(event, Event::Synced { .. }) {
            return host.storage.blocked.push_back(event);
        }
        match event {
            Event::Ready { life, .. } if life == host.life => {
                host.node = Some((self.build)());
                let stored = host.storage.disk.contents();
                let input = match life {
                    0 => NodeInput::Init,
                    _ if stored.is_empty() => NodeInput::Init,
                    _ => NodeInput::Recover(stored),
                };
                match self.step(node, input) {
                    Ok(()) => self.world.run.ready(self.world.now, node),
                    Err(error) => self.world.run.died(self.world.now, node, &error.to_string()),
                }
                self.world.script_moved = true;
            }
            Event::Timer { life, number, .. } if life == host.life => {
                // A number that was cancelled is not an error.
                let _ = self.step(node, NodeInput::Timeout(number));
            }
            Event::Synced { life, .. } if life == host.life => {
                let blocked = std::mem::take(&mut host.storage.blocked);
                for output in host.storage.synced() {
                    self.world.emit(node, output);
                }
                for event in blocked {
                    self.happen(event);
                }
            }
            Event::Ready { .. }
            | Event::Timer { .. }
            | Event::Synced { .. }
            | Event::Reply { .. } => {}
            Event::Arrival(flight) if host.node.is_none() => {
                self.world.fate(&flight, Fate::Dead);
            }
            Event::Arrival(flight) => {
                let sender = &mut self.nodes[usize::from(flight.src.0)];
                sender.heard = sender.heard.max(flight.sent);
                let host = &mut self.nodes[usize::from(node.0)];
                let fate = if flight.copy { Fate::Duplicated } else { Fate::Delivered };
                let kind = flight.packet.kind();
                self.pairs.insert((std::mem::replace(&mut host.last, kind), kind));
                self.world.fate(&flight, fate);
                let from = ProcessId(flight.src.0);
                // What is altered beyond recognition is ignored, as a process of its own does.
                let Some(packet) = self.as_it_arrives(node, flight) else { return };
                if let Err(error) = self.step(node, NodeInput::Message(from, packet)) {
                    self.world.run.garbage(self.world.now, node, &error.to_string());
                    self.world.script_moved = true;
                }
            }
            Event::Ask { client, .. } if host.node.is_none() => {
                self.world.run.undelivered(self.world.now, client, node);
                self.world.script_moved = true;
            }
            Event::Ask { client, body, .. } => {
                let id = body.get("msg_id").and_then(serde_json::Value::as_u64).unwrap_or(0);
                let asked = self.step(node, NodeInput::Ask(ClientId(client), id, &body));
                if let Err(error) = asked {
                    let body = serde_json::json!({
                        "type": "error", "code": 12, "text": error.to_string(), "in_reply_to": id,
                    });
                    let at = self.world.client_arrival(client);
                    self.world.agenda.add(at, Event::Reply { client, body });
                }
            }
        }
    }

    /// A message as its destination reads it, which may have been altered on the way.
    fn as_it_arrives(&self, dest: NodeId, flight: Flight) -> Option<Packet> {
        let (Some(number), Some(node)) = (flight.corrupt, &self.nodes[usize::from(dest.0)].node)
        else {
            return Some(flight.packet);
        };
        let mut text = Vec::new();
        flight.packet.encode(&mut text);
        corrupt(&mut text, number);
        node.decode(std::str::from_utf8(&text).ok()?).ok()
    }

    fn step(&mut self, id: NodeId, input: NodeInput<'_>) -> Result<(), Malformed> {
        let Host { node, life, storage, choices, skew, .. } = &mut self.nodes[usize::from(id.0)];
        let Some(node) = node else { return Ok(()) };
        self.world.steps += 1;
        let mut env = Env {
            me: ProcessId(id.0),
            all: &self.all,
            now: Duration::from_nanos(skew.read(self.world.now)),
            incarnation: *life,
            choices,
        };
        let mut out =
            Outbox { world: &mut self.world, storage, node: id, life: *life, skew: *skew };
        let result = guarded(|| node.step(input, &mut env, &mut out));
        if let Some((fault, by)) = storage.begun() {
            let at = self.world.now.saturating_add(by);
            self.world.agenda.add(at, Event::Synced { node: id, life: *life });
            self.world.run.slowed(fault, by);
        }
        if let Some((fault, error)) = storage.failure() {
            let (unsynced, waiting) = self.end(id, Some(error));
            let how = format!("stopped, as a sync failed ({error})");
            self.world.run.succumbed(self.world.now, fault, id, &how);
            self.world.run.lost(id, unsynced, UNSYNCED_WRITES);
            self.world.script_moved = true;
            for event in waiting {
                self.happen(event);
            }
        }
        result.unwrap_or_else(|how| {
            self.perish(id, &how);
            Ok(())
        })
    }

    /// A node has ended unasked.
    fn perish(&mut self, node: NodeId, how: &str) {
        let (_, waiting) = self.end(node, None);
        self.world.run.died(self.world.now, node, how);
        self.world.script_moved = true;
        for event in waiting {
            self.happen(event);
        }
    }
}
