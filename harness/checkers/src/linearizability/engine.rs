//! From calls to a decision: parts, budgets, threads.
//!
//! Each part is searched depth first, and breadth first if that used up half of what it may cost.
//! With several parts, all are given little at first and those left open more and more: one part
//! that cannot be explained settles the matter, and the easiest to refute is not known beforehand.
//! Parts of a round are searched in parallel; the first one in order that fails is the one
//! reported, so that neither threads nor their number change the outcome.

use super::model::Call;
use super::options::{Deadline, Options};
use super::report::Why;
use super::search::{Answer, Limits, Searchable};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) use super::piece::{Piece, Trust};

/// Configurations each part may cost in the first round.
const FIRST_ROUND: u64 = 256;
/// How much more it may cost in each round than in the one before.
const GROWTH: u64 = 8;
/// Calls or configurations below which threads cost more than they bring.
const WORTH_A_THREAD: u64 = 20_000;

/// What became of all parts.
#[derive(Clone, Debug)]
pub(crate) struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Configurations visited.
    pub configurations: u64,
    /// Hints that turned out false.
    pub notes: Vec<String>,
}

/// A decision over all parts.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// An order for each part, by call.
    Linearizable(Vec<Vec<u32>>),
    /// A part without one, and the furthest layer reached in it.
    Violation { part: usize, reached: u32 },
    /// Some parts are open: the reason for the first, its number, and how many are decided.
    Unknown { why: Why, part: usize, decided: usize },
}

/// Decides over all parts.
pub(crate) fn decide<M: Searchable>(
    model: &M,
    calls: &[Call<M::Op>],
    parts: &[Vec<u32>],
    options: &Options,
    deadline: &Deadline,
) -> Decided {
    let initial = model.init();
    // Smallest first.
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|part| parts[*part].len());
    let mut rounds = Rounds {
        model,
        calls,
        parts,
        initial: &initial,
        options,
        deadline,
        orders: vec![None; parts.len()],
        stopped: Vec::new(),
        configurations: 0,
        notes: Vec::new(),
    };
    let decision = rounds.run(order);
    Decided { decision, configurations: rounds.configurations, notes: rounds.notes }
}

struct Rounds<'a, M: Searchable> {
    model: &'a M,
    calls: &'a [Call<M::Op>],
    parts: &'a [Vec<u32>],
    initial: &'a [M::State],
    options: &'a Options,
    deadline: &'a Deadline,
    orders: Vec<Option<Vec<u32>>>,
    stopped: Vec<(usize, Why)>,
    configurations: u64,
    notes: Vec<String>,
}

/// A part that a round has searched.
struct Searched {
    answer: Answer,
    configurations: u64,
    notes: Vec<String>,
}

impl<M: Searchable> Rounds<'_, M> {
    fn run(&mut self, mut open: Vec<usize>) -> Decision {
        let breadth = self.options.rules.breadth_first;
        let depth = if breadth { 0 } else { (self.options.configurations / 2).max(1) };
        let mut allowed = if self.parts.len() > 1 { FIRST_ROUND.min(depth) } else { depth };
        while !breadth && !open.is_empty() {
            if let Some(violation) = self.round(&mut open, allowed, false) {
                return violation;
            }
            if allowed >= depth {
                break;
            }
            allowed = allowed.saturating_mul(GROWTH).min(depth);
        }
        let rest = self.options.configurations - depth.min(self.options.configurations);
        if let Some(violation) = self.round(&mut open, rest, true) {
            return violation;
        }
        self.stopped.extend(open.iter().map(|part| (*part, Why::Configurations)));
        self.stopped.sort_by_key(|(part, _)| *part);
        match self.stopped.first() {
            Some(&(part, why)) => {
                let decided = self.orders.iter().flatten().count();
                Decision::Unknown { why, part, decided }
            }
            None => Decision::Linearizable(self.orders.drain(..).flatten().collect()),
        }
    }

    /// Searches every open part with so many configurations; keeps open those that need more.
    fn round(&mut self, open: &mut Vec<usize>, allowed: u64, breadth: bool) -> Option<Decision> {
        let calls: usize = open.iter().map(|part| self.parts[*part].len()).sum();
        let work = (calls as u64).max(allowed.saturating_mul(open.len() as u64));
        let workers = match (open.len(), self.options.threads) {
            (0 | 1, _) => 1,
            _ if work < WORTH_A_THREAD => 1,
            // Asking takes longer than many a check.
            (parts, 0) => {
                parts.min(std::thread::available_parallelism().map_or(1, |n| n.get().min(8)))
            }
            (parts, threads) => parts.min(threads),
        };
        let limits =
            Limits { configurations: allowed, memory: self.options.memory / workers.max(1) };
        let searched = if workers == 1 {
            self.one_by_one(open, limits, breadth)
        } else {
            self.in_parallel(open, limits, breadth, workers)
        };
        let mut left = Vec::new();
        for (part, searched) in open.iter().zip(searched) {
            let Some(Searched { answer, configurations, notes }) = searched else { continue };
            self.configurations += configurations;
            self.notes.extend(notes);
            match answer {
                Answer::Order(order) => self.orders[*part] = Some(order),
                Answer::Stuck(reached) => {
                    return Some(Decision::Violation { part: *part, reached });
                }
                Answer::Stopped(Why::Configurations) => left.push(*part),
                // What depth first cannot hold may still be held layer by layer.
                Answer::Stopped(Why::Memory) if !breadth => left.push(*part),
                Answer::Stopped(why) => self.stopped.push((*part, why)),
                Answer::Lied(_) => self.stopped.push((*part, Why::Step)),
            }
        }
        *open = left;
        None
    }

    fn search(&self, part: usize, limits: Limits, breadth: bool, deadline: &Deadline) -> Searched {
        let (rules, members) = (self.options.rules, &self.parts[part]);
        let (model, calls, trust) = (self.model, self.calls, Trust::all());
        let mut piece = Piece::new(model, calls, members, self.initial, rules, trust, deadline);
        let answer = piece.decide(limits, breadth);
        Searched { answer, configurations: piece.configurations, notes: piece.notes }
    }

    fn one_by_one(&self, open: &[usize], limits: Limits, breadth: bool) -> Vec<Option<Searched>> {
        let mut searched = Vec::with_capacity(open.len());
        for part in open {
            let one = self.search(*part, limits, breadth, self.deadline);
            let stuck = matches!(one.answer, Answer::Stuck(_));
            searched.push(Some(one));
            if stuck {
                break;
            }
        }
        searched.resize_with(open.len(), || None);
        searched
    }

    /// Parts after the first one that fails need not be searched to the end.
    fn in_parallel(
        &self,
        open: &[usize],
        limits: Limits,
        breadth: bool,
        workers: usize,
    ) -> Vec<Option<Searched>> {
        let next = AtomicUsize::new(0);
        let failed = AtomicUsize::new(usize::MAX);
        let flags: Vec<Arc<_>> = open.iter().map(|_| Arc::default()).collect();
        let searched: Mutex<Vec<Option<Searched>>> =
            Mutex::new(std::iter::repeat_with(|| None).take(open.len()).collect());
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(part) = open.get(at) else { break };
                if at > failed.load(Ordering::Relaxed) {
                    break;
                }
                let deadline = self.deadline.or_when(Arc::clone(&flags[at]));
                let one = self.search(*part, limits, breadth, &deadline);
                if matches!(one.answer, Answer::Stuck(_)) {
                    failed.fetch_min(at, Ordering::Relaxed);
                    for flag in &flags[at + 1..] {
                        flag.store(true, Ordering::Relaxed);
                    }
                }
                if let Ok(mut searched) = searched.lock() {
                    searched[at] = Some(one);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..workers {
                scope.spawn(work);
            }
            work();
        });
        let mut searched = searched.into_inner().unwrap_or_default();
        let failed = failed.into_inner();
        if failed < searched.len() {
            searched.truncate(failed + 1);
        }
        searched.resize_with(open.len(), || None);
        searched
    }
}
