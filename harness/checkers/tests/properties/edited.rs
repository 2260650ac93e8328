//! Valid random logs pass every promise; each kind of edit breaks the promise it ought to break.

use crate::support::{Rng, Tape, broken, judge, renumber};
use schism_checkers::Status;
use schism_checkers::properties::{Faults, names};
use schism_history::{Entry, History, NodeId, ProtocolEvent, Record, Value};

const CASES: u64 = 400;

pub fn event(record: &Record) -> Option<&ProtocolEvent> {
    match &record.entry {
        Entry::Event(e) => Some(e),
        _ => None,
    }
}

pub fn event_mut(record: &mut Record) -> Option<&mut ProtocolEvent> {
    match &mut record.entry {
        Entry::Event(e) => Some(e),
        _ => None,
    }
}

/// The positions of the records with a kind of event.
pub fn of_kind(history: &History, kind: &str) -> Vec<usize> {
    let is = |r: &Record| event(r).is_some_and(|e| e.kind == kind);
    (0..history.records.len()).filter(|&i| is(&history.records[i])).collect()
}

/// Everything a total-order broadcast may do: nodes broadcast, a sequencer orders, each node works off
/// the order at its own pace until all have delivered all, except one that may crash.
fn ordered_broadcast(rng: &mut Rng) -> History {
    let nodes = 3 + rng.node(3);
    let mut tape = Tape::new(nodes);
    let (mut order, mut reached) = (Vec::new(), vec![0; usize::from(nodes)]);
    let doomed = rng.chance(50).then(|| rng.node(nodes));
    let mut dead = false;
    let messages = 4 + rng.below(12);
    loop {
        let alive = |n: u16, dead: bool| !(dead && Some(n) == doomed);
        let node = rng.node(nodes);
        if order.len() < messages && rng.chance(25) && alive(node, dead) {
            order.push((node, order.len() as i64));
            tape.broadcast(node, order.len() as i64 - 1);
        } else if alive(node, dead) && reached[usize::from(node)] < order.len() {
            let (origin, value) = order[reached[usize::from(node)]];
            tape.deliver(node, origin, value);
            reached[usize::from(node)] += 1;
        } else if Some(node) == doomed && !dead && order.len() > messages / 2 {
            tape.kill(node);
            dead = true;
        }
        let done = |n: u16| !alive(n, dead) || reached[usize::from(n)] == messages;
        if order.len() == messages && (0..nodes).all(done) {
            return tape.0;
        }
    }
}

/// FIFO links that deliver everything once.
fn fifo_links(rng: &mut Rng) -> History {
    let nodes = 2 + rng.node(3);
    let mut tape = Tape::new(nodes);
    let mut queues = vec![Vec::new(); usize::from(nodes) * usize::from(nodes)];
    let messages = 6 + rng.below(20);
    let mut sent = 0;
    while sent < messages || queues.iter().any(|q| !q.is_empty()) {
        let (src, dest) = (rng.node(nodes), rng.node(nodes));
        let queue = &mut queues[usize::from(src) * usize::from(nodes) + usize::from(dest)];
        if sent < messages && rng.chance(50) {
            tape.send(src, dest, sent as i64);
            queue.push(sent as i64);
            sent += 1;
        } else if !queue.is_empty() {
            tape.deliver(dest, src, queue.remove(0));
        }
    }
    tape.0
}

/// Instances in which all propose and all decide the same proposal.
fn agreed(rng: &mut Rng) -> History {
    let nodes = 3 + rng.node(3);
    let mut tape = Tape::new(nodes);
    for instance in 0..1 + rng.next() % 4 {
        let winner = rng.node(nodes);
        let mut pending: Vec<u16> = (0..nodes).collect();
        let instanced = |tape: &mut Tape, node: u16, kind: &str, value: u16| {
            tape.event(node, kind, None, None, i64::from(value));
            if let Some(e) = tape.0.records.last_mut().and_then(event_mut) {
                e.instance = Some(instance);
            }
        };
        for node in 0..nodes {
            instanced(&mut tape, node, "propose", node);
        }
        while !pending.is_empty() {
            let node = pending.swap_remove(rng.below(pending.len()));
            instanced(&mut tape, node, "decide", winner);
        }
    }
    tape.0
}

/// A replicated log: each node commits the common sequence at its own pace.
fn replicated(rng: &mut Rng) -> History {
    let nodes = 3 + rng.node(3);
    let mut tape = Tape::new(nodes);
    let slots = 5 + rng.next() % 10;
    let mut reached = vec![1; usize::from(nodes)];
    let (mut term, mut leader) = (1, 0);
    tape.numbered(0, "lead", 1, 0);
    while reached.iter().any(|&r| r <= slots) {
        let node = rng.node(nodes);
        let top = reached.iter().copied().max().unwrap_or(1);
        let at = &mut reached[usize::from(node)];
        // Only the leader commits first.
        if *at <= slots && (node == leader || *at < top) {
            tape.numbered(node, "commit", *at, *at as i64 * 7);
            *at += 1;
        } else if rng.chance(5) && *at == top {
            tape.numbered(leader, "step-down", term, 0);
            (term, leader) = (term + 1, node);
            tape.numbered(node, "lead", term, 0);
        }
    }
    tape.0
}

/// Every promise named must be kept (or not be exercised) on valid logs, and after the edit the
/// expected one must be broken. An edit returns false where the log has no place for it.
pub fn edits(
    workload: &str,
    valid: fn(&mut Rng) -> History,
    kept: &[&str],
    edits: &[(&str, fn(&mut History, &mut Rng) -> bool, &[&str])],
) {
    let mut made = vec![0; edits.len()];
    for seed in 0..CASES {
        let mut rng = Rng(seed);
        let history = valid(&mut rng);
        for property in kept {
            let finding = judge(&history, workload, property, Faults::CrashStop);
            assert!(!broken(finding.status), "valid log, seed {seed}: {finding:?}");
        }
        for ((edit, apply, expected), made) in edits.iter().zip(&mut made) {
            let mut edited = history.clone();
            if !apply(&mut edited, &mut rng) {
                continue;
            }
            *made += 1;
            renumber(&mut edited);
            for property in *expected {
                let finding = judge(&edited, workload, property, Faults::CrashStop);
                assert!(broken(finding.status), "{edit}, seed {seed}: {finding:?}");
                if finding.status == Status::Violated {
                    assert!(!finding.witness.is_empty(), "no witness: {finding:?}");
                }
            }
        }
    }
    for ((edit, ..), made) in edits.iter().zip(made) {
        assert!(made > CASES / 4, "{edit} was possible only {made} times");
    }
}

/// A delivery at a node that never crashes, of a message that others deliver too.
fn live_delivery(history: &History, rng: &mut Rng) -> Option<usize> {
    let correct = history.correctness();
    let places = of_kind(history, "deliver");
    let live =
        |&&i: &&usize| event(&history.records[i]).is_some_and(|e| correct.never_crashed(e.node));
    let live: Vec<usize> = places.iter().filter(live).copied().collect();
    rng.pick(&live).copied()
}

fn drop_delivery(history: &mut History, rng: &mut Rng) -> bool {
    let Some(place) = live_delivery(history, rng) else { return false };
    history.records.remove(place);
    true
}

fn duplicate_delivery(history: &mut History, rng: &mut Rng) -> bool {
    let Some(place) = live_delivery(history, rng) else { return false };
    let copy = history.records[place].clone();
    history.records.push(copy);
    true
}

/// Exchanges two successive deliveries of one node.
fn swap_deliveries(history: &mut History, rng: &mut Rng, same_origin: bool) -> bool {
    let Some(first) = live_delivery(history, rng) else { return false };
    let Some(one) = event(&history.records[first]).cloned() else { return false };
    let next = of_kind(history, "deliver").into_iter().find(|&i| {
        let Some(other) = event(&history.records[i]) else { return false };
        // What is moved to the earlier place must have been sent before.
        let sent = |e: &ProtocolEvent| {
            e.kind != "deliver" && Some(e.node) == other.peer && e.value == other.value
        };
        let sent = history.records[..first].iter().filter_map(event).any(sent);
        i > first && sent && other.node == one.node && (!same_origin || other.peer == one.peer)
    });
    let Some(second) = next else { return false };
    let (a, b) = (history.records[first].entry.clone(), history.records[second].entry.clone());
    (history.records[first].entry, history.records[second].entry) = (b, a);
    true
}

fn swap_any(history: &mut History, rng: &mut Rng) -> bool {
    swap_deliveries(history, rng, false)
}

fn swap_same_origin(history: &mut History, rng: &mut Rng) -> bool {
    swap_deliveries(history, rng, true)
}

fn alter_delivery(history: &mut History, rng: &mut Rng) -> bool {
    let Some(place) = live_delivery(history, rng) else { return false };
    let Some(event) = event_mut(&mut history.records[place]) else { return false };
    event.value = Value::Int(1_000_000);
    true
}

fn forge_delivery(history: &mut History, rng: &mut Rng) -> bool {
    let Some(place) = live_delivery(history, rng) else { return false };
    let mut forged = history.records[place].clone();
    if let Some(event) = event_mut(&mut forged) {
        event.value = Value::Str("forged".into());
    }
    history.records.insert(place, forged);
    true
}

/// Cuts off what one correct node told in the second half.
fn truncate_node(history: &mut History, rng: &mut Rng) -> bool {
    let Some(place) = live_delivery(history, rng) else { return false };
    let Some(node) = event(&history.records[place]).map(|e| e.node) else { return false };
    let mut position = 0;
    history.records.retain(|r| {
        position += 1;
        let delivers = event(r).is_some_and(|e| e.node == node && e.kind == "deliver");
        position <= place || !delivers
    });
    true
}

#[test]
fn broadcast_logs() {
    let mut kept = names("broadcast");
    // Those that judge operations, numbered broadcasts, or facts of the run have no say here.
    let foreign = ["broadcast set", "consistency", "totality", "integrity", "termination"];
    kept.retain(|n| !foreign.contains(n));
    edits(
        "broadcast",
        ordered_broadcast,
        &kept,
        &[
            ("drop", drop_delivery, &["agreement", "uniform agreement"]),
            ("duplicate", duplicate_delivery, &["no duplication"]),
            ("swap", swap_any, &["total order"]),
            ("swap of one sender", swap_same_origin, &["fifo order", "causal order"]),
            ("alter", alter_delivery, &["no creation", "uniform agreement"]),
            ("forge", forge_delivery, &["no creation", "total order"]),
            ("truncate", truncate_node, &["agreement", "uniform agreement"]),
        ],
    );
}

#[test]
fn link_logs() {
    edits(
        "link",
        fifo_links,
        &names("link"),
        &[
            ("drop", drop_delivery, &["reliable delivery", "stubborn delivery"]),
            ("duplicate", duplicate_delivery, &["no duplication"]),
            ("swap of one sender", swap_same_origin, &["fifo order"]),
            ("alter", alter_delivery, &["no creation", "reliable delivery"]),
            ("forge", forge_delivery, &["no creation"]),
            ("truncate", truncate_node, &["reliable delivery"]),
        ],
    );
}

fn decision(history: &History, rng: &mut Rng) -> usize {
    rng.pick(&of_kind(history, "decide")).copied().unwrap_or(0)
}

#[test]
fn consensus_logs() {
    edits(
        "consensus",
        agreed,
        &names("consensus"),
        &[
            (
                "drop",
                |h, rng| {
                    h.records.remove(decision(h, rng));
                    true
                },
                &["termination"],
            ),
            (
                "duplicate",
                |h, rng| {
                    let copy = h.records[decision(h, rng)].clone();
                    h.records.push(copy);
                    true
                },
                &["integrity"],
            ),
            (
                "alter",
                |h, rng| {
                    let place = decision(h, rng);
                    if let Some(e) = event_mut(&mut h.records[place]) {
                        e.value = Value::Int(99);
                    }
                    true
                },
                &["validity", "strong validity", "agreement", "uniform agreement"],
            ),
            (
                "forge",
                |h, rng| {
                    let place = decision(h, rng);
                    let mut forged = h.records[place].clone();
                    if let Some(e) = event_mut(&mut forged) {
                        e.value = Value::Int(99);
                        e.node = NodeId(0);
                    }
                    h.records.insert(place, forged);
                    true
                },
                &["validity", "integrity", "uniform agreement"],
            ),
            (
                "swap with a proposal",
                |h, rng| {
                    let decide = decision(h, rng);
                    let Some(e) = event(&h.records[decide]).cloned() else { return false };
                    let propose = of_kind(h, "propose").into_iter().find(|&i| {
                        event(&h.records[i])
                            .is_some_and(|p| (p.instance, &p.value) == (e.instance, &e.value))
                    });
                    let Some(propose) = propose else { return false };
                    h.records.swap(propose, decide);
                    true
                },
                &["validity"],
            ),
            (
                "truncate",
                |h, _| {
                    h.records.pop();
                    true
                },
                &["termination"],
            ),
        ],
    );
}

fn commit(history: &History, rng: &mut Rng, first: bool) -> Option<usize> {
    let places = of_kind(history, "commit");
    let own = |i: usize| {
        let e = event(&history.records[i]);
        places.iter().any(|&j| {
            let o = event(&history.records[j]);
            j > i && e.zip(o).is_some_and(|(e, o)| e.node == o.node)
        })
    };
    let inner: Vec<usize> = places.iter().copied().filter(|&i| !first || own(i)).collect();
    rng.pick(&inner).copied()
}

#[test]
fn replicated_logs() {
    let promises =
        ["election safety", "log matching", "log prefix", "leader completeness", "equal outputs"];
    edits(
        "kv",
        replicated,
        &promises,
        &[
            (
                "drop",
                |h, rng| {
                    let Some(place) = commit(h, rng, true) else { return false };
                    h.records.remove(place);
                    true
                },
                &["log prefix"],
            ),
            (
                "duplicate",
                |h, rng| {
                    let Some(place) = commit(h, rng, true) else { return false };
                    let copy = h.records[place].clone();
                    h.records.push(copy);
                    true
                },
                &["log prefix"],
            ),
            (
                "alter",
                |h, rng| {
                    let Some(place) = commit(h, rng, false) else { return false };
                    if let Some(e) = event_mut(&mut h.records[place]) {
                        e.value = Value::Int(-1);
                    }
                    true
                },
                &["log matching", "log prefix"],
            ),
            (
                "forge a leader",
                |h, rng| {
                    let leads = of_kind(h, "lead");
                    let Some(&place) = rng.pick(&leads) else { return false };
                    let mut forged = h.records[place].clone();
                    if let Some(e) = event_mut(&mut forged) {
                        e.node = NodeId((e.node.0 + 1) % h.meta.nodes);
                    }
                    h.records.push(forged);
                    true
                },
                &["election safety"],
            ),
            (
                "swap",
                |h, rng| {
                    let Some(first) = commit(h, rng, true) else { return false };
                    let node = event(&h.records[first]).map(|e| e.node);
                    let second = of_kind(h, "commit")
                        .into_iter()
                        .find(|&i| i > first && event(&h.records[i]).map(|e| e.node) == node);
                    let Some(second) = second else { return false };
                    h.records.swap(first, second);
                    true
                },
                &["log prefix"],
            ),
        ],
    );
}
