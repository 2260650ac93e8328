//! The script: phases, and what each of them does.

use crate::clients::Clients;
use crate::script::Script;
use crate::{Command, Config, Disk, Sink};
use compact_str::CompactString;
use schism_history::{
    Entry, FaultEdge, Message, Nanos, NodeChange, NodeEvent, NodeId, Phase, ProtocolEvent, Skew,
};
use schism_nemesis::{Action, Fabric, FaultId, LinkRule, Plan, Rng, Roles, Schedule};
use schism_workloads::{Op, Workload};
use std::collections::{BTreeMap, VecDeque};

/// What the script knows of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Not running.
    Down,
    /// Started, has not answered `init`.
    Starting,
    /// Running.
    Up,
    /// Stopped by the nemesis.
    Paused,
}

/// Counters of a run that is going on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// Operations invoked.
    pub invoked: u64,
    /// Operations that ended `ok`, `fail` and `info`.
    pub ok: u64,
    /// See `ok`.
    pub fail: u64,
    /// See `ok`.
    pub info: u64,
    /// Messages between nodes whose fate is known, recorded or not.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Faults in force, in words.
    pub faults: BTreeMap<FaultId, String>,
    /// Situations that protocols reached, and how often.
    pub marks: BTreeMap<CompactString, u64>,
}

/// How long replies of a killed node are still waited for: they may be in the pipe.
const LAST_WORDS: Nanos = 100_000_000;

/// A run in progress.
pub struct Run {
    pub(crate) config: Config,
    pub(crate) workload: Box<dyn Workload>,
    pub(crate) fabric: Fabric,
    pub(crate) schedule: Schedule,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) clients: Clients,
    pub(crate) dice: Rng,
    pub(crate) nodes: Vec<State>,
    pub(crate) incarnations: Vec<u32>,
    pub(crate) leader: Option<NodeId>,
    /// How far off each node's clock is.
    pub(crate) clocks: Vec<Skew>,
    pub(crate) commands: VecDeque<Command>,
    pub(crate) phase: Phase,
    /// When the phase began.
    pub(crate) since: Nanos,
    /// When the chaos began: the zero of the plan.
    pub(crate) zero: Nanos,
    pub(crate) next_arrival: Nanos,
    /// Kills and pauses whose landing the host has not confirmed.
    pub(crate) unconfirmed: BTreeMap<NodeId, FaultId>,
    /// The fault that killed each node last.
    pub(crate) killers: BTreeMap<NodeId, FaultId>,
    /// Faults that have ended, but whose host has still to say what its last act touched.
    pub(crate) ending: Vec<(Nanos, FaultId)>,
    /// Nodes that were killed, and when their last words are out.
    pub(crate) last_words: VecDeque<(Nanos, NodeId, u32)>,
    /// The operations, where they are written down.
    pub(crate) script: Option<Script>,
    /// Operations of the final phase that are still to be asked, by node.
    pub(crate) last: BTreeMap<NodeId, VecDeque<Op>>,
    pub(crate) progress: Progress,
    last_message: Nanos,
    interrupted: bool,
    broken: bool,
    finished: bool,
}

impl Run {
    /// Sets a run up: nothing happens before the first [`Run::step`]. `base` is what the links
    /// do when there is no fault.
    pub fn new(
        config: Config,
        workload: Box<dyn Workload>,
        plan: Plan,
        base: LinkRule,
        sink: Box<dyn Sink>,
    ) -> Run {
        let n = config.nodes;
        let script = config.script.as_deref().map(Script::new);
        let clients = script.as_ref().map_or(config.concurrency, Script::clients);
        let mut fabric = Fabric::new(n, config.seed, base);
        config.pinned.iter().for_each(|pinned| fabric.pin(pinned));
        Run {
            fabric,
            schedule: Schedule::new(plan, n, config.seed),
            clients: Clients::new(clients),
            dice: Rng::new(config.seed, &[0x6f70_6572_6174_696f]),
            nodes: vec![State::Down; n.into()],
            incarnations: vec![0; n.into()],
            leader: None,
            clocks: vec![Skew::default(); n.into()],
            commands: VecDeque::new(),
            phase: Phase::Setup,
            since: 0,
            zero: 0,
            next_arrival: 0,
            unconfirmed: BTreeMap::new(),
            killers: BTreeMap::new(),
            ending: Vec::new(),
            last_words: VecDeque::new(),
            script,
            last: BTreeMap::new(),
            progress: Progress::default(),
            last_message: 0,
            interrupted: false,
            broken: false,
            finished: false,
            config,
            workload,
            sink,
        }
    }

    /// Starts every node. Call once, before anything else.
    pub fn begin(&mut self, now: Nanos) {
        self.enter(now, Phase::Setup);
        for node in (0..self.config.nodes).map(NodeId) {
            self.start(now, node, Disk::Wiped);
        }
    }

    /// Does everything that is due.
    pub fn step(&mut self, now: Nanos) {
        while let Some(&(due, node, life)) = self.last_words.front() {
            if due > now {
                break;
            }
            self.last_words.pop_front();
            self.abandon(now, node, life, "its node crashed");
        }
        while let Some(client) = self.clients.overdue(now) {
            self.give_up(now, client, "timeout");
        }
        loop {
            let phase = self.phase;
            match phase {
                Phase::Setup => self.step_setup(now),
                Phase::Chaos => self.step_chaos(now),
                Phase::Heal => self.step_heal(now),
                Phase::Quiesce => self.step_quiesce(now),
                Phase::Final => self.step_final(now),
                Phase::Teardown => {}
            }
            if self.phase == phase {
                break;
            }
        }
    }

    /// When [`Run::step`] has something to do next, apart from what the host tells.
    pub fn next_due(&mut self) -> Option<Nanos> {
        let since = self.since;
        let phase = match self.phase {
            Phase::Setup | Phase::Heal | Phase::Final | Phase::Teardown => None,
            Phase::Chaos => {
                let fault = self.schedule.next_due().map(|at| since + at);
                let arrival = match self.script {
                    Some(_) => self.next_scripted().map(|(at, _)| at),
                    None => self.config.rate.map(|_| self.next_arrival),
                };
                Some(since + self.config.limit.time)
                    .into_iter()
                    .chain(fault)
                    .chain(arrival.filter(|_| !self.enough()))
                    .min()
            }
            Phase::Quiesce => {
                let idle = self.last_message.max(since) + self.config.silence;
                Some(idle.min(since + self.config.settle))
            }
        };
        let words = self.last_words.front().map(|&(due, ..)| due);
        let waking = self.clients.next_waking().filter(|_| self.phase == Phase::Chaos);
        let deadline = self.clients.next_deadline();
        phase.into_iter().chain(words).chain(waking).chain(deadline).min()
    }

    /// What the host is to do now, in order. It asks until there is nothing left.
    pub fn commands(&mut self) -> impl Iterator<Item = Command> + '_ {
        // Whoever asks again has done what was asked for.
        if self.commands.is_empty() {
            self.record_endings();
        }
        self.commands.drain(..)
    }

    /// The rules of the links. Hosts ask it about every message between nodes.
    pub fn fabric(&mut self) -> &mut Fabric {
        &mut self.fabric
    }

    /// Whether the run is over: the host kills what is left and closes the history.
    pub fn finished(&self) -> bool {
        self.finished
    }

    /// Where the run is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The counters.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Operations on their way.
    pub fn open_operations(&self) -> usize {
        self.clients.open()
    }

    /// The plan in motion, with what came of each fault.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Gives back where the records went.
    pub fn into_sink(self) -> Box<dyn Sink> {
        self.sink
    }

    /// A node answered `init`.
    pub fn ready(&mut self, now: Nanos, node: NodeId) {
        if self.state(node) == State::Starting {
            self.nodes[usize::from(node.0)] = State::Up;
            self.node_event(now, node, NodeChange::Ready);
            self.step(now);
        }
    }

    /// A node ended without being asked to.
    pub fn died(&mut self, now: Nanos, node: NodeId, how: &str) {
        if self.state(node) == State::Down {
            return;
        }
        self.nodes[usize::from(node.0)] = State::Down;
        self.node_event(now, node, NodeChange::Died(how.into()));
        self.abandon(now, node, self.incarnations[usize::from(node.0)], "its node died");
        if self.phase == Phase::Setup {
            self.broken = true;
        }
        self.step(now);
    }

    /// A node broke the protocol with the harness: the run ends.
    pub fn garbage(&mut self, now: Nanos, node: NodeId, line: &str) {
        self.node_event(now, node, NodeChange::Garbage(line.into()));
        self.broken = true;
        self.step(now);
    }

    /// A protocol told something.
    pub fn note(&mut self, now: Nanos, event: ProtocolEvent) {
        match event.kind.as_str() {
            "lead" => {
                self.leader = Some(event.node);
                if self.phase == Phase::Chaos {
                    self.schedule.leader_rose(now - self.since, event.node);
                }
            }
            "trust" => self.leader = event.peer,
            "step-down" if self.leader == Some(event.node) => self.leader = None,
            _ => {}
        }
        if self.phase == Phase::Chaos {
            self.schedule.told(now - self.zero, &event.kind, event.node);
        }
        self.sink.append(now, Entry::Event(event));
    }

    /// A protocol reached a situation.
    pub fn mark(&mut self, _now: Nanos, situation: &str) {
        match self.progress.marks.get_mut(situation) {
            Some(count) => *count += 1,
            None => {
                self.progress.marks.insert(situation.into(), 1);
            }
        }
    }

    /// Whether the message with this number should be handed to [`Run::message`]. If not, it
    /// must be handed to [`Run::count_message`].
    pub fn records_message(&self, id: u64) -> bool {
        self.config.messages.records(id)
    }

    /// The fate of a message that is recorded.
    pub fn message(&mut self, now: Nanos, message: Message) {
        self.count_message(now, message.bytes);
        self.sink.append(now, Entry::Message(message));
    }

    /// The fate of a message that is not recorded is known.
    pub fn count_message(&mut self, now: Nanos, bytes: u32) {
        self.last_message = now;
        self.progress.messages += 1;
        self.progress.bytes += u64::from(bytes);
    }

    /// The user wants the run to end: it goes on with healing.
    pub fn interrupt(&mut self, now: Nanos) {
        self.interrupted = true;
        self.step(now);
    }

    /// Whether the user ended it early.
    pub fn interrupted(&self) -> bool {
        self.interrupted
    }

    pub(crate) fn state(&self, node: NodeId) -> State {
        self.nodes.get(usize::from(node.0)).copied().unwrap_or(State::Down)
    }

    pub(crate) fn node_event(&mut self, now: Nanos, node: NodeId, change: NodeChange) {
        self.sink.append(now, Entry::Node(NodeEvent { node, change }));
    }

    pub(crate) fn start(&mut self, now: Nanos, node: NodeId, disk: Disk) {
        let i = usize::from(node.0);
        let incarnation = self.incarnations[i];
        self.incarnations[i] += 1;
        self.nodes[i] = State::Starting;
        let with_disk = disk != Disk::Wiped;
        self.node_event(now, node, NodeChange::Started { incarnation, with_disk });
        self.commands.push_back(Command::Start { node, incarnation, disk });
    }

    /// Says that a killed node will not speak for much longer.
    pub(crate) fn expect_last_words(&mut self, now: Nanos, node: NodeId) {
        let life = self.incarnations[usize::from(node.0)];
        self.last_words.push_back((now + LAST_WORDS, node, life));
    }

    fn enter(&mut self, now: Nanos, phase: Phase) {
        self.phase = phase;
        self.since = now;
        self.sink.append(now, Entry::Phase(phase));
    }

    fn step_setup(&mut self, now: Nanos) {
        if self.broken || self.interrupted {
            self.tear_down(now);
        } else if self.nodes.iter().all(|&state| state == State::Up) {
            self.enter(now, Phase::Chaos);
            self.zero = now;
            self.next_arrival = now;
        }
    }

    fn step_chaos(&mut self, now: Nanos) {
        let since = self.since;
        if self.schedule.next_due().is_some_and(|at| since + at <= now) {
            let running = |state: &State| matches!(state, State::Up | State::Paused);
            let up: Vec<bool> = self.nodes.iter().map(running).collect();
            let actions = self.schedule.due(now - since, &Roles { leader: self.leader, up: &up });
            self.act(now, actions);
        }
        let time_is_up = now >= since + self.config.limit.time;
        let work_is_done = self.enough() && self.clients.idle();
        let over = time_is_up || work_is_done || self.sink.seen_enough();
        if over || self.interrupted || self.broken {
            self.heal(now);
        } else {
            self.invoke(now);
        }
    }

    fn heal(&mut self, now: Nanos) {
        self.enter(now, Phase::Heal);
        let actions = self.schedule.heal(now - self.zero);
        self.act(now, actions);
        if self.broken {
            self.tear_down(now);
        }
    }

    fn step_heal(&mut self, now: Nanos) {
        let starting = self.nodes.contains(&State::Starting);
        if self.broken {
            self.tear_down(now);
        } else if !starting && self.clients.idle() {
            self.enter(now, Phase::Quiesce);
        }
    }

    fn step_quiesce(&mut self, now: Nanos) {
        let idle = now >= self.last_message.max(self.since) + self.config.silence;
        if idle || now >= self.since + self.config.settle || self.broken {
            self.enter(now, Phase::Final);
            let up = |&(state, _): &(&State, u16)| *state == State::Up;
            let up: Vec<NodeId> =
                self.nodes.iter().zip(0..).filter(up).map(|(_, i)| NodeId(i)).collect();
            // The workload is told that the end has come even if it does not say what is asked then.
            let drawn = self.workload.last(&up);
            let last = self.script.as_mut().map_or(drawn, Script::take_last);
            for (node, op) in last.into_iter().filter(|(node, _)| up.contains(node)) {
                self.last.entry(node).or_default().push_back(op);
            }
        }
    }

    fn step_final(&mut self, now: Nanos) {
        if self.broken {
            return self.tear_down(now);
        }
        self.ask_last(now);
        if self.last.is_empty() && self.clients.idle() {
            self.tear_down(now);
        }
    }

    fn tear_down(&mut self, now: Nanos) {
        let actions = self.schedule.heal(now - self.zero);
        self.act(now, actions);
        self.record_endings();
        self.enter(now, Phase::Teardown);
        for node in (0..self.config.nodes).map(NodeId) {
            if self.state(node) != State::Down {
                self.node_event(now, node, NodeChange::Stopped);
            }
        }
        self.finished = true;
    }

    /// Whether as many operations were invoked as were asked for.
    pub(crate) fn enough(&self) -> bool {
        let limit = self.config.limit.operations.filter(|_| self.script.is_none());
        limit.is_some_and(|limit| self.progress.invoked >= limit)
    }

    pub(crate) fn record_fault(&mut self, now: Nanos, fault: FaultId, edge: FaultEdge) {
        let record = self.schedule.record(fault, edge);
        match edge {
            FaultEdge::Begin => {
                self.progress.faults.insert(fault, record.what.to_string());
            }
            FaultEdge::End => {
                self.progress.faults.remove(&fault);
            }
        }
        self.sink.append(now, Entry::Fault(record));
    }

    /// Writes down that faults have ended, with what came of their last acts.
    fn record_endings(&mut self) {
        for (at, fault) in std::mem::take(&mut self.ending) {
            self.record_fault(at, fault, FaultEdge::End);
        }
    }

    fn act(&mut self, now: Nanos, actions: Vec<Action>) {
        for action in actions {
            self.carry_out(now, action);
        }
    }
}
