//! Whole simulated runs of catalogue protocols.

use schism_checkers::properties::Faults;
use schism_checkers::{Budget, Finding, Status, overall};
use schism_history::{Entry, History, Meta, Nanos};
use schism_nemesis::{Allowance, Delay, LinkRule, Mix, Plan};
use schism_protocols::{Setup as Stack, find};
use schism_run::{Config, InMemory, Limit, Sink};
use schism_simulator::{Setup, simulate};
use schism_workloads::{Asked, Shape, checks, workload};
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

fn run(name: &str, seed: u64, mix: Mix) -> (History, Vec<Finding>) {
    let card = find(name).expect("a protocol of the catalogue");
    let time = Duration::from_secs(10);
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
        ..Allowance::none()
    };
    let meta = Meta { test: name.into(), seed, nodes, ..Meta::default() };
    let records = Shared(Rc::new(RefCell::new(InMemory::new(meta))));
    let delay = Delay::Uniform(Duration::from_micros(200), Duration::from_millis(3));
    let shape = Shape { single_writer: card.one_writer, reads: false };
    let outcome = simulate(Setup {
        build: &|| (card.build)(Stack::new(nodes.into())),
        config,
        workload: workload(card.workload, shape).expect("a known workload"),
        plan: Plan::draw(seed, mix, &allow, nodes, time),
        base: LinkRule { delay: Some(delay), ..LinkRule::default() },
        sink: Box::new(records.clone()),
    });
    eprintln!("{name} {seed}: {} steps, {:?}", outcome.steps, outcome.run.progress());
    let history = std::mem::take(&mut records.0.borrow_mut().history);
    let promises: Vec<String> = card.promises.iter().map(|&p| p.into()).collect();
    let asked = Asked {
        workload: card.workload,
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
