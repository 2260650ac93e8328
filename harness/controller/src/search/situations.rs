//! Which situations runs reached.

use crate::Verdict;
use crate::simulated::Simulated;
use schism_checkers::Status;
use schism_history::{Entry, NodeId};
use std::collections::{BTreeMap, BTreeSet};

/// A situation, as far as a search is concerned: what it has not seen may lead to what it looks
/// for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Situation {
    /// The protocol itself said that it reached this, so many times (in powers of two).
    Mark(String, u32),
    /// A node handled messages of these kinds one directly after the other.
    Messages(&'static str, &'static str),
    /// A node told of these one directly after the other.
    Events(String, String),
    /// A promise was spoken of, and put under stress, so many times (in powers of two).
    Promise(String, u32, u32),
}

/// The situations that runs reached so far.
#[derive(Clone, Debug, Default)]
pub struct Situations {
    seen: BTreeSet<Situation>,
    marks: BTreeMap<String, u64>,
    promises: BTreeMap<String, Status>,
}

impl Situations {
    /// Adds what a run reached; returns how much of it was new.
    pub fn add(&mut self, run: &Simulated, verdict: &Verdict) -> usize {
        let before = self.seen.len();
        for (mark, &count) in &run.progress.marks {
            *self.marks.entry(mark.to_string()).or_default() += count;
            self.seen.insert(Situation::Mark(mark.to_string(), magnitude(count)));
        }
        self.seen.extend(run.pairs.iter().map(|&(one, next)| Situation::Messages(one, next)));
        self.seen.extend(events(run).map(|(one, next)| Situation::Events(one.into(), next.into())));
        for finding in &verdict.findings {
            let (spoken, stressed) = (magnitude(finding.antecedents), magnitude(finding.stress));
            self.seen.insert(Situation::Promise(finding.property.clone(), spoken, stressed));
            let best = self.promises.entry(finding.property.clone()).or_insert(finding.status);
            *best = (*best).max(finding.status);
        }
        self.seen.len() - before
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// What protocols said they reached, and how often.
    pub fn marks(&self) -> &BTreeMap<String, u64> {
        &self.marks
    }

    /// The best that was found about each promise.
    pub fn promises(&self) -> &BTreeMap<String, Status> {
        &self.promises
    }
}

fn magnitude(count: u64) -> u32 {
    u64::BITS - count.leading_zeros()
}

/// Kinds of events that a node told one directly after the other.
fn events(run: &Simulated) -> impl Iterator<Item = (&str, &str)> {
    let mut last: BTreeMap<NodeId, &str> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for record in &run.history.records {
        if let Entry::Event(event) = &record.entry {
            let kind = event.kind.as_str();
            pairs.insert((last.insert(event.node, kind).unwrap_or(""), kind));
        }
    }
    pairs.into_iter()
}
