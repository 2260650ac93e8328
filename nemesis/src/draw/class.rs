//! The classes of faults, and one fault of a class at random.

use super::{Allowance, Mix};
use crate::network::{Delay, Rate, Reorder};
use crate::partition::Shape;
use crate::plan::{
    AfterKill, Clock, DiskFault, Duplicate, Fault, Limit, Moment, Target, Turn, What,
};
use crate::rng::{Rng, nanos};
use schism_history::NodeId;
use std::time::Duration;

/// A class of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Partition,
    Loss,
    Delay,
    Duplicate,
    Reorder,
    Corrupt,
    Rate,
    Freeze,
    Kill,
    Pause,
    Clock,
    Slow,
    DiskFails,
    DiskSlow,
    Limit,
    Turn,
}

/// What can happen to the disk of a dead node.
const DAMAGES: [AfterKill; 3] = [AfterKill::BitFlip, AfterKill::RollBack, AfterKill::WipeDisk];
/// How many of the kills strike whoever is in the middle of sending.
const SENDERS: f64 = 0.3;
/// The same where delays are short: at any other time hardly anything is on its way.
const SENDERS_WITHOUT_DELAY: f64 = 0.8;
/// How many of the kills strike the leader, if it is known…
const LEADERS: f64 = 0.35;
/// …and how many where that happens only a few times, because nobody comes back.
const LEADERS_FOR_GOOD: f64 = 0.5;
/// No clock is drawn to be further off than this.
const FURTHEST: Duration = Duration::from_secs(2);
/// Bounds on delay tighter than this leave no room for faults.
const SHORTEST_BOUND: Duration = Duration::from_micros(100);
/// Bounds tighter than this leave hardly any.
const SHORT_BOUND: Duration = Duration::from_millis(100);
/// For so long a node lags behind before it is killed, at most.
const RUN_UPS: [u64; 4] = [20, 60, 150, 300];

impl Class {
    /// The classes that a mix wants and an allowance permits.
    pub fn permitted(mix: Mix, allow: &Allowance, nodes: u16) -> Vec<Class> {
        use Class::*;
        let wanted: &[Class] = match mix {
            Mix::None => &[],
            Mix::Gentle => &[Loss, Delay, Duplicate, Reorder],
            Mix::Partition => &[Partition],
            Mix::Crash => &[Kill],
            Mix::Pause => &[Pause, Slow],
            Mix::Clock => &[Clock],
            Mix::Disk if !allow.restart || !allow.keep_disk => &[],
            Mix::Disk => &[Kill, DiskFails, DiskSlow],
            Mix::Limits => &[Slow, Limit],
            Mix::Byzantine => &[Turn],
            Mix::Network => &[Partition, Loss, Delay, Duplicate, Reorder, Corrupt, Rate, Freeze],
            Mix::Everything | Mix::Swarm => &[
                Partition, Loss, Delay, Duplicate, Reorder, Corrupt, Rate, Freeze, Kill, Pause,
                Clock, Slow, DiskFails, DiskSlow, Limit, Turn,
            ],
        };
        let late = may_be_late(allow);
        let permitted = |class: &Class| match class {
            Partition => allow.partition && nodes > 1,
            Loss => allow.loss_max > 0.0 && nodes > 1,
            Delay => late && nodes > 1,
            Duplicate => allow.duplicate && nodes > 1,
            Reorder => allow.reorder && late && nodes > 1,
            Corrupt => allow.corrupt && nodes > 1,
            Rate => allow.loss_max > 0.0 && allow.delay_max.is_none() && nodes > 1,
            Freeze => allow.delay_max.is_none() && nodes > 1,
            Kill => allow.crash_max > 0 && !allow.spared && nodes > 0,
            Pause | Slow => allow.pause && nodes > 0,
            Clock => allow.clock && nodes > 0,
            // Only who keeps something on a disk has one to lose.
            DiskFails => allow.restart && allow.keep_disk && allow.crash_max > 0 && !allow.spared,
            DiskSlow => allow.restart && allow.keep_disk && allow.pause,
            // It may be too little to live on.
            Limit => allow.limits && allow.restart && allow.crash_max > 0 && !allow.spared,
            Turn => allow.liars_max > 0 && nodes > 1,
        };
        wanted.iter().copied().filter(permitted).collect()
    }

    /// Whether it takes nodes out of the cluster.
    pub fn takes_nodes_out(self) -> bool {
        use Class::*;
        matches!(self, Partition | Freeze | Kill | Pause | Slow | DiskFails | Limit)
    }

    /// How often it is drawn, relative to others. What changes who can talk with whom finds most.
    pub fn weight(self, allow: &Allowance) -> usize {
        match self {
            // Who is killed for good is missing from everything that follows.
            Class::Kill if !allow.restart => 1,
            Class::Partition | Class::Kill | Class::Pause => 3,
            _ => 1,
        }
    }

    /// A fault of this class, not yet held against the budget. `None`: this time it did not work
    /// out.
    pub fn draw(
        self,
        rng: &mut Rng,
        mix: Mix,
        allow: &Allowance,
        nodes: u16,
        from: Duration,
        until: Duration,
    ) -> Option<Fault> {
        let gentle = mix == Mix::Gentle;
        let mut until = until;
        let mut when = None;
        let (what, target) = match self {
            Class::Partition => partition(rng, allow, nodes)?,
            Class::Kill => {
                let after = match (allow.restart, allow.keep_disk) {
                    (true, true) if allow.damage && rng.chance(0.5) => {
                        *rng.pick(&DAMAGES).unwrap_or(&AfterKill::WipeDisk)
                    }
                    (true, true) => AfterKill::KeepDisk,
                    (true, false) => AfterKill::WipeDisk,
                    (false, _) => AfterKill::ForGood,
                };
                if after == AfterKill::ForGood {
                    until = from;
                }
                let short = allow.delay_max.is_some_and(|bound| bound < SHORT_BOUND);
                let senders = if short { SENDERS_WITHOUT_DELAY } else { SENDERS };
                let target = if rng.chance(senders) && nodes > 1 && !allow.silent {
                    when = Some(Moment::any_message(1 + rng.below(60) as u32));
                    Target::Sender
                } else {
                    victims(rng, allow, nodes)
                };
                (What::Kill(after), target)
            }
            Class::Pause => (What::Pause, victims(rng, allow, nodes)),
            Class::Slow => {
                let share = *rng.pick(&[0.05, 0.1, 0.2, 0.5]).unwrap_or(&0.5);
                (What::Slow(share), victims(rng, allow, nodes))
            }
            Class::DiskFails => {
                let disk = if rng.chance(0.5) { DiskFault::Eio } else { DiskFault::Enospc };
                (What::Disk(disk), victims(rng, allow, nodes))
            }
            Class::DiskSlow => {
                let by = *rng.pick(&[2, 10, 30, 100]).unwrap_or(&10);
                (What::Disk(DiskFault::Slow(Duration::from_millis(by))), apart(rng, nodes))
            }
            Class::Limit => (What::Limit(limit(rng)), victims(rng, allow, nodes)),
            Class::Turn => {
                let turns = [Turn::Mute, Turn::Equivocate, Turn::Replay];
                (What::Turn(*rng.pick(&turns).unwrap_or(&Turn::Mute)), named(rng, nodes, 1))
            }
            Class::Loss => (What::Loss(loss(rng, allow, gentle)?), around(rng, nodes)),
            Class::Delay => (What::Delay(delay(rng, allow, gentle)), around(rng, nodes)),
            Class::Duplicate => {
                let probability = hundredths(rng, 5, if gentle { 10 } else { 50 });
                let room = room(rng, allow, gentle);
                let within = rng.between(Duration::ZERO, room);
                (
                    What::Duplicate(Duplicate { probability, within: rough(within) }),
                    around(rng, nodes),
                )
            }
            Class::Reorder => {
                let probability = hundredths(rng, 5, if gentle { 10 } else { 50 });
                let by = rough(room(rng, allow, gentle));
                (What::Reorder(Reorder { probability, by }), around(rng, nodes))
            }
            Class::Corrupt => (What::Corrupt(hundredths(rng, 1, 20)), around(rng, nodes)),
            Class::Rate => {
                let bytes_per_second = 1000 * (1 << rng.below(7));
                let queue = Duration::from_millis(100 * (1 + rng.below(10)));
                (What::Rate(Rate { bytes_per_second, queue }), around(rng, nodes))
            }
            Class::Freeze => (What::Freeze, named(rng, nodes, 1)),
            Class::Clock => (What::Clock(clock(rng, until - from)), apart(rng, nodes)),
        };
        Some(Fault { what, target, from, until, when })
    }
}

/// `None` if the shape would cut nothing, as some do in small clusters.
fn partition(rng: &mut Rng, allow: &Allowance, nodes: u16) -> Option<(What, Target)> {
    let mut all: Vec<NodeId> = (0..nodes).map(NodeId).collect();
    rng.shuffle(&mut all);
    let minority = 1 + rng.below(u64::from(nodes.saturating_sub(1) / 2).max(1)) as usize;
    let two = |at: usize| {
        let (few, many) = all.split_at(at.min(all.len()));
        let mut groups = vec![many.to_vec(), few.to_vec()];
        groups.iter_mut().for_each(|group| group.sort_unstable());
        groups.retain(|group| !group.is_empty());
        Shape::Groups(groups)
    };
    let shape = match rng.below(9) {
        0 => two(usize::from(nodes / 2)),
        1 => Shape::Halves,
        2 | 3 => two(minority),
        4 => Shape::MajoritiesRing,
        5 => Shape::Bridge,
        6 => {
            let links = Shape::RandomLinks(0.3).cut(nodes, &[], rng).links;
            Shape::Links(links.into_iter().collect())
        }
        7 => Shape::Isolate,
        _ if rng.chance(0.5) => Shape::OneWayIn,
        _ => Shape::OneWayOut,
    };
    let target = match shape.is_targeted() {
        true if allow.leader && rng.chance(0.5) => Target::Leader,
        true => named(rng, nodes, 1),
        false => Target::All,
    };
    let cuts = shape.is_targeted() || !shape.cut(nodes, &[], rng).links.is_empty();
    cuts.then_some((What::Partition(shape), target))
}

/// Whom to kill or pause: mostly one, at times as many as may be out. Where nobody comes back there
/// may be no other time for those.
fn victims(rng: &mut Rng, allow: &Allowance, nodes: u16) -> Target {
    let leaders = if allow.restart { LEADERS } else { LEADERS_FOR_GOOD };
    if allow.leader && rng.chance(leaders) {
        return Target::Leader;
    }
    let most = allow.crash_max.clamp(1, nodes.max(1));
    let one = if allow.restart { 0.6 } else { 0.2 };
    let count = if rng.chance(one) { 1 } else { 1 + rng.below(u64::from(most)) as u16 };
    named(rng, nodes, count)
}

/// Not enough for a process, or just about: a small one takes 20 MiB and seven descriptors.
fn limit(rng: &mut Rng) -> Limit {
    if rng.chance(0.5) {
        return Limit::Memory(*rng.pick(&[4, 8, 16, 24, 32, 64]).unwrap_or(&16) << 20);
    }
    Limit::Descriptors(3 + rng.below(10))
}

/// Whether a fault may make messages late.
fn may_be_late(allow: &Allowance) -> bool {
    allow.delay_max.is_none_or(|bound| bound >= SHORTEST_BOUND)
}

/// What makes a kill find more on its way than the moment's few messages: for a while before it, the
/// victim lags behind. It hears and answers as ever, and what it has said to others by the end may
/// be lost with it.
pub(super) fn run_up(rng: &mut Rng, allow: &Allowance, kill: &Fault) -> Option<Fault> {
    let long = Duration::from_millis(*rng.pick(&RUN_UPS)?);
    let lag = allow.delay_max.map_or(long, |bound| long.min(bound * 3 / 5));
    may_be_late(allow).then(|| Fault {
        what: What::Lag(Delay::Constant(lag)),
        target: kill.target.clone(),
        from: kill.from.saturating_sub(long),
        until: kill.from,
        when: None,
    })
}

/// Whose links misbehave: everybody's, one node's or some nodes'.
fn around(rng: &mut Rng, nodes: u16) -> Target {
    match rng.below(10) {
        0..5 => Target::All,
        5..8 => named(rng, nodes, 1),
        _ => {
            let count = 1 + rng.below(u64::from(nodes)) as u16;
            named(rng, nodes, count)
        }
    }
}

/// Whose clock goes wrong: what matters most is how far clocks are apart.
fn apart(rng: &mut Rng, nodes: u16) -> Target {
    match rng.below(6) {
        0 => Target::All,
        1..4 => named(rng, nodes, 1),
        _ => {
            let count = 1 + rng.below(u64::from(nodes)) as u16;
            named(rng, nodes, count)
        }
    }
}

/// So many nodes by name, unless it is all of them.
fn named(rng: &mut Rng, nodes: u16, count: u16) -> Target {
    let mut all: Vec<NodeId> = (0..nodes).map(NodeId).collect();
    rng.shuffle(&mut all);
    all.truncate(usize::from(count));
    all.sort_unstable();
    if count < nodes { Target::Nodes(all) } else { Target::All }
}

/// A probability of whole hundredths, both ends included.
fn hundredths(rng: &mut Rng, least: u64, most: u64) -> f64 {
    (least + rng.below(most - least + 1)) as f64 / 100.0
}

/// A probability of loss. Beyond 60 % it is a partition by another name.
fn loss(rng: &mut Rng, allow: &Allowance, gentle: bool) -> Option<f64> {
    let most = allow.loss_max.min(if gentle { 0.05 } else { 0.6 });
    let most_hundredths = (most * 100.0 + 1e-9) as u64;
    match most_hundredths {
        0 => (most > 0.0).then_some(most),
        most => Some(hundredths(rng, most.min(5), most)),
    }
}

/// The longest delay of one fault: strictly below the bound, if there is one.
fn room(rng: &mut Rng, allow: &Allowance, gentle: bool) -> Duration {
    let scale = match gentle {
        true => 1 + rng.below(10),
        false => *rng.pick(&[5, 20, 50, 200, 500]).unwrap_or(&20),
    };
    let free = Duration::from_millis(scale);
    match allow.delay_max {
        None => free,
        Some(bound) => free.min(bound * (30 + rng.below(65) as u32) / 100),
    }
}

fn delay(rng: &mut Rng, allow: &Allowance, gentle: bool) -> Delay {
    let cap = rough(room(rng, allow, gentle)).max(Duration::from_micros(10));
    let part = |hundredths: u32| rough(cap * hundredths / 100);
    match rng.below(5) {
        0 => Delay::Constant(cap),
        1 => Delay::Uniform(part(rng.below(50) as u32), cap),
        2 => Delay::Normal { mean: part(40), deviation: part(20), cap },
        3 => Delay::Exponential { mean: part(25), cap },
        _ => Delay::Pareto { least: part(5), shape: 1.0 + hundredths(rng, 20, 100), cap },
    }
}

/// A clock is never so far off that what it holds up when it comes right outlasts the fault.
fn clock(rng: &mut Rng, length: Duration) -> Clock {
    let most = length.min(FURTHEST);
    let by = rough(most * (5 + rng.below(95) as u32) / 100).max(Duration::from_millis(1));
    match rng.below(6) {
        0 | 1 => Clock::Jump(nanos(by) as i64),
        2 => Clock::Jump(-(nanos(by) as i64)),
        3 => {
            let every = Duration::from_millis(*rng.pick(&[10, 30, 100, 300]).unwrap_or(&100));
            Clock::Strobe { by: by.min(FURTHEST / 4), every }
        }
        // A little, as crystals do, or a lot, as virtual machines do.
        _ => {
            let most = most.as_secs_f64() / length.as_secs_f64();
            let percent = *rng.pick(&[1, 5, 20, 50, 90]).unwrap_or(&5) as f64;
            let rate = (percent / 100.0 * most * 1000.0).round().max(1.0) / 1000.0;
            Clock::Drift(if rng.chance(0.5) { rate } else { -rate })
        }
    }
}

/// Rounded down to two digits: people will read it.
fn rough(duration: Duration) -> Duration {
    let micros = nanos(duration) / 1000;
    let mut unit = 1;
    while micros / unit >= 100 {
        unit *= 10;
    }
    Duration::from_micros(micros / unit * unit)
}
