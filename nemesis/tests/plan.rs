//! Plans are read, written, refused and put into words.

use proptest::prelude::*;
use schism_history::NodeId;
use schism_nemesis::network::Rate;
use schism_nemesis::plan::Duplicate;
use schism_nemesis::{
    AfterKill, Circumstances, Clock, Delay, DiskFault, Fault, Limit, Plan, Reorder, Shape, Target,
    Turn, What,
};
use std::time::Duration;

const EVERYTHING: &str = r#"
# Every kind of fault, as a person writes it.
[[fault]]
from = "1.5s"
until = "4s"
what = { partition = "isolate" }
target = "leader"

[[fault]]
from = "2s"
until = "3s"
what = { loss = 0.2 }

[[fault]]
from = "2s"
until = "3s"
what.delay.uniform = ["5ms", "20ms"]
target = "minority"

[[fault]]
from = "2s"
until = "3s"
what = { delay = { pareto = { least = "1ms", shape = 1.2, cap = "500ms" } } }
target = { random = 2 }

[[fault]]
from = "2s"
until = "3s"
what = { duplicate = { probability = 0.1 } }

[[fault]]
from = "2s"
until = "3s"
what = { reorder = { probability = 0.1, by = "30ms" } }

[[fault]]
from = "2s"
until = "3s"
what = { rate = { bytes_per_second = 1000, queue = "1s" } }

[[fault]]
from = "2s"
until = "3s"
what = "freeze"
target = ["n1"]

[[fault]]
from = "5s"
until = "7s"
what = { kill = "keep-disk" }
target = ["n3"]

[[fault]]
from = "6s"
until = "7s"
what = "pause"
target = ["n0", "n2"]

[[fault]]
from = "8s"
until = "9s"
what = { partition = { groups = [["n0", "n1"], ["n2"]] } }

[[fault]]
from = "8s"
until = "9s"
what = { partition = { links = [["n0", "n1"]] } }

[[fault]]
from = "8s"
until = "9s"
what = { partition = { random-links = 0.25 } }

[[fault]]
from = "8s"
until = "9s"
what = { disk = "eio" }
target = "leader"

[[fault]]
from = "8s"
until = "9s"
what = { disk = { slow = "20ms" } }
target = ["n0"]

[[fault]]
from = "8s"
until = "9s"
what = { limit = { memory = 67108864 } }
target = ["n1"]

[[fault]]
from = "8s"
until = "9s"
what = { limit = { descriptors = 16 } }
target = "one"

[[fault]]
from = "9s"
what = { kill = "for-good" }
target = ["n4"]
"#;

#[test]
fn reads_what_people_write() {
    let plan = Plan::from_toml(EVERYTHING, 5).expect("a good plan");
    assert_eq!(plan.faults.len(), 18);
    assert_eq!(
        plan.faults[0],
        Fault {
            what: What::Partition(Shape::Isolate),
            target: Target::Leader,
            from: Duration::from_millis(1500),
            until: Duration::from_secs(4),
            when: None,
        }
    );
    assert_eq!(plan.faults[3].target, Target::Random(2));
    let last = plan.faults.last().expect("a fault");
    assert_eq!((&last.what, last.until), (&What::Kill(AfterKill::ForGood), last.from));
    assert_eq!(Plan::from_toml(&plan.to_toml(), 5), Ok(plan));
}

#[test]
fn prints_as_a_table() {
    let plan = Plan::from_toml(EVERYTHING, 5).expect("a good plan");
    let expected = "\
when        what                                         whom
1.5s to 4s  partition isolate                            leader
2s to 3s    loss 20 %                                    all
2s to 3s    delay 5ms to 20ms                            a minority
2s to 3s    delay heavy tail from 1ms, at most 500ms     2 at random
2s to 3s    duplicate 10 %                               all
2s to 3s    reorder 10 % by 30ms                         all
2s to 3s    rate 1000 B/s, queue 1s                      all
2s to 3s    freeze links                                 n1
5s to 7s    kill, disk kept                              n3
6s to 7s    pause                                        n0 n2
8s to 9s    partition groups n0 n1 | n2                  all
8s to 9s    partition links n0>n1                        all
8s to 9s    partition random links 25 %                  all
8s to 9s    disk fails (EIO)                             leader
8s to 9s    disk slower by 20ms                          n0
8s to 9s    limit memory to 67108864 bytes               n1
8s to 9s    limit descriptors to 16                      one, at random
9s on       kill for good                                n4
";
    let words = |text: &str| -> Vec<Vec<String>> {
        text.lines()
            .map(|line| {
                line.split("  ")
                    .map(str::trim)
                    .map(String::from)
                    .filter(|cell| !cell.is_empty())
                    .collect()
            })
            .collect()
    };
    assert_eq!(words(&plan.to_string()), words(expected));
    let starts: Vec<usize> = plan.to_string().lines().filter_map(|line| line.rfind("  ")).collect();
    assert!(starts.windows(2).all(|pair| pair[0] == pair[1]), "the columns are aligned");
    assert_eq!(Plan::default().to_string(), "no faults\n");
    // Of many links, the first few are named.
    let figure_8 = include_str!("../../docs/plans/figure-8.toml");
    let plan = Plan::from_toml(figure_8, 5).expect("a good plan").to_string();
    assert!(
        plan.contains("  partition links n1>n2 n1>n3 n1>n4 n2>n1 n2>n3 n2>n4 n3>n1 n3>n2 …  all\n")
    );
}

/// A plan of one fault, whose lines are: 1 `[[fault]]`, 2 from, 3 until, 4 what, 5 target.
fn one(from: &str, until: &str, what: &str, target: &str) -> String {
    format!("[[fault]]\nfrom = {from}\nuntil = {until}\nwhat = {what}\ntarget = {target}\n")
}

/// Where nearly everything can come to pass.
fn there() -> Circumstances {
    let end = Duration::from_secs(3);
    Circumstances { nodes: 3, leads: true, lies: true, talks: true, end }
}

#[test]
fn what_cannot_come_to_pass_is_refused_with_its_line() {
    let there = there();
    let dead = "[[fault]]\nfrom = \"1s\"\nwhat = { kill = \"for-good\" }\ntarget = [\"n1\"]\n";
    let after = |what: &str| dead.to_string() + &one("\"1s\"", "\"2s\"", what, "[\"n1\"]");
    let led = one("\"1s\"", "\"2s\"", "\"pause\"", "\"leader\"");
    let liar = one("\"1s\"", "\"2s\"", "{ turn = \"mute\" }", "[\"n1\"]");
    let late = one("\"3s\"", "\"4s\"", "\"freeze\"", "\"all\"");
    let loss = one("\"1s\"", "\"2s\"", "{ loss = 0.1 }", "\"all\"");
    let cut = one("\"1s\"", "\"2s\"", "{ partition = \"halves\" }", "\"all\"");
    let moment = one("\"1s\"", "\"2s\"", "\"pause\"", "\"one\"") + "when = { message = \"any\" }\n";
    let long = one("\"1s\"", "\"3001ms\"", "\"freeze\"", "\"all\"");
    for text in [&led, &liar] {
        assert_eq!(Plan::from_toml_for(text, &there).map(|plan| plan.faults.len()), Ok(1));
    }
    for (text, circumstances, line, why) in [
        (led, Circumstances { leads: false, ..there }, 5, "tells of no leader"),
        (liar.clone(), Circumstances { lies: false, ..there }, 4, "--beyond-model"),
        (liar, Circumstances { talks: false, ..there }, 4, "never speak to each other"),
        (loss, Circumstances { talks: false, ..there }, 4, "never speak to each other"),
        (cut, Circumstances { talks: false, ..there }, 4, "never speak to each other"),
        (moment, Circumstances { talks: false, ..there }, 6, "wait for an event"),
        (late, there, 2, "faults end after 3s"),
        (long, there, 3, "3.001s is too late"),
        (after("{ disk = \"eio\" }"), there, 9, "n1 is dead by then"),
        (after("{ limit = { memory = 5 } }"), there, 9, "n1 is dead by then"),
        (after("{ turn = \"replay\" }"), there, 9, "n1 is dead by then"),
        (after("\"pause\""), there, 6, "already the target of fault 0"),
    ] {
        let error = Plan::from_toml_for(&text, &circumstances).expect_err(why);
        assert!(error.line == Some(line) && error.to_string().contains(why), "{error}");
    }
}

#[test]
fn bad_plans_are_refused_with_their_line() {
    let kill = |what: &str, target: &str| one("\"1s\"", "\"2s\"", what, target);
    let cases = [
        (one("\"2s\"", "\"1s\"", "\"freeze\"", "\"all\""), 3, "1s is not after 2s"),
        (one("\"-1s\"", "\"1s\"", "\"freeze\"", "\"all\""), 2, "negative"),
        (one("1", "\"1s\"", "\"freeze\"", "\"all\""), 2, "in quotes with its unit"),
        (one("\"1 day\"", "\"1s\"", "\"freeze\"", "\"all\""), 2, "unknown unit"),
        (kill("{ loss = 1.5 }", "\"all\""), 4, "1.5 is not a probability"),
        (kill("{ loss = -0.1 }", "\"all\""), 4, "above 0 and up to 1"),
        (kill("{ loss = 0.0 }", "\"all\""), 4, "above 0 and up to 1"),
        (kill("{ disk = \"full\" }", "\"all\""), 4, "`eio`, `enospc`"),
        (kill("{ disk = { slow = \"0s\" } }", "\"all\""), 4, "would change nothing"),
        (kill("{ limit = { memory = 0 } }", "\"all\""), 4, "leaves nothing"),
        (kill("{ los = 0.1 }", "\"all\""), 4, "unknown variant `los`"),
        (kill("{ loss = \"20 %\" }", "\"all\""), 4, "a number, such as 0.2"),
        (kill("{ loss = 0.1, corrupt = 0.1 }", "\"all\""), 4, "write a [[fault]] for each"),
        (kill("{ limit = { memory = \"64MB\" } }", "[\"n1\"]"), 4, "without a unit"),
        (kill("{ delay = { uniform = [\"2s\", \"1s\"] } }", "\"all\""), 4, "upside down"),
        (
            kill("{ delay = { exponential = { mean = \"2s\", cap = \"1s\" } } }", "\"all\""),
            4,
            "below 2s",
        ),
        (
            kill(
                "{ delay = { pareto = { least = \"1s\", shape = 0.0, cap = \"1s\" } } }",
                "\"all\"",
            ),
            4,
            "1 to 3 is usual",
        ),
        (kill("{ delay = { constant = \"0s\" } }", "\"all\""), 4, "change nothing"),
        (kill("{ rate = { bytes_per_second = 0, queue = \"1s\" } }", "\"all\""), 4, "partition"),
        (kill("{ kill = \"keep\" }", "[\"n0\"]"), 4, "keep-disk"),
        (kill("{ kill = \"keep-disk\" }", "[\"n7\"]"), 5, "the nodes are n0 to n4"),
        (kill("{ kill = \"keep-disk\" }", "[\"node\"]"), 5, "nodes are n0, n1"),
        (kill("{ kill = \"keep-disk\" }", "[\"n1\", \"n1\"]"), 5, "named twice"),
        (kill("{ kill = \"keep-disk\" }", "[]"), 5, "names no node"),
        (kill("{ kill = \"keep-disk\" }", "\"n1\""), 5, "[\"n1\"]"),
        (kill("{ kill = \"keep-disk\" }", "\"leaders\""), 5, "`leaders` is not a target"),
        (kill("{ kill = \"keep-disk\" }", "{ random = 9 }"), 5, "choose 1 to 5"),
        (kill("{ kill = \"keep-disk\" }", "{ some = 1 }"), 5, "{ random = 2 }"),
        (kill("{ kill = \"for-good\" }", "[\"n1\"]"), 3, "leave `until` out"),
        (kill("{ partition = \"halves\" }", "[\"n1\"]"), 5, "leave the target out"),
        (kill("{ partition = { groups = [[\"n1\"], [\"n1\"]] } }", "\"all\""), 4, "two groups"),
        (kill("{ partition = { groups = [[\"n8\"]] } }", "\"all\""), 4, "no node n8"),
        (kill("{ partition = { groups = [[], []] } }", "\"all\""), 4, "nothing is cut"),
        (kill("{ partition = { links = [] } }", "\"all\""), 4, "nothing is cut"),
        (kill("{ partition = { links = [[\"n1\", \"n1\"]] } }", "\"all\""), 4, "to itself"),
        (format!("{}often = 3\n", kill("\"freeze\"", "\"all\"")), 6, "unknown field `often`"),
        ("faults = []\n".into(), 1, "unknown field `faults`"),
        ("[[fault]]\nfrom = \"1s\"\nwhat = \"pause\"\nuntil = \"2s\"".into(), 1, "needs a target"),
        ("\n[[fault]]\nfrom = \"1s\"\nwhat = \"freeze\"\n".into(), 2, "needs `until`"),
        ("[[fault]\n".into(), 1, ""),
    ];
    for (text, line, why) in cases {
        let error = Plan::from_toml(&text, 5).expect_err(&text);
        assert_eq!(error.line, Some(line), "{text}\n{error}");
        assert!(error.to_string().contains(why), "{text}\n{error}");
        assert!(error.to_string().starts_with(&format!("line {line}: ")), "{error}");
    }
}

#[test]
fn moments_are_messages_events_or_requests() {
    let plan = |when: &str| {
        Plan::from_toml(
            &format!(
                "[[fault]]\nfrom = \"1s\"\nuntil = \"2s\"\nwhat = \"pause\"\n\
                 target = \"sender\"\nwhen = {when}\n"
            ),
            5,
        )
    };
    for when in [
        "{ request = \"any\" }",
        "{ request = \"any\", at = \"n2\", count = 3, after = \"1ms\" }",
        "{ event = \"any\" }",
        "{ message = \"Accept\", to = \"n1\" }",
    ] {
        let plan = plan(when).expect(when);
        assert_eq!(Plan::from_toml(&plan.to_toml(), 5), Ok(plan), "{when}");
    }
    for (when, why) in [
        ("{ request = \"some\" }", "unknown variant `some`, expected `any`"),
        ("{ request = \"any\", to = \"n2\" }", "write `at`"),
        ("{ request = \"any\", event = \"lead\" }", "a message, an event or a request"),
        ("{ request = \"any\", at = \"n7\" }", "no node n7"),
        ("{ request = \"any\", after = \"1s\" }", "it is over: it ends at 2s"),
    ] {
        let error = plan(when).expect_err(when).to_string();
        assert!(error.contains(why), "{when}: {error}");
    }
}

#[test]
fn what_happens_to_the_dead_only_is_refused_with_its_line() {
    let there = Circumstances { end: Duration::from_secs(9), ..there() };
    // Its lines: 1 `[[fault]]`, 2 from, 3 until, 4 what, 5 target; then the same from 6 on.
    let kill = one("\"1s\"", "\"3s\"", "{ kill = \"keep-disk\" }", "[\"n1\"]");
    let all = one("\"1s\"", "\"3s\"", "{ kill = \"keep-disk\" }", "\"all\"");
    let clock = "{ clock = { jump = \"1s\" } }";
    let then = |from: &str, until: &str, what: &str, target: &str| {
        one(&format!("\"{from}\""), &format!("\"{until}\""), what, target)
    };
    let alone = then("1s", "2s", clock, "[\"n1\"]");
    for (text, line, why) in [
        (kill.clone() + &alone, 10, "n1 is dead all that time: fault 0 is a kill"),
        // In whatever order they are written.
        (alone.clone() + &kill, 5, "n1 is dead all that time: fault 1 is a kill"),
        (kill.clone() + &then("2s", "3s", clock, "[\"n0\", \"n1\"]"), 10, "n1 is dead"),
        (all.clone() + &then("2s", "3s", clock, "[\"n2\"]"), 10, "n2 is dead"),
        (kill.clone() + &then("1s", "2s", "{ clock = { drift = 0.1 } }", "[\"n1\"]"), 10, "dead"),
        (kill.clone() + &then("1s", "3s", "{ disk = \"eio\" }", "[\"n1\"]"), 10, "dead"),
        (kill.clone() + &then("1s", "3s", "{ disk = { slow = \"9ms\" } }", "[\"n1\"]"), 10, "dead"),
        (kill.clone() + &then("1s", "3s", "{ limit = { memory = 5 } }", "[\"n1\"]"), 10, "dead"),
        (kill.clone() + &then("1s", "2s", "{ turn = \"mute\" }", "[\"n1\"]"), 10, "dead"),
        (kill.clone() + &then("2s", "4s", "\"pause\"", "[\"n1\"]"), 7, "already the target"),
        (kill.clone() + &then("2s", "4s", "{ slow = 0.5 }", "[\"n1\"]"), 7, "already the target"),
        (kill.clone() + &kill, 7, "n1 is already the target of fault 0"),
    ] {
        let error = Plan::from_toml_for(&text, &there).expect_err(why);
        assert!(error.line == Some(line) && error.to_string().contains(why), "{text}{error}");
    }
    for good in [
        // It meets them once it is back, or did before.
        then("2s", "3001ms", clock, "[\"n1\"]"),
        then("999ms", "2s", clock, "[\"n1\"]"),
        then("1s", "3s", clock, "[\"n0\"]"),
        then("1s", "3s", clock, "\"one\""),
        then("1s", "3s", clock, "\"all\""),
        then("1s", "3s", "{ loss = 0.5 }", "[\"n1\"]"),
    ] {
        let plan = Plan::from_toml_for(&(kill.clone() + &good), &there);
        assert_eq!(plan.map(|plan| plan.faults.len()), Ok(2), "{good}");
    }
}

#[test]
fn overlapping_kills_of_one_node_are_refused() {
    let two = |first: &str, second: &str| {
        let fault = |from: &str, until: &str, rest: &str| {
            format!("[[fault]]\nfrom = \"{from}\"\nuntil = \"{until}\"\n{rest}\n")
        };
        let text = fault("1s", "5s", first) + &fault("4s", "6s", second);
        Plan::from_toml(&text, 3)
    };
    let kill = |who: &str| format!("what.kill = \"keep-disk\"\ntarget = {who}");
    let pause = |who: &str| format!("what = \"pause\"\ntarget = {who}");
    let error = two(&kill("[\"n1\"]"), &kill("[\"n0\", \"n1\"]")).expect_err("ambiguous");
    assert_eq!((error.line, error.fault), (Some(7), Some(1)));
    assert!(error.to_string().contains("n1 is already the target of fault 0"), "{error}");
    assert!(two(&kill("[\"n1\"]"), &pause("[\"n1\"]")).is_err());
    assert!(two(&pause("\"all\""), &pause("[\"n1\"]")).is_err());
    assert!(two(&kill("[\"n1\"]"), &kill("[\"n0\"]")).is_ok());
    // Those at random are chosen among the nodes that are free then.
    assert!(two(&kill("[\"n1\"]"), &kill("\"one\"")).is_ok());
    let for_good = "[[fault]]\nfrom = \"1s\"\nwhat.kill = \"for-good\"\ntarget = [\"n1\"]\n\
        [[fault]]\nfrom = \"8s\"\nuntil = \"9s\"\nwhat = \"pause\"\ntarget = [\"n1\"]\n";
    assert!(Plan::from_toml(for_good, 3).is_err(), "who is dead for good cannot be paused");
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let time = || any::<u32>().prop_map(|n| Duration::from_nanos(u64::from(n) * 1_001));
    let rest = |time: fn(u32) -> Duration| {
        (any::<u32>(), any::<u32>()).prop_map(move |(a, b)| (time(a), time(b)))
    };
    let nanos = |n: u32| Duration::from_nanos(u64::from(n));
    let ids = || {
        prop::collection::btree_set(0..5u16, 1..5)
            .prop_map(|set| set.into_iter().map(NodeId).collect::<Vec<_>>())
    };
    let shape = prop_oneof![
        Just(Shape::Halves),
        Just(Shape::RandomHalves),
        Just(Shape::MajorityMinority),
        Just(Shape::MajoritiesRing),
        Just(Shape::Bridge),
        Just(Shape::Isolate),
        Just(Shape::OneWayIn),
        Just(Shape::OneWayOut),
        (0.01..1.0).prop_map(Shape::RandomLinks),
        ids().prop_map(|group| Shape::Groups(vec![group])),
        Just(Shape::Links(vec![(NodeId(0), NodeId(3))])),
    ];
    let delay = prop_oneof![
        rest(nanos).prop_map(|(a, _)| Delay::Constant(a)),
        rest(nanos).prop_map(|(a, b)| Delay::Uniform(a, a + b)),
        rest(nanos).prop_map(|(a, b)| Delay::Normal { mean: a, deviation: b, cap: a + b }),
        rest(nanos).prop_map(|(a, b)| Delay::Exponential { mean: a, cap: a + b }),
        (rest(nanos), 0.1..5.0f64).prop_map(|((a, b), shape)| Delay::Pareto {
            least: a,
            shape,
            cap: a + b
        }),
    ]
    .boxed();
    let what = prop_oneof![
        shape.prop_map(What::Partition),
        (0.01..1.0).prop_map(What::Loss),
        delay.clone().prop_map(What::Delay),
        delay.prop_map(What::Lag),
        (0.01..1.0, time()).prop_map(|(probability, within)| {
            What::Duplicate(Duplicate { probability, within })
        }),
        (0.01..1.0, time())
            .prop_map(|(probability, by)| What::Reorder(Reorder { probability, by })),
        (0.01..1.0).prop_map(What::Corrupt),
        (1..1_000_000u64, time())
            .prop_map(|(bytes_per_second, queue)| { What::Rate(Rate { bytes_per_second, queue }) }),
        Just(What::Freeze),
        Just(What::Pause),
        any::<i64>().prop_map(|by| What::Clock(Clock::Jump(by.max(-i64::MAX)))),
        (-0.9..9.0).prop_map(|rate| What::Clock(Clock::Drift(rate))),
        (time(), time()).prop_map(|(by, every)| What::Clock(Clock::Strobe { by, every })),
        time().prop_map(|by| What::Disk(DiskFault::Slow(by))),
        Just(What::Turn(Turn::Mute)),
        Just(What::Turn(Turn::Equivocate)),
        Just(What::Turn(Turn::Replay)),
        Just(What::Disk(DiskFault::Eio)),
        Just(What::Disk(DiskFault::Enospc)),
        any::<u64>().prop_map(|bytes| What::Limit(Limit::Memory(bytes >> 1))),
        any::<u64>().prop_map(|count| What::Limit(Limit::Descriptors(count >> 1))),
        Just(What::Kill(AfterKill::KeepDisk)),
        Just(What::Kill(AfterKill::WipeDisk)),
        Just(What::Kill(AfterKill::BitFlip)),
        Just(What::Kill(AfterKill::RollBack)),
        Just(What::Kill(AfterKill::ForGood)),
    ];
    let target = prop_oneof![
        ids().prop_map(Target::Nodes),
        Just(Target::All),
        Just(Target::One),
        (1..5u16).prop_map(Target::Random),
        Just(Target::Minority),
        Just(Target::Majority),
        Just(Target::Leader),
    ];
    (what, target, time(), time()).prop_map(|(what, target, from, length)| {
        let mut fault = Fault { what, target, from, until: from + length, when: None };
        if fault.is_for_good() {
            fault.until = fault.from;
        }
        fault
    })
}

proptest! {
    /// Text and other formats give back the same plan, bit for bit.
    #[test]
    fn round_trips(faults in prop::collection::vec(any_fault(), 0..6)) {
        let plan = Plan { faults };
        let text = plan.to_toml();
        prop_assert_eq!(toml::from_str::<Plan>(&text), Ok(plan.clone()), "{}", text);
        let derived = toml::to_string(&plan).expect("plain data");
        prop_assert_eq!(toml::from_str::<Plan>(&derived), Ok(plan.clone()), "{}", derived);
        // Whether it is a good one or not, checking and printing do not panic.
        let _ = Plan::from_toml(&text, 4);
        let _ = plan.to_string();
    }

    #[test]
    fn garbage_is_refused_politely(text in "[\\[\\]a-z0-9=\"{}. \\n-]{0,200}") {
        let _ = Plan::from_toml(&text, 3);
    }
}
