//! Looking for a run that breaks a promise.
//!
//! Simulated runs come in rounds. The first are drawn as they are for tests: what is not deep shows in
//! them. From then on most are drawn with little going on at a time: they take less to run, and what
//! is half done has time to meet something. As long as recipes drawn anew reach situations that hardly
//! any run had reached before, a round has mostly those; then more and more that follow earlier ones
//! which did, most often from where they did. What a round consists of depends on the seed and on what
//! earlier rounds found, never on time or on the number of threads: so a hunt with the same seed finds
//! the same.

use super::mutate::mutated;
use super::shrink::broken;
use super::situations::{Occurrence, Reached, Situations};
use crate::environment::allowance;
use crate::judge::judge;
use crate::simulated::{self, Simulated};
use crate::{Error, Recipe, Verdict, resolve};
use schism_checkers::{Budget, Finding};
use schism_nemesis::Rng;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much goes on at a time in a recipe that is drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressure {
    /// As much as in a test.
    Usual,
    /// Little.
    Low,
}

/// A recipe drawn anew.
pub type Fresh<'a> = &'a (dyn Fn(&mut Rng, Pressure) -> Result<Recipe, Error> + Sync);

/// What is hunted, and how.
pub struct Hunt<'a> {
    /// Decides everything but when to stop.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Give up after this long.
    pub budget: Duration,
    /// Or after so many runs.
    pub runs_max: Option<u64>,
    /// Draws recipes, if any are to be drawn.
    pub fresh: Option<Fresh<'a>>,
    /// Recipes to begin with.
    pub start: Vec<Recipe>,
    /// Only a run that breaks this promise counts.
    pub property: Option<String>,
    /// Whether new situations are followed. Without, every recipe is fresh.
    pub guided: bool,
}

/// What came of a hunt.
pub struct Hunted {
    /// The first run that broke a promise, and how.
    pub found: Option<(Recipe, Finding)>,
    /// How many runs it took.
    pub runs: u64,
    /// What they reached.
    pub situations: Situations,
    /// How long it took.
    pub took: Duration,
}

/// So many runs make a round.
const ROUND: usize = 16;
/// What so many runs have not shown is deep.
const SHALLOW: u64 = 100;
/// How many of the recipes drawn after that have little going on at a time.
const LOW: f64 = 0.75;
/// How many of those that reached something new are remembered.
const REMEMBERED: usize = 400;

impl Hunt<'_> {
    /// Hunts. `told` is shown how far it has come.
    pub fn run(&self, told: &mut dyn FnMut(u64, &Situations)) -> Result<Hunted, Error> {
        let began = Instant::now();
        let mut dice = Rng::new(self.seed, &[HUNT]);
        let mut situations = Situations::default();
        let mut remembered: Vec<Known> = Vec::new();
        remembered.extend(self.start.iter().cloned().map(Known::new));
        let mut waiting: Vec<Recipe> = self.start.iter().rev().cloned().collect();
        let mut runs = 0;
        // How many of the fresh recipes, lately, reached something rare.
        let mut yields = 1.0;
        let enough = |runs: u64| {
            began.elapsed() >= self.budget || self.runs_max.is_some_and(|most| runs >= most)
        };
        let mut found = None;
        'rounds: while !enough(runs) {
            let left = self.runs_max.map_or(ROUND as u64, |most| most - runs);
            let mut round = Vec::new();
            for _ in 0..left.min(ROUND as u64) {
                let deep = runs >= SHALLOW;
                let low = deep && dice.chance(LOW);
                let pressure = if low { Pressure::Low } else { Pressure::Usual };
                let follow = self.guided && deep && !dice.chance(f64::max(yields, FRESH));
                let (next, drawn) = match (waiting.pop(), self.fresh) {
                    (Some(next), _) => (next, false),
                    (None, Some(fresh)) if !follow || remembered.is_empty() => {
                        (fresh(&mut dice, pressure)?, true)
                    }
                    _ => (self.next(&mut remembered, &situations, &mut dice)?, false),
                };
                round.push((Recipe { simulated: true, ..next }.sparing(), drawn));
            }
            let stop = || began.elapsed() >= self.budget;
            let (round, drawn): (Vec<Recipe>, Vec<bool>) = round.into_iter().unzip();
            let results = self.in_parallel(&round, &stop);
            for ((recipe, drawn), result) in round.into_iter().zip(drawn).zip(results) {
                // The time was up.
                let Some(result) = result else { break 'rounds };
                let (run, verdict) = result?;
                runs += 1;
                let reached = situations.add(&run, &verdict, RARE);
                if let Some(finding) = self.counts(&recipe, &verdict) {
                    found = Some((recipe, finding));
                    break 'rounds;
                }
                if drawn {
                    yields += (f64::from(u8::from(!reached.is_empty())) - yields) / LATELY;
                }
                if !reached.is_empty() {
                    remembered.push(Known { reached, ..Known::new(recipe) });
                }
                told(runs, &situations);
            }
            let surplus = remembered.len().saturating_sub(REMEMBERED);
            remembered.drain(..surplus);
        }
        Ok(Hunted { found, runs, situations, took: began.elapsed() })
    }

    fn counts(&self, recipe: &Recipe, verdict: &Verdict) -> Option<Finding> {
        let asked = |finding: &&Finding| {
            self.property.as_ref().is_none_or(|property| finding.property == *property)
        };
        let findings: Vec<Finding> = verdict.findings.iter().filter(asked).cloned().collect();
        broken(recipe, &findings).cloned()
    }

    fn next(
        &self,
        remembered: &mut [Known],
        situations: &Situations,
        dice: &mut Rng,
    ) -> Result<Recipe, Error> {
        // Of a few, the one that reached what the fewest reached, and was not followed often.
        let count = remembered.len() as u64;
        let some = (0..CANDIDATES).filter(|_| count > 0).map(|_| dice.below(count) as usize);
        let best = some.min_by_key(|&i| (remembered[i].worth(situations), usize::MAX - i));
        let Some(best) = best else {
            return Err(Error::harness("a hunt has nothing to begin with"));
        };
        remembered[best].followed += 1;
        let known = &remembered[best];
        let occurrence = known.rarest(situations, dice);
        let recipe = &known.recipe;
        let card = resolve::card(&recipe.test).ok();
        let allow = card.and_then(|card| allowance(card, recipe.nodes, recipe.environment()));
        let others: Vec<&Recipe> = remembered.iter().map(|known| &known.recipe).collect();
        Ok(mutated(recipe, occurrence, &others, allow.as_ref(), dice))
    }

    /// Runs them, on so many threads. Those that had not begun when the time was up are missing,
    /// and those behind one that was looked for.
    fn in_parallel(
        &self,
        recipes: &[Recipe],
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Vec<Option<Judged>> {
        let next = AtomicUsize::new(0);
        let last = AtomicUsize::new(recipes.len());
        let results: Mutex<Vec<Option<Judged>>> =
            Mutex::new(recipes.iter().map(|_| None).collect());
        let work = || {
            while !stop() {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let recipe = recipes.get(i).filter(|_| i < last.load(Ordering::Relaxed));
                let Some(recipe) = recipe else { return };
                let judged = simulated::run(recipe).and_then(|run| {
                    let verdict = judge(&run.history, &Budget::default())?;
                    if self.counts(recipe, &verdict).is_some() {
                        last.fetch_min(i, Ordering::Relaxed);
                    }
                    Ok((run, verdict))
                });
                results.lock().unwrap_or_else(PoisonError::into_inner)[i] = Some(judged);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.jobs {
                scope.spawn(work);
            }
            work();
        });
        results.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A recipe, and what its run reached that few had reached before.
struct Known {
    recipe: Recipe,
    reached: Vec<Reached>,
    /// How many recipes were made of it.
    followed: u64,
}

impl Known {
    fn new(recipe: Recipe) -> Known {
        Known { recipe, reached: Vec::new(), followed: 0 }
    }

    /// How little it is worth following.
    fn worth(&self, situations: &Situations) -> u64 {
        let rarest = self.reached.iter().map(|(situation, _)| situations.reached(situation)).min();
        rarest.unwrap_or(0) + self.followed / 2
    }

    /// Where it reached one of the rarest things it reached.
    fn rarest(&self, situations: &Situations, dice: &mut Rng) -> Option<Occurrence> {
        let mut known: Vec<(u64, Occurrence)> = Vec::new();
        for (situation, occurrence) in &self.reached {
            known.extend(occurrence.map(|it| (situations.reached(situation), it)));
        }
        let least = known.iter().map(|&(count, _)| count).min()?;
        known.retain(|&(count, _)| count == least);
        dice.pick(&known).map(|&(_, occurrence)| occurrence)
    }
}

/// What no more runs than this have reached is rare.
const RARE: u64 = 2;
/// Of so many recipes the best is followed.
const CANDIDATES: usize = 4;
/// The key of the stream of random numbers.
const HUNT: u64 = 0x6875_6e74;
/// As long as fresh recipes reach something new they are drawn, and no fewer than this in any case.
const FRESH: f64 = 0.3;
/// So many runs ago is not lately any more.
const LATELY: f64 = 24.0;

type Judged = Result<(Simulated, Verdict), Error>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::{Request, card};

    #[test]
    fn what_many_runs_have_not_shown_is_looked_for_with_little_going_on() {
        let card = card("perfect-links").expect("a card");
        let asked = Mutex::new(Vec::new());
        let fresh = |dice: &mut Rng, pressure: Pressure| {
            asked.lock().expect("nobody panicked").push(pressure);
            let time_limit = Duration::from_millis(100);
            let request = Request { nodes: 2, time_limit, simulated: true, ..Request::default() };
            request.of_card(card, dice.below(1000))
        };
        let hunt = Hunt {
            seed: 1,
            jobs: 1,
            budget: Duration::from_secs(600),
            runs_max: Some(200),
            fresh: Some(&fresh),
            start: Vec::new(),
            // So that it never ends early.
            property: Some("nothing".into()),
            guided: false,
        };
        let hunted = hunt.run(&mut |_, _| {}).expect("it hunts");
        assert_eq!((hunted.runs, hunted.found.is_some()), (200, false));
        let asked = asked.into_inner().expect("nobody panicked");
        let (shallow, deep) = asked.split_at(SHALLOW as usize + ROUND);
        let low = |asked: &[Pressure]| asked.iter().filter(|it| **it == Pressure::Low).count();
        assert_eq!(low(&shallow[..SHALLOW as usize]), 0);
        assert!(low(deep) > deep.len() / 2 && low(deep) < deep.len(), "{deep:?}");
    }
}
