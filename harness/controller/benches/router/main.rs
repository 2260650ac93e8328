//! How fast messages get from process to process.
//!
//! - *ring*: five nodes, each with a number of messages to its neighbour outstanding; routed
//!   messages per second, with nothing recorded and with everything recorded to a file;
//! - *echo*: one client and one node; the time from handing over a request to hearing the reply.
//!
//! The benchmark binary is also its nodes, which are hosted like any other stack.

mod ring;

use schism::processes::{Config, Host, Program, Script};
use schism_history::{Entry, Message, Meta, Nanos, NodeId, ProtocolEvent, Writer};
use schism_nemesis::{Fabric, LinkRule};
use schism_run::{Command, Disk};
use serde_json::{Value, json};
use std::fs::File;
use std::process::ExitCode;

const SECOND: Nanos = 1_000_000_000;
/// How long a ring is measured, after as long a while to warm up.
const MEASURED: Nanos = 2 * SECOND;
/// How often each measurement is repeated; the best counts, as in anything that shares a machine.
const REPEATED: usize = 5;
const ECHOES: u64 = 100_000;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("node") {
        return match schism_node::serve(|_| ring::node()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    for outstanding in [32, 1] {
        // In turns, so that both meet the same neighbours on a shared machine.
        let (mut silent, mut recorded) = (0.0, 0.0);
        for _ in 0..REPEATED {
            silent = ring(outstanding, false).max(silent);
            recorded = ring(outstanding, true).max(recorded);
        }
        println!(
            "ring, {outstanding:2} outstanding a node: {silent:9.0} messages/s; {recorded:9.0} \
             recorded, which costs {:.1} %",
            (1.0 - recorded / silent) * 100.0
        );
    }
    let mut times = (0..REPEATED).map(|_| echo()).min_by_key(|times| times[times.len() / 2]);
    if let Some(times) = &mut times {
        let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize] as f64 / 1000.0;
        println!(
            "echo round trip: median {:.1} µs, 99th percentile {:.1} µs, 99.9th {:.1} µs",
            at(0.5),
            at(0.99),
            at(0.999)
        );
    }
    ExitCode::SUCCESS
}

/// Messages per second.
fn ring(outstanding: u64, recorded: bool) -> f64 {
    let mut bench = Bench::new(5, Kind::Ring { outstanding });
    let folder = tempfile::tempdir().expect("a folder can be made");
    if recorded {
        let writer = Writer::create(folder.path().join("history"), &Meta::default());
        bench.writer = Some(writer.expect("a file can be made"));
    }
    bench.play();
    bench.counted as f64 * SECOND as f64 / MEASURED as f64
}

/// Round trips in nanoseconds, sorted.
fn echo() -> Vec<Nanos> {
    let mut bench = Bench::new(1, Kind::Echo);
    bench.play();
    bench.times.sort_unstable();
    bench.times
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ring { outstanding: u64 },
    Echo,
}

struct Bench {
    kind: Kind,
    nodes: u16,
    ready: u16,
    begun: Option<Nanos>,
    counted: u64,
    asked: Nanos,
    times: Vec<Nanos>,
    finished: bool,
    fabric: Fabric,
    commands: Vec<Command>,
    writer: Option<Writer<File>>,
}

impl Bench {
    fn new(nodes: u16, kind: Kind) -> Bench {
        Bench {
            kind,
            nodes,
            ready: 0,
            begun: None,
            counted: 0,
            asked: 0,
            times: Vec::new(),
            finished: false,
            fabric: Fabric::new(nodes, 1, LinkRule::default()),
            commands: Vec::new(),
            writer: None,
        }
    }

    fn play(&mut self) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let program = Program::Ours { arguments: vec!["node".into()] };
        let host = Host::new(Config::new(self.nodes, program, folder.path())).expect("a host");
        host.play(self, |_, _| {}).expect("the run works");
    }

    fn ask(&mut self, node: u16, body: Value) {
        self.commands.push(Command::Ask { client: 0, node: NodeId(node), body });
    }

    fn count(&mut self, now: Nanos) {
        if self.begun.is_some_and(|begun| now >= begun + MEASURED && now < begun + 2 * MEASURED) {
            self.counted += 1;
        }
    }
}

impl Script for Bench {
    fn begin(&mut self, _: Nanos) {
        for node in (0..self.nodes).map(NodeId) {
            self.commands.push(Command::Start { node, incarnation: 0, disk: Disk::Wiped });
        }
    }
    fn step(&mut self, now: Nanos) {
        self.finished |=
            self.begun.is_some_and(|begun| now >= begun + 2 * MEASURED) && self.kind != Kind::Echo;
    }
    fn next_due(&mut self) -> Option<Nanos> {
        self.begun.map(|begun| begun + 2 * MEASURED)
    }
    fn commands(&mut self, into: &mut Vec<Command>) {
        into.append(&mut self.commands);
    }
    fn ready(&mut self, now: Nanos, _: NodeId) {
        self.ready += 1;
        if self.ready < self.nodes {
            return;
        }
        match self.kind {
            Kind::Ring { outstanding } => {
                self.begun = Some(now);
                for node in 0..self.nodes {
                    self.ask(node, json!({"type": "go", "msg_id": 1, "outstanding": outstanding}));
                }
            }
            Kind::Echo => {
                self.asked = now;
                self.ask(0, json!({"type": "echo", "msg_id": 1, "echo": ring::TEXT}));
            }
        }
    }
    fn died(&mut self, _: Nanos, node: NodeId, how: &str) {
        panic!("{node} {how}");
    }
    fn confirm(&mut self, _: NodeId, _: &str) {}
    fn read_clock(&mut self, _: u32, _: NodeId, _: i64) {}
    fn lost(&mut self, _: NodeId, _: usize, _: &str) {}
    fn refused(&mut self, _: u32, _: &str) {}
    fn succumbed(&mut self, _: Nanos, _: u32, node: NodeId, how: &str) {
        panic!("{node} {how}");
    }
    fn slowed(&mut self, _: u32, _: Nanos) {}
    fn limited(&mut self, _: u32, _: NodeId, _: &str) {}
    fn sent(&mut self, _: Nanos, _: &str, _: NodeId, _: NodeId) -> bool {
        false
    }
    fn garbage(&mut self, _: Nanos, node: NodeId, what: &str) {
        panic!("{node} wrote {what}");
    }
    fn reply(&mut self, now: Nanos, _: u32, _: &Value) {
        if self.kind != Kind::Echo {
            return;
        }
        self.times.push(now - self.asked);
        self.asked = now;
        self.finished = self.times.len() as u64 == ECHOES;
        let id = self.times.len() + 1;
        self.ask(0, json!({"type": "echo", "msg_id": id, "echo": ring::TEXT}));
    }
    fn undelivered(&mut self, _: Nanos, _: u32, _: NodeId) {}
    fn note(&mut self, _: Nanos, _: ProtocolEvent) {}
    fn mark(&mut self, _: Nanos, _: &str) {}
    fn records_message(&self, _: u64) -> bool {
        self.writer.is_some()
    }
    fn message(&mut self, now: Nanos, message: Message) {
        self.count(now);
        if let Some(writer) = &mut self.writer {
            writer.append(now, &Entry::Message(message)).expect("the file can be written");
        }
    }
    fn count_message(&mut self, now: Nanos, _: u32) {
        self.count(now);
    }
    fn fabric(&mut self) -> &mut Fabric {
        &mut self.fabric
    }
    fn interrupt(&mut self, _: Nanos) {
        self.finished = true;
    }
    fn finished(&self) -> bool {
        self.finished
    }
}
