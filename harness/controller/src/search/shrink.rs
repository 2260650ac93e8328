//! Making a failing simulated run small.
//!
//! What fails is kept while parts of it are left out: operations, faults, nodes, time, messages.
//! A smaller run is accepted if the same promise is broken in the same way. What is left out
//! changes nothing about the rest, because every delay is decided by who, whom and when; where that
//! is not enough, a few other seeds are tried.

mod single;

use super::literal::{as_it_happened, chaos, literal};
use super::size::Size;
use super::times::{STRETCHED_MAX, earlier, ended_at, moments, stretched, with_times};
use super::{messages, nodes, shaken};
use crate::environment::allowance;
use crate::judge::judge;
use crate::recipe::Written;
use crate::{Error, Recipe, resolve, simulated};
use schism_checkers::{Budget, Finding, Status};
use schism_history::{History, NodeId};
use schism_nemesis::{Allowance, Rng, Target, What};
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

/// How much may be spent.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Stop after this long.
    pub time: Duration,
}

/// A run that was made small.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// What fails.
    pub recipe: Recipe,
    /// How.
    pub finding: Finding,
    /// The run, with all its messages.
    pub history: History,
    /// How many runs it took.
    pub runs: u64,
    /// Whether the time was up before nothing could be left out any more.
    pub cut_short: bool,
}

/// Makes a failing run small. `told` is shown how far it has come.
pub fn shrink(
    recipe: &Recipe,
    effort: Effort,
    told: &mut dyn FnMut(Size, u64),
) -> Result<Shrunk, Error> {
    let mut shrinking = Shrinking::begin(recipe, effort, told)?;
    shrinking.work()?;
    shrinking.finish()
}

/// The promise a run breaks that is most worth a story: what its defect costs, else the worst.
pub fn broken<'a>(recipe: &Recipe, findings: &'a [Finding]) -> Option<&'a Finding> {
    let bad = |f: &&Finding| matches!(f.status, Status::Violated | Status::NotByDeadline);
    let loses = resolve::card(&recipe.test).ok().and_then(|card| {
        let twin = card.twin(recipe.twin.as_deref()?).ok()?;
        Some(twin.loses)
    });
    let lost = findings.iter().filter(bad).find(|f| Some(f.property.as_str()) == loses);
    lost.or_else(|| findings.iter().filter(bad).min_by_key(|f| f.status))
}

struct Shrinking<'a> {
    best: Recipe,
    finding: Finding,
    history: History,
    /// Steps of the best run: what a try costs.
    steps: u64,
    /// Whether plans must stay within what the model permits, as the first one did.
    within: bool,
    deadline: Instant,
    runs: u64,
    told: &'a mut dyn FnMut(Size, u64),
}

/// How often the same things are tried at other times.
const SHAKES: u64 = 2000;
/// The same, while there is still a lot to choose from.
const EARLY_SHAKES: u64 = 800;
/// The key of the stream of random numbers.
const SHAKEN: u64 = 0x7368_616b;
/// So many node steps may be spent on seeds for one smaller recipe.
const STEPS_PER_TRY: u64 = 60_000;

impl<'a> Shrinking<'a> {
    fn begin(
        recipe: &Recipe,
        effort: Effort,
        told: &'a mut dyn FnMut(Size, u64),
    ) -> Result<Shrinking<'a>, Error> {
        let deadline = Instant::now() + effort.time;
        let whole = Recipe { simulated: true, ..recipe.clone() }.sparing();
        let run = simulated::run(&whole)?;
        let verdict = judge(&run.history, &Budget::default())?;
        let Some(finding) = broken(recipe, &verdict.findings).cloned() else {
            let near = match recipe.simulated {
                true => "",
                false => {
                    "; `schism hunt --like RUN` looks for simulated runs near one of processes"
                }
            };
            return Err(Error::usage(format!(
                "there is nothing to shrink: simulated, seed {} of {} breaks no promise (it is \
                 {}){near}",
                recipe.seed, recipe.test, verdict.overall
            )));
        };
        let mut shrinking = Shrinking {
            best: whole.clone(),
            finding,
            steps: run.steps,
            within: false,
            history: run.history,
            deadline,
            runs: 1,
            told,
        };
        shrinking.within = shrinking.permitted(&whole);
        let written = match &whole.script {
            Some(_) => Some(whole.clone()),
            None => literal(&whole, &shrinking.history),
        };
        let asked = |property: &String| *property == shrinking.finding.property;
        let properties = whole.properties.iter().filter(|p| asked(p)).cloned().collect();
        let written = written.map(|written| Recipe { properties, ..written });
        if !written.is_some_and(|written| shrinking.accept(written, 50)) {
            return Err(Error::harness(format!(
                "seed {} breaks {}, but not with its operations written down one by one",
                recipe.seed, shrinking.finding.property
            )));
        }
        Ok(shrinking)
    }

    /// Leaves out what can be left out, until nothing more can.
    fn work(&mut self) -> Result<(), Error> {
        // What is left to do in the end makes the most of what is left over.
        let whole = self.deadline;
        let left = whole.saturating_duration_since(Instant::now());
        self.deadline = whole - left * 2 / 5;
        self.truncate();
        self.surer_faults();
        // A few things on few nodes take no time: worth a try before the many.
        self.shaken(EARLY_SHAKES, 5);
        self.leave_out_all();
        if self.shaken(SHAKES, 2) {
            self.leave_out_all();
        }
        self.deadline = whole;
        self.plainer_faults();
        self.even_links();
        self.single_messages()?;
        self.as_long_as_it_helps(&[
            Self::fewer_faults,
            Self::fewer_operations,
            Self::fewer_nodes,
            Self::fewer_messages,
        ]);
        self.shorter();
        self.plain_numbers();
        Ok(())
    }

    fn leave_out_all(&mut self) {
        self.as_long_as_it_helps(&[
            Self::fewer_operations,
            Self::fewer_faults,
            Self::fewer_nodes,
            Self::shorter,
        ]);
    }

    /// Takes these steps again and again, until a round of them makes nothing smaller.
    fn as_long_as_it_helps(&mut self, steps: &[fn(&mut Self)]) {
        loop {
            let before = Size::of(&self.best);
            steps.iter().for_each(|step| step(self));
            if Size::of(&self.best) == before || self.late() {
                break;
            }
        }
    }

    /// What is large only because of its timing may be small with another. Takes a part of the time
    /// that is left.
    fn shaken(&mut self, times: u64, part: u32) -> bool {
        if shaken::is_small(&self.best) {
            return false;
        }
        let mut dice = Rng::new(self.best.seed, &[SHAKEN, times]);
        let now = Instant::now();
        let end = now + self.deadline.saturating_duration_since(now) / part;
        for _ in 0..times {
            let Some(candidate) = shaken::shaken(&self.best, &mut dice) else { return false };
            let seed = candidate.seed;
            let possible = candidate.check().is_ok() && self.allowed(&candidate);
            if possible && self.accept_with_seeds(candidate, seed, 1) {
                return true;
            }
            if Instant::now() >= end {
                break;
            }
        }
        false
    }

    fn finish(mut self) -> Result<Shrunk, Error> {
        let cut_short = self.late();
        self.best.messages = "all".into();
        let run = simulated::run(&self.best)?;
        let verdict = judge(&run.history, &Budget::default())?;
        let same = verdict.findings.into_iter().find(|finding| self.is_same(finding));
        let finding = same.ok_or_else(|| {
            Error::harness("the shrunk run does not fail again: the simulator is not deterministic")
        })?;
        let Shrinking { best, runs, .. } = self;
        Ok(Shrunk { recipe: best, finding, history: run.history, runs, cut_short })
    }

    fn late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn is_same(&self, finding: &Finding) -> bool {
        finding.property == self.finding.property && finding.status == self.finding.status
    }

    /// What its environment permits on this many nodes; nothing for what is in no catalogue.
    fn allowance(nodes: u16, recipe: &Recipe) -> Option<Allowance> {
        let card = resolve::card(&recipe.test).ok()?;
        allowance(card, nodes, recipe.environment())
    }

    fn allowed(&self, recipe: &Recipe) -> bool {
        !self.within || self.permitted(recipe)
    }

    fn permitted(&self, recipe: &Recipe) -> bool {
        Shrinking::allowance(recipe.nodes, recipe).is_none_or(|allow| {
            recipe.plan.fits(&allow, recipe.nodes) && messages::fit(&recipe.pinned, &allow)
        })
    }

    /// Takes a smaller recipe if it fails in the same way, with its seed or one of a few others.
    fn accept(&mut self, candidate: Recipe, seeds_max: u64) -> bool {
        if candidate.check().is_err() || !self.allowed(&candidate) {
            return false;
        }
        let seeds = (STEPS_PER_TRY / self.steps.max(1)).clamp(1, seeds_max);
        let first = self.best.seed;
        self.accept_with_seeds(candidate, first, seeds)
    }

    fn accept_with_seeds(&mut self, candidate: Recipe, first: u64, seeds: u64) -> bool {
        for k in 0..seeds {
            if self.late() {
                return false;
            }
            let seed = first.wrapping_add(k) & i64::MAX as u64;
            let recipe = Recipe { seed, ..candidate.clone() };
            self.runs += 1;
            let Ok(run) = simulated::run(&recipe) else { return false };
            let Ok(verdict) = judge(&run.history, &Budget::default()) else { return false };
            let same = verdict.findings.into_iter().find(|finding| self.is_same(finding));
            if let Some(finding) = same {
                self.best = recipe;
                self.finding = finding;
                self.history = run.history;
                self.steps = run.steps;
                (self.told)(Size::of(&self.best), self.runs);
                return true;
            }
        }
        false
    }

    fn try_smaller(&mut self, candidate: Recipe) -> bool {
        self.accept(candidate, 24)
    }

    /// Ends the run where the promise is broken.
    fn truncate(&mut self) {
        let Some((begin, _)) = chaos(&self.history) else { return };
        let time = |index: &u64| self.history.records.get(*index as usize).map(|r| r.time);
        let Some(last) = self.finding.witness.iter().filter_map(time).max() else { return };
        let end = Duration::from_nanos(last.saturating_sub(begin)) + Duration::from_millis(1);
        if end < self.best.time_limit {
            let candidate = ended_at(&self.best, end);
            self.try_smaller(candidate);
        }
    }

    fn shorter(&mut self) {
        for (part, of) in [(1, 8), (1, 4), (1, 2), (3, 4), (7, 8)] {
            let candidate = ended_at(&self.best, self.best.time_limit * part / of);
            if self.try_smaller(candidate) {
                break;
            }
        }
        // Waiting that leads to nothing: from the end to the beginning, so that what was tried
        // stays where it is.
        let mut position = moments(&self.best).len();
        while position > 0 && !self.late() {
            position -= 1;
            let times = moments(&self.best);
            let Some(&at) = times.get(position) else { continue };
            let before = position.checked_sub(1).map_or(Duration::ZERO, |i| times[i]);
            let gap = at.saturating_sub(before);
            if gap < Duration::from_millis(2) {
                continue;
            }
            for cut in [gap - Duration::from_millis(1), gap * 3 / 4, gap / 2] {
                let candidate = earlier(&self.best, at, cut);
                if self.try_smaller(candidate) {
                    break;
                }
            }
        }
    }

    fn fewer_operations(&mut self) {
        self.leave_out(
            |recipe| recipe.script.as_ref().map_or(0, Vec::len),
            |recipe, range| {
                if let Some(script) = &mut recipe.script {
                    script.drain(range);
                }
            },
        );
    }

    fn fewer_faults(&mut self) {
        self.leave_out(
            |recipe| recipe.plan.faults.len(),
            |recipe, range| drop(recipe.plan.faults.drain(range)),
        );
    }

    /// Leaves out half of a list, then quarters, and so on to single items.
    fn leave_out(
        &mut self,
        length: impl Fn(&Recipe) -> usize,
        drop: impl Fn(&mut Recipe, Range<usize>),
    ) {
        let mut chunk = length(&self.best);
        while chunk > 0 {
            let mut end = length(&self.best);
            while end > 0 && !self.late() {
                let start = end.saturating_sub(chunk);
                let mut candidate = self.best.clone();
                drop(&mut candidate, start..end);
                self.try_smaller(candidate);
                end = start.min(length(&self.best));
            }
            chunk = if chunk == 1 { 0 } else { chunk.div_ceil(2).min(length(&self.best)) };
        }
    }

    /// Tries with two nodes less, because majorities come in odd numbers, then with one less.
    fn fewer_nodes(&mut self) {
        'smaller: while self.best.nodes > 1 && !self.late() {
            let all = || (0..self.best.nodes).rev().map(NodeId);
            let mut candidates = Vec::new();
            for reassign in [false, true] {
                let pairs = all().flat_map(|one| all().map(move |other| (one, other)));
                for (one, other) in pairs.filter(|(one, other)| one > other) {
                    let without = nodes::without(&self.best, one, reassign);
                    candidates.extend(without.and_then(|r| nodes::without(&r, other, reassign)));
                }
                let single = all().filter_map(|one| nodes::without(&self.best, one, reassign));
                candidates.extend(single);
            }
            for candidate in candidates {
                if candidate.nodes >= 2 && self.try_smaller(candidate) {
                    continue 'smaller;
                }
            }
            break;
        }
    }

    /// Faults as they came to pass instead of what was to be chosen, at fewer nodes, for less time.
    fn plainer_faults(&mut self) {
        for i in 0..self.best.plan.faults.len() {
            let fault = &self.best.plan.faults[i];
            if let Some(plain) = as_it_happened(fault, i as u32, &self.history)
                && plain != *fault
            {
                self.try_fault(i, plain);
            }
            let mut k = 0;
            while let Target::Nodes(targets) = &self.best.plan.faults[i].target {
                if k >= targets.len() || targets.len() == 1 {
                    break;
                }
                let mut targets = targets.clone();
                targets.remove(k);
                let fault = self.best.plan.faults[i].clone();
                if !self
                    .try_fault(i, schism_nemesis::Fault { target: Target::Nodes(targets), ..fault })
                {
                    k += 1;
                }
            }
        }
    }

    /// What happens to some messages by chance happens to all: then nothing that is left out changes
    /// to which.
    fn surer_faults(&mut self) {
        for i in 0..self.best.plan.faults.len() {
            let mut fault = self.best.plan.faults[i].clone();
            match &mut fault.what {
                What::Duplicate(duplicate) => duplicate.probability = 1.0,
                What::Reorder(reorder) => reorder.probability = 1.0,
                What::Corrupt(probability) => *probability = 1.0,
                _ => continue,
            }
            self.try_fault(i, fault);
        }
    }

    fn try_fault(&mut self, position: usize, fault: schism_nemesis::Fault) -> bool {
        let mut candidate = self.best.clone();
        candidate.plan.faults[position] = fault;
        self.try_smaller(candidate)
    }

    /// Links that all take the same time, if the seed's delays do not matter.
    fn even_links(&mut self) {
        for delay in [1000, 200, 3000].map(Duration::from_micros) {
            let candidate = Recipe { link_delay: Some(Written(delay)), ..self.best.clone() };
            if self.best.link_delay.is_none() && self.try_smaller(candidate) {
                return;
            }
        }
    }

    /// Times in whole milliseconds, clients counted from 0, operations in their order.
    fn plain_numbers(&mut self) {
        let mut candidate = self.best.clone();
        let script = candidate.script.get_or_insert_default();
        script.sort_by_key(|operation| operation.at.unwrap_or(Duration::MAX));
        let clients: BTreeSet<u32> = script.iter().map(|operation| operation.client).collect();
        for operation in script {
            let rank = clients.iter().position(|client| *client == operation.client);
            operation.client = rank.unwrap_or(0) as u32;
        }
        self.try_smaller(candidate);
        let unit = Duration::from_millis(1);
        let rounded = |time: Duration| unit * time.div_duration_f64(unit).round() as u32;
        let candidate = with_times(&self.best, rounded);
        self.try_smaller(candidate);
        // Among processes, milliseconds are a matter of luck, and hundredths of a second are not.
        for factor in [20, 5] {
            let candidate = stretched(&self.best, factor);
            if candidate.time_limit <= STRETCHED_MAX && self.try_smaller(candidate) {
                break;
            }
        }
    }
}
