//! Whole simulated runs of catalogue protocols.

use schism_checkers::linearizability::{Model, Monitor, Options};
use schism_checkers::properties::Faults;
use schism_checkers::{Budget, Finding, Status, overall};
use schism_history::{Entry, FaultEdge, History, Meta, Nanos, NodeChange};
use schism_nemesis::{Allowance, Delay, LinkRule, Mix, Plan};
use schism_protocols::{Setup as Stack, find};
use schism_run::{Config, InMemory, Limit, Sink};
use schism_simulator::{Setup, simulate};
use schism_workloads::{Asked, LINEARIZABLE, Shape, checks, workload};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

#[derive(Clone)]
struct Shared(Rc<RefCell<InMemory>>);

impl Sink for Shared {
    fn append(&mut self, time: Nanos, entry: Entry) {
        self.0.borrow_mut().append(time, entry);
    }
}

/// How long the chaos lasts.
const TIME: Duration = Duration::from_secs(10);

fn run(name: &str, seed: u64, mix: Mix) -> (History, Vec<Finding>) {
    play(name, None, seed, TIME, |allow, nodes| Plan::draw(seed, mix, allow, nodes, TIME))
}

fn play(
    name: &str,
    twin: Option<&str>,
    seed: u64,
    time: Duration,
    plan: impl FnOnce(&Allowance, u16) -> Plan,
) -> (History, Vec<Finding>) {
    let workload = find(name).expect("a protocol of the catalogue").workload;
    play_under(workload, name, twin, seed, time, plan)
}

fn play_under(
    driver: &str,
    name: &str,
    twin: Option<&str>,
    seed: u64,
    time: Duration,
    plan: impl FnOnce(&Allowance, u16) -> Plan,
) -> (History, Vec<Finding>) {
    let card = find(name).expect("a protocol of the catalogue");
    let build = twin.map_or(card.build, |twin| card.twin(twin).expect("a twin").build);
    let config = Config {
        seed,
        limit: Limit { time: time.as_nanos() as Nanos, operations: None },
        ..Config::default()
    };
    let nodes = config.nodes;
    let recovers = card.model.restart();
    let allow = Allowance {
        crash_max: (card.tolerates)(nodes.into()) as u16,
        restart: recovers,
        keep_disk: card.model.keeps_disk(),
        partition: card.model.partitions(),
        loss_max: if card.model.loss() { 0.3 } else { 0.0 },
        duplicate: true,
        reorder: true,
        delay_max: card.model.delay_bound(),
        pause: card.model.pauses(),
        clock: card.model.clock_skew(),
        ..Allowance::none()
    };
    let meta = Meta { test: name.into(), seed, nodes, ..Meta::default() };
    let records = Shared(Rc::new(RefCell::new(InMemory::new(meta))));
    let delay = Delay::Uniform(Duration::from_micros(200), Duration::from_millis(3));
    let shape = Shape { single_writer: card.one_writer, reads: false };
    let outcome = simulate(Setup {
        build: &|| build(Stack::new(nodes.into())),
        config,
        workload: workload(driver, shape).expect("a known workload"),
        plan: plan(&allow, nodes),
        base: LinkRule { delay: Some(delay), ..LinkRule::default() },
        sink: Box::new(records.clone()),
    });
    eprintln!("{name} {seed}: {} steps, {:?}", outcome.steps, outcome.run.progress());
    let history = std::mem::take(&mut records.0.borrow_mut().history);
    let promises: Vec<String> = card.promises.iter().map(|&p| p.into()).collect();
    let asked = Asked {
        workload: driver,
        properties: &promises,
        faults: if recovers { Faults::CrashRecovery } else { Faults::CrashStop },
        operations_min: 50,
    };
    let checks = checks(&asked).expect("known promises");
    let findings: Vec<Finding> =
        checks.iter().map(|check| check.check(&history, &Budget::default())).collect();
    (history, findings)
}

#[test]
fn a_seed_gives_the_same_history_twice_and_another_seed_another() {
    for name in ["raft", "atomic-nn"] {
        let (first, _) = run(name, 7, Mix::Everything);
        let (second, _) = run(name, 7, Mix::Everything);
        assert!(first == second, "{name}: seed 7 gave two histories");
        assert!(first != run(name, 8, Mix::Everything).0, "{name}: seeds 7 and 8 gave one history");
    }
}

#[test]
fn correct_protocols_are_never_found_guilty() {
    for name in ["best-effort-broadcast", "atomic-nn", "raft"] {
        for seed in 1..=5 {
            let (_, findings) = run(name, seed, Mix::Everything);
            for finding in &findings {
                eprintln!("  {}: {}: {}", finding.property, finding.status, finding.explanation);
            }
            let worst = overall(&findings);
            assert!(worst >= Status::Vacuous, "{name}, seed {seed}: {findings:#?}");
        }
    }
}

/// What the record says of faults: when each began and ended, what it was, and what it touched.
fn faults(history: &History) -> Vec<String> {
    let said = history.records.iter().filter_map(|record| match &record.entry {
        Entry::Fault(fault) => Some(format!("{} {fault:?}", record.time)),
        _ => None,
    });
    said.collect()
}

#[test]
fn a_plan_that_went_through_a_file_gives_the_same_faults_at_the_same_instants() {
    for name in ["raft", "eager-reliable-broadcast"] {
        let drawn = play(name, None, 3, TIME, |allow, nodes| {
            Plan::draw(3, Mix::Everything, allow, nodes, TIME)
        });
        let read = play(name, None, 3, TIME, |allow, nodes| {
            let text = Plan::draw(3, Mix::Everything, allow, nodes, TIME).to_toml();
            Plan::from_toml(&text, nodes).expect("a plan that was written")
        });
        assert!(faults(&drawn.0).len() > 8, "{name}");
        assert_eq!(faults(&drawn.0), faults(&read.0), "{name}");
        assert!(drawn.0 == read.0, "{name}: the same faults, and another history");
    }
}

#[test]
fn disks_that_fail_end_their_nodes_and_slow_ones_hold_them_up() {
    let text = r#"
[[fault]]
from = "1s"
until = "3s"
what = { disk = "eio" }
target = ["n0", "n1"]

[[fault]]
from = "4s"
until = "6s"
what = { disk = "enospc" }
target = "leader"

[[fault]]
from = "7s"
until = "9s"
what = { disk = { slow = "20ms" } }
target = "all"

[[fault]]
from = "7s"
until = "9s"
what = { limit = { memory = 1000000 } }
target = ["n0"]
"#;
    for seed in 1..=3 {
        let (history, findings) = play("raft", None, seed, TIME, documented(text));
        assert!(overall(&findings) >= Status::Unstressed, "seed {seed}: {findings:#?}");
        let ends: Vec<_> = history
            .records
            .iter()
            .filter_map(|record| match &record.entry {
                Entry::Fault(fault) if fault.edge == FaultEdge::End => Some(fault),
                _ => None,
            })
            .collect();
        assert!(ends[0].touched >= 2 && ends[1].touched >= 1, "seed {seed}: {ends:?}");
        assert!(ends[0].detail.contains("n1 stopped, as a sync failed (EIO)"), "{ends:?}");
        assert!(ends[1].detail.contains("stopped, as a sync failed (ENOSPC)"), "{ends:?}");
        assert!(ends[2].touched > 20 && ends[2].detail.contains("syncs took"), "{ends:?}");
        assert_eq!(ends[3].touched, 0, "{ends:?}");
        let starts = history.records.iter().filter(|record| {
            matches!(&record.entry, Entry::Node(event)
                if matches!(event.change, NodeChange::Started { incarnation: 1, .. }))
        });
        assert!(starts.count() >= 2, "seed {seed}: they are started again");
    }
}

#[test]
fn what_a_failing_disk_keeps_is_on_record() {
    // A proposal that was stored, and of which nothing was heard before the node stopped, is decided
    // when it is back: the record must know that it was made.
    let fault = |node: u64, from: u64, disk: &str| {
        format!(
            "[[fault]]\nfrom = \"{from}ms\"\nuntil = \"{}ms\"\nwhat = {{ disk = {disk} }}\n\
             target = [\"n{node}\"]\n",
            from + 150
        )
    };
    let disks = ["\"eio\"", "\"enospc\"", "{ slow = \"20ms\" }"];
    let plan: String =
        (0..45).map(|i| fault(i % 5, 200 + 200 * i, disks[i as usize % 3])).collect();
    for seed in 1..=3 {
        let (_, findings) = play("paxos", None, seed, TIME, documented(&plan));
        let violated = findings.iter().find(|finding| finding.status == Status::Violated);
        assert!(violated.is_none(), "seed {seed}: {violated:#?}");
    }
}

/// The plan of a file in the documentation.
fn documented(text: &str) -> impl Fn(&Allowance, u16) -> Plan {
    move |_, nodes| Plan::from_toml(text, nodes).expect("a good plan")
}

#[test]
fn a_sender_killed_in_the_middle_of_a_broadcast_needs_others_to_pass_it_on() {
    let plan = documented(include_str!("../../../docs/plans/kill-the-sender.toml"));
    let mut caught = 0;
    for seed in 1..=4 {
        let name = "lazy-reliable-broadcast";
        let (history, findings) = play(name, None, seed, TIME, &plan);
        let begun = faults(&history).iter().filter(|fault| fault.contains("edge: Begin")).count();
        assert_eq!(begun, 2, "both moments come");
        assert!(overall(&findings) >= Status::Vacuous, "seed {seed}: {findings:#?}");
        let (_, findings) = play(name, Some("ignores-crashes"), seed, TIME, &plan);
        caught += usize::from(overall(&findings) < Status::Unknown);
    }
    assert!(caught >= 2, "{caught} of 4");
}

#[test]
fn a_leader_cut_off_between_accept_and_commit_is_replaced() {
    let text = include_str!("../../../docs/plans/isolate-the-leader-after-accept.toml");
    let time = Duration::from_secs(16);
    for seed in 1..=2 {
        let (history, findings) = play("raft", None, seed, time, documented(text));
        let begun = faults(&history).iter().filter(|said| said.contains("Begin")).count();
        assert_eq!(begun, 4, "every moment comes");
        assert!(overall(&findings) >= Status::Vacuous, "seed {seed}: {findings:#?}");
    }
}

/// Whether the monitor of a queue alarms, which follows every queue to the end.
fn alarms(history: &History) -> bool {
    let options = Options { configurations: 100, ..Options::default() };
    let mut monitor = Monitor::new(&Model::FifoQueue.into(), &options).expect("a known model");
    let mut records = history.records.iter();
    let alarm = records.find_map(|record| monitor.push(record).expect("well-formed records"));
    assert!(alarm.is_some() || monitor.lost() == 0, "a queue was lost");
    alarm.is_some()
}

#[test]
fn stores_keep_queues_and_one_that_looks_at_its_own_copy_is_found_out() {
    let time = Duration::from_secs(8);
    let play = |name, twin, seed| {
        play_under("queue", name, twin, seed, time, |allow, nodes| {
            Plan::draw(seed, Mix::Everything, allow, nodes, time)
        })
    };
    for name in [
        "raft",
        "multi-paxos",
        "viewstamped-replication",
        "replicated-state-machine",
        "primary-backup-active",
        "chain-replication",
    ] {
        let (history, findings) = play(name, None, 1);
        assert!(overall(&findings) >= Status::Vacuous, "{name}: {findings:#?}");
        let linearizable = findings.iter().find(|it| it.property == LINEARIZABLE);
        let status = linearizable.expect("a promise").status;
        assert_eq!(status, Status::Holds, "{name}: {findings:#?}");
        assert!(!alarms(&history), "{name}");
    }
    for name in ["raft", "replicated-state-machine"] {
        let caught = (1..=10).any(|seed| {
            let (history, findings) = play(name, Some("reads-locally"), seed);
            let violated = findings
                .iter()
                .any(|it| it.property == LINEARIZABLE && it.status == Status::Violated);
            assert_eq!(alarms(&history), violated, "{name}, seed {seed}: {findings:#?}");
            violated
        });
        assert!(caught, "{name} is not found out");
    }
}
