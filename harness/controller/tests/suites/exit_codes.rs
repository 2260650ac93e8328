//! A suite exits with its worst case.

use super::{Place, stdout};
use schism_checkers::Status;
use schism_reports::suite::CaseOutcome;

/// Holds within a few seeds.
const PASSES: &str = r#"
[[cases]]
tests = "echo"
seeds = 1
simulated = true
with = { time-limit = "2s" }
"#;

/// Is broken by the first seeds.
const FAILS: &str = r#"
[[cases]]
tests = "majority-register"
seeds = "1..50"
simulated = true
with = { time-limit = "5s", property = "linearizable" }
"#;

/// Nobody can tell whether two leaders would be elected where none ever falls.
const UNTOLD: &str = r#"
[[cases]]
tests = "raft"
nemesis = "none"
seeds = 2
simulated = true
with = { time-limit = "1s" }
"#;

#[test]
fn a_suite_that_passes_exits_with_zero() {
    let place = Place::with(PASSES);
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    let result = place.result();
    let case = &result.cases[0];
    assert!(case.passed());
    assert!(case.figures.as_ref().is_some_and(|figures| figures.per_second > 0.0));
    let run = place.path().join("store").join(case.run.as_ref().expect("the run is kept"));
    assert!(run.join("report/index.html").is_file());
}

#[test]
fn a_failure_is_explained_and_its_seed_recorded() {
    let place = Place::with(&[UNTOLD, FAILS, PASSES].concat());
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let result = place.result();
    let verdicts: Vec<&CaseOutcome> = result.cases.iter().map(|case| &case.outcome).collect();
    assert!(matches!(verdicts[0], CaseOutcome::Judged(status) if status.exit_code() == 2));
    assert_eq!(verdicts[1], &CaseOutcome::Judged(Status::Violated));
    assert_eq!(verdicts[2], &CaseOutcome::Judged(Status::Holds));
    let bad = &result.cases[1];
    let seed = bad.sweep.as_ref().and_then(|sweep| sweep.first_bad_seed).expect("a failing seed");
    assert!(bad.command.ends_with(&format!("--sim --seed {seed}")), "{}", bad.command);
    let run = place.path().join("store").join(bad.run.as_ref().expect("it was recorded"));
    let verdict = std::fs::read_to_string(run.join("verdict.json")).expect("its verdict");
    assert!(verdict.contains(r#""overall": "violated""#), "{verdict}");
    assert!(stdout(&output).contains("again: schism test majority-register"));
}

#[test]
fn what_was_not_told_is_no_success() {
    let place = Place::with(&[PASSES, UNTOLD].concat());
    assert_eq!(place.run(&[]).status.code(), Some(2));
}

#[test]
fn a_defect_that_goes_unnoticed_is_a_failure() {
    let place = Place::with(&format!("{PASSES}expect = \"violated\"\n").replace(
        "with = { time-limit = \"2s\" }\nexpect = \"violated\"",
        "expect = \"violated\"\nwith = { time-limit = \"2s\" }",
    ));
    assert_eq!(place.run(&[]).status.code(), Some(1));
}

#[test]
fn further_tries_take_the_seeds_that_follow() {
    let processes = r#"
        [[cases]]
        tests = "echo"
        seeds = 7
        expect = "violated"
        tries = 2
        with = { time-limit = "1s" }
    "#;
    let place = Place::with(processes);
    assert_eq!(place.run(&[]).status.code(), Some(1));
    let case = &place.result().cases[0];
    assert_eq!(case.outcome, CaseOutcome::Judged(Status::Holds));
    assert!(case.command.ends_with("--seed 8"), "{}", case.command);
}

#[test]
fn a_case_that_takes_too_long_is_killed_and_said_so() {
    let place = Place::with(
        &format!("case-limit = \"50ms\"\n{FAILS}")
            .replace("1..50", "1..1000000")
            .replace(", property = \"linearizable\"", ""),
    );
    let output = place.run(&[]);
    assert_eq!(output.status.code(), Some(70), "{}", stdout(&output));
    let result = place.result();
    let CaseOutcome::Failed { code: None, said } = &result.cases[0].outcome else {
        panic!("{:?}", result.cases[0].outcome);
    };
    assert_eq!(said, "killed after 50ms, the limit of a case");
}

#[test]
fn a_suite_stops_at_its_first_failure_if_it_is_told_to() {
    let place = Place::with(&[FAILS, PASSES].concat());
    let output = place.run(&["--stop-on-failure", "--jobs", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let result = place.result();
    assert!(result.cases[1].skipped());
    assert_eq!(result.cut_short.as_deref(), Some("a case has failed"));
    assert!(stdout(&output).contains("go on with --resume"));
}

#[test]
fn a_spent_budget_leaves_cases_out() {
    let place = Place::with(&[PASSES, UNTOLD].concat());
    let output = place.run(&["--time-budget", "1ns"]);
    assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    assert!(place.result().cases.iter().all(|case| case.skipped()));
}
