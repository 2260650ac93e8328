//! Faults of the links, as what they did to single messages.

use crate::Recipe;
use crate::recipe::Written;
use schism_history::{Entry, Fate, History, NodeId, Peer};
use schism_nemesis::{Allowance, Pinned, PinnedFate};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a message takes of which nothing is said.
const USUAL: Duration = Duration::from_millis(1);
/// Links may take this long where a model has no faults of delay at all.
const SLACK: Duration = Duration::from_millis(3);

/// Whether a model permits this to happen to messages.
pub fn fit(pinned: &[Pinned], allow: &Allowance) -> bool {
    pinned.iter().all(|pinned| match pinned.fate {
        PinnedFate::Lost => allow.loss_max > 0.0,
        PinnedFate::After(late) => allow.delay_max.is_none_or(|bound| late <= bound + SLACK),
    })
}

/// The recipe without faults of the links: what became of every message is written down instead.
/// `history` has all messages of the recipe's run.
pub fn pinned(recipe: &Recipe, history: &History) -> Recipe {
    let usual = recipe.link_delay.map_or(USUAL, |Written(delay)| delay);
    let mut links: BTreeMap<(NodeId, NodeId), Vec<(u64, PinnedFate)>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for record in &history.records {
        let Entry::Message(message) = &record.entry else { continue };
        let (Peer::Node(from), Peer::Node(to)) = (message.src, message.dest) else { continue };
        if from == to || message.fate == Fate::Duplicated || !seen.insert(message.id) {
            continue;
        }
        let fate = match message.fate {
            Fate::Lost | Fate::Cut => PinnedFate::Lost,
            _ => PinnedFate::After(Duration::from_nanos(record.time - message.sent)),
        };
        links.entry((from, to)).or_default().push((message.id, fate));
    }
    let mut all = Vec::new();
    for ((from, to), mut sent) in links {
        sent.sort_unstable_by_key(|&(id, _)| id);
        for (number, (_, fate)) in (0..).zip(sent) {
            if fate != PinnedFate::After(usual) {
                all.push(Pinned { from, to, number, fate });
            }
        }
    }
    let mut recipe = recipe.clone();
    recipe.plan.faults.retain(|fault| fault.what.rule().is_none());
    Recipe { pinned: all, link_delay: Some(Written(usual)), ..recipe }
}
