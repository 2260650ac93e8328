//! A run that fails: a reliable broadcast that is not uniform, asked for uniform agreement.

use super::{MILLI, SECOND, Sample, Story, facts, find};
use schism_checkers::{Finding, Status};
use schism_history::{Entry, Fate, NodeChange, NodeEvent, NodeId, OpKind};

const NODES: u16 = 4;

/// A node delivers its own message, dies, and nobody else ever hears of it.
pub fn failing_broadcast() -> Sample {
    let mut story = Story::new(5);
    let (begin, end) = (200 * MILLI, 10 * SECOND);
    story.phases(begin, end, end + 2 * SECOND);
    story.start(NODES);
    let bad = 4 * SECOND + 120 * MILLI;
    story.fault(0, "partition isolate n0", &[0], (4 * SECOND, 5 * SECOND), 61, "61 messages cut");
    story.fault(1, "kill n0 for good", &[0], (bad + 3 * MILLI, bad + 3 * MILLI), 1, "n0 seen dead");
    story.node(bad + 3 * MILLI, 0, NodeChange::Killed);
    let mut number = 0;
    let mut clock = begin;
    while clock < end {
        let origin = story.rng.below(u64::from(NODES)) as u16;
        let n0_is_gone = clock > 4 * SECOND - 20 * MILLI;
        if !(n0_is_gone && origin == 0) {
            number += 1;
            spread(&mut story, origin, number, clock, n0_is_gone);
        }
        clock += 5 * MILLI + story.rng.around(8 * MILLI);
    }
    number += 1;
    let lost = format!("m{number}");
    story.op(bad - MILLI, 0, OpKind::Invoke, "broadcast", None, lost.as_str(), 0);
    story.event(bad, 0, "broadcast", None, Some(number), lost.as_str());
    story.event(bad + 40_000, 0, "deliver", Some(0), Some(number), lost.as_str());
    story.op(bad + MILLI, 0, OpKind::Ok, "broadcast", None, lost.as_str(), 0);
    for to in 1..NODES {
        story.message(0, to, "Data", bad + 20_000, 400_000, Fate::Cut);
    }
    let history = story.tell("eager-reliable-broadcast", "broadcast", 5, NODES);
    let of_lost = |kind: &str| {
        find(
            &history,
            |r| matches!(&r.entry, Entry::Event(e) if e.kind == kind && e.value.as_str() == Some(&lost)),
        )
    };
    let killed = find(&history, |r| {
        r.entry == Entry::Node(NodeEvent { node: NodeId(0), change: NodeChange::Killed })
    });
    let mut witness = vec![of_lost("broadcast"), of_lost("deliver"), killed];
    witness.extend(history.records.iter().filter_map(|r| match &r.entry {
        Entry::Message(m) if m.fate == Fate::Cut && m.sent == bad + 20_000 => Some(r.index),
        _ => None,
    }));
    witness.sort_unstable();
    let findings = vec![
        Finding::kept("no duplication", 2600, 40, "with messages duplicated"),
        Finding::kept("agreement", 2600, 12, "with the origin crashed"),
        Finding::kept("validity", 640, 0, "under a fault"),
        Finding::kept("causal order", 0, 0, ""),
        Finding::bad(
            "uniform agreement",
            Status::Violated,
            format!(
                "n0 delivered \"{lost}\" at 4.120 s and crashed 3 ms later; n1, n2 and n3 were up \
                 when the run ended and never delivered it"
            ),
            witness,
        )
        .counted(2600, 1),
    ];
    let facts = facts("eager-reliable-broadcast", 5);
    Sample { history, findings, facts }
}

/// An ordinary broadcast: everyone delivers and relays.
fn spread(story: &mut Story, origin: u16, number: u64, time: u64, without_n0: bool) {
    let text = format!("m{number}");
    let process = u64::from(origin);
    story.op(time, process, OpKind::Invoke, "broadcast", None, text.as_str(), origin);
    story.op(time + 900_000, process, OpKind::Ok, "broadcast", None, text.as_str(), origin);
    story.event(time + 100_000, origin, "broadcast", None, Some(number), text.as_str());
    story.event(time + 150_000, origin, "deliver", Some(origin), Some(number), text.as_str());
    for to in (0..NODES).filter(|&n| n != origin) {
        let way = 300_000 + story.rng.around(200_000);
        let fate = match (without_n0 && to == 0, time) {
            (false, _) => Fate::Delivered,
            (true, t) if t < 4 * SECOND + 120 * MILLI => Fate::Cut,
            _ => Fate::Dead,
        };
        story.message(origin, to, "Data", time + 120_000, way, fate);
        if fate == Fate::Delivered {
            let at = time + 120_000 + way;
            story.event(at, to, "deliver", Some(origin), Some(number), text.as_str());
        }
    }
}
