//! The interface others use: a recorded history in, a report or a typed error out.

use schism_checkers::linearizability::{
    Linearizable, Model, ModelKind, Options, Verdict, check_history,
};
use schism_checkers::{Budget, Check, Status};
use schism_history::{Entry, History, OpEvent, OpKind, Record, Value};

fn history(events: &[(u64, OpKind, &str, Value)]) -> History {
    let records = events
        .iter()
        .enumerate()
        .map(|(i, (process, kind, f, value))| Record {
            index: i as u64,
            time: i as u64 * 10,
            entry: Entry::Op(OpEvent {
                process: *process,
                kind: *kind,
                f: (*f).into(),
                key: None,
                value: value.clone(),
                error: None,
                node: None,
            }),
        })
        .collect();
    History { records, ..History::default() }
}

fn stale_read() -> History {
    use OpKind::{Invoke, Ok};
    history(&[
        (0, Invoke, "write", 1.into()),
        (0, Ok, "write", 1.into()),
        (1, Invoke, "write", 2.into()),
        (2, Invoke, "read", Value::Nil),
        (1, Ok, "write", 2.into()),
        (2, Ok, "read", 2.into()),
        (2, Invoke, "read", Value::Nil),
        (2, Ok, "read", 1.into()),
    ])
}

#[test]
fn a_stale_read_is_a_violation_with_a_witness() {
    let finding = Linearizable::new(Model::Register).check(&stale_read(), &Budget::default());
    assert_eq!(finding.status, Status::Violated);
    assert!(finding.witness.contains(&7), "{finding:?}");
    assert!(!finding.details.is_null());
}

#[test]
fn a_good_history_holds_and_comes_with_its_order() {
    let mut good = stale_read();
    good.records.truncate(6);
    let report =
        check_history(&good, &ModelKind::from(Model::Register), &Options::default()).unwrap();
    let Verdict::Linearizable { orders } = &report.verdict else { panic!("{report:?}") };
    assert_eq!(orders[0].operations, [0, 2, 3]);
    let finding = Linearizable::new(Model::Register).check(&good, &Budget::default());
    assert_eq!(finding.status, Status::Holds);
}

#[test]
fn operations_that_do_not_fit_are_refused_with_their_record() {
    let error = check_history(
        &history(&[(0, OpKind::Invoke, "frobnicate", Value::Nil)]),
        &ModelKind::from(Model::Register),
        &Options::default(),
    )
    .unwrap_err()
    .to_string();
    assert!(error.contains("record 0") && error.contains("frobnicate"), "{error}");
    assert!(error.contains("`read`, `write`"), "{error}");
}

#[test]
fn a_history_that_breaks_the_rules_is_refused_with_its_record() {
    use OpKind::{Invoke, Ok};
    let check = |events: &[_]| {
        let kind = ModelKind::from(Model::Register);
        check_history(&history(events), &kind, &Options::default()).unwrap_err().to_string()
    };
    let error = check(&[(3, Invoke, "read", Value::Nil), (3, Invoke, "read", Value::Nil)]);
    assert!(error.contains("record 1") && error.contains("process 3"), "{error}");
    let error = check(&[(4, Ok, "read", Value::Nil)]);
    assert!(error.contains("record 0") && error.contains("process 4"), "{error}");
}
