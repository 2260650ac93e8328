//! More good and bad histories written by hand: epochs, clocks, gossip, convergence.

use crate::support::{Tape, broken};
use schism_checkers::Status::{Holds, NotByDeadline, Unknown, Unstressed, Vacuous, Violated};
use schism_checkers::properties::gossip::wilson;
use schism_history::{Fate, NodeChange, Phase, Value};

fn stamps(items: &[i64]) -> Value {
    Value::List(items.iter().map(|&i| Value::Int(i)).collect())
}

#[test]
fn epochs() {
    let mut t = Tape::new(2);
    for (epoch, leader) in [(1, 0), (2, 1)] {
        for node in 0..2 {
            t.event(node, "start-epoch", Some(leader), Some(epoch), Value::Nil);
        }
    }
    let mut good = t.clone();
    good.phase(Phase::Quiesce);
    good.phase(Phase::Final);
    for property in ["epoch monotonicity", "epoch consistency", "eventual epoch leadership"] {
        let finding = good.judge("consensus", property);
        assert_eq!(finding.status, Holds, "{finding:?}");
    }
    t.event(1, "start-epoch", Some(0), Some(2), Value::Nil);
    assert_eq!(
        t.judge("consensus", "epoch monotonicity").explanation,
        "n1 started epoch 2 at 0.050 s after epoch 2 (at 0.040 s)"
    );
    assert_eq!(
        t.judge("consensus", "epoch consistency").explanation,
        "n0 started epoch 2 under n1 at 0.030 s, n1 under n0 at 0.050 s"
    );
    let finding = t.judge("consensus", "eventual epoch leadership");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(finding.explanation, "correct n1 ended in epoch 2 under n0, n0 in epoch 2 under n1");
}

#[test]
fn lock_in() {
    let mut t = Tape::new(2);
    t.propose(0, 1);
    t.propose(1, 2);
    t.numbered(0, "decide", 3, 1);
    let mut good = t.clone();
    good.numbered(1, "decide", 5, 1);
    assert_eq!(good.status("consensus", "lock-in"), Holds);
    t.numbered(1, "decide", 5, 2);
    let finding = t.judge("consensus", "lock-in");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n1 decided 2 in epoch 5 at 0.040 s, though n0 had decided 1 in epoch 3 at 0.030 s"
    );
}

#[test]
fn abort_behaviour() {
    let mut t = Tape::new(2);
    assert_eq!(t.status("consensus", "abort behaviour"), Vacuous);
    t.numbered(0, "ep-abort", 3, 0);
    let mut late = t.clone();
    t.numbered(0, "ep-aborted", 3, 0);
    assert_eq!(t.status("consensus", "abort behaviour"), Unstressed);
    t.numbered(1, "ep-decide", 3, 1);
    assert_eq!(t.status("consensus", "abort behaviour"), Holds);
    late.phase(Phase::Final);
    let finding = late.judge("consensus", "abort behaviour");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "correct n0 was told to abort epoch 3 at 0.010 s, and was not done by 0.020 s"
    );
    let explained = |kind: &str, number| {
        let mut bad = t.clone();
        bad.numbered(0, kind, number, 1);
        let finding = bad.judge("consensus", "abort behaviour");
        assert_eq!(finding.status, Violated);
        finding.explanation
    };
    assert_eq!(
        explained("ep-decide", 3),
        "n0 aborted (at 0.020 s) and then decided in epoch 3 of its only instance at 0.040 s"
    );
    assert_eq!(
        explained("ep-aborted", 4),
        "n0 was done, unasked, with epoch 4 of its only instance at 0.040 s"
    );
    assert_eq!(
        explained("ep-aborted", 3),
        "n0 was done again (as at 0.020 s) with epoch 3 of its only instance at 0.040 s"
    );
}

#[test]
fn logical_clocks() {
    let message = |t: &mut Tape, node, kind: &str, peer, number, value: Value| {
        t.event(node, kind, Some(peer), number, value);
        if let Some(schism_history::Entry::Event(e)) = t.0.records.last_mut().map(|r| &mut r.entry)
        {
            e.instance = Some(7);
        }
    };
    let mut t = Tape::new(2);
    message(&mut t, 0, "send", 1, Some(4), Value::Nil);
    let mut good = t.clone();
    message(&mut good, 1, "deliver", 0, Some(5), Value::Nil);
    assert_eq!(good.status("events", "lamport clock"), Holds);
    message(&mut t, 1, "deliver", 0, Some(1), Value::Nil);
    assert_eq!(
        t.judge("events", "lamport clock").explanation,
        "`send` at n0 (0.010 s, stamp 4) came before `deliver` at n1 (0.020 s, stamp 1), but its \
         stamp is not smaller"
    );

    let mut t = Tape::new(2);
    message(&mut t, 0, "send", 1, None, stamps(&[1, 0]));
    t.event(1, "local", None, None, stamps(&[0, 1]));
    let mut good = t.clone();
    message(&mut good, 1, "deliver", 0, None, stamps(&[1, 2]));
    assert_eq!(good.status("events", "vector clock"), Holds);
    t.event(1, "local", None, None, stamps(&[1, 2]));
    assert_eq!(
        t.judge("events", "vector clock").explanation,
        "`send` at n0 (0.010 s, stamp [1 0]) and `local` at n1 (0.030 s, stamp [1 2]) are concurrent, \
         but their stamps are ordered"
    );
}

#[test]
fn wilson_agrees_with_the_tables() {
    let close =
        |(a, b): (f64, f64), (c, d): (f64, f64)| (a - c).abs() < 5e-5 && (b - d).abs() < 5e-5;
    assert!(close(wilson(0.8, 10.0), (0.4902, 0.9433)), "{:?}", wilson(0.8, 10.0));
    assert!(close(wilson(0.5, 100.0), (0.4038, 0.5962)), "{:?}", wilson(0.5, 100.0));
    assert!(close(wilson(1.0, 20.0), (0.8389, 1.0)), "{:?}", wilson(1.0, 20.0));
    assert_eq!(wilson(0.0, 0.0), (0.0, 1.0));
}

/// Broadcasts by n0 under loss, every `nth` of which misses n2.
fn gossip(broadcasts: i64, nth: i64) -> Tape {
    let mut t = Tape::new(3);
    t.0.meta.facts.insert("coverage".into(), "0.9".into());
    t.message(0, 1, 0, Fate::Lost);
    for m in 0..broadcasts {
        t.broadcast(0, m);
        for node in (0..3).filter(|&n| n < 2 || m % nth != 0) {
            t.deliver(node, 0, m);
            t.message(0, node, 0, Fate::Delivered);
        }
    }
    t
}

#[test]
fn coverage_needs_enough_trials() {
    let few = gossip(10, 100);
    assert_eq!(few.status("broadcast", "probabilistic validity"), Unknown);
    let good = gossip(400, 100);
    assert_eq!(good.status("broadcast", "probabilistic validity"), Holds);
    assert_eq!(good.status("broadcast", "coverage"), Holds);
    let bad = gossip(400, 4);
    let finding = bad.judge("broadcast", "probabilistic validity");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "0.7500 (0.7053 to 0.7899 at 95 %) over 400 broadcasts, promised 0.9"
    );
    let mut silent = good.clone();
    silent.0.meta.facts.clear();
    assert_eq!(silent.status("broadcast", "coverage"), Unknown);
}

#[test]
fn messages_per_broadcast() {
    let mut t = gossip(10, 100);
    assert_eq!(t.status("broadcast", "messages per broadcast"), Unknown);
    t.0.meta.facts.insert("messages-per-broadcast".into(), "2".into());
    let finding = t.judge("broadcast", "messages per broadcast");
    assert_eq!((finding.status, finding.details["messages"].as_u64()), (Holds, Some(20)));
    t.0.meta.facts.insert("messages-per-broadcast".into(), "1.5".into());
    let finding = t.judge("broadcast", "messages per broadcast");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "2.0 messages per broadcast over 10 broadcasts, at most 1.5 are allowed"
    );
}

#[test]
fn convergence() {
    let mut t = Tape::new(2);
    t.fault_begins(0);
    t.whole(0, 0, "write", 1, Value::Nil);
    t.fault_ends(0);
    t.whole(0, 1, "read", Value::Nil, Value::Nil);
    t.phase(Phase::Final);
    t.whole(0, 0, "read", Value::Nil, 1);
    assert_eq!(t.status("kv", "convergence"), Vacuous);
    let mut good = t.clone();
    good.whole(0, 1, "read", Value::Nil, 1);
    assert_eq!(good.status("kv", "convergence"), Holds);
    t.whole(0, 1, "read", Value::Nil, 2);
    let finding = t.judge("kv", "convergence");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(finding.explanation, "in the end n0 said 1 (at 0.090 s) and n1 said 2 (at 0.110 s)");
}

#[test]
fn siblings() {
    let list = |values: &[i64]| Value::List(values.iter().copied().map(Value::Int).collect());
    let mut t = Tape::new(2);
    t.fault_begins(0);
    t.whole(0, 0, "write", list(&[1]), Value::Nil);
    t.whole(0, 1, "write", list(&[2]), Value::Nil);
    t.fault_ends(0);
    t.phase(Phase::Final);
    assert_eq!(t.status("siblings", "no lost write"), Vacuous);
    let mut good = t.clone();
    good.whole(0, 0, "read", Value::Nil, list(&[1, 2]));
    assert_eq!(good.status("siblings", "no lost write"), Holds);
    assert_eq!(good.status("siblings", "no stale sibling"), Vacuous);
    t.whole(0, 0, "read", Value::Nil, list(&[2]));
    let finding = t.judge("siblings", "no lost write");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "1 was acknowledged at 0.030 s and replaced by nothing, but in the end nobody has it: [2] \
         was read at 0.090 s"
    );
    let mut t = Tape::new(2);
    t.fault_begins(0);
    t.whole(0, 0, "write", list(&[1]), Value::Nil);
    t.whole(0, 1, "write", list(&[2, 1]), Value::Nil);
    t.fault_ends(0);
    t.phase(Phase::Final);
    let mut good = t.clone();
    good.whole(0, 0, "read", Value::Nil, list(&[2]));
    assert_eq!(good.status("siblings", "no stale sibling"), Holds);
    assert_eq!(good.status("siblings", "no lost write"), Holds);
    t.whole(0, 0, "read", Value::Nil, list(&[1, 2]));
    let finding = t.judge("siblings", "no stale sibling");
    assert_eq!(finding.status, Violated);
    assert!(finding.explanation.starts_with("1 was replaced at "), "{}", finding.explanation);
}

#[test]
fn authenticity_is_stressed_by_forgers() {
    let mut t = Tape::new(2);
    t.send(0, 1, 1);
    t.deliver(1, 0, 1);
    assert_eq!(t.status("link", "authenticity"), Unstressed);
    t.fault_begins(0);
    t.send(0, 1, 2);
    t.deliver(1, 0, 2);
    assert_eq!(t.status("link", "authenticity"), Holds);
    t.deliver(1, 0, 3);
    assert_eq!(t.status("link", "authenticity"), Violated);
}

#[test]
fn lying_senders() {
    let mut t = Tape::new(4);
    t.change(3, NodeChange::Byzantine("equivocate".into()));
    t.event(0, "deliver", Some(3), Some(1), 5);
    let mut good = t.clone();
    good.event(1, "deliver", Some(3), Some(1), 5);
    good.event(2, "deliver", Some(3), Some(1), 5);
    for property in ["consistency", "totality", "integrity", "termination"] {
        let finding = good.judge("broadcast", property);
        assert_eq!(finding.status, Holds, "{finding:?}");
    }
    t.event(1, "deliver", Some(3), Some(1), 6);
    assert_eq!(
        t.judge("broadcast", "consistency").explanation,
        "from n3, correct n0 delivered 5 at 0.020 s and correct n1 6 at 0.030 s"
    );
    let finding = t.judge("broadcast", "totality");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "correct n0 delivered 5 at 0.020 s, but correct n2 had delivered nothing for it by 0.030 s"
    );
    t.event(2, "deliver", Some(0), Some(1), 6);
    let finding = t.judge("broadcast", "integrity");
    assert!(broken(finding.status));
    assert_eq!(
        finding.explanation,
        "n2 delivered 6 from n0 at 0.040 s, which n0 had not broadcast"
    );
}
