//! A script that tests write as a closure.

use schism::processes::{Config, Host, HostError, Program, Script};
use schism_history::{Message, Nanos, NodeId, ProtocolEvent, Skew, Trouble};
use schism_nemesis::{Fabric, FaultId, LinkRule};
use schism_run::{Command, Disk, Strike};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// What a host tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    Ready(u16),
    /// Every node is ready for the first time.
    AllReady,
    Died(u16, String),
    Confirmed(u16, String),
    Clock(FaultId, u16, i64),
    Refused(FaultId, String),
    Succumbed(FaultId, u16, String),
    Slowed(FaultId, Nanos),
    Limited(FaultId, u16, String),
    Lost(usize),
    Garbage(u16, String),
    Reply(u32, Value),
    Undelivered(u32, u16),
    Note(ProtocolEvent),
    Mark(String),
    Sent(u16),
    Message(Message),
    Alarm(u64),
    Interrupt,
}

/// What a test can do in answer.
pub struct Hands {
    pub now: Nanos,
    pub fabric: Fabric,
    commands: Vec<Command>,
    alarms: BTreeSet<(Nanos, u64)>,
    incarnations: BTreeMap<u16, u32>,
    next_id: u64,
    finished: bool,
}

impl Hands {
    pub fn start(&mut self, node: u16, disk: Disk) {
        let count = self.incarnations.entry(node).or_insert(0);
        self.commands.push(Command::Start { node: NodeId(node), incarnation: *count, disk });
        *count += 1;
    }
    pub fn kill(&mut self, node: u16) {
        self.commands.push(Command::Kill { node: NodeId(node), strike: strike(false) });
    }
    pub fn strike(&mut self, node: u16) {
        self.commands.push(Command::Kill { node: NodeId(node), strike: strike(true) });
    }
    pub fn pause(&mut self, node: u16) {
        self.commands.push(Command::Pause(NodeId(node)));
    }
    pub fn resume(&mut self, node: u16) {
        self.commands.push(Command::Resume(NodeId(node)));
    }
    pub fn clock(&mut self, fault: FaultId, node: u16, skew: Skew) {
        self.commands.push(Command::Clock { fault, node: NodeId(node), skew });
    }
    pub fn trouble(&mut self, node: u16, trouble: Trouble) {
        self.commands.push(Command::Trouble { node: NodeId(node), trouble });
    }
    pub fn thaw(&mut self) {
        self.commands.push(Command::Thaw);
    }
    pub fn ask(&mut self, client: u32, node: u16, mut body: Value) {
        self.next_id += 1;
        body["msg_id"] = json!(self.next_id);
        self.commands.push(Command::Ask { client, node: NodeId(node), body });
    }
    /// Brings about [`Seen::Alarm`] after so many microseconds.
    pub fn alarm(&mut self, micros: u64, name: u64) {
        self.alarms.insert((self.now + micros * 1000, name));
    }
    pub fn finish(&mut self) {
        self.finished = true;
    }
}

struct Scripted<F> {
    nodes: u16,
    hands: Hands,
    ready: BTreeSet<u16>,
    seen: Vec<Seen>,
    react: F,
}

/// No test takes longer, unless something hangs.
const HANGS: Nanos = 60_000_000_000;

impl<F: FnMut(&Seen, &mut Hands)> Scripted<F> {
    fn see(&mut self, now: Nanos, seen: Seen) {
        self.hands.now = now;
        (self.react)(&seen, &mut self.hands);
        self.seen.push(seen);
    }
}

impl<F: FnMut(&Seen, &mut Hands)> Script for Scripted<F> {
    fn begin(&mut self, _: Nanos) {
        for node in 0..self.nodes {
            self.hands.start(node, Disk::Wiped);
        }
    }
    fn step(&mut self, now: Nanos) {
        while let Some(&(due, name)) = self.hands.alarms.first()
            && due <= now
        {
            self.hands.alarms.pop_first();
            self.see(now, Seen::Alarm(name));
        }
        assert!(now < HANGS, "it hangs; so far: {:?}", self.seen.iter().rev().take(9));
    }
    fn next_due(&mut self) -> Option<Nanos> {
        self.hands.alarms.first().map(|&(due, _)| due.min(HANGS)).or(Some(HANGS))
    }
    fn commands(&mut self, into: &mut Vec<Command>) {
        into.append(&mut self.hands.commands);
    }
    fn ready(&mut self, now: Nanos, node: NodeId) {
        self.see(now, Seen::Ready(node.0));
        if self.ready.insert(node.0) && self.ready.len() == usize::from(self.nodes) {
            self.see(now, Seen::AllReady);
        }
    }
    fn died(&mut self, now: Nanos, node: NodeId, how: &str) {
        self.see(now, Seen::Died(node.0, how.into()));
    }
    fn confirm(&mut self, node: NodeId, how: &str) {
        let now = self.hands.now;
        self.see(now, Seen::Confirmed(node.0, how.into()));
    }
    fn read_clock(&mut self, fault: FaultId, node: NodeId, ahead: i64) {
        let now = self.hands.now;
        self.see(now, Seen::Clock(fault, node.0, ahead));
    }
    fn lost(&mut self, _: NodeId, count: usize, _: &str) {
        let now = self.hands.now;
        if count > 0 {
            self.see(now, Seen::Lost(count));
        }
    }
    fn succumbed(&mut self, now: Nanos, fault: FaultId, node: NodeId, how: &str) {
        self.see(now, Seen::Succumbed(fault, node.0, how.into()));
    }
    fn slowed(&mut self, fault: FaultId, by: Nanos) {
        let now = self.hands.now;
        self.see(now, Seen::Slowed(fault, by));
    }
    fn limited(&mut self, fault: FaultId, node: NodeId, to: &str) {
        let now = self.hands.now;
        self.see(now, Seen::Limited(fault, node.0, to.into()));
    }
    fn refused(&mut self, fault: FaultId, why: &str) {
        let now = self.hands.now;
        self.see(now, Seen::Refused(fault, why.into()));
    }
    fn garbage(&mut self, now: Nanos, node: NodeId, what: &str) {
        self.see(now, Seen::Garbage(node.0, what.into()));
    }
    fn reply(&mut self, now: Nanos, client: u32, body: &Value) {
        self.see(now, Seen::Reply(client, body.clone()));
    }
    fn undelivered(&mut self, now: Nanos, client: u32, node: NodeId) {
        self.see(now, Seen::Undelivered(client, node.0));
    }
    fn note(&mut self, now: Nanos, event: ProtocolEvent) {
        self.see(now, Seen::Note(event));
    }
    fn mark(&mut self, now: Nanos, situation: &str) {
        self.see(now, Seen::Mark(situation.into()));
    }
    fn sent(&mut self, now: Nanos, _: &str, src: NodeId, _: NodeId) -> bool {
        let before = self.hands.commands.len();
        self.see(now, Seen::Sent(src.0));
        self.hands.commands.len() > before
    }
    fn records_message(&self, id: u64) -> bool {
        id < 1000
    }
    fn message(&mut self, now: Nanos, message: Message) {
        self.see(now, Seen::Message(message));
    }
    fn count_message(&mut self, _: Nanos, _: u32) {}
    fn fabric(&mut self) -> &mut Fabric {
        &mut self.hands.fabric
    }
    fn interrupt(&mut self, now: Nanos) {
        self.see(now, Seen::Interrupt);
    }
    fn finished(&self) -> bool {
        self.hands.finished
    }
}

/// Nodes of our own.
pub fn ours() -> Program {
    Program::Ours { arguments: vec!["node".into()] }
}

/// Plays a script that reacts like this, and gives back everything it saw.
pub fn play(
    nodes: u16,
    program: Program,
    react: impl FnMut(&Seen, &mut Hands),
) -> Result<Vec<Seen>, HostError> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    play_in(folder.path(), nodes, program, |_| {}, react)
}

/// The same in a folder of the test's own, and with changes to the configuration.
pub fn play_in(
    folder: &Path,
    nodes: u16,
    program: Program,
    configure: impl FnOnce(&mut Config),
    react: impl FnMut(&Seen, &mut Hands),
) -> Result<Vec<Seen>, HostError> {
    let mut config = Config::new(nodes, program, folder);
    config.init_timeout = Duration::from_secs(30);
    configure(&mut config);
    let hands = Hands {
        now: 0,
        fabric: Fabric::new(nodes, 1, LinkRule::default()),
        commands: vec![],
        alarms: BTreeSet::new(),
        incarnations: BTreeMap::new(),
        next_id: 0,
        finished: false,
    };
    let mut script = Scripted { nodes, hands, ready: BTreeSet::new(), seen: vec![], react };
    Host::new(config)?.play(&mut script, |_, _| {})?;
    Ok(script.seen)
}

fn strike(sending: bool) -> Strike {
    Strike { sending, loses_the_last: false }
}
