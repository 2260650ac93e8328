//! Drawn plans stay within what the model permits, at every instant, and end healed.
//!
//! The oracle does not look at the plan: it puts it in motion and watches what would be done to
//! nodes and links.

use schism_history::{NodeId, Peer};
use schism_nemesis::network::Routed;
use schism_nemesis::{
    Action, Allowance, Circumstances, Fabric, Fault, Limit, LinkRule, Mix, Plan, Rng, Roles,
    Schedule, Target, What,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is in force, as the host of a run would see it.
struct Watch {
    nodes: u16,
    fabric: Fabric,
    dead: BTreeSet<NodeId>,
    stopped: BTreeSet<NodeId>,
    /// Whose disk fails, or who has too little to live on.
    failing: BTreeSet<NodeId>,
    /// Whether anybody was limited.
    limited: bool,
    liars: BTreeSet<NodeId>,
    /// Whether somebody has just been turned.
    turning: bool,
    /// The rules in force on each link, by fault.
    rules: BTreeMap<u32, Vec<(Peer, Peer, LinkRule)>>,
}

impl Watch {
    fn new(nodes: u16) -> Watch {
        Watch {
            nodes,
            fabric: Fabric::new(nodes, 0, LinkRule::default()),
            dead: BTreeSet::new(),
            stopped: BTreeSet::new(),
            failing: BTreeSet::new(),
            limited: false,
            liars: BTreeSet::new(),
            turning: false,
            rules: BTreeMap::new(),
        }
    }

    fn apply(&mut self, action: Action) {
        match action {
            // What becomes of a liar's words does not count: it is out already.
            Action::BeginLinks { .. } if std::mem::take(&mut self.turning) => {}
            Action::BeginLinks { fault, rules } => {
                self.fabric.begin(fault, rules.clone());
                self.rules.insert(fault, rules);
            }
            Action::EndLinks { fault } => {
                self.fabric.end(fault);
                self.rules.remove(&fault);
            }
            Action::Kill { node, .. } => assert!(self.dead.insert(node)),
            Action::Restart { node, .. } => assert!(self.dead.remove(&node)),
            Action::Pause { node, .. } => assert!(self.stopped.insert(node)),
            Action::Resume { node, .. } => assert!(self.stopped.remove(&node)),
            Action::Trouble { node, trouble } => {
                // It may stop at any time.
                let limited = trouble.memory.or(trouble.descriptors).is_some();
                self.limited |= limited;
                match limited || trouble.fails.is_some() {
                    true => self.failing.insert(node),
                    false => self.failing.remove(&node),
                };
            }
            Action::Turned { node, .. } => {
                self.turning = true;
                self.liars.insert(node);
            }
            Action::Begun { .. } | Action::Ended { .. } | Action::Clock { .. } => {}
        }
    }

    /// Whether a message would get through now. With `slow`, frozen links do not count as links.
    fn passes(&self, fabric: &mut Fabric, src: u16, dest: u16, slow: bool) -> bool {
        let link = (Peer::Node(NodeId(src)), Peer::Node(NodeId(dest)));
        match fabric.route(0, link.0, link.1, 1).routed {
            Routed::Cut => false,
            Routed::Held => {
                // Behind a freeze there may be a cut as well.
                let here = |rule: &&(Peer, Peer, LinkRule)| (rule.0, rule.1) == link;
                !slow && !self.rules.values().flatten().filter(here).any(|rule| rule.2.cut)
            }
            Routed::Arrives(_) | Routed::Lost => true,
        }
    }

    /// How many nodes are out, by Warshall's transitive closure.
    fn out(&self, slow: bool) -> u16 {
        let size = usize::from(self.nodes);
        let live = |n: u16| {
            let out = self.dead.contains(&NodeId(n)) || self.failing.contains(&NodeId(n));
            !out && (!slow || !self.stopped.contains(&NodeId(n)))
        };
        let mut fabric = self.fabric.clone();
        let mut reach = vec![vec![false; size]; size];
        for a in 0..self.nodes {
            for b in 0..self.nodes {
                reach[usize::from(a)][usize::from(b)] = live(a)
                    && live(b)
                    && (a == b
                        || (self.passes(&mut fabric, a, b, slow)
                            && self.passes(&mut fabric, b, a, slow)));
            }
        }
        for middle in 0..size {
            for a in 0..size {
                for b in 0..size {
                    reach[a][b] |= reach[a][middle] && reach[middle][b];
                }
            }
        }
        let largest = reach.iter().map(|row| row.iter().filter(|r| **r).count()).max().unwrap_or(0);
        self.nodes - largest as u16
    }

    /// Checks every limit of the allowance at this instant.
    fn check(&self, allow: &Allowance, context: &str) {
        let (broken, slow) = (self.out(false), self.out(true));
        assert!(broken <= allow.crash_max, "{broken} out: {context}");
        assert!(slow <= allow.crash_max.max(1), "{slow} out, some slow: {context}");
        assert!(allow.pause || self.stopped.is_empty(), "{context}");
        assert!(!allow.spared || self.dead.is_empty(), "{context}");
        let restart = allow.restart && !allow.spared;
        assert!(restart || self.failing.is_empty(), "{context}");
        let disks = allow.keep_disk || self.limited;
        assert!(disks || self.failing.is_empty(), "{context}");
        assert!(!self.limited || (allow.limits && restart), "{context}");
        assert!(self.liars.len() <= usize::from(allow.liars_max), "{context}");
        let mut links: BTreeMap<(Peer, Peer), Vec<LinkRule>> = BTreeMap::new();
        for (src, dest, rule) in self.rules.values().flatten() {
            links.entry((*src, *dest)).or_default().push(*rule);
        }
        for rules in links.values() {
            let survives: f64 = rules.iter().map(|rule| 1.0 - rule.loss).product();
            assert!(1.0 - survives <= allow.loss_max + 1e-6, "loss {}: {context}", 1.0 - survives);
            for rule in rules {
                assert!(allow.partition || !rule.cut, "{context}");
                assert!(allow.duplicate || rule.duplicate == 0.0, "{context}");
                assert!(allow.corrupt || rule.corrupt == 0.0, "{context}");
                assert!(allow.reorder || rule.reorder.is_none(), "{context}");
                assert!(rule.rate.is_none() || allow.loss_max > 0.0, "{context}");
            }
            if let Some(bound) = allow.delay_max {
                let late = |rule: &LinkRule| {
                    rule.delay.map_or(Duration::ZERO, |delay| delay.longest())
                        + rule.reorder.map_or(Duration::ZERO, |reorder| reorder.by)
                        + rule.duplicate_within
                };
                let longest: Duration = rules.iter().map(late).sum();
                let slow = rules.iter().any(|rule| rule.freeze || rule.rate.is_some());
                assert!((longest.is_zero() || longest < bound) && !slow, "{longest:?}: {context}");
            }
        }
    }
}

/// Puts a plan in motion, with leaders that come and go, and watches.
fn watch(plan: &Plan, allow: &Allowance, nodes: u16, seed: u64, end: Duration) {
    let context = format!("seed {seed}, {nodes} nodes, {allow:?}\n{plan}");
    let mut schedule = Schedule::new(plan.clone(), nodes, seed);
    let mut watch = Watch::new(nodes);
    let mut rng = Rng::new(seed, &[1]);
    while let Some(at) = schedule.next_due() {
        assert!(u128::from(at) <= end.as_nanos(), "{at} is after the end: {context}");
        let up: Vec<bool> = (0..nodes)
            .map(NodeId)
            .map(|n| !watch.dead.contains(&n) && !watch.stopped.contains(&n))
            .collect();
        let leader = Some(NodeId(rng.below(u64::from(nodes)) as u16)).filter(|_| rng.chance(0.9));
        for action in schedule.due(at, &Roles { leader, up: &up }) {
            watch.apply(action);
        }
        watch.check(allow, &context);
    }
    assert!(watch.rules.is_empty() && watch.stopped.is_empty(), "not healed: {context}");
    assert!(watch.failing.is_empty(), "not healed: {context}");
    assert!(watch.dead.is_empty() || !allow.restart, "not healed: {context}");
    assert!(watch.dead.is_empty() || plan.faults.iter().any(Fault::is_for_good), "{context}");
}

fn any_allowance(rng: &mut Rng, nodes: u16) -> Allowance {
    let mut flag = || rng.chance(0.6);
    let mut allow = Allowance {
        spared: flag(),
        restart: flag(),
        keep_disk: flag(),
        damage: flag(),
        partition: flag(),
        duplicate: flag(),
        reorder: flag(),
        corrupt: flag(),
        pause: flag(),
        clock: flag(),
        limits: flag(),
        leader: flag(),
        ..Allowance::none()
    };
    allow.liars_max = rng.below(3) as u16;
    allow.crash_max = rng.below(u64::from(nodes) + 1) as u16;
    allow.loss_max = *rng.pick(&[0.0, 0.001, 0.1, 0.3, 1.0]).expect("not empty");
    let bounds = [None, None, Some(0), Some(150), Some(50_000)];
    let micros = *rng.pick(&bounds).expect("not empty");
    allow.delay_max = micros.map(Duration::from_micros);
    allow
}

fn everything(nodes: u16) -> Allowance {
    Allowance {
        crash_max: (nodes - 1) / 2,
        spared: false,
        restart: true,
        keep_disk: true,
        damage: false,
        partition: true,
        loss_max: 0.5,
        duplicate: true,
        reorder: true,
        corrupt: true,
        delay_max: None,
        pause: true,
        clock: true,
        limits: true,
        liars_max: 1,
        leader: true,
        silent: false,
    }
}

#[test]
fn the_allowance_holds_at_every_instant() {
    for seed in 0..4000 {
        let mut rng = Rng::new(seed, &[2]);
        let nodes = 1 + rng.below(7) as u16;
        let allow = any_allowance(&mut rng, nodes);
        let mix = *rng.pick(&Mix::ALL).expect("not empty");
        let duration = Duration::from_millis(1 + rng.below(60_000));
        let plan = Plan::draw(seed, mix, &allow, nodes, duration);
        assert_eq!(plan.check(nodes), Ok(()), "{plan}");
        watch(&plan, &allow, nodes, seed, duration * 85 / 100);
        // Written down, it can be run as one that was made by hand.
        let circumstances = Circumstances {
            nodes,
            leads: allow.leader,
            lies: allow.liars_max > 0,
            talks: true,
            end: duration,
        };
        assert_eq!(Plan::from_toml_for(&plan.to_toml(), &circumstances).as_ref(), Ok(&plan));
        assert_eq!(plan, Plan::draw(seed, mix, &allow, nodes, duration));
    }
}

#[test]
fn models_that_matter_hold_too() {
    for seed in 0..500 {
        let nodes = 3 + 2 * (seed % 3) as u16;
        let quorum = everything(nodes);
        let stop = Allowance { restart: false, ..quorum };
        let sync = Allowance {
            crash_max: nodes - 1,
            delay_max: Some(Duration::from_millis(20)),
            reorder: true,
            ..Allowance::none()
        };
        for allow in [quorum, stop, sync] {
            let duration = Duration::from_secs(20);
            let plan = Plan::draw(seed, Mix::Everything, &allow, nodes, duration);
            watch(&plan, &allow, nodes, seed, duration * 85 / 100);
        }
    }
}

/// The name of a fault's class.
fn class(what: &What) -> String {
    let words = what.to_string();
    words.split([' ', ',']).next().unwrap_or_default().into()
}

#[test]
fn twenty_seconds_exercise_every_class() {
    let all = [
        "clock",
        "corrupt",
        "delay",
        "duplicate",
        "freeze",
        "kill",
        "loss",
        "partition",
        "pause",
        "rate",
        "reorder",
        "slow",
    ];
    let mut whole = 0;
    for seed in 0..500 {
        for nodes in [3, 5, 7] {
            for restart in [true, false] {
                let allow = Allowance { restart, ..everything(nodes) };
                let plan =
                    Plan::draw(seed, Mix::Everything, &allow, nodes, Duration::from_secs(20));
                let seen: BTreeSet<String> = plan.faults.iter().map(|f| class(&f.what)).collect();
                // Storms, and deaths that leave nobody to spare, leave hardly a moment in which one
                // more may stand still or be cut off.
                let lacks: Vec<_> = all.iter().filter(|name| !seen.contains(**name)).collect();
                let spared = ["pause", "slow", "freeze", "partition"];
                let crowded_out = lacks.iter().all(|name| spared.contains(name));
                assert!(crowded_out, "seed {seed}: no {lacks:?}\n{plan}");
                whole += usize::from(lacks.is_empty());
            }
        }
    }
    assert!(whole > 2_400, "only {whole} of 3 000 plans have everything");
}

#[test]
fn mixes_hold_what_their_names_say() {
    let wanted: [(Mix, &[&str]); 9] = [
        (Mix::None, &[]),
        (Mix::Gentle, &["delay", "duplicate", "loss", "reorder"]),
        (Mix::Partition, &["partition"]),
        (Mix::Crash, &["kill"]),
        (Mix::Pause, &["pause", "slow"]),
        (Mix::Clock, &["clock"]),
        (Mix::Disk, &["disk", "kill"]),
        (Mix::Byzantine, &["turn:"]),
        (
            Mix::Network,
            &["corrupt", "delay", "duplicate", "freeze", "loss", "partition", "rate", "reorder"],
        ),
    ];
    for (mix, classes) in wanted {
        for seed in 0..200 {
            let plan = Plan::draw(seed, mix, &everything(5), 5, Duration::from_secs(20));
            assert!(plan.faults.len() >= classes.len(), "seed {seed}\n{plan}");
            let seen: BTreeSet<String> = plan.faults.iter().map(|f| class(&f.what)).collect();
            assert!(seen.iter().eq(classes), "{mix}, seed {seed}\n{plan}");
        }
        assert_eq!(mix.name().parse(), Ok(mix));
    }
    let error = "chaos".parse::<Mix>().expect_err("no such mix");
    assert!(error.to_string().contains("`chaos`") && error.to_string().contains("everything"));
}

#[test]
fn processes_get_little_and_are_started_again_while_descriptors_are_few() {
    let (mut memory, mut restarts) = (0, 0);
    for seed in 0..100 {
        let plan = Plan::draw(seed, Mix::Limits, &everything(5), 5, Duration::from_secs(20));
        let seen: BTreeSet<String> = plan.faults.iter().map(|f| class(&f.what)).collect();
        assert!(seen.contains("limit") && seen.contains("slow"), "seed {seed}\n{plan}");
        let kills = plan.faults.iter().filter(|fault| matches!(fault.what, What::Kill(_)));
        for kill in kills {
            let around = |fault: &&Fault| {
                matches!(fault.what, What::Limit(Limit::Descriptors(_)))
                    && fault.target == kill.target
                    && (fault.from < kill.from && kill.until < fault.until)
            };
            assert!(plan.faults.iter().any(|fault| around(&fault)), "seed {seed}\n{plan}");
            restarts += 1;
        }
        let is_memory = |fault: &&Fault| matches!(fault.what, What::Limit(Limit::Memory(_)));
        memory += plan.faults.iter().filter(is_memory).count();
        let simulated = Allowance { limits: false, ..everything(5) };
        let plan = Plan::draw(seed, Mix::Limits, &simulated, 5, Duration::from_secs(20));
        assert!(plan.faults.iter().all(|f| matches!(f.what, What::Slow(_))), "{plan}");
    }
    assert!(memory > 100 && restarts > 50, "{memory} {restarts}");
}

/// Where nobody comes back, and all is in time.
fn fail_stop() -> Allowance {
    let bound = Duration::from_millis(250);
    Allowance { crash_max: 3, delay_max: Some(bound), leader: true, ..Allowance::none() }
}

#[test]
fn many_kills_find_a_victim_that_lags_within_the_bound() {
    let (mut kills, mut lagging) = (0, 0);
    for seed in 0..300 {
        let allow = fail_stop();
        let plan = Plan::draw(seed, Mix::Everything, &allow, 5, Duration::from_secs(20));
        for kill in plan.faults.iter().filter(|fault| fault.is_for_good() && fault.when.is_none()) {
            let lags = |fault: &&Fault| match fault.what {
                What::Lag(lag) => {
                    assert!(Some(lag.longest()) < allow.delay_max, "seed {seed}\n{plan}");
                    fault.until == kill.from && fault.target == kill.target
                }
                _ => false,
            };
            kills += 1;
            lagging += plan.faults.iter().filter(lags).count();
        }
    }
    assert!(lagging * 2 > kills, "{lagging} of {kills}");
}

#[test]
fn where_nobody_comes_back_leaders_fall_first_and_several_may_fall() {
    let (mut led, mut more) = (0, 0);
    for seed in 0..300 {
        let plan = Plan::draw(seed, Mix::Everything, &fail_stop(), 5, Duration::from_secs(20));
        let kills = || plan.faults.iter().filter(|fault| fault.is_for_good());
        assert!(kills().count() <= 3, "seed {seed}\n{plan}");
        let leaders = kills().filter(|kill| kill.target == Target::Leader).count();
        led += usize::from(leaders > 0);
        more += usize::from(leaders > 1);
    }
    assert!(led > 220 && more > 30, "{led} with a leader that falls, {more} with several");
}

#[test]
fn nodes_lie_only_where_it_is_permitted_and_few_of_them() {
    for mix in [Mix::Byzantine, Mix::Everything, Mix::Swarm] {
        let mut turns = BTreeSet::new();
        for seed in 0..100 {
            let model = Allowance { liars_max: 0, ..everything(5) };
            let turned = |allow: &Allowance| {
                let plan = Plan::draw(seed, mix, allow, 5, Duration::from_secs(20));
                let turned = plan.faults.into_iter().map(|fault| fault.what);
                turned.filter(|what| matches!(what, What::Turn(_))).collect::<Vec<_>>()
            };
            assert_eq!(turned(&model), []);
            turns.extend(turned(&model.beyond()).iter().map(What::to_string));
        }
        assert!(turns.iter().eq(&["turn: equivocate", "turn: mute", "turn: replay"]), "{turns:?}");
    }
}

#[test]
fn plans_vary_and_faults_overlap() {
    let mut shapes = BTreeSet::new();
    let (mut leaders, mut several, mut overlapping, mut count) = (0, 0, 0, 0);
    for seed in 0..300 {
        let plan = Plan::draw(seed, Mix::Everything, &everything(5), 5, Duration::from_secs(30));
        count += plan.faults.len();
        for (i, fault) in plan.faults.iter().enumerate() {
            if let What::Partition(shape) = &fault.what {
                shapes.insert(shape.name());
            }
            leaders += usize::from(fault.target == Target::Leader);
            several += usize::from(
                fault.what.is_to_processes()
                    && matches!(&fault.target, Target::Nodes(nodes) if nodes.len() > 1),
            );
            overlapping += plan.faults[i + 1..].iter().filter(|f| f.from < fault.until).count();
        }
    }
    let every = [
        "bridge",
        "groups",
        "halves",
        "isolate",
        "links",
        "one way in",
        "one way out",
        "ring of majorities",
    ];
    assert!(shapes.iter().eq(&every), "{shapes:?}");
    assert!(leaders > 100 && several > 50, "{leaders} {several}");
    assert!((10..60).contains(&(count / 300)), "{} faults a plan", count / 300);
    assert!(overlapping > count, "{overlapping} overlaps of {count} faults");
}

#[test]
fn nothing_is_drawn_where_nothing_is_permitted() {
    for seed in 0..100 {
        let duration = Duration::from_secs(20);
        let none = Plan::draw(seed, Mix::Everything, &Allowance::none(), 5, duration);
        assert_eq!(none, Plan::default());
        let empty = Plan::draw(seed, Mix::Everything, &everything(1), 0, duration);
        assert_eq!(empty.check(0), Ok(()), "{empty}");
        Plan::draw(seed, Mix::Everything, &everything(5), 5, Duration::ZERO);
    }
    let day = Duration::from_secs(86_400);
    assert_eq!(Plan::draw(1, Mix::Everything, &everything(5), 5, day).check(5), Ok(()));
}
