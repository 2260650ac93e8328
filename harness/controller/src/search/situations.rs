//! Which situations runs reached.

use super::literal::chaos;
use crate::Verdict;
use crate::simulated::Simulated;
use schism_checkers::Status;
use schism_history::{Entry, History, Nanos, NodeChange, NodeId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A situation, as far as a search is concerned: what it has not seen may lead to what it looks
/// for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Situation {
    /// The protocol itself said that it reached this, so many times (in powers of two).
    Mark(String, u32),
    /// A node handled messages of these kinds one directly after the other.
    Messages(&'static str, &'static str),
    /// A node told of these one directly after the other.
    Events(String, String),
    /// Nodes came to these one after the other; each after the first at the same node as the one
    /// before, or at another.
    Beats(String, [(String, bool); 2]),
    /// A promise was spoken of, and put under stress, so many times (in powers of two).
    Promise(String, u32, u32),
}

/// When a run reached a situation, counted from the beginning of the chaos phase, and at which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When.
    pub at: Duration,
    /// Where.
    pub node: NodeId,
}

/// A situation that a run reached, and where, if that is known.
pub type Reached = (Situation, Option<Occurrence>);

/// The situations that runs reached so far.
#[derive(Clone, Debug, Default)]
pub struct Situations {
    /// How many runs reached each.
    seen: BTreeMap<Situation, u64>,
    marks: BTreeMap<String, u64>,
    promises: BTreeMap<String, Status>,
}

impl Situations {
    /// Adds what a run reached; returns what of it no more than so many runs had reached by then.
    pub fn add(&mut self, run: &Simulated, verdict: &Verdict, rare: u64) -> Vec<Reached> {
        let mut reached: BTreeMap<Situation, Option<Occurrence>> = BTreeMap::new();
        for (mark, &count) in &run.progress.marks {
            *self.marks.entry(mark.to_string()).or_default() += count;
            reached.insert(Situation::Mark(mark.to_string(), magnitude(count)), None);
        }
        let pairs = run.pairs.iter().map(|&(one, next)| Situation::Messages(one, next));
        let events = events(run).map(|(one, next)| Situation::Events(one.into(), next.into()));
        reached.extend(pairs.chain(events).map(|situation| (situation, None)));
        for finding in &verdict.findings {
            let (spoken, stressed) = (magnitude(finding.antecedents), magnitude(finding.stress));
            reached.insert(Situation::Promise(finding.property.clone(), spoken, stressed), None);
            let best = self.promises.entry(finding.property.clone()).or_insert(finding.status);
            *best = (*best).max(finding.status);
        }
        let begin = chaos(&run.history).map_or(0, |(begin, _)| begin);
        for three in beats(run).windows(3) {
            let next = |i: usize| (three[i].what.to_string(), three[i].node == three[i - 1].node);
            let situation = Situation::Beats(three[0].what.to_string(), [next(1), next(2)]);
            let at = Duration::from_nanos(three[2].at.saturating_sub(begin));
            reached.entry(situation).or_insert(Some(Occurrence { at, node: three[2].node }));
        }
        let mut news = Vec::new();
        for (situation, occurrence) in reached {
            let count = self.seen.entry(situation.clone()).or_default();
            *count += 1;
            if *count <= rare {
                news.push((situation, occurrence));
            }
        }
        news
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// How many runs reached one.
    pub fn reached(&self, situation: &Situation) -> u64 {
        self.seen.get(situation).copied().unwrap_or(0)
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

/// Something that a node came to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Beat<'a> {
    at: Nanos,
    node: NodeId,
    what: &'a str,
}

/// Events that a run is full of say nothing about how it went.
const FEW: usize = 64;

/// What nodes came to, in order: what their protocols told of, where that was rare in this run, and
/// what was done to them.
fn beats(run: &Simulated) -> Vec<Beat<'_>> {
    let told = told(&run.history);
    let own = run.beats.iter().map(|beat| Beat { at: beat.at, node: beat.node, what: beat.what });
    let mut beats: Vec<Beat<'_>> = own.chain(told).collect();
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    beats.iter().for_each(|beat| *often.entry(beat.what).or_default() += 1);
    beats.retain(|beat| often[beat.what] <= FEW);
    beats.sort_by_key(|beat| beat.at);
    beats.dedup_by_key(|beat| (beat.node, beat.what));
    beats
}

fn told(history: &History) -> impl Iterator<Item = Beat<'_>> {
    history.records.iter().filter_map(|record| {
        let (node, what) = match &record.entry {
            Entry::Event(event) => (event.node, event.kind.as_str()),
            Entry::Node(event) => match event.change {
                NodeChange::Killed => (event.node, "killed"),
                NodeChange::Started { incarnation: 1.., .. } => (event.node, "started again"),
                NodeChange::Paused => (event.node, "paused"),
                _ => return None,
            },
            _ => return None,
        };
        Some(Beat { at: record.time, node, what })
    })
}
