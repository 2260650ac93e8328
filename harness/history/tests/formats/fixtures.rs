//! Histories as other tools write them.

use schism_history::{
    Entry, FaultEdge, Format, Keyed, LoadOptions, Loaded, NodeId, Operation, Outcome, Record,
    Value, load, parse,
};
use std::path::Path;

fn fixture(name: &str, keyed: Keyed) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    load(path, &LoadOptions { keyed }).unwrap()
}

/// Operations in a line each: process, function, key, input, outcome, output, error.
fn told(operations: &[Operation]) -> Vec<String> {
    let tell = |operation: &Operation| {
        let Operation { process, f, input, output, .. } = operation;
        let key = operation.key.as_ref().map_or(String::new(), |key| format!(" of {key}"));
        let error = operation.error.as_ref().map_or(String::new(), |error| format!(" ({error})"));
        let outcome = match operation.outcome {
            Outcome::Ok => "ok",
            Outcome::Fail => "fail",
            Outcome::Info => "info",
        };
        format!("{process} {f}{key} {input} {outcome} {output}{error}")
    };
    operations.iter().map(tell).collect()
}

/// Faults in a line each: index, number, edge, what, detail.
fn faults(records: &[Record]) -> Vec<String> {
    let tell = |record: &Record| {
        let Entry::Fault(fault) = &record.entry else { return None };
        let edge = if fault.edge == FaultEdge::Begin { "begin" } else { "end" };
        Some(format!("{} #{} {edge} {} {}", record.index, fault.id, fault.what, fault.detail))
    };
    records.iter().filter_map(tell).collect()
}

#[test]
fn one_bare_map_per_line() {
    let loaded = fixture("register.edn", Keyed::Field);
    assert_eq!(loaded.format, Format::Edn);
    assert_eq!(
        told(&loaded.history.operations()),
        [
            "0 read nil ok nil",
            "1 write 3 info 3 (:timeout)",
            "5 cas [3 4] fail [3 4] ([:precondition \"was 2\" 2])",
        ]
    );
    // The second line of the start and the first of the stop say nothing new.
    assert_eq!(loaded.skipped, 2);
    assert_eq!(
        faults(&loaded.history.records),
        ["2 #0 begin nemesis ", "9 #0 end nemesis \"fully connected\""]
    );
}

#[test]
fn tagged_operations_in_a_vector_with_independent_keys() {
    let loaded = fixture("independent.edn", Keyed::Tuple);
    let operations = loaded.history.operations();
    assert_eq!(
        told(&operations),
        ["3 write of 7 1 fail nil ({:kind :conflict})", "4 read of 8 nil ok 2"]
    );
    assert_eq!((operations[1].invoked, operations[1].completed), (3, Some(7)));
    assert_eq!((operations[1].begin, operations[1].end), (15, Some(19)));
    assert_eq!(operations[1].node, Some(NodeId(2)));
    assert_eq!(
        faults(&loaded.history.records),
        [
            "1 #0 begin partition :majority",
            "5 #1 begin bump-clock {\"n1\" 500}",
            "6 #1 end bump-clock {\"n1\" 500}",
            "9 #0 end partition :network-healed",
        ]
    );

    // The same file, its keys left where they are.
    let plain = fixture("independent.edn", Keyed::Field);
    assert_eq!(told(&plain.history.operations())[1], "4 read [8 nil] ok [8 2]");
}

#[test]
fn every_form_of_edn() {
    let loaded = fixture("forms.edn", Keyed::Field);
    let [operation] = &loaded.history.operations()[..] else { panic!("one operation") };
    assert_eq!(operation.f, "txn");
    let append = &operation.input.as_list().unwrap()[0];
    assert_eq!(append.as_list().unwrap()[0], Value::Keyword("append".into()));
    let read = &operation.input.as_list().unwrap()[1];
    assert_eq!(read.as_list().unwrap()[1], Value::from("a\"b\\c\n\u{e9}\u{1f600}"));
    assert_eq!(
        operation.output.to_string(),
        "{nil true, \
         :chars [\"a\" \"\\n\" \"(\" \"A\" \" \"], \
         :empty [], \
         :ints [1 -2 3 12345678901 31], \
         :reals [1.5 -2000.0 1.0 0.25 inf -inf], \
         :set #{1 2 3}, \
         :space {:db/id 1, :other/kept 3, :plain 2}, \
         :symbol \"jepsen.core/foo\", \
         :tagged [\"2020-01-01T00:00:00Z\" [\"java.lang.Object\" 94 \"x\"]], \
         {:a 1} #{}}"
    );
}

#[test]
fn foreign_json_lines() {
    let loaded = fixture("foreign.jsonl", Keyed::Field);
    assert_eq!(loaded.format, Format::JsonLines);
    assert_eq!(
        told(&loaded.history.operations()),
        ["0 write 1 info nil ([\"timeout\" 5])", "1 read nil ok 1"]
    );
    assert_eq!(faults(&loaded.history.records), ["2 #0 begin kill [\"n1\"]"]);
    assert_eq!(loaded.skipped, 1);
    // Nothing was numbered or timed: records stand in the order of the lines.
    let marks: Vec<_> =
        loaded.history.records.iter().map(|record| (record.index, record.time)).collect();
    assert_eq!(marks, [(0, 0), (1, 1), (2, 2), (3, 3), (5, 4)]);
}

#[test]
fn what_jepsen_prints() {
    let loaded = fixture("jepsen.log", Keyed::Field);
    assert_eq!(loaded.format, Format::Log);
    assert_eq!(
        told(&loaded.history.operations()),
        [
            "0 read nil ok nil",
            "3 write 1 ok 1",
            "1 cas [1 2] ok [1 2]",
            "2 write 4 info :timed-out",
            "0 cas [3 1] fail [3 1]",
            "4 read nil fail :timed-out",
            "3 cas [2 3] fail :no-leader",
            "4 read nil ok 2",
            "0 read nil ok 4",
            "1 write 0 info nil",
        ]
    );
    assert_eq!(faults(&loaded.history.records), ["4 #0 begin nemesis ", "21 #0 end nemesis "]);
}

#[test]
fn what_loggers_put_around_it() {
    let text = "10:23:01,871 INFO  [jepsen worker 3] jepsen.util: 3\t:invoke\t:write\t[0 \"a b\"]\r\n\
                2\t:invoke\t:read\tnil \t:hint 0\n\
                3 :fail :write [0 \"a b\"] [:not-leader \"n1\"]\n";
    let loaded = parse("log", text.as_bytes(), &LoadOptions::default()).unwrap();
    assert_eq!(
        told(&loaded.history.operations()),
        ["3 write [0 \"a b\"] fail [0 \"a b\"] ([:not-leader \"n1\"])", "2 read nil info nil"]
    );
    let text = "2\t:invoke\t:read\tnil\nINFO x - 2\t:okay\t:read\t1\n";
    let error = parse("log", text.as_bytes(), &LoadOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "log:2:10: expected type invoke, ok, fail or info, found :okay");
}
