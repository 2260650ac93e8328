//! Good and bad histories written by hand: broadcast, links, consensus.

use crate::support::Tape;
use schism_checkers::Status::{Holds, NotByDeadline, Unknown, Unstressed, Vacuous, Violated};
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
    let counts = |property: &str| {
        let finding = t.judge("broadcast", property);
        (finding.antecedents, finding.stress)
    };
    // Two messages; six deliveries; three of them of a message with a predecessor under way.
    assert_eq!(counts("validity"), (2, 2));
    assert_eq!(counts("agreement"), (2, 2));
    assert_eq!(counts("no duplication"), (6, 6));
    assert_eq!(counts("no creation"), (6, 6));
    assert_eq!(counts("fifo order"), (3, 3));
    assert_eq!(counts("uniform agreement"), (2, 0));
    assert_eq!(counts("total order"), (4, 0));
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
        "n0 delivered 1 from n0 at 0.020 s, but correct n1 had not by 0.030 s; n0 crashed at \
         0.030 s"
    );
    t.message(0, 1, 15_000_000, Fate::Lost);
    t.message(0, 2, 15_000_000, Fate::Delivered);
    let finding = t.judge("broadcast", "uniform agreement");
    assert_eq!(
        finding.explanation,
        "n0 delivered 1 from n0 at 0.020 s, but correct n1 had not by 0.050 s; n0 crashed at \
         0.030 s, and nothing arrived that it had sent to n1 since"
    );
    assert_eq!(finding.witness, [0, 1, 2, 3]);
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
        "n0 decided 1 at 0.050 s, but n1 decided 2 at 0.070 s; n0 crashed at 0.060 s \
         (1 more of the kind)"
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
fn a_disagreement_shows_the_dangerous_chain() {
    let mut t = Tape::new(3);
    (0..3).for_each(|n| {
        t.propose(n, i64::from(n));
    });
    t.kill(0);
    t.message(0, 1, 30_000_000, Fate::Delivered);
    t.message(0, 2, 30_000_000, Fate::Lost);
    t.message(0, 2, 20_000_000, Fate::Delivered);
    t.decide(1, 0);
    t.decide(2, 1);
    let finding = t.judge("consensus", "agreement");
    assert_eq!(finding.status, Violated);
    assert_eq!(
        finding.explanation,
        "n1 decided 0 at 0.080 s, but n2 decided 1 at 0.090 s; n0 crashed at 0.040 s in \
         mid-broadcast: it had reached n1 and not n2"
    );
    assert_eq!(finding.witness, [3, 4, 5, 7, 8]);
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
    // Without liars it is put to the test once a fault has begun.
    let mut crash = Tape::new(2);
    crash.propose(0, 1);
    crash.propose(1, 1);
    let mut calm = crash.clone();
    calm.decide(0, 1);
    assert_eq!(calm.status("consensus", "strong validity"), Unstressed);
    crash.kill(1);
    crash.decide(0, 1);
    assert_eq!(crash.status("consensus", "strong validity"), Holds);
    assert_eq!(
        t.judge("consensus", "strong validity").explanation,
        "correct n0 decided 9 at 0.060 s, though every correct process proposed 5"
    );
}
