//! A plan in motion: what to do next, to whom, and what came of it.
//!
//! A host asks [`Schedule::next_due`] when to come back, hands in the time and what it knows of the
//! nodes, and carries out the [`Action`]s in order. It tells what a fault touched through
//! [`Schedule::landed`], and writes the records of [`Schedule::record`] into the history. Whatever
//! moment a run is stopped at, [`Schedule::heal`] undoes everything in force.

mod action;
mod clocks;
mod hardships;
mod resolve;
mod slices;
mod watch;

pub use action::{Action, Landing, Roles};

use crate::FaultId;
use crate::plan::{AfterKill, Moment, Plan, Target, What};
use crate::rng::{Rng, nanos};
use compact_str::CompactString;
use resolve::Resolved;
use schism_history::{Fault, FaultEdge, Nanos, NodeId, Skew};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    InForce,
    Over,
}

/// What happens to a fault at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    End,
    Begin,
    /// It is in force and wants to be looked after.
    Tick,
}

/// A fault and what came of it.
#[derive(Clone, Debug)]
struct Progress {
    stage: Stage,
    /// What it is in words, once the targets are known.
    what: CompactString,
    targets: Vec<NodeId>,
    touched: u64,
    detail: CompactString,
    /// For a fault that waits for a leader: when it ends, once it has begun.
    ends_at: Option<Nanos>,
    /// When it began, and how often it was looked after since.
    began: Option<Nanos>,
    ticks: u64,
    /// How often a disk was slow, and how much time that took.
    slowed: (u64, Nanos),
}

/// One node, as far as faults are concerned.
#[derive(Clone, Debug, Default)]
struct Victim {
    /// The faults that keep it down. It is started again when the last of them ends.
    killers: BTreeSet<FaultId>,
    /// The worst that one of them is to do to its disk.
    disk: Option<AfterKill>,
    /// Whether one of them was for good.
    for_good: bool,
    /// The faults that keep it stopped.
    pausers: BTreeSet<FaultId>,
    /// What is wrong with its clock.
    clocks: BTreeMap<FaultId, Skew>,
    /// The faults that it has to cope with.
    hardships: BTreeSet<FaultId>,
}

/// A plan in motion.
#[derive(Clone, Debug)]
pub struct Schedule {
    plan: Plan,
    seed: u64,
    victims: Vec<Victim>,
    progress: Vec<Progress>,
    /// When faults begin and end, soonest first. Of the same instant, ends come first, then
    /// beginnings.
    edges: Vec<(Nanos, Edge, FaultId)>,
    /// How many of them are past.
    past: usize,
    /// Faults whose time has come and that wait for a node to begin to lead.
    awaiting_leader: Vec<FaultId>,
    /// Of those, the ones whose leader cannot be spared before somebody else is back.
    held_up: Vec<FaultId>,
    /// Faults whose time has come and that wait for a moment, and how often it has come already.
    watching: Vec<(FaultId, u32)>,
    /// Kinds of messages and events there were while somebody waited for some.
    heard: BTreeSet<CompactString>,
    /// Who began to lead, or was seen at that moment, when such a fault stopped waiting.
    risen: BTreeMap<FaultId, NodeId>,
}

/// A fault that waited for a leader begins at most this long after it: somewhere between the
/// election and the time its first entries have reached everybody.
const AFTER_RISING: Duration = Duration::from_millis(150);

impl Schedule {
    /// Sets a plan in motion. Its times count from the same zero as the `now` of
    /// [`Schedule::due`]. The plan should have passed [`Plan::check`].
    pub fn new(plan: Plan, nodes: u16, seed: u64) -> Schedule {
        let mut edges = Vec::new();
        let mut progress = Vec::new();
        for (i, fault) in plan.faults.iter().enumerate() {
            let id = i as FaultId;
            edges.push((nanos(fault.from), Edge::Begin, id));
            if !fault.is_for_good() {
                edges.push((nanos(fault.until), Edge::End, id));
            }
            progress.push(Progress {
                stage: Stage::Waiting,
                what: fault.what.to_string().into(),
                targets: Vec::new(),
                touched: 0,
                detail: CompactString::default(),
                ends_at: None,
                began: None,
                ticks: 0,
                slowed: (0, 0),
            });
        }
        edges.sort_unstable();
        let victims = vec![Victim::default(); usize::from(nodes)];
        Schedule {
            plan,
            seed,
            victims,
            progress,
            edges,
            past: 0,
            awaiting_leader: Vec::new(),
            held_up: Vec::new(),
            watching: Vec::new(),
            heard: BTreeSet::new(),
            risen: BTreeMap::new(),
        }
    }

    /// When [`Schedule::due`] has something to do next.
    pub fn next_due(&self) -> Option<Nanos> {
        self.edges.get(self.past).map(|&(at, ..)| at)
    }

    /// Everything to be done up to now, in order. Targets are chosen here: at random among the nodes
    /// that are up and that no other fault holds, by the plan's seed.
    pub fn due(&mut self, now: Nanos, roles: &Roles<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        // Within one call, nodes go down and come back: the host's view is older than that.
        let mut up = roles.up.to_vec();
        up.resize(self.victims.len(), false);
        while let Some(&(at, edge, fault)) = self.edges.get(self.past).filter(|edge| edge.0 <= now)
        {
            debug_assert!(at <= now);
            self.past += 1;
            let before = actions.len();
            let mut back = false;
            let waits = self.plan.faults[fault as usize].target == Target::NewLeader;
            let risen = self.risen.get(&fault).copied();
            let moment = self.plan.faults[fault as usize].when.is_some();
            match edge {
                Edge::Begin if waits && risen.is_none() => self.awaiting_leader.push(fault),
                Edge::Begin if waits => {
                    let out = up.iter().filter(|up| !**up).count();
                    match out < up.len().saturating_sub(1) / 2 {
                        true => self.begin(at, fault, risen, &up, &mut actions),
                        false => self.held_up.push(fault),
                    }
                }
                Edge::Begin if moment && risen.is_none() => self.watching.push((fault, 0)),
                Edge::Begin if moment => {
                    let sender = self.plan.faults[fault as usize].target == Target::Sender;
                    let whom = if sender { risen } else { roles.leader };
                    self.begin(at, fault, whom, &up, &mut actions);
                }
                Edge::Begin => self.begin(at, fault, roles.leader, &up, &mut actions),
                // The end that was planned before the fault had to wait.
                Edge::End if waits && self.progress[fault as usize].ends_at != Some(at) => {}
                Edge::End => self.end(at, fault, &mut actions),
                Edge::Tick => {
                    self.wind(at, fault, &mut actions);
                    self.slice(at, fault, &mut actions);
                }
            }
            for action in &actions[before..] {
                match action {
                    Action::Kill { node, .. } => up[usize::from(node.0)] = false,
                    Action::Restart { node, .. } => {
                        up[usize::from(node.0)] = true;
                        back = true;
                    }
                    _ => {}
                }
            }
            if back && !self.held_up.is_empty() {
                let fault = self.held_up.remove(0);
                self.begin_late(fault, at);
            }
        }
        actions
    }

    /// A node has begun to lead: the fault that has waited longest for that begins soon, or at its
    /// moment at that node, and lasts as long as it was meant to.
    pub fn leader_rose(&mut self, now: Nanos, node: NodeId) {
        // Who led before will not say any more what was waited for.
        let faults = &self.plan.faults;
        let waits =
            |&(fault, _): &(FaultId, u32)| faults[fault as usize].target == Target::NewLeader;
        let stale: Vec<(FaultId, u32)> = self.watching.extract_if(.., |it| waits(it)).collect();
        self.awaiting_leader.splice(0..0, stale.into_iter().map(|(fault, _)| fault));
        if self.awaiting_leader.is_empty() {
            return;
        }
        self.risen.extend(self.held_up.iter().map(|&fault| (fault, node)));
        let fault = self.awaiting_leader.remove(0);
        self.risen.insert(fault, node);
        if self.plan.faults[fault as usize].when.is_some() {
            return self.watching.push((fault, 0));
        }
        let mut rng = Rng::new(self.seed, &[u64::from(fault), now]);
        self.begin_late(fault, now + nanos(rng.between(Duration::ZERO, AFTER_RISING)));
    }

    /// A fault that had to wait begins at this time, and lasts as long as it was meant to.
    fn begin_late(&mut self, fault: FaultId, from: Nanos) {
        let planned = &self.plan.faults[fault as usize];
        let length = nanos(planned.until.saturating_sub(planned.from)).max(1);
        self.progress[fault as usize].ends_at = Some(from + length);
        self.insert(from, Edge::Begin, fault);
        self.insert(from + length, Edge::End, fault);
    }

    /// Adds an edge that is still to come.
    fn insert(&mut self, at: Nanos, edge: Edge, fault: FaultId) {
        let later = self.edges[self.past..].partition_point(|&(other, ..)| other <= at);
        self.edges.insert(self.past + later, (at, edge, fault));
    }

    /// Undoes everything in force and forgets what was still to come. Nodes killed for good stay
    /// dead.
    pub fn heal(&mut self, now: Nanos) -> Vec<Action> {
        self.past = self.edges.len();
        self.awaiting_leader.clear();
        self.held_up.clear();
        let mut actions = Vec::new();
        for (fault, _) in self.watching.clone() {
            self.stop_watching(fault, &mut actions);
        }
        for fault in 0..self.progress.len() {
            if self.progress[fault].stage == Stage::InForce {
                self.end(now, fault as FaultId, &mut actions);
            }
        }
        actions
    }

    fn begin(
        &mut self,
        at: Nanos,
        fault: FaultId,
        leader: Option<NodeId>,
        up: &[bool],
        actions: &mut Vec<Action>,
    ) {
        let planned = &self.plan.faults[fault as usize];
        let what = planned.what.clone();
        // Whoever is struck by what it sends is struck in the middle of it.
        let sending = planned.target == Target::Sender
            || (planned.target == Target::NewLeader
                && planned.when.as_ref().is_some_and(Moment::is_message));
        let mut rng = Rng::new(self.seed, &[u64::from(fault)]);
        let free = |node: usize| {
            up[node]
                && self.victims[node].killers.is_empty()
                && self.victims[node].pausers.is_empty()
        };
        let free: Vec<bool> = (0..up.len()).map(free).collect();
        let Resolved { targets, words, rules, missing } =
            resolve::resolve(planned, &free, leader, &mut rng);

        let progress = &mut self.progress[fault as usize];
        progress.stage = Stage::InForce;
        progress.what = words.into();
        progress.targets.clone_from(&targets);
        progress.detail = missing.into();
        actions.push(Action::Begun { fault });
        match what {
            What::Kill(after) => {
                for node in targets {
                    let victim = &mut self.victims[usize::from(node.0)];
                    let held = !victim.killers.is_empty() || !victim.pausers.is_empty();
                    if !up[usize::from(node.0)] && !held {
                        self.note(fault, &format!("{node} was not running"));
                        continue;
                    }
                    // Death ends a pause: the process that was stopped is gone.
                    victim.pausers.clear();
                    victim.disk = victim.disk.max(Some(after));
                    victim.for_good |= after == AfterKill::ForGood;
                    if victim.killers.insert(fault) && victim.killers.len() == 1 {
                        actions.push(Action::Kill { fault, node, sending });
                    } else {
                        self.note(fault, &format!("{node} was down already"));
                    }
                }
            }
            What::Pause => {
                for node in targets {
                    let victim = &mut self.victims[usize::from(node.0)];
                    let runs = up[usize::from(node.0)] || !victim.pausers.is_empty();
                    if !runs || !victim.killers.is_empty() {
                        self.note(fault, &format!("{node} was not running"));
                    } else if victim.pausers.insert(fault) && victim.pausers.len() == 1 {
                        actions.push(Action::Pause { fault, node });
                    } else {
                        self.note(fault, &format!("{node} was paused already"));
                    }
                }
            }
            What::Clock(_) => self.wind(at, fault, actions),
            What::Slow(_) => self.slice(at, fault, actions),
            What::Disk(_) | What::Limit(_) => self.burden(fault, &targets, actions),
            _ if rules.is_empty() => {}
            What::Turn(turn) => {
                for node in targets {
                    actions.push(Action::Turned { node, turn });
                }
                actions.push(Action::BeginLinks { fault, rules });
            }
            _ => actions.push(Action::BeginLinks { fault, rules }),
        }
    }

    fn end(&mut self, at: Nanos, fault: FaultId, actions: &mut Vec<Action>) {
        self.stop_watching(fault, actions);
        let progress = &mut self.progress[fault as usize];
        if progress.stage != Stage::InForce {
            return;
        }
        progress.stage = Stage::Over;
        let what = &self.plan.faults[fault as usize].what;
        match what {
            What::Kill(_) | What::Disk(_) | What::Limit(_) => {
                if !matches!(what, What::Kill(_)) {
                    self.relieve(fault, actions);
                }
                let mut restarted = Vec::new();
                for (i, victim) in self.victims.iter_mut().enumerate() {
                    if victim.killers.remove(&fault)
                        && victim.killers.is_empty()
                        && !victim.for_good
                    {
                        let disk = victim.disk.take().unwrap_or(AfterKill::KeepDisk);
                        let node = NodeId(i as u16);
                        actions.push(Action::Restart { fault, node, disk });
                        restarted.push(node);
                    }
                }
                for node in restarted {
                    self.remind(at, node, actions);
                }
            }
            What::Pause | What::Slow(_) => {
                for (i, victim) in self.victims.iter_mut().enumerate() {
                    if victim.pausers.remove(&fault) && victim.pausers.is_empty() {
                        actions.push(Action::Resume { fault, node: NodeId(i as u16) });
                    }
                }
            }
            What::Clock(_) => self.set_right(at, fault, actions),
            _ => actions.push(Action::EndLinks { fault }),
        }
        actions.push(Action::Ended { fault });
    }

    /// Adds to what is said about a fault.
    fn note(&mut self, fault: FaultId, detail: &str) {
        let Some(progress) = self.progress.get_mut(fault as usize) else { return };
        // What is seen again and again is said once.
        if !detail.is_empty() && !progress.detail.contains(detail) {
            if !progress.detail.is_empty() {
                progress.detail.push_str(", ");
            }
            progress.detail.push_str(detail);
        }
    }

    /// The host tells what a fault touched: so many messages, signals or bytes, and in words. May be
    /// called several times for one fault.
    pub fn landed(&mut self, fault: FaultId, touched: u64, detail: &str) {
        if let Some(progress) = self.progress.get_mut(fault as usize) {
            progress.touched += touched;
        }
        self.note(fault, detail);
    }

    /// The record for the history of a fault's beginning or end.
    ///
    /// # Panics
    /// If the plan has no such fault; the ids of actions are always good.
    pub fn record(&self, fault: FaultId, edge: FaultEdge) -> Fault {
        let progress = &self.progress[fault as usize];
        let ended = edge == FaultEdge::End;
        Fault {
            id: fault,
            edge,
            what: progress.what.clone(),
            targets: progress.targets.clone(),
            touched: if ended { progress.touched } else { 0 },
            detail: if ended { progress.detail.clone() } else { CompactString::default() },
        }
    }

    /// What came of each fault of the plan, in its order.
    pub fn landings(&self) -> impl Iterator<Item = Landing<'_>> {
        self.progress.iter().map(|progress| Landing {
            what: &progress.what,
            begun: progress.stage != Stage::Waiting,
            touched: progress.touched,
            detail: &progress.detail,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}
