//! The monitor against the check of whole histories.

mod draw;
#[path = "../../benches/linearizability/random.rs"]
mod random;

use draw::{Drawn, draw};
use schism_checkers::linearizability::{
    Alarm, ModelKind, Monitor, Options, Verdict, check_history,
};
use schism_history::History;

fn violated(history: &History, kind: &ModelKind) -> bool {
    let options = Options { explain: false, order: false, threads: 1, ..Options::default() };
    match check_history(history, kind, &options).unwrap().verdict {
        Verdict::Linearizable { .. } => false,
        Verdict::Violation(_) => true,
        Verdict::Unknown { why, .. } => panic!("{why}"),
    }
}

/// What a monitor says that keeps so many ways, and how many records it had been told by then.
fn watched(
    history: &History,
    kind: &ModelKind,
    ways: u64,
    poll: bool,
) -> (Option<(usize, Alarm)>, bool) {
    let options = Options { configurations: ways, ..Options::default() };
    let mut monitor = Monitor::new(kind, &options).unwrap();
    for (record, count) in history.records.iter().zip(1..) {
        let raised = monitor.push(record).unwrap();
        let alarm = raised.or_else(|| if poll { monitor.poll() } else { None });
        if let Some(alarm) = alarm {
            return (Some((count, alarm)), false);
        }
    }
    (None, monitor.lost() > 0)
}

/// An alarm is right about what was told by then; what cannot be explained is told, unless the
/// monitor says that it lost sight.
fn compare(drawn: &Drawn, rounds: u64, ways: u64) -> [u32; 3] {
    let kind = drawn.kind();
    let mut counts = [0; 3];
    for seed in 1..=rounds {
        let history = draw(drawn, seed);
        let violated_at_last = violated(&history, &kind);
        for poll in [true, false] {
            let (alarm, lost) = watched(&history, &kind, ways, poll);
            let name = format!("{} seed {seed}, poll {poll}: {alarm:?}", drawn.model);
            if let Some((count, _)) = &alarm {
                let records = history.records[..*count].to_vec();
                let prefix = History { records, ..History::default() };
                assert!(violated(&prefix, &kind), "{name} without a violation");
            } else if poll && !lost && drawn.crashed == 0 {
                assert!(!violated_at_last, "{name} but a violation");
            }
            counts[0] += u32::from(alarm.is_some());
            counts[1] += u32::from(violated_at_last);
            counts[2] += u32::from(lost);
        }
    }
    counts
}

fn rounds(n: u64) -> u64 {
    let factor = std::env::var("SCHISM_MONITOR_ROUNDS").ok().and_then(|n| n.parse().ok());
    n * factor.unwrap_or(1)
}

const FEW: Drawn = Drawn {
    model: "fifo-queue",
    operations: 14,
    clients: 4,
    crashed: 0,
    refused: 0,
    wrong: 8,
    values: None,
};

/// Models whose rules tell of everything that goes wrong, and those whose rules tell of most.
const TOLD_ALL: [&str; 10] = [
    "fifo-queue",
    "register",
    "kv",
    "kv text",
    "kv list",
    "unique-id",
    "set",
    "append-log",
    "max-register",
    "priority-queue",
];
const TOLD_MOST: [&str; 8] = [
    "set read",
    "stack",
    "counter",
    "counter down",
    "counter get",
    "multi-register:nil",
    "bank:10",
    "bank",
];

/// Whether a check needs a search while something is open, which takes long.
fn searched(model: &str) -> bool {
    matches!(model, "priority-queue" | "multi-register") || TOLD_MOST[1..].contains(&model)
}

/// How many values there are to make violations of a set likely.
fn elements(model: &str) -> Option<u32> {
    model.starts_with("set").then_some(6)
}

#[test]
fn rules_alone_tell_of_every_violation_and_of_nothing_else() {
    for model in TOLD_ALL {
        let values = elements(model);
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (60, 8, 2), (200, 20, 1)] {
            for refused in [0, 10] {
                let drawn = Drawn { model, operations, clients, wrong, refused, values, ..FEW };
                if operations == 200 && searched(model) {
                    continue;
                }
                let [alarms, violations, lost] = compare(&drawn, rounds(150), 0);
                assert_eq!(lost, 0, "{model}");
                assert_eq!(alarms, violations, "{model}, {operations} operations");
                assert!(
                    violations > 20 && u64::from(violations) < rounds(280),
                    "{model} {operations} {refused} {violations}"
                );
            }
        }
    }
}

#[test]
fn rules_alone_are_right_where_operations_crash_and_values_come_again() {
    for model in TOLD_ALL.into_iter().chain(TOLD_MOST).chain(["multi-register"]) {
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (60, 8, 2)] {
            for (crashed, values) in [(20, None), (5, None), (0, Some(4)), (10, Some(40))] {
                if operations == 60 && searched(model) {
                    continue;
                }
                let values = values.or(elements(model));
                let drawn = Drawn { model, operations, clients, wrong, crashed, values, ..FEW };
                let [alarms, _, lost] = compare(&drawn, rounds(150), 0);
                assert!(alarms > 0 || lost > 0, "{model}");
            }
        }
    }
}

#[test]
fn rules_that_do_not_tell_everything_tell_most() {
    for (model, share) in [
        ("set read", 0.9),
        ("stack", 0.9),
        ("counter", 0.7),
        ("counter down", 0.4),
        ("counter get", 0.7),
        ("multi-register:nil", 0.5),
        ("bank:10", 0.5),
        ("bank", 0.3),
    ] {
        let (mut alarms, mut violations) = (0, 0);
        for (operations, clients, wrong) in [(8, 3, 15), (14, 4, 8), (40, 6, 3)] {
            let values = elements(model);
            let drawn = Drawn { model, operations, clients, wrong, values, ..FEW };
            let counts = compare(&drawn, rounds(150), 0);
            (alarms, violations) = (alarms + counts[0], violations + counts[1]);
        }
        println!("{model}: {alarms} of {violations}");
        assert!(
            f64::from(alarms) >= share * f64::from(violations),
            "{model} {alarms} {violations}"
        );
    }
}

#[test]
fn ways_and_rules_together_tell_of_every_violation() {
    for model in TOLD_ALL.into_iter().chain(TOLD_MOST) {
        for (crashed, refused, values) in
            [(0, 0, None), (10, 5, None), (0, 0, Some(3)), (10, 5, Some(4))]
        {
            if model.starts_with("set") && values.is_none() || model == "unique-id" {
                continue;
            }
            let drawn = Drawn { model, crashed, refused, values, operations: 12, ..FEW };
            let kind = drawn.kind();
            for seed in 1..=rounds(200) {
                let history = draw(&drawn, seed);
                let (alarm, lost) = watched(&history, &kind, 200_000, true);
                assert!(!lost);
                assert_eq!(
                    alarm.is_some(),
                    violated(&history, &kind),
                    "{model} {crashed} {values:?} seed {seed}: {alarm:?}"
                );
            }
            compare(&drawn, rounds(50), 200_000);
        }
    }
}
