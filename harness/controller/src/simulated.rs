//! Simulated runs: one with everything recorded, or thousands until one fails.

use crate::judge::{judge, meta_of};
use crate::watch::Watched;
use crate::{Error, Recipe, Verdict, resolve};
use compact_str::CompactString;
use schism_checkers::{Budget, Status};
use schism_history::History;
use schism_kernel::Node;
use schism_protocols::Setup as StackSetup;
use schism_run::{InMemory, Progress, Sink};
use schism_simulator::{Beat, Setup, simulate};
use schism_workloads::workload;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A simulated run and what was recorded.
pub struct Simulated {
    /// The records.
    pub history: History,
    /// The counters.
    pub progress: Progress,
    /// Node steps.
    pub steps: u64,
    /// Kinds of messages that some node handled one directly after the other.
    pub pairs: BTreeSet<(&'static str, &'static str)>,
    /// What nodes came to, in order.
    pub beats: Vec<Beat>,
}

/// Shares what is recorded with whoever wants it afterwards.
#[derive(Clone)]
struct Shared(Rc<RefCell<InMemory>>);

impl Sink for Shared {
    fn append(&mut self, time: schism_history::Nanos, entry: schism_history::Entry) {
        self.0.borrow_mut().append(time, entry);
    }
}

/// Makes nodes of the stack a recipe names.
pub fn builder(recipe: &Recipe) -> Result<impl Fn() -> Box<dyn Node> + use<>, Error> {
    let card = resolve::card(&recipe.test)?;
    let build = match &recipe.twin {
        None => card.build,
        Some(name) => {
            card.twin(name)
                .map_err(|_| Error::usage(format!("{} has no twin `{name}`", card.name)))?
                .build
        }
    };
    let setup = StackSetup::new(usize::from(recipe.nodes));
    Ok(move || build(setup))
}

/// Carries out a recipe in the simulator.
pub fn run(recipe: &Recipe) -> Result<Simulated, Error> {
    let build = builder(recipe)?;
    let records = Shared(Rc::new(RefCell::new(InMemory::new(meta_of(recipe)))));
    let workload = workload(&recipe.workload, recipe.shape())
        .ok_or_else(|| Error::usage(format!("there is no workload `{}`", recipe.workload)))?;
    let outcome = simulate(Setup {
        build: &build,
        config: recipe.config(),
        workload,
        plan: recipe.plan.clone(),
        base: recipe.base(),
        sink: Box::new(Watched::new(recipe, records.clone())?),
    });
    let history = std::mem::take(&mut records.0.borrow_mut().history);
    let progress = outcome.run.progress().clone();
    Ok(Simulated {
        history,
        progress,
        steps: outcome.steps,
        pairs: outcome.pairs,
        beats: outcome.beats,
    })
}

/// What came of one seed among many.
#[derive(Clone, Debug)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// Node steps.
    pub steps: u64,
    /// Situations that the protocol reached, and how often.
    pub marks: BTreeMap<CompactString, u64>,
}

/// Runs seeds on several threads, in order, and hands every result to `each` in the order of the
/// seeds. Ends early when `each` says so; what is under way then is not handed over.
pub fn seeds(
    seeds: &[u64],
    threads: usize,
    recipe: &(dyn Fn(u64) -> Result<Recipe, Error> + Sync),
    each: &mut (dyn FnMut(SeedResult) -> bool + Send),
) -> Result<(), Error> {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    // Results wait here until those of all earlier seeds were handed over.
    let waiting: Mutex<Waiting> = Mutex::default();
    let each = Mutex::new(each);
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let work = || {
        while !stop.load(Ordering::Relaxed) {
            let i = next.fetch_add(1, Ordering::Relaxed) as usize;
            let Some(&seed) = seeds.get(i) else { return };
            let result = recipe(seed).and_then(|recipe| judged(&recipe));
            let Ok(mut waiting) = waiting.lock() else { return };
            waiting.results.insert(i, result);
            while let Some(result) = waiting.take_next() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                match (result, each.lock(), failed.lock()) {
                    (Ok(result), Ok(mut each), _) => {
                        if !each(result) {
                            stop.store(true, Ordering::Relaxed);
                        }
                    }
                    (Err(error), _, Ok(mut failed)) => {
                        *failed = Some(error);
                        stop.store(true, Ordering::Relaxed);
                    }
                    _ => return,
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    match failed.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Results of later seeds than the next one to be handed over.
#[derive(Default)]
struct Waiting {
    next: usize,
    results: BTreeMap<usize, Result<SeedResult, Error>>,
}

impl Waiting {
    fn take_next(&mut self) -> Option<Result<SeedResult, Error>> {
        let result = self.results.remove(&self.next)?;
        self.next += 1;
        Some(result)
    }
}

fn judged(recipe: &Recipe) -> Result<SeedResult, Error> {
    let simulated = run(recipe)?;
    let verdict = judge(&simulated.history, &Budget::default())?;
    let Simulated { progress, steps, .. } = simulated;
    Ok(SeedResult { seed: recipe.seed, verdict, steps, marks: progress.marks })
}

/// Whether a seed is one to stop at.
pub fn is_bad(status: Status) -> bool {
    matches!(status, Status::Violated | Status::NotByDeadline | Status::Unknown)
}
