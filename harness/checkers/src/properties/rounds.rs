//! Rounds: how long a synchronous algorithm may take.
//!
//! Events: `decide` and `deliver` with {number: the round}. The history's fact `f` tells how many
//! faults the algorithm is meant for.
//!
//! * **round bound**: every decision of an honest process falls in round f + 1 at the latest.
//!   Antecedent: such a decision. Stress: somebody had crashed or lied before it.
//! * **early stopping**: in round min(t + 2, f + 1) at the latest, where t counts the processes that
//!   crashed before the decision, or lied. Stress: t is small enough for this to ask for more than
//!   f + 1 rounds, in a run in which anybody crashed or lied; if f is too small for that (f < 2), t
//!   is not zero.
//!
//! How much it may say is bounded too. Events: `round` {number: the round that begins, value: the
//! kind of message in which a process says all it has to say in a round}, and the harness's own
//! records of messages of this kind.
//!
//! * **message bound**: an honest process sends nobody more than one message in a round, and none
//!   before its first. So k rounds cost at most k N (N - 1) messages. Antecedent: such a message.
//!   Unknown where only some of the messages were recorded.

use super::run::{Breaches, Run, name};
use crate::{Finding, Status};
use rustc_hash::FxHashMap;
use schism_history::{Entry, Message, Nanos, Peer, Value};

/// Judges f + 1 rounds.
pub(super) fn round_bound(run: &Run<'_>) -> Finding {
    bounded(run, false)
}

/// Judges min(t + 2, f + 1) rounds.
pub(super) fn early_stopping(run: &Run<'_>) -> Finding {
    bounded(run, true)
}

fn bounded(run: &Run<'_>, early: bool) -> Finding {
    let Some(f) = run.fact("f").and_then(|f| f.parse::<u64>().ok()) else {
        return run.unknown("the history does not tell how many faults `f` the run is meant for");
    };
    let liars = (0..run.nodes()).filter(|&n| !run.honest(n)).count() as u64;
    let mut crashes: Vec<u64> =
        (0..run.nodes()).filter_map(|n| Some(run.crashes(n).first()?.0)).collect();
    crashes.sort_unstable();
    let (mut antecedents, mut stress, mut breaches) = (0, 0, Breaches::default());
    let (mut latest, faults) = (0, liars > 0 || !crashes.is_empty());
    for told in run.events() {
        let event = told.event;
        let (true, Some(round)) =
            (matches!(event.kind.as_str(), "decide" | "deliver"), event.number)
        else {
            continue;
        };
        if !run.honest(told.node) {
            continue;
        }
        let t = liars + crashes.partition_point(|&c| c < told.index) as u64;
        let rounds = f.saturating_add(1);
        let bound = if early { (t + 2).min(rounds) } else { rounds };
        antecedents += 1;
        let asks_for_more = early && f >= 2;
        stress += u64::from(if asks_for_more { faults && bound < rounds } else { t > 0 });
        latest = latest.max(round);
        if round > bound {
            breaches.add(|| {
                let text = format!(
                    "{} decided {} in round {round} at {}; with {t} faults of at most {f}, {bound} \
                     rounds are allowed",
                    name(told.node),
                    event.value,
                    run.at(told.index),
                );
                (text, vec![told.index])
            });
        }
    }
    let stressor = if early { "with few faults" } else { "after a fault" };
    let mut finding = run.verdict(Status::Violated, breaches, antecedents, stress, stressor);
    finding.details = serde_json::json!({ "latest_round": latest, "f": f });
    finding
}

/// The rounds of a process that began at one time: when, how many, the last of them, and what their
/// messages are called. Several begin at once in a process that catches up.
struct Begun<'h> {
    time: Nanos,
    count: usize,
    last: u64,
    kind: &'h Value,
}

fn begun<'h>(run: &Run<'h>) -> Vec<Vec<Begun<'h>>> {
    let mut begun: Vec<Vec<Begun<'h>>> = (0..run.nodes()).map(|_| Vec::new()).collect();
    for told in run.events().filter(|told| told.event.kind == "round") {
        let (time, last) = (told.time, told.event.number.unwrap_or(0));
        match begun[told.node].last_mut().filter(|it| it.time == time) {
            Some(it) => (it.count, it.last) = (it.count + 1, last),
            None => begun[told.node].push(Begun { time, count: 1, last, kind: &told.event.value }),
        }
    }
    begun
}

/// Judges how many messages a round costs.
pub(super) fn message_bound(run: &Run<'_>) -> Finding {
    let begun = begun(run);
    // From whom to whom in which rounds, the numbers of the messages and of their records.
    let mut said: FxHashMap<(usize, usize, usize), Vec<(u64, u64)>> = FxHashMap::default();
    let (mut antecedents, mut breaches) = (0, Breaches::default());
    for record in &run.history.records {
        let Entry::Message(message) = &record.entry else { continue };
        let (Peer::Node(src), Peer::Node(dest)) = (message.src, message.dest) else { continue };
        let (src, dest) = (usize::from(src.0), usize::from(dest.0));
        let Some(rounds) = begun.get(src).filter(|_| run.honest(src)) else { continue };
        let of_rounds =
            |it: &Begun<'_>| matches!(it.kind, Value::Str(kind) if message.kind == *kind);
        if !rounds.first().is_some_and(of_rounds) {
            continue;
        }
        if run.history.meta.weight_of_message(message.id) > 1 {
            return run.unknown("only some of the messages were recorded (`--messages all`)");
        }
        antecedents += 1;
        let Some(at) = rounds.partition_point(|it| it.time <= message.sent).checked_sub(1) else {
            breaches.add(|| (too_much(message, None), vec![record.index]));
            continue;
        };
        let earlier = said.entry((src, dest, at)).or_default();
        // Copies of one message share its number: what faults double was not sent twice.
        if earlier.iter().all(|&(id, _)| id != message.id) {
            earlier.push((message.id, record.index));
            if earlier.len() > rounds[at].count {
                breaches.add(|| {
                    let witness = earlier.iter().map(|&(_, index)| index).collect();
                    (too_much(message, Some(rounds[at].last)), witness)
                });
            }
        }
    }
    run.verdict(Status::Violated, breaches, antecedents, antecedents, "in a round")
}

fn too_much(message: &Message, round: Option<u64>) -> String {
    let Message { src, dest, kind, sent, .. } = message;
    let at = super::run::Moment(*sent);
    match round {
        Some(round) => format!("{src} sent {dest} a second {kind} in round {round}, at {at}"),
        None => format!("{src} sent {dest} a {kind} at {at}, before its first round had begun"),
    }
}
