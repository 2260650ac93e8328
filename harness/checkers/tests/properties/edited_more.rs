//! Edits of valid random logs of detectors, leaders, registers, clocks and epochs.

use crate::edited::{edits, event, event_mut, of_kind};
use crate::support::{Rng, Tape};
use schism_history::{Entry, History, NodeId, OpKind, Phase, Record, Value};

/// Some processes crash, the others suspect them and, for a while, perhaps each other; in the end all
/// trust the first that is up.
fn detected(rng: &mut Rng) -> History {
    let nodes = 3 + rng.node(3);
    let mut tape = Tape::new(nodes);
    let crashed = 1 + rng.node(nodes - 2);
    for node in 0..crashed {
        for other in node..nodes {
            tape.about(other, "trust", node);
        }
        tape.kill(node);
        for other in node + 1..nodes {
            tape.about(other, "suspect", node);
        }
    }
    for other in crashed..nodes {
        tape.about(other, "trust", crashed);
    }
    for phase in [Phase::Heal, Phase::Quiesce, Phase::Final] {
        tape.phase(phase);
    }
    tape.0
}

/// The place of an event that a correct process tells of a peer.
fn told(history: &History, rng: &mut Rng, kind: &str) -> Option<usize> {
    let correct = history.correctness();
    let mut places = of_kind(history, kind);
    places.retain(|&i| event(&history.records[i]).is_some_and(|e| correct.never_crashed(e.node)));
    rng.pick(&places).copied()
}

fn deadline(history: &History) -> usize {
    let position = history.records.iter().position(|r| r.entry == Entry::Phase(Phase::Heal));
    position.unwrap_or(history.records.len())
}

/// A copy of an event of a correct process, about the last node, put at the end.
fn forge(history: &mut History, rng: &mut Rng, kind: &str, peer: u16) -> bool {
    let Some(place) = told(history, rng, kind) else { return false };
    let mut forged = history.records[place].clone();
    if let Some(e) = event_mut(&mut forged) {
        e.peer = Some(NodeId(peer));
    }
    let end = deadline(history);
    history.records.insert(end, forged);
    true
}

#[test]
fn detector_logs() {
    let promises = [
        "strong completeness",
        "strong accuracy",
        "eventual strong accuracy",
        "eventual accuracy",
        "eventual leadership agreement",
        "leader accuracy",
    ];
    edits(
        "detect",
        detected,
        &promises,
        &[
            (
                "drop",
                |h, rng| {
                    let Some(place) = told(h, rng, "suspect") else { return false };
                    h.records.remove(place);
                    true
                },
                &["strong completeness"],
            ),
            (
                "alter",
                |h, rng| {
                    let (Some(place), last) = (told(h, rng, "suspect"), h.meta.nodes - 1) else {
                        return false;
                    };
                    if let Some(e) = event_mut(&mut h.records[place]) {
                        e.peer = Some(NodeId(last));
                    }
                    true
                },
                &["strong accuracy", "strong completeness"],
            ),
            (
                "forge a suspicion",
                |h, rng| {
                    let last = h.meta.nodes - 1;
                    forge(h, rng, "suspect", last)
                },
                &["strong accuracy"],
            ),
            (
                "forge trust in the dead",
                |h, rng| forge(h, rng, "trust", 0),
                &["eventual accuracy", "eventual leadership agreement"],
            ),
            (
                "forge trust in another",
                |h, rng| {
                    let last = h.meta.nodes - 1;
                    forge(h, rng, "trust", last)
                },
                &["eventual leadership agreement", "leader accuracy"],
            ),
            (
                "swap a crash with its suspicion",
                |h, rng| {
                    let Some(place) = told(h, rng, "suspect") else { return false };
                    let peer = event(&h.records[place]).and_then(|e| e.peer);
                    let crash = h
                        .records
                        .iter()
                        .position(|r| matches!(&r.entry, Entry::Node(n) if Some(n.node) == peer));
                    let Some(crash) = crash else { return false };
                    h.records.swap(place, crash);
                    true
                },
                &["strong accuracy"],
            ),
        ],
    );
}

/// An atomic register: operations take effect one by one, somewhere between their ends.
fn atomic(rng: &mut Rng) -> History {
    let mut tape = Tape::new(3);
    let mut value = Value::Nil;
    let mut next = 0;
    // Per client: what it does, and its result once it has taken effect.
    let mut clients: Vec<Option<(bool, i64, Option<Value>)>> = vec![None; 4];
    for _ in 0..80 {
        let c = rng.below(clients.len());
        match &mut clients[c] {
            None => {
                let writes = c == 0;
                next += i64::from(writes);
                let (f, input) =
                    if writes { ("write", Value::Int(next)) } else { ("read", Value::Nil) };
                tape.op(c as u64, 0, OpKind::Invoke, f, input);
                clients[c] = Some((writes, next, None));
            }
            Some((writes, input, effect @ None)) => {
                if *writes {
                    value = Value::Int(*input);
                }
                *effect = Some(value.clone());
            }
            Some((writes, _, Some(effect))) => {
                let f = if *writes { "write" } else { "read" };
                tape.op(c as u64, 0, OpKind::Ok, f, effect.clone());
                clients[c] = None;
            }
        }
    }
    tape.0
}

/// The places of acknowledged operations with a function.
fn acknowledged(history: &History, wanted: &str) -> Vec<usize> {
    let is = |r: &Record| matches!(&r.entry, Entry::Op(o) if o.kind == OpKind::Ok && o.f == wanted);
    (0..history.records.len()).filter(|&i| is(&history.records[i])).collect()
}

fn result_mut(record: &mut Record) -> Option<&mut Value> {
    match &mut record.entry {
        Entry::Op(op) => Some(&mut op.value),
        _ => None,
    }
}

#[test]
fn register_logs() {
    edits(
        "register",
        atomic,
        &["safe", "regular", "atomic"],
        &[
            (
                "alter a read to a value never written",
                |h, rng| {
                    let reads = acknowledged(h, "read");
                    let Some(&place) = rng.pick(&reads) else { return false };
                    if let Some(value) = result_mut(&mut h.records[place]) {
                        *value = Value::Int(1_000);
                    }
                    true
                },
                &["regular", "atomic"],
            ),
            (
                "alter a late read to the first value",
                |h, _| {
                    let writes = acknowledged(h, "write");
                    let Some(&place) = acknowledged(h, "read").last() else { return false };
                    let Entry::Op(read) = &h.records[place].entry else { return false };
                    let begun = h.records[..place].iter().rposition(
                        |r| matches!(&r.entry, Entry::Op(o) if o.process == read.process),
                    );
                    // The second write must lie between the first and the read.
                    if writes.len() < 2 || begun.is_none_or(|b| b < writes[1]) {
                        return false;
                    }
                    if let Some(value) = result_mut(&mut h.records[place]) {
                        *value = Value::Int(1);
                    }
                    true
                },
                &["regular", "atomic"],
            ),
            (
                "drop the writes",
                |h, rng| {
                    let reads = acknowledged(h, "read");
                    let Some(&place) = rng.pick(&reads) else { return false };
                    let Some(seen) = result_mut(&mut h.records[place]).cloned() else {
                        return false;
                    };
                    h.records.retain(
                        |r| !matches!(&r.entry, Entry::Op(o) if o.f == "write" && o.value == seen),
                    );
                    !seen.is_nil()
                },
                &["regular", "atomic"],
            ),
            (
                "append a read of the first value",
                |h, _| {
                    if acknowledged(h, "write").len() < 2 {
                        return false;
                    }
                    let mut tape = Tape(h.clone());
                    tape.whole(9, 0, "read", Value::Nil, 1);
                    *h = tape.0;
                    true
                },
                &["regular", "atomic"],
            ),
        ],
    );
}

/// Vector clocks that are right.
fn vector_clocks(rng: &mut Rng) -> History {
    let mut tape = Tape::new(3);
    let mut clocks = [[0i64; 3]; 3];
    let mut sent: Vec<(u16, u64, [i64; 3])> = Vec::new();
    for step in 0..30 {
        let node = rng.node(3);
        let received = rng.pick(&sent).copied().filter(|s| s.0 != node && rng.chance(60));
        let clock = &mut clocks[usize::from(node)];
        if let Some((_, _, stamp)) = received {
            clock.iter_mut().zip(stamp).for_each(|(c, s)| *c = s.max(*c));
        }
        clock[usize::from(node)] += 1;
        let value = Value::List(clock.iter().map(|&c| Value::Int(c)).collect());
        let (kind, peer, message) = match received {
            Some((from, message, _)) => ("deliver", Some(from), Some(message)),
            None if rng.chance(70) => ("send", None, Some(step)),
            None => ("local", None, None),
        };
        if kind == "send" {
            sent.push((node, step, *clock));
        }
        tape.event(node, kind, peer, None, value);
        if let Some(e) = tape.0.records.last_mut().and_then(event_mut) {
            e.instance = message;
        }
    }
    tape.0
}

#[test]
fn clock_logs() {
    edits(
        "events",
        vector_clocks,
        &["vector clock", "hybrid clock"],
        &[
            (
                "alter a stamp to nothing",
                |h, rng| {
                    let delivers = of_kind(h, "deliver");
                    let Some(&place) = rng.pick(&delivers) else { return false };
                    if let Some(e) = event_mut(&mut h.records[place]) {
                        e.value = Value::List(vec![Value::Int(0); 3]);
                    }
                    true
                },
                &["vector clock", "hybrid clock"],
            ),
            (
                "forge knowledge of everything",
                |h, _| {
                    // What came right before it at another node, it cannot know of.
                    let last = h.records.len() - 1;
                    let before = event(&h.records[last - 1]).map(|e| e.node);
                    let Some(e) = event_mut(&mut h.records[last]) else { return false };
                    e.value = Value::List(vec![Value::Int(100); 3]);
                    e.kind != "deliver" && Some(e.node) != before
                },
                &["vector clock"],
            ),
            (
                "swap two events of a node",
                |h, rng| {
                    let first = rng.below(h.records.len());
                    let Some(node) = event(&h.records[first]).map(|e| e.node) else {
                        return false;
                    };
                    let next = (first + 1..h.records.len())
                        .find(|&i| event(&h.records[i]).is_some_and(|e| e.node == node));
                    let Some(next) = next else { return false };
                    h.records.swap(first, next);
                    true
                },
                &["vector clock"],
            ),
        ],
    );
}

/// Epochs in turn, started by everybody; decisions that carry over.
fn successive(rng: &mut Rng) -> History {
    let nodes = 3 + rng.node(2);
    let mut tape = Tape::new(nodes);
    (0..nodes).for_each(|n| {
        tape.propose(n, i64::from(n));
    });
    for epoch in 1..3 + rng.next() % 4 {
        for node in 0..nodes {
            let leader = (epoch % u64::from(nodes)) as u16;
            tape.event(node, "start-epoch", Some(leader), Some(epoch), Value::Nil);
        }
        for node in (0..nodes).filter(|_| rng.chance(80)) {
            tape.numbered(node, "decide", epoch, 1);
        }
    }
    tape.0
}

#[test]
fn epoch_logs() {
    edits(
        "consensus",
        successive,
        &["epoch monotonicity", "epoch consistency", "eventual epoch leadership", "lock-in"],
        &[
            (
                "duplicate",
                |h, rng| {
                    let starts = of_kind(h, "start-epoch");
                    let Some(&place) = rng.pick(&starts) else { return false };
                    let copy = h.records[place].clone();
                    h.records.push(copy);
                    true
                },
                &["epoch monotonicity"],
            ),
            (
                "alter",
                |h, rng| {
                    let (starts, nodes) = (of_kind(h, "start-epoch"), h.meta.nodes);
                    let Some(&place) = rng.pick(&starts) else { return false };
                    if let Some(e) = event_mut(&mut h.records[place]) {
                        e.peer = e.peer.map(|p| NodeId((p.0 + 1) % nodes));
                    }
                    true
                },
                &["epoch consistency"],
            ),
            (
                "drop the last start",
                |h, _| {
                    let Some(&place) = of_kind(h, "start-epoch").last() else { return false };
                    h.records.remove(place);
                    true
                },
                &["eventual epoch leadership"],
            ),
            (
                "forge a decision",
                |h, _| {
                    let Some(&place) = of_kind(h, "decide").first() else { return false };
                    let mut forged = h.records[place].clone();
                    if let Some(e) = event_mut(&mut forged) {
                        (e.number, e.value) = (Some(99), Value::Int(0));
                    }
                    h.records.push(forged);
                    true
                },
                &["lock-in"],
            ),
        ],
    );
}

/// Every process aborts every epoch, after some of them decided in it.
fn aborting(rng: &mut Rng) -> History {
    let nodes = 2 + rng.node(3);
    let mut tape = Tape::new(nodes);
    for epoch in 1..3 + rng.next() % 4 {
        tape.numbered(0, "ep-decide", epoch, 1);
        for node in 0..nodes {
            tape.numbered(node, "ep-abort", epoch, 1);
            tape.numbered(node, "ep-aborted", epoch, 1);
        }
    }
    tape.0
}

fn remove_a(kind: &str, h: &mut History, rng: &mut Rng) -> bool {
    let places = of_kind(h, kind);
    let place = rng.pick(&places).copied();
    place.map(|place| h.records.remove(place)).is_some()
}

fn repeat_a(kind: &str, h: &mut History, rng: &mut Rng) -> bool {
    let places = of_kind(h, kind);
    let copy = rng.pick(&places).map(|&place| h.records[place].clone());
    h.records.extend(copy.clone());
    copy.is_some()
}

#[test]
fn logs_of_aborts() {
    let lost: &[&str] = &["abort behaviour"];
    edits(
        "consensus",
        aborting,
        lost,
        &[
            ("drop the order", |h, rng| remove_a("ep-abort", h, rng), lost),
            ("drop the answer", |h, rng| remove_a("ep-aborted", h, rng), lost),
            ("answer again", |h, rng| repeat_a("ep-aborted", h, rng), lost),
            ("decide again", |h, rng| repeat_a("ep-decide", h, rng), lost),
        ],
    );
}
