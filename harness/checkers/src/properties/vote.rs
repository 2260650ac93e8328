//! Votes: what election safety rests on.
//!
//! Event: `vote` {number: term, peer: candidate} tells that a process voted for a candidate.
//!
//! * **single vote**: in a term (of one instance) an honest process votes for one candidate only,
//!   whatever it forgot in between. Two leaders of one term need a process that did otherwise, so
//!   this is broken long before chance makes election safety break. Antecedent: a vote. Stress: one
//!   by a process that had been restarted, or in a term with several candidates.

use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use schism_history::NodeId;

/// Judges that nobody votes twice in a term.
pub(super) fn single_vote(run: &Run<'_>) -> Finding {
    type Term = (Option<u64>, u64);
    let mut votes: FxHashMap<(usize, Term), (NodeId, u64)> = FxHashMap::default();
    let mut candidates: FxHashMap<Term, NodeId> = FxHashMap::default();
    let mut contested: FxHashSet<Term> = FxHashSet::default();
    let mut cast: Vec<(Term, bool)> = Vec::new();
    let mut breaches = Breaches::default();
    for told in run.events() {
        let event = told.event;
        let (true, Some(number), Some(candidate)) =
            (event.kind == "vote" && run.honest(told.node), event.number, event.peer)
        else {
            continue;
        };
        let term = (event.instance, number);
        cast.push((term, told.life >= run.nodes()));
        if *candidates.entry(term).or_insert(candidate) != candidate {
            contested.insert(term);
        }
        let vote = votes.entry((told.node, term)).or_insert((candidate, told.index));
        let (first, index) = *vote;
        if first != candidate {
            breaches.add(|| {
                let text = format!(
                    "{} voted in term {number} for {first} at {} and for {candidate} at {}",
                    name(told.node),
                    run.at(index),
                    run.at(told.index),
                );
                (text, vec![index, told.index])
            });
        }
    }
    let antecedents = cast.len() as u64;
    let under_stress = |(term, restarted): &&(Term, bool)| *restarted || contested.contains(term);
    let stress = cast.iter().filter(under_stress).count() as u64;
    let stressor = "by a restarted process or between several candidates";
    run.verdict(Status::Violated, breaches, antecedents, stress, stressor)
}
