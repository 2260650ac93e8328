//! Plans drawn from a seed.
//!
//! A drawn plan first gets one fault of each class that mix and allowance permit, then more at
//! random intervals. A fault that would exceed the allowance at any instant is drawn again, and left
//! out if that does not help. Everything drawn is literal (these nodes, these groups) except the
//! leader, and the order of rings and bridges, which never overlap with anything they could add up
//! with: so the plan itself can be read, edited and run again without the seed.
//!
//! The last 15 % of the time stay free of faults. Only who was killed for good stays dead.

mod allowance;
mod budget;
mod class;
mod mix;

pub use allowance::Allowance;
pub use mix::{Mix, UnknownMix};

use crate::network::Delay;
use crate::plan::{AfterKill, Fault, Limit, Moment, Occasion, Plan, Target, What, comes_too_late};
use crate::rng::{Rng, nanos};
use class::Class;
use schism_history::NodeId;
use std::slice;
use std::time::Duration;

/// Which part of the time may have faults, in percent.
const FAULTY: u64 = 85;
/// How many plans have a storm of restarts, where restarts are permitted.
const STORMS: f64 = 0.6;
/// How many kills at a known time find a victim that lags behind.
const RUN_UPS: f64 = 0.85;
/// How often, where nobody comes back, the leader is killed before anybody else is.
const LEADER_FIRST: f64 = 0.8;
/// How often a leader is killed just before the end.
const PARTING_SHOTS: f64 = 0.3;
/// How often as many more are killed for good as may be.
const MORE: f64 = 0.7;
/// How often a fault that must be there is drawn at random before it is searched for.
const TRIES: u64 = 60;

impl Plan {
    /// Draws a plan for a chaos phase of this length. The same arguments give the same plan.
    pub fn draw(seed: u64, mix: Mix, allow: &Allowance, nodes: u16, duration: Duration) -> Plan {
        Plan::draw_at(seed, mix, allow, nodes, duration, None)
    }

    /// The same, where faults come at this mean interval.
    pub fn draw_at(
        seed: u64,
        mix: Mix,
        allow: &Allowance,
        nodes: u16,
        duration: Duration,
        interval: Option<Duration>,
    ) -> Plan {
        Drawing::new(seed, mix, *allow, nodes, duration).finish(interval)
    }
}

impl Plan {
    /// The plan up to some time, and from then on another one, drawn as [`Plan::draw`] does.
    pub fn redrawn(
        &self,
        at: Duration,
        seed: u64,
        mix: Mix,
        allow: &Allowance,
        nodes: u16,
        duration: Duration,
    ) -> Plan {
        let mut drawing = Drawing::new(seed, mix, *allow, nodes, duration);
        drawing.begin_at(nanos(at) / 1_000_000 + 1);
        drawing.plan.faults = self.faults.clone();
        drawing.plan.faults.retain(|fault| fault.from < at);
        drawing.finish(None)
    }
}

impl Plan {
    /// Whether it stays within an allowance at every instant.
    pub fn fits(&self, allow: &Allowance, nodes: u16) -> bool {
        (1..=self.faults.len()).all(|some| budget::fits(&self.faults[..some], allow, nodes))
    }
}

/// A plan being drawn. Times are whole milliseconds, because people will read them.
struct Drawing {
    rng: Rng,
    mix: Mix,
    allow: Allowance,
    nodes: u16,
    /// The first millisecond that may have a fault, and the first that may not.
    start: u64,
    end: u64,
    /// About how long a fault lasts.
    unit: u64,
    plan: Plan,
}

impl Drawing {
    fn new(seed: u64, mix: Mix, allow: Allowance, nodes: u16, duration: Duration) -> Drawing {
        let millis = nanos(duration) / 1_000_000;
        // The workload gets a moment to begin, so that the first fault meets something.
        let start = (millis / 20).min(1000);
        let end = (u128::from(millis) * u128::from(FAULTY) / 100) as u64;
        let rng = Rng::new(seed, &[0x706c_616e]);
        let plan = Plan::default();
        let mut drawing = Drawing { rng, mix, allow, nodes, start, end, unit: 0, plan };
        drawing.begin_at(start);
        drawing
    }

    fn begin_at(&mut self, start: u64) {
        self.start = start;
        self.unit = (self.end.saturating_sub(start) / 10).clamp(20, 5000);
    }

    fn finish(mut self, interval: Option<Duration>) -> Plan {
        let mut classes = Class::permitted(self.mix, &self.allow, self.nodes);
        let mut swarm = 1.0;
        if self.mix == Mix::Swarm {
            self.rng.shuffle(&mut classes);
            let some = 1 + self.rng.below(classes.len().max(1) as u64) as usize;
            classes.truncate(some);
            swarm = *self.rng.pick(&[0.3, 0.6, 1.0, 2.0]).unwrap_or(&1.0);
        }
        if self.end < self.start + self.unit || classes.is_empty() {
            return self.plan;
        }
        self.rng.shuffle(&mut classes);
        // A kill for good narrows everything after it, so it has to find its place first.
        classes.sort_by_key(|class| *class != Class::Kill || self.allow.restart);
        // Others that take nodes out then need time before it.
        let crowded = classes.iter().any(|class| *class != Class::Kill && class.takes_nodes_out());
        if self.allow.restart && classes.contains(&Class::Kill) && self.rng.chance(STORMS) {
            self.place_storm();
        }
        for class in &classes {
            self.place_surely(*class, crowded && !self.allow.restart);
            if *class == Class::Kill && !self.allow.restart && !crowded {
                self.place_more_kills();
            }
        }
        let pace = match (self.mix, classes.len()) {
            (Mix::Crash, _) if !self.allow.restart => 3.0,
            (Mix::Gentle, _) | (_, 1 | 2) => 1.3,
            _ => 0.8,
        };
        let pace = match interval {
            Some(interval) => nanos(interval) as f64 / 1e6,
            None => self.unit as f64 * pace * swarm,
        };
        let weighted: Vec<Class> = classes
            .iter()
            .flat_map(|class| std::iter::repeat_n(*class, class.weight(&self.allow)))
            .collect();
        if self.allow.restart && self.allow.leader && classes.contains(&Class::Kill) {
            self.place_parting_shot();
        }
        let mut at = self.start as f64;
        loop {
            at -= pace * libm::log(1.0 - self.rng.unit());
            if at >= self.end as f64 {
                break;
            }
            let class = weighted[self.rng.below(weighted.len() as u64) as usize];
            for _ in 0..4 {
                let length = self.length();
                if self.place(class, at as u64, length) {
                    break;
                }
            }
        }
        self.plan.faults.sort_by_key(|fault| (fault.from, fault.until));
        self.plan
    }

    /// A storm of restarts: one node after the other is killed and started again within moments,
    /// while messages are late. What a protocol forgets when it restarts, or believes of a leader
    /// that came and went, shows when elections meet restarts, and single kills seconds apart
    /// hardly ever make them meet. Either any node bounces, faster than elections go, or leaders
    /// fall as soon as they rise, most of the time: it takes several reigns in a row that end in
    /// the middle of something to bring back what an earlier leader had left behind. In some storms
    /// they fall over the first thing they do, so that it is half done.
    fn place_storm(&mut self) {
        let leaders = self.allow.leader && self.rng.chance(0.65);
        let (mut down, gap, late) = match leaders {
            true => ((150, 500), 300, self.rng.pick(&[30, 60, 120])),
            false => ((5, 60), 60 + self.rng.below(300), self.rng.pick(&[100, 250, 500])),
        };
        let late = Duration::from_millis(late.copied().unwrap_or(100));
        let share = if leaders { 60 + self.rng.below(36) } else { 20 + self.rng.below(30) };
        let kills = ((self.end - self.start) * share / 100 / gap).min(60);
        if kills < 3 {
            return;
        }
        let room = (self.end - self.start).saturating_sub(kills * gap).max(1);
        let first = self.start + self.rng.below(room);
        let until = (first + kills * gap).min(self.end);
        let mid_sentence = leaders && self.rng.chance(0.6);
        if mid_sentence && self.rng.chance(0.5) {
            down = (20, 200);
        }
        let late_too =
            matches!(self.mix, Mix::Everything | Mix::Swarm) && self.allow.delay_max.is_none();
        if late_too && self.rng.chance(0.8) {
            let what = What::Delay(Delay::Uniform(Duration::ZERO, late));
            let (from, until) = (Duration::from_millis(first), Duration::from_millis(until));
            self.keep(Fault { what, target: Target::All, from, until, when: None });
        }
        let mut at = first;
        for kill in 0..kills {
            let length = self.rng.below(down.1 - down.0) + down.0;
            let node = NodeId(self.rng.below(u64::from(self.nodes)) as u16);
            let target = match self.allow.leader && self.rng.chance(0.7) {
                // Nobody rises before the first has fallen.
                _ if leaders && kill == 0 => Target::Leader,
                true => Target::NewLeader,
                false => Target::Nodes(vec![node]),
            };
            let when = (mid_sentence && target == Target::NewLeader).then(|| self.first_deed());
            let after =
                if self.allow.keep_disk { AfterKill::KeepDisk } else { AfterKill::WipeDisk };
            if at + length < self.end {
                let (from, until) = (Duration::from_millis(at), Duration::from_millis(at + length));
                let what = What::Kill(after);
                self.keep(Fault { what, target, from, until, when });
            }
            // A leader is out until about the next one falls; any other node, for a moment.
            at += if leaders { length } else { gap / 2 + self.rng.below(gap) };
        }
    }

    /// What a leader leaves behind when it falls is mended by those who lead after it, if it can be: so
    /// the last to fall does so with much on its way, and not long before the end.
    fn place_parting_shot(&mut self) {
        if !self.rng.chance(PARTING_SHOTS) {
            return;
        }
        let length = self.unit / 2;
        let from = Duration::from_millis(self.end - length);
        let after = if self.allow.keep_disk { AfterKill::KeepDisk } else { AfterKill::WipeDisk };
        let kill = Fault {
            what: What::Kill(after),
            target: Target::Leader,
            from,
            until: Duration::from_millis(self.end),
            when: None,
        };
        if self.keep(kill.clone()) {
            self.place_run_up(&kill);
        }
    }

    /// When a leader falls that hardly got to anything: while it sends one of its first messages,
    /// just after a client has asked it for something, or just after it told of something.
    fn first_deed(&mut self) -> Moment {
        let others = u64::from(self.nodes.saturating_sub(1)).max(1);
        let count = 1 + self.rng.below(2) as u32;
        let after = Duration::from_micros(100 * self.rng.below(30));
        match self.rng.below(3) {
            0 => Moment::any_message(1 + self.rng.below(4 * others) as u32),
            1 => Moment { occasion: Occasion::Request { at: None }, count, after },
            _ => {
                let occasion = Occasion::Event { kind: "any".into(), at: None };
                Moment { occasion, count, after }
            }
        }
    }

    /// A random length around the unit.
    fn length(&mut self) -> u64 {
        self.unit / 2 + self.rng.below(2 * self.unit)
    }

    /// Finds a place for a fault that must be there: at random, then from one end to the other.
    /// `kill_late`: not a kill in the first third.
    fn place_surely(&mut self, class: Class, kill_late: bool) {
        let span = self.end - self.start;
        let first = if kill_late && class == Class::Kill { span * 35 / 100 } else { 0 };
        for attempt in 0..TRIES {
            let length = (self.length() * (TRIES - attempt) / TRIES).max(self.unit / 4);
            let from = self.start + first + self.rng.below(span - first);
            if self.place(class, from, length) {
                return;
            }
        }
        for from in (self.start..self.end).step_by(self.unit as usize / 4) {
            if self.place(class, from, self.unit / 4) {
                return;
            }
        }
    }

    /// Draws a fault of this class for this time, and keeps it if everything still fits.
    fn place(&mut self, class: Class, from: u64, length: u64) -> bool {
        let until = from + length.max(1);
        if from < self.start || until > self.end {
            return false;
        }
        let (from, until) = (Duration::from_millis(from), Duration::from_millis(until));
        let (rng, allow) = (&mut self.rng, &self.allow);
        let Some(mut fault) = class.draw(rng, self.mix, allow, self.nodes, from, until) else {
            return false;
        };
        let first = !self.plan.faults.iter().any(Fault::is_for_good);
        if fault.is_for_good() && allow.leader && first && rng.chance(LEADER_FIRST) {
            (fault.target, fault.when) = (Target::Leader, None);
        }
        let kill = matches!(fault.what, What::Kill(_)) && fault.when.is_none();
        let run_up = kill.then(|| fault.clone()).filter(|_| self.rng.chance(RUN_UPS));
        let short = matches!(fault.what, What::Limit(Limit::Descriptors(_)));
        let whom = fault.target.clone();
        let kept = self.keep(fault);
        if let Some(kill) = run_up.filter(|_| kept) {
            self.place_run_up(&kill);
        }
        if kept && short && length >= 4 {
            self.keep_restart(whom, from, length);
        }
        kept
    }

    /// A process needs descriptors when it starts: so those that have few are started again.
    fn keep_restart(&mut self, target: Target, from: Duration, length: u64) {
        let after = if self.allow.keep_disk { AfterKill::KeepDisk } else { AfterKill::WipeDisk };
        let what = What::Kill(after);
        let [from, until] = [length / 4, length / 2].map(|ms| from + Duration::from_millis(ms));
        self.keep(Fault { what, target, from, until, when: None });
    }

    /// Has the victim of a kill lag behind before it.
    fn place_run_up(&mut self, kill: &Fault) {
        if matches!(self.mix, Mix::Everything | Mix::Swarm)
            && let Some(run_up) = class::run_up(&mut self.rng, &self.allow, kill)
            && run_up.from >= Duration::from_millis(self.start)
        {
            self.keep(run_up);
        }
    }

    /// Where nobody comes back there are only so many kills, and each meets one situation: they
    /// find their places before anything else does.
    fn place_more_kills(&mut self) {
        for _ in 1..self.allow.crash_max.min(self.nodes) {
            let (from, length) = (self.start + self.rng.below(self.end - self.start), 1);
            if self.rng.chance(MORE) {
                self.place(Class::Kill, from, length);
            }
        }
    }

    /// Keeps a fault if everything still fits, and is not met by the dead alone.
    fn keep(&mut self, fault: Fault) -> bool {
        self.plan.faults.push(fault);
        let all = &self.plan.faults;
        let met = all.last().is_none_or(|new| match new.what {
            What::Kill(_) => !all.iter().any(|other| comes_too_late(slice::from_ref(new), other)),
            _ => !comes_too_late(all, new),
        });
        let fits = met && budget::fits(all, &self.allow, self.nodes);
        if !fits {
            self.plan.faults.pop();
        }
        fits
    }
}
