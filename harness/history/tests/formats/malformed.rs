//! What is wrong with a file is told with its place and in one sentence.

use schism_history::{
    Entry, History, Keyed, LoadOptions, Meta, OpEvent, OpKind, Record, Value, parse, validate,
};

fn refusal(text: impl AsRef<[u8]>, keyed: Keyed) -> String {
    parse("h", text.as_ref(), &LoadOptions { keyed }).unwrap_err().to_string()
}

fn assert_refused(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(refusal(text, Keyed::Field), *expected, "{text}");
    }
}

#[test]
fn what_no_format_begins_with() {
    assert_refused(&[
        ("", "h: is empty: expected a schism history, JSON lines, Jepsen EDN or a Jepsen log"),
        (" \n ,", "h: is empty: expected a schism history, JSON lines, Jepsen EDN or a Jepsen log"),
        (
            "PK\u{3}\u{4}",
            "h: does not begin with a record: expected a schism history, JSON lines, Jepsen EDN or a Jepsen log",
        ),
        (
            "[ {\"type\": \"ok\"}]",
            "h: is a JSON array, not one object per line: \
             expected a schism history, JSON lines, Jepsen EDN or a Jepsen log",
        ),
    ]);
    assert_eq!(refusal(b"{:a 1}\n{:b \xff}", Keyed::Field), "h:2:5: expected UTF-8");
}

/// One good line, so that what is wrong is on the second.
const FIRST: &str = "{:process 9 :type :invoke :f :x}\n";

#[test]
fn edn_that_is_none() {
    let cases = [
        ("{:process 0", "h:2:12: expected a form or '}', found the end"),
        ("{:process 0]", "h:2:12: expected a form or '}', found ']'"),
        ("{:process}", "h:2:10: expected a value for the map's last key, found '}'"),
        ("{:value {1 2 3}}", "h:2:15: expected a value for the map's last key, found '}'"),
        ("{: 1}", "h:2:3: expected the name of a keyword, found ' '"),
        ("{:value \"abc", "h:2:9: a string without an end"),
        (
            "{:value \"a\\qc\"}",
            "h:2:11: expected an escape: one of \\n \\t \\r \\b \\f \\\" \\\\ \\uXXXX",
        ),
        ("{:value \"\\u12g4\"}", "h:2:10: expected four hexadecimal digits after \\u"),
        ("{:value \"\\ud800\"}", "h:2:10: half a surrogate pair"),
        ("{:value \\longname}", "h:2:9: expected a character, found \\longname"),
        ("{:value 12ab}", "h:2:9: expected a number, found 12ab"),
        (
            "{:value 9223372036854775808}",
            "h:2:9: whole number 9223372036854775808 is beyond 64 bits with sign",
        ),
        ("{:value ##Foo}", "h:2:9: expected ##NaN, ##Inf or ##-Inf, found ##Foo"),
        ("{:value #:a 1}", "h:2:13: expected a map after its namespace, found '1'"),
        ("{:value # 1}", "h:2:10: expected a set, a tag or a discard after '#', found ' '"),
        ("{:index 1.5}", "h:2:9: expected a whole number for :index, found 1.5"),
        ("hello", "h:2:1: expected an operation, a map such as {:type :invoke, …}, found 'h'"),
        ("#op [1]", "h:2:5: expected a map after its tag, found '['"),
        ("[{:process 1 :type :invoke :f :x}", "h:2:34: expected a form or ']', found the end"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(format!("{FIRST}{text}"), Keyed::Field), expected, "{text}");
    }
    let deep = format!("{FIRST}{{:value {}", "[".repeat(100_000));
    assert_eq!(refusal(deep, Keyed::Field), "h:2:138: forms are nested more than 128 deep");
}

#[test]
fn json_that_is_none() {
    let cases = [
        ("{\"process\":0", "h:2:12: EOF while parsing an object"),
        ("{\"process\":0]", "h:2:13: expected `,` or `}`"),
        ("7", "h:2:1: invalid type: integer `7`, expected an object, a record"),
        ("{\"index\":1.5}", "h:2:12: invalid type: floating point `1.5`, expected i64"),
        (
            "{\"value\":9223372036854775808}",
            "h:2:28: whole number 9223372036854775808 is beyond 64 bits with sign",
        ),
        ("{\"value\":{\"#set\":[1],\"a\":2}}", "h:2:24: `#set` must be the only key"),
        (
            "{\"record\":\"massage\"}",
            "h:2:1: expected record meta, event, message, fault, node or phase, found \"massage\"",
        ),
        (
            "{\"record\":\"event\",\"index\":1,\"time\":0,\"kind\":\"x\"}",
            "h:2:48: missing field `node`",
        ),
        (
            "{\"record\":\"phase\",\"phase\":\"lunch\"}",
            "h:2:34: unknown variant `lunch`, expected one of \
             `setup`, `chaos`, `heal`, `quiesce`, `final`, `teardown`",
        ),
        (
            "{\"record\":\"node\",\"node\":\"x1\",\"change\":\"ready\"}",
            "h:2:46: expected a node such as n0, found \"x1\"",
        ),
    ];
    let first = "{\"process\":9,\"type\":\"invoke\",\"f\":\"x\"}\n";
    for (text, expected) in cases {
        assert_eq!(refusal(format!("{first}{text}"), Keyed::Field), expected, "{text}");
    }
}

#[test]
fn operations_that_are_none() {
    let cases = [
        ("{:type :invoke :f :x}", "h:2:1: an operation without a process"),
        ("{:process 1 :f :x}", "h:2:1: an operation without a type: invoke, ok, fail or info"),
        ("{:process 1 :type :invoke}", "h:2:1: an operation without a function, f"),
        (
            "{:process 1 :type :done :f :x}",
            "h:2:1: expected type invoke, ok, fail or info, found :done",
        ),
        ("{:process -1 :type :invoke :f :x}", "h:2:1: expected a process from 0, found -1"),
        (
            "{:process [1] :type :invoke :f :x}",
            "h:2:1: expected a process, a number or nemesis, found [1]",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(format!("{FIRST}{text}"), Keyed::Field), expected, "{text}");
    }
    for value in ["3", "[1 2 3]", "nil"] {
        assert_eq!(
            refusal(format!("{{:process 1 :type :invoke :f :x :value {value}}}"), Keyed::Tuple),
            format!("h:1:1: expected a value [key value], found {value}")
        );
    }
}

#[test]
fn rules_name_the_line_that_breaks_them() {
    let cases = [
        (
            "{:process 9 :type :invoke :f :y}",
            "h:2:1: process 9 invokes y while its operation of index 0 is open: \
             a process has one operation at a time",
        ),
        (
            "{:process 1 :type :ok :f :y}",
            "h:2:1: process 1 completes y without having invoked anything",
        ),
        (
            "{:process 9 :type :ok :f :y}",
            "h:2:1: process 9 completes y, but its operation of index 0 is x",
        ),
        (
            "{:process 9 :type :ok :f :x}\n\n{:process 9 :type :fail :f :x}",
            "h:4:1: process 9 completes x without having invoked anything",
        ),
        (
            "{:process 9 :type :info :f :x}\n  {:process 9 :type :invoke :f :x}",
            "h:3:3: process 9 invokes x after its operation of index 1 ended info: \
             that one may still take effect, so the process must not go on",
        ),
        (
            "{:process 9 :type :info :f :x}\n{:process 9 :type :ok :f :x}",
            "h:3:1: process 9 completes x without having invoked anything",
        ),
        (
            "{:process 1 :type :invoke :f :x :index 7}\n{:process 2 :type :invoke :f :x :index 3}",
            "h:3:1: index 3 follows index 7: indexes must increase",
        ),
        (
            "{:process 1 :type :invoke :f :x :index 0}",
            "h:2:1: index 0 follows index 0: indexes must increase",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(format!("{FIRST}{text}"), Keyed::Field), expected, "{text}");
    }
    assert_eq!(
        refusal(
            "{\"process\":0,\"type\":\"invoke\",\"f\":\"r\"}\n{\"process\":0,\"type\":\"invoke\",\"f\":\"w\"}",
            Keyed::Field
        ),
        "h:2:1: process 0 invokes w while its operation of index 0 is open: \
         a process has one operation at a time"
    );
}

#[test]
fn times_that_run_backwards_are_raised_on_import_and_refused_in_memory() {
    let text = "{:process 1 :type :invoke :f :x :time 9}\n{:process 1 :type :ok :f :x :time 4}";
    let loaded = parse("h", text.as_bytes(), &LoadOptions::default()).unwrap();
    assert_eq!(loaded.history.records[1].time, 9);

    let op = |kind| OpEvent {
        process: 1,
        kind,
        f: "x".into(),
        key: None,
        value: Value::Nil,
        error: None,
        node: None,
    };
    let record = |index, time, kind| Record { index, time, entry: Entry::Op(op(kind)) };
    let records = vec![record(0, 9, OpKind::Invoke), record(1, 4, OpKind::Ok)];
    let history = History { meta: Meta::default(), records };
    assert_eq!(
        validate("h", &history).unwrap_err().to_string(),
        "h: record 1: time 4 follows time 9: time must not decrease"
    );
}

#[test]
fn operations_that_never_complete_are_no_error() {
    parse("h", FIRST.as_bytes(), &LoadOptions::default()).unwrap();
}
