//! A plan in motion: what is done to whom, in which order, and how it ends.

mod struck;

use proptest::prelude::*;
use schism_history::{FaultEdge, NodeId, Skew};
use schism_nemesis::{Action, AfterKill, Clock, Fault, Plan, Roles, Schedule, Shape, Target, What};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;

fn fault(from: u64, until: u64, what: What, target: Target) -> Fault {
    let secs = Duration::from_secs;
    Fault { what, target, from: secs(from), until: secs(until), when: None }
}

fn nodes(of: &[u16]) -> Target {
    Target::Nodes(of.iter().map(|n| NodeId(*n)).collect())
}

fn kill(after: AfterKill) -> What {
    What::Kill(after)
}

/// A host that does as it is told, and complains about orders that make no sense.
struct Host {
    schedule: Schedule,
    up: Vec<bool>,
    paused: Vec<bool>,
    linked: BTreeSet<u32>,
    open: BTreeSet<u32>,
    wiped: BTreeSet<NodeId>,
    clocks: Vec<Skew>,
    leader: Option<NodeId>,
    log: Vec<String>,
}

impl Host {
    fn new(faults: Vec<Fault>, nodes: u16, seed: u64) -> Host {
        Host {
            schedule: Schedule::new(Plan { faults }, nodes, seed),
            up: vec![true; usize::from(nodes)],
            paused: vec![false; usize::from(nodes)],
            linked: BTreeSet::new(),
            open: BTreeSet::new(),
            wiped: BTreeSet::new(),
            clocks: vec![Skew::default(); usize::from(nodes)],
            leader: None,
            log: Vec::new(),
        }
    }

    /// Runs up to this time, stopping at each moment something is due.
    fn run(&mut self, until: u64) {
        while let Some(at) = self.schedule.next_due().filter(|at| *at <= until) {
            let up: Vec<bool> = self.up.iter().zip(&self.paused).map(|(up, p)| *up && !p).collect();
            let roles = Roles { leader: self.leader, up: &up };
            let actions = self.schedule.due(at, &roles);
            self.carry_out(at, actions);
        }
    }

    fn heal(&mut self, now: u64) {
        let actions = self.schedule.heal(now);
        self.carry_out(now, actions);
    }

    fn carry_out(&mut self, now: u64, actions: Vec<Action>) {
        let now = now / SECOND;
        for action in actions {
            match action {
                Action::Begun { fault } => {
                    assert!(self.open.insert(fault));
                    let record = self.schedule.record(fault, FaultEdge::Begin);
                    self.log.push(format!("{now} {}", record.what));
                }
                Action::BeginLinks { fault, rules } => {
                    assert!(self.open.contains(&fault) && !rules.is_empty());
                    assert!(self.linked.insert(fault));
                }
                Action::EndLinks { fault } => {
                    self.linked.remove(&fault);
                }
                Action::Kill { fault, node, .. } => {
                    assert!(self.open.contains(&fault) && self.up[usize::from(node.0)]);
                    self.up[usize::from(node.0)] = false;
                    self.paused[usize::from(node.0)] = false;
                    self.schedule.landed(fault, 1, &format!("{node} is gone"));
                    self.log.push(format!("{now} killed {node}"));
                }
                Action::Restart { node, disk, .. } => {
                    assert!(!std::mem::replace(&mut self.up[usize::from(node.0)], true));
                    if disk == AfterKill::WipeDisk {
                        self.wiped.insert(node);
                    }
                    self.log.push(format!("{now} restarted {node}"));
                }
                Action::Pause { fault, node } => {
                    assert!(self.up[usize::from(node.0)]);
                    assert!(!std::mem::replace(&mut self.paused[usize::from(node.0)], true));
                    self.schedule.landed(fault, 1, "");
                    self.log.push(format!("{now} paused {node}"));
                }
                Action::Resume { node, .. } => {
                    assert!(std::mem::replace(&mut self.paused[usize::from(node.0)], false));
                    self.log.push(format!("{now} resumed {node}"));
                }
                Action::Turned { node, turn } => {
                    self.log.push(format!("{now} {node} turned: {turn}"))
                }
                Action::Trouble { node, trouble } => {
                    self.log.push(format!("{now} {node} has {trouble:?}"));
                }
                Action::Clock { fault, node, skew } => {
                    assert!(self.open.contains(&fault));
                    self.schedule.landed(fault, u64::from(skew.offset != 0), "");
                    self.clocks[usize::from(node.0)] = skew;
                    self.log.push(format!("{now} clock of {node}: {skew}"));
                }
                Action::Ended { fault } => {
                    assert!(self.open.remove(&fault));
                    let record = self.schedule.record(fault, FaultEdge::End);
                    self.log
                        .push(format!("{now} end, touched {}: {}", record.touched, record.detail));
                }
            }
        }
    }
}

#[test]
fn kills_and_restarts_at_the_right_moments() {
    let mut host = Host::new(
        vec![
            fault(2, 4, kill(AfterKill::KeepDisk), nodes(&[3])),
            fault(1, 3, What::Loss(0.2), Target::All),
            fault(4, 5, kill(AfterKill::WipeDisk), nodes(&[3])),
        ],
        5,
        1,
    );
    assert_eq!(host.schedule.next_due(), Some(SECOND));
    host.run(100 * SECOND);
    assert_eq!(host.schedule.next_due(), None);
    assert_eq!(
        host.log,
        [
            "1 loss 20 %",
            "2 kill n3, disk kept",
            "2 killed n3",
            "3 end, touched 0: ",
            "4 restarted n3",
            "4 end, touched 1: n3 is gone",
            "4 kill n3, disk wiped",
            "4 killed n3",
            "5 restarted n3",
            "5 end, touched 1: n3 is gone",
        ]
    );
    assert_eq!(host.wiped, [NodeId(3)].into());
}

#[test]
fn words_name_the_nodes_that_were_chosen() {
    let faults = vec![
        fault(1, 9, What::Partition(Shape::Halves), Target::All),
        fault(2, 9, What::Partition(Shape::Isolate), Target::Leader),
        fault(3, 9, What::Loss(0.125), nodes(&[4, 1])),
        fault(4, 9, What::Freeze, Target::All),
        fault(5, 5, kill(AfterKill::ForGood), nodes(&[0])),
    ];
    let mut host = Host::new(faults, 5, 1);
    host.leader = Some(NodeId(2));
    host.run(8 * SECOND);
    let said: Vec<&str> = host.schedule.landings().map(|landing| landing.what).collect();
    assert_eq!(
        said,
        [
            "partition halves n0 n1 | n2 n3 n4",
            "partition isolate n2",
            "loss 12.5 % around n1 n4",
            "freeze links",
            "kill n0 for good",
        ]
    );
    let record = host.schedule.record(2, FaultEdge::Begin);
    assert_eq!(record.targets, [NodeId(1), NodeId(4)]);
}

#[test]
fn without_a_leader_the_fault_does_not_land_and_says_so() {
    let mut host = Host::new(vec![fault(1, 2, kill(AfterKill::KeepDisk), Target::Leader)], 3, 1);
    host.run(5 * SECOND);
    assert_eq!(host.log, ["1 kill (leader), disk kept", "2 end, touched 0: no leader was known"]);
    let landing = host.schedule.landings().next().expect("one fault");
    assert!(landing.begun && landing.touched == 0);
}

#[test]
fn random_targets_avoid_nodes_that_are_out() {
    for seed in 0..200 {
        let faults = vec![
            fault(1, 9, kill(AfterKill::KeepDisk), Target::Random(2)),
            fault(2, 9, What::Pause, Target::Random(2)),
            fault(3, 9, kill(AfterKill::KeepDisk), Target::Minority),
        ];
        let mut host = Host::new(faults, 5, seed);
        host.run(8 * SECOND);
        let landed: Vec<u64> = host.schedule.landings().map(|landing| landing.touched).collect();
        assert_eq!(landed, [2, 2, 1], "five nodes, each hit once");
    }
}

#[test]
fn a_node_held_by_two_kills_comes_back_after_both() {
    let faults = vec![
        fault(1, 5, kill(AfterKill::KeepDisk), Target::Leader),
        fault(2, 3, kill(AfterKill::WipeDisk), nodes(&[1])),
    ];
    let mut host = Host::new(faults, 3, 1);
    host.leader = Some(NodeId(1));
    host.run(4 * SECOND);
    assert!(!host.up[1]);
    assert!(host.log.contains(&"3 end, touched 0: n1 was down already".to_string()));
    host.run(6 * SECOND);
    assert!(host.up[1] && host.wiped.contains(&NodeId(1)));
}

#[test]
fn a_kill_ends_a_pause() {
    let faults = vec![
        fault(1, 9, What::Pause, Target::Leader),
        fault(2, 3, kill(AfterKill::KeepDisk), nodes(&[0])),
    ];
    let mut host = Host::new(faults, 3, 1);
    host.leader = Some(NodeId(0));
    host.run(10 * SECOND);
    assert!(host.up[0] && !host.paused[0]);
    assert!(!host.log.contains(&"9 resumed n0".to_string()));
}

#[test]
fn a_node_that_died_by_itself_is_left_alone() {
    let faults = vec![
        fault(1, 2, kill(AfterKill::KeepDisk), nodes(&[0])),
        fault(3, 4, What::Pause, nodes(&[0])),
    ];
    let mut host = Host::new(faults, 3, 1);
    host.up[0] = false;
    host.run(10 * SECOND);
    assert_eq!(host.log[1], "2 end, touched 0: n0 was not running");
    assert_eq!(host.log[3], "4 end, touched 0: n0 was not running");
}

#[test]
fn healing_in_the_middle_undoes_everything() {
    let faults = vec![
        fault(1, 90, kill(AfterKill::KeepDisk), nodes(&[0])),
        fault(1, 90, What::Pause, nodes(&[1])),
        fault(1, 90, What::Partition(Shape::Bridge), Target::All),
        fault(2, 2, kill(AfterKill::ForGood), nodes(&[2])),
        fault(80, 90, What::Freeze, Target::All),
    ];
    let mut host = Host::new(faults, 5, 1);
    host.run(5 * SECOND);
    host.heal(5 * SECOND);
    assert_eq!(host.up, [true, true, false, true, true]);
    assert!(host.open.is_empty() && host.linked.is_empty() && !host.paused[1]);
    assert_eq!(host.schedule.next_due(), None);
    let begun: Vec<bool> = host.schedule.landings().map(|landing| landing.begun).collect();
    assert_eq!(begun, [true, true, true, true, false]);
    assert!(host.schedule.heal(0).is_empty(), "healed is healed");
}

#[test]
fn clocks_go_wrong_together_and_come_right_again() {
    let strobe = Clock::Strobe { by: Duration::from_secs(1), every: Duration::from_secs(1) };
    let mut host = Host::new(
        vec![
            fault(1, 9, What::Clock(Clock::Jump(2 * SECOND as i64)), nodes(&[0, 1])),
            fault(3, 7, What::Clock(Clock::Drift(-0.5)), nodes(&[1])),
            fault(4, 7, What::Clock(strobe), nodes(&[2])),
            fault(4, 5, kill(AfterKill::KeepDisk), nodes(&[1])),
        ],
        3,
        1,
    );
    host.run(100 * SECOND);
    let said: Vec<&str> =
        host.log.iter().map(String::as_str).filter(|line| line.contains("clock of")).collect();
    assert_eq!(
        said,
        [
            "1 clock of n0: 2 s ahead",
            "1 clock of n1: 2 s ahead",
            "3 clock of n1: 2 s ahead, losing 50 %",
            "4 clock of n2: 1 s ahead",
            // A node that starts again is told twice, once for either fault.
            "5 clock of n1: 1 s ahead, losing 50 %",
            "5 clock of n1: 1 s ahead, losing 50 %",
            "5 clock of n1: 1 s ahead, losing 50 %",
            "5 clock of n2: right",
            "6 clock of n2: 1 s ahead",
            "7 clock of n1: 2 s ahead",
            "7 clock of n2: right",
            "9 clock of n0: right",
            "9 clock of n1: right",
        ]
    );
    let touched: Vec<u64> = host.schedule.landings().map(|landing| landing.touched).collect();
    assert_eq!(touched, [3, 4, 2, 1]);
}

#[test]
fn a_fault_waits_for_its_moment() {
    let text = r#"
[[fault]]
from = "1s"
until = "9s"
what = { kill = "keep-disk" }
target = "sender"
when = { message = "Accept", to = "n2", count = 2 }

[[fault]]
from = "2s"
until = "9s"
what = { partition = "isolate" }
target = "sender"
when = { event = "lead", at = "n1", after = "1s" }

[[fault]]
from = "2s"
until = "3s"
what = "pause"
target = "sender"
when = { event = "never" }
"#;
    let plan = Plan::from_toml(text, 3).expect("a good plan");
    let mut host = Host::new(plan.faults, 3, 1);
    let n = NodeId;
    assert!(!host.schedule.watches_messages());
    host.run(SECOND);
    assert!(host.schedule.watches_messages());
    for (kind, src, dest) in [("Accept", 0, 1), ("Promise", 0, 2), ("Accept", 0, 2)] {
        assert!(!host.schedule.sent(SECOND, kind, n(src), n(dest)));
    }
    host.schedule.told(SECOND, "lead", n(1));
    assert!(host.schedule.sent(SECOND + 5, "Accept", n(1), n(2)));
    host.run(3 * SECOND);
    host.schedule.told(3 * SECOND, "lead", n(2));
    host.schedule.told(4 * SECOND, "lead", n(1));
    host.run(20 * SECOND);
    assert_eq!(
        host.log,
        [
            "1 kill n1, disk kept",
            "1 killed n1",
            "3 pause",
            "3 end, touched 0: its moment never came, there was no never while it waited, but Accept Promise lead",
            "5 partition isolate n1",
            "9 restarted n1",
            "9 end, touched 1: n1 is gone",
            "9 end, touched 0: ",
        ]
    );
    let begun: Vec<bool> = host.schedule.landings().map(|landing| landing.begun).collect();
    assert_eq!(begun, [true, true, false]);
}

#[test]
fn a_slow_process_stops_and_goes_on() {
    let mut host = Host::new(vec![fault(1, 2, What::Slow(0.25), nodes(&[0]))], 1, 1);
    host.run(SECOND + 100_000_000);
    let said: Vec<&str> = host.log.iter().map(String::as_str).collect();
    let slices = ["1 paused n0", "1 resumed n0", "1 paused n0", "1 resumed n0", "1 paused n0"];
    assert_eq!(said, [&["1 slow n0, 25 % of the time"][..], &slices].concat());
    host.run(2 * SECOND);
    assert!(!host.paused[0]);
    assert_eq!(host.log.last().map(String::as_str), Some("2 end, touched 25: "));
}

fn any_faults() -> impl Strategy<Value = Vec<Fault>> {
    let what = prop_oneof![
        Just(kill(AfterKill::KeepDisk)),
        Just(kill(AfterKill::WipeDisk)),
        Just(kill(AfterKill::RollBack)),
        Just(kill(AfterKill::ForGood)),
        Just(What::Pause),
        Just(What::Slow(0.3)),
        Just(What::Freeze),
        Just(What::Clock(Clock::Jump(-3_000_000_000))),
        Just(What::Clock(Clock::Drift(0.5))),
        Just(What::Clock(Clock::Strobe {
            by: Duration::from_secs(1),
            every: Duration::from_millis(400),
        })),
        Just(What::Partition(Shape::RandomHalves)),
        Just(What::Partition(Shape::OneWayOut)),
    ];
    let target = prop_oneof![
        prop::collection::btree_set(0..4u16, 1..4)
            .prop_map(|set| Target::Nodes(set.into_iter().map(NodeId).collect())),
        Just(Target::All),
        Just(Target::One),
        (1..4u16).prop_map(Target::Random),
        Just(Target::Minority),
        Just(Target::Majority),
        Just(Target::Leader),
    ];
    let one = (what, target, 0..20u64, 1..9u64).prop_map(|(what, target, from, length)| {
        let length = if what == kill(AfterKill::ForGood) { 0 } else { length };
        fault(from, from + length, what, target)
    });
    prop::collection::vec(one, 0..12)
}

proptest! {
    /// However faults overlap, no order makes no sense (the host asserts that), every fault ends
    /// once, and after healing only those killed for good are missing.
    #[test]
    fn everything_ends_healed(
        faults in any_faults(),
        leaders in prop::collection::vec(prop::option::of(0..4u16), 30),
        stop in 0..30u64,
        seed: u64,
    ) {
        let count = faults.len();
        let walk = || {
            let mut host = Host::new(faults.clone(), 4, seed);
            for second in 0..stop {
                host.leader = leaders[second as usize].map(NodeId);
                host.run(second * SECOND);
            }
            host.heal(stop * SECOND);
            host
        };
        let host = walk();
        prop_assert!(host.open.is_empty() && host.linked.is_empty());
        prop_assert!(host.paused.iter().all(|paused| !paused));
        let right = |clock: &Skew| (clock.offset, clock.ppm) == (0, 0);
        prop_assert!(host.clocks.iter().all(right), "{:?}", host.clocks);
        for (i, up) in host.up.iter().enumerate() {
            let dead = host.schedule.plan().faults.iter().enumerate().any(|(fault, planned)| {
                let record = host.schedule.record(fault as u32, FaultEdge::End);
                planned.is_for_good() && record.targets.contains(&NodeId(i as u16))
            });
            prop_assert!(*up || dead, "n{i}");
        }
        prop_assert_eq!(host.schedule.landings().count(), count);
        prop_assert_eq!(host.log, walk().log);
    }

    /// Being late changes nothing about who ends up how: everything due is done in one go.
    #[test]
    fn a_late_host_still_heals(faults in any_faults(), seed: u64) {
        let mut host = Host::new(faults, 4, seed);
        host.leader = Some(NodeId(1));
        let up = vec![true; 4];
        let actions = host.schedule.due(1000 * SECOND, &Roles { leader: host.leader, up: &up });
        host.carry_out(1000 * SECOND, actions);
        host.heal(1000 * SECOND);
        prop_assert!(host.open.is_empty() && host.paused.iter().all(|paused| !paused));
    }
}

#[test]
fn the_seed_decides_who() {
    let chosen = |seed| {
        let mut host = Host::new(vec![fault(1, 2, What::Pause, Target::One)], 5, seed);
        host.run(SECOND);
        host.log.last().cloned().unwrap_or_default()
    };
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for seed in 0..500 {
        assert_eq!(chosen(seed), chosen(seed));
        *counts.entry(chosen(seed)).or_default() += 1;
    }
    assert_eq!(counts.len(), 5);
    assert!(counts.values().all(|count| (60..140).contains(count)), "{counts:?}");
}
