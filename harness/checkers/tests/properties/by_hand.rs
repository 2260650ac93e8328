//! Good and bad histories written by hand, with what is said of them.

use crate::support::Tape;
use schism_checkers::Status::{self, Holds, NotByDeadline, Unknown, Unstressed, Vacuous, Violated};
use schism_checkers::properties::Faults;
use schism_history::{Fate, NodeChange, OpKind, Phase, Value};

fn list(items: impl IntoIterator<Item = i64>) -> Value {
    Value::List(items.into_iter().map(Value::Int).collect())
}

/// n0 broadcasts 1 and 2 under a fault; everybody delivers both.
fn good_broadcast() -> Tape {
    let mut t = Tape::new(3);
    t.fault_begins(0);
    t.broadcast(0, 1);
    t.broadcast(0, 2);
    for node in 0..3 {
        t.deliver(node, 0, 1);
        t.deliver(node, 0, 2);
    }
    t.fault_ends(0);
    t
}

#[test]
fn a_good_broadcast_holds() {
    let t = good_broadcast();
    for property in [
        "validity",
        "best-effort validity",
        "no duplication",
        "no creation",
        "agreement",
        "fifo order",
    ] {
        let finding = t.judge("broadcast", property);
        assert_eq!(finding.status, Holds, "{finding:?}");
    }
    assert_eq!(t.status("broadcast", "uniform agreement"), Unstressed);
    assert_eq!(t.status("broadcast", "causal order"), Vacuous);
    assert_eq!(t.status("broadcast", "total order"), Unstressed);
    assert_eq!(Tape::new(3).status("broadcast", "validity"), Vacuous);
}

#[test]
fn duplication_is_told_with_both_times() {
    let mut t = good_broadcast();
    t.deliver(2, 0, 1);
    let finding = t.judge("broadcast", "no duplication");
    assert_eq!(finding.status, Violated);
    assert_eq!(finding.explanation, "n2 delivered 1 from n0 at 0.080 s and again at 0.110 s");
    assert_eq!(finding.witness, [7, 10]);
}

#[test]
fn a_restarted_process_may_deliver_again() {
    let mut t = good_broadcast();
    t.kill(2);
    t.restart(2, 1);
    t.deliver(2, 0, 1);
    assert_eq!(t.judge_as("broadcast", "no duplication", Faults::CrashRecovery).status, Holds);
    t.deliver(2, 0, 1);
    assert_eq!(t.judge_as("broadcast", "no duplication", Faults::CrashRecovery).status, Violated);
}

#[test]
fn uniform_agreement_counts_the_dead() {
    let mut t = Tape::new(3);
    t.broadcast(0, 1);
    t.deliver(0, 0, 1);
    t.kill(0);
    assert_eq!(t.status("broadcast", "agreement"), Vacuous);
    assert_eq!(t.status("broadcast", "validity"), Vacuous);
    let finding = t.judge("broadcast", "uniform agreement");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "n0 delivered 1 from n0 at 0.020 s, but correct n1 had not by 0.030 s"
    );
    t.deliver(1, 0, 1);
    t.deliver(2, 0, 1);
    assert_eq!(t.status("broadcast", "uniform agreement"), Holds);
    assert_eq!(t.status("broadcast", "agreement"), Holds);
}

#[test]
fn deliveries_after_the_deadline_come_too_late() {
    let mut t = Tape::new(2);
    t.broadcast(0, 1);
    t.deliver(0, 0, 1);
    t.phase(Phase::Heal);
    t.phase(Phase::Quiesce);
    t.phase(Phase::Final);
    t.deliver(1, 0, 1);
    let finding = t.judge("broadcast", "best-effort validity");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "correct n0 broadcast 1 at 0.010 s, but n1 had not delivered it by 0.050 s"
    );
}

#[test]
fn the_end_of_the_run_crashes_nobody() {
    let mut t = good_broadcast();
    t.phase(Phase::Teardown);
    t.kill(0);
    t.kill(1);
    t.kill(2);
    assert_eq!(t.status("broadcast", "validity"), Holds);
}

#[test]
fn causal_order_follows_chains() {
    let mut t = Tape::new(3);
    t.broadcast(0, 1);
    t.deliver(1, 0, 1);
    t.broadcast(1, 2);
    let mut good = t.clone();
    good.deliver(2, 0, 1);
    good.deliver(2, 1, 2);
    assert_eq!(good.status("broadcast", "causal order"), Holds);
    t.deliver(2, 1, 2);
    let finding = t.judge("broadcast", "causal order");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n2 delivered 2 at 0.040 s, but not 1 from n0, which came causally before it: 2 was \
         broadcast at 0.030 s by n1, who knew of 1"
    );
    assert_eq!(finding.witness, [0, 1, 2, 3]);
    assert!(!crate::support::broken(t.status("broadcast", "fifo order")));
}

#[test]
fn total_order_names_the_place() {
    let mut t = Tape::new(2);
    t.broadcast(0, 1);
    t.broadcast(1, 2);
    t.deliver(0, 0, 1);
    t.deliver(0, 1, 2);
    let mut good = t.clone();
    good.deliver(1, 0, 1);
    assert_eq!(good.status("broadcast", "total order"), Holds);
    t.deliver(1, 1, 2);
    let finding = t.judge("broadcast", "total order");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "as its 1st delivery n0 delivered 1 from n0 (at 0.030 s), but n1 delivered 2 from n1 (at \
         0.050 s)"
    );
}

#[test]
fn a_restarted_log_goes_on_or_starts_over() {
    let mut t = Tape::new(2);
    for value in 1..=3 {
        t.broadcast(0, value);
        t.deliver(0, 0, value);
    }
    t.deliver(1, 0, 1);
    t.deliver(1, 0, 2);
    t.kill(1);
    t.restart(1, 1);
    let judge = |t: &Tape| t.judge_as("broadcast", "total order", Faults::CrashRecovery).status;
    for (again, status) in [
        (vec![3], Unstressed),
        (vec![1, 2, 3], Unstressed),
        (vec![2, 3], Unstressed),
        (vec![1, 3], Violated),
    ] {
        let mut t = t.clone();
        for v in &again {
            t.deliver(1, 0, *v);
        }
        assert_eq!(judge(&t), status, "{again:?}");
    }
}

#[test]
fn broadcast_set() {
    let base = || {
        let mut t = Tape::new(2);
        t.fault_begins(0);
        t.whole(0, 0, "broadcast", 1, Value::Nil);
        t.op(1, 1, OpKind::Invoke, "broadcast", 2);
        t.op(1, 1, OpKind::Info, "broadcast", Value::Nil);
        t.fault_ends(0);
        t.whole(2, 1, "read", Value::Nil, list([1]));
        t.phase(Phase::Final);
        t
    };
    let mut good = base();
    good.whole(2, 0, "read", Value::Nil, list([1]));
    good.whole(2, 1, "read", Value::Nil, list([1]));
    assert_eq!(good.status("broadcast", "broadcast set"), Holds);

    let mut lost = base();
    lost.whole(2, 0, "read", Value::Nil, list([]));
    lost.whole(2, 1, "read", Value::Nil, list([1]));
    let finding = lost.judge("broadcast", "broadcast set");
    assert_eq!(finding.status, NotByDeadline);
    assert!(finding.explanation.contains("the final read of n0 at 0.110 s lacks it"));

    let mut retracted = base();
    retracted.whole(2, 0, "read", Value::Nil, list([1]));
    retracted.whole(2, 1, "read", Value::Nil, list([]));
    let finding = retracted.judge("broadcast", "broadcast set");
    assert_eq!(finding.status, Violated);
    assert_eq!(finding.explanation, "n1 showed 1 at 0.080 s and no longer at 0.130 s");

    let mut unequal = base();
    unequal.whole(2, 0, "read", Value::Nil, list([1, 2]));
    unequal.whole(2, 1, "read", Value::Nil, list([1]));
    assert_eq!(unequal.status("broadcast", "broadcast set"), NotByDeadline);

    let mut invented = base();
    invented.whole(2, 0, "read", Value::Nil, list([1, 7]));
    assert_eq!(invented.status("broadcast", "broadcast set"), Violated);

    let mut unread = base();
    unread.whole(2, 0, "read", Value::Nil, list([1]));
    let finding = unread.judge("broadcast", "broadcast set");
    assert_eq!(finding.status, Unknown);
    assert_eq!(finding.explanation, "n1 is correct but has no final read (after 0.090 s)");
}

#[test]
fn links() {
    let mut t = Tape::new(2);
    t.message(0, 1, 0, Fate::Lost);
    t.send(0, 1, 1);
    t.send(0, 1, 2);
    let mut good = t.clone();
    good.deliver(1, 0, 1);
    good.deliver(1, 0, 2);
    for property in ["reliable delivery", "no duplication", "no creation", "fifo order"] {
        assert_eq!(good.status("link", property), Holds, "{property}");
    }
    good.phase(Phase::Heal);
    let finding = good.judge("link", "stubborn delivery");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "n0 sent 1 to n1 at 0.020 s, which never delivered it after the faults were undone; both \
         are correct (1 more of the kind)"
    );
    t.deliver(1, 0, 2);
    assert_eq!(t.status("link", "reliable delivery"), NotByDeadline);
    let finding = t.judge("link", "fifo order");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n1 delivered 2 from n0 at 0.040 s, before 1, which n0 had sent earlier (at 0.020 s)"
    );
    t.deliver(1, 0, 3);
    let finding = t.judge("link", "no creation");
    assert_eq!(finding.explanation, "n1 delivered 3 from n0 at 0.050 s, which had not sent it");
}

#[test]
fn consensus() {
    let mut t = Tape::new(3);
    t.fault_begins(0);
    (0..3).for_each(|n| {
        t.propose(n, i64::from(n));
    });
    t.decide(0, 1);
    let mut good = t.clone();
    good.decide(1, 1);
    good.decide(2, 1);
    good.fault_ends(0);
    for property in
        ["termination", "validity", "weak validity", "integrity", "agreement", "uniform agreement"]
    {
        let finding = good.judge("consensus", property);
        assert_eq!(finding.status, Holds, "{finding:?}");
    }
    assert_eq!(good.status("consensus", "strong validity"), Unstressed);

    t.kill(0);
    t.decide(1, 2);
    t.decide(2, 2);
    assert_eq!(t.status("consensus", "agreement"), Holds);
    let finding = t.judge("consensus", "uniform agreement");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n0 decided 1 at 0.050 s, but n1 decided 2 at 0.070 s (1 more of the kind)"
    );
    t.decide(2, 9);
    assert_eq!(
        t.judge("consensus", "integrity").explanation,
        "n2 decided 2 at 0.080 s and then 9 at 0.090 s"
    );
    assert_eq!(
        t.judge("consensus", "validity").explanation,
        "n2 decided 9 at 0.090 s, which nobody had proposed"
    );
}

#[test]
fn strong_validity_holds_against_liars() {
    let mut t = Tape::new(4);
    t.change(3, NodeChange::Byzantine("lie".into()));
    t.propose(3, 9);
    (0..3).for_each(|n| {
        t.propose(n, 5);
    });
    let mut good = t.clone();
    (0..3).for_each(|n| {
        good.decide(n, 5);
    });
    assert_eq!(good.status("consensus", "strong validity"), Holds);
    assert_eq!(good.status("consensus", "validity"), Vacuous);
    t.decide(0, 9);
    assert_eq!(
        t.judge("consensus", "strong validity").explanation,
        "correct n0 decided 9 at 0.060 s, though every correct process proposed 5"
    );
}

#[test]
fn detectors() {
    let mut t = Tape::new(3);
    t.kill(2);
    t.about(0, "suspect", 2);
    let finding = t.judge("detect", "strong completeness");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "n2 crashed at 0.010 s, but correct n1 did not suspect it at 0.020 s"
    );
    t.about(1, "suspect", 2);
    let finding = t.judge("detect", "strong completeness");
    assert_eq!((finding.status, finding.settled_at), (Holds, Some(30_000_000)));
    assert_eq!(t.status("detect", "strong accuracy"), Holds);
    assert_eq!(t.status("detect", "eventual strong accuracy"), Unstressed);
    t.about(0, "suspect", 1);
    assert_eq!(
        t.judge("detect", "strong accuracy").explanation,
        "n0 suspected n1 at 0.040 s, which never crashed"
    );
    assert_eq!(t.status("detect", "eventual strong accuracy"), NotByDeadline);
    t.about(0, "restore", 1);
    t.phase(Phase::Quiesce);
    t.phase(Phase::Final);
    assert_eq!(t.status("detect", "eventual strong accuracy"), Holds);
}

#[test]
fn leaders() {
    let mut t = Tape::new(3);
    (0..3).for_each(|n| {
        t.about(n, "trust", 0);
    });
    t.kill(0);
    let finding = t.judge("detect", "eventual accuracy");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "correct n1 trusted n0 at 0.040 s, which crashed at 0.040 s (1 more of the kind)"
    );
    t.about(1, "trust", 1);
    t.about(2, "trust", 2);
    assert_eq!(t.status("detect", "eventual accuracy"), Holds);
    assert_eq!(
        t.judge("detect", "eventual leadership agreement").explanation,
        "at 0.060 s, correct n1 trusted n1 and correct n2 trusted n2"
    );
    assert_eq!(
        t.judge("detect", "leader accuracy").explanation,
        "n2 elected n2 at 0.060 s, though n1, elected at 0.050 s, had not crashed"
    );
    t.about(2, "trust", 1);
    assert_eq!(t.status("detect", "eventual leadership agreement"), Holds);
}

#[test]
fn terms() {
    let mut t = Tape::new(3);
    t.numbered(0, "lead", 1, 0);
    t.numbered(1, "lead", 2, 0);
    assert_eq!(t.status("kv", "election safety"), Holds);
    t.numbered(2, "lead", 2, 0);
    assert_eq!(
        t.judge("kv", "election safety").explanation,
        "n1 led term 2 from 0.020 s and n2 from 0.030 s"
    );
}

#[test]
fn replicated_logs() {
    let mut t = Tape::new(3);
    t.numbered(0, "lead", 1, 0);
    t.numbered(0, "commit", 1, 11);
    t.numbered(0, "commit", 2, 12);
    t.numbered(1, "commit", 1, 11);
    t.numbered(1, "lead", 2, 0);
    let mut good = t.clone();
    good.numbered(1, "commit", 2, 12);
    good.numbered(1, "commit", 3, 13);
    good.numbered(0, "commit", 3, 13);
    for property in ["log matching", "log prefix", "leader completeness", "equal outputs"] {
        let expected = if property == "equal outputs" { Vacuous } else { Holds };
        assert_eq!(good.status("kv", property), expected, "{property}");
    }
    let mut lost = t.clone();
    lost.numbered(1, "commit", 2, 99);
    assert_eq!(
        lost.judge("kv", "log matching").explanation,
        "n0 committed 12 in slot 2 at 0.030 s, n1 committed 99 at 0.060 s"
    );
    assert_eq!(
        lost.judge("kv", "leader completeness").explanation,
        "n1, leader of term 2 since 0.050 s, committed 99 in slot 2, where n0 had committed 12 at \
         0.030 s"
    );
    t.numbered(1, "commit", 3, 13);
    assert_eq!(
        t.judge("kv", "leader completeness").explanation,
        "n1, leader of term 2 since 0.050 s, committed slot 3 without slot 2, which was committed \
         before its term"
    );
    assert_eq!(
        t.judge("kv", "log prefix").explanation,
        "n1 committed slot 3 at 0.060 s, right after slot 1 (at 0.040 s)"
    );
}

#[test]
fn registers() {
    let mut t = Tape::new(3);
    t.whole(0, 0, "write", 1, Value::Nil);
    t.op(0, 0, OpKind::Invoke, "write", 2);
    t.whole(1, 1, "read", Value::Nil, 2);
    let mut good = t.clone();
    good.whole(2, 2, "read", Value::Nil, 2);
    good.op(0, 0, OpKind::Ok, "write", 2);
    good.whole(2, 2, "read", Value::Nil, 2);
    for property in ["safe", "regular", "atomic"] {
        assert_eq!(good.status("register", property), Holds, "{property}");
    }
    let mut inverted = t.clone();
    inverted.whole(2, 2, "read", Value::Nil, 1);
    inverted.op(0, 0, OpKind::Ok, "write", 2);
    assert_eq!(inverted.status("register", "regular"), Holds);
    let finding = inverted.judge("register", "atomic");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "no order of the values fits: process 0 at n0 wrote 1 (0.010 s to 0.020 s), before process 1 \
         at n1 read 2 (0.040 s to 0.050 s); but process 1 at n1 read 2 (0.040 s to 0.050 s), before \
         process 2 at n2 read 1 (0.060 s to 0.070 s)"
    );
    let mut stale = good.clone();
    stale.whole(1, 1, "read", Value::Nil, 1);
    assert_eq!(stale.status("register", "regular"), Violated);
    assert_eq!(stale.status("register", "safe"), Violated);
    let mut disorder = t.clone();
    disorder.whole(2, 2, "read", Value::Nil, 7);
    disorder.op(0, 0, OpKind::Ok, "write", 2);
    disorder.whole(2, 2, "read", Value::Nil, 2);
    assert_eq!(disorder.status("register", "safe"), Holds);
    assert_eq!(disorder.status("register", "regular"), Violated);
    let mut twice = good.clone();
    twice.whole(0, 0, "write", 2, Value::Nil);
    assert_eq!(twice.status("register", "atomic"), Unknown);
}

#[test]
fn termination_of_operations() {
    let mut t = Tape::new(2);
    t.fault_begins(0);
    t.op(0, 0, OpKind::Invoke, "read", Value::Nil);
    t.op(0, 0, OpKind::Info, "read", Value::Nil);
    t.fault_ends(0);
    t.phase(Phase::Heal);
    assert_eq!(t.status("register", "termination"), Vacuous);
    t.whole(1, 0, "read", Value::Nil, Value::Nil);
    assert_eq!(t.status("register", "termination"), Holds);
    t.op(1, 1, OpKind::Invoke, "write", 4);
    let finding = t.judge("register", "termination");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "`write` 4 invoked by process 1 at correct n1 at 0.080 s never completed"
    );
}

#[test]
fn service() {
    let mut t = Tape::new(2);
    t.kill(1);
    t.op(0, 0, OpKind::Invoke, "read", Value::Nil);
    t.op(0, 0, OpKind::Info, "read", Value::Nil);
    t.phase(Phase::Heal);
    let mut dead = t.clone();
    t.whole(1, 0, "read", Value::Nil, 1);
    assert_eq!(t.status("kv", "availability"), Holds);
    dead.op(1, 0, OpKind::Invoke, "read", Value::Nil);
    dead.op(1, 0, OpKind::Fail, "read", Value::Nil);
    let finding = dead.judge("kv", "availability");
    assert_eq!(finding.status, NotByDeadline);
    assert_eq!(
        finding.explanation,
        "only 0 of 1 operations invoked after the faults were undone were answered"
    );
    assert_eq!(t.status("kv", "enough operations"), Holds);
    assert_eq!(dead.status("kv", "enough operations"), Vacuous);
}

#[test]
fn echoes_and_ids() {
    let mut t = Tape::new(2);
    t.whole(0, 0, "echo", 5, 5);
    assert_eq!(t.status("echo", "echo"), Holds);
    t.whole(0, 0, "echo", 6, 7);
    assert_eq!(t.judge("echo", "echo").explanation, "6 came back as 7");

    let mut t = Tape::new(2);
    t.op(0, 0, OpKind::Invoke, "generate", Value::Nil);
    t.whole(1, 1, "generate", Value::Nil, 2);
    t.op(0, 0, OpKind::Ok, "generate", 1);
    assert_eq!(t.status("unique-ids", "unique ids"), Holds);
    t.whole(1, 1, "generate", Value::Nil, 1);
    assert_eq!(
        t.judge("unique-ids", "unique ids").explanation,
        "1 was generated by n0 at 0.040 s and by n1 at 0.060 s"
    );
}

#[test]
fn the_table_is_complete() {
    use schism_checkers::properties::{find, names, workloads};
    for workload in workloads() {
        assert!(!names(workload).is_empty());
        for name in names(workload) {
            let empty = Tape::new(3).judge(workload, name);
            let expected: &[Status] = match name {
                "strong accuracy" | "eventual strong accuracy" => &[Unstressed],
                // These need a fact the empty history does not tell.
                "round bound" | "early stopping" | "coverage" | "probabilistic validity" => {
                    &[Unknown]
                }
                _ => &[Vacuous],
            };
            assert!(expected.contains(&empty.status), "{workload}: {empty:?}");
        }
    }
    assert!(find("broadcast", "no such promise", Faults::CrashStop).is_none());
    assert!(find("no such workload", "agreement", Faults::CrashStop).is_none());
}
