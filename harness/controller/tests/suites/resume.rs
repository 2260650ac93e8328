//! A suite that was killed in the middle goes on where it was.

use super::{Place, stderr, stdout};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const SUITE: &str = r#"
report = false
[[cases]]
tests = ["echo", "unique-ids"]
seeds = [1, 2, 3, 4]
simulated = true
expect = ["holds", "unstressed", "vacuous"]
with = { time-limit = "2s" }
"#;

/// The lines of the ledger, without the first.
fn ledger(place: &Place) -> Vec<String> {
    let file = place.runs().pop().expect("a run").join("cases.jsonl");
    let text = std::fs::read_to_string(file).expect("a ledger");
    text.lines().skip(1).map(Into::into).collect()
}

/// Starts the suite, and waits until so many cases have ended.
fn started(place: &Place, ended: usize) -> Child {
    let mut command = place.suite(&["--jobs", "1"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let began = Instant::now();
    let file = || place.path().join("store/suites/mine/latest/cases.jsonl");
    let lines = || std::fs::read_to_string(file()).map_or(0, |text| text.lines().count());
    while lines() < ended + 1 {
        assert!(began.elapsed() < Duration::from_secs(60), "the suite makes no progress");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn signal(child: &mut Child, signal: Signal) -> Option<i32> {
    kill(Pid::from_raw(child.id() as i32), signal).expect("it is there");
    child.wait().expect("it ends").code()
}

/// Resumes and checks that nothing was done twice and nothing left out.
fn resumed(place: &Place) {
    let before = ledger(place);
    assert!((1..8).contains(&before.len()), "{}", before.len());
    let output = place.run(&["--resume"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains(&format!("{} of them done before", before.len())));
    let after = ledger(place);
    assert_eq!(after.len(), 8);
    assert_eq!(after[..before.len()], before, "what had ended was done again");
    let result = place.result();
    let names: BTreeSet<String> = result.cases.iter().map(|c| c.case.to_string()).collect();
    assert_eq!(names.len(), 8);
    assert!(result.cases.iter().all(|case| case.passed()));
    assert_eq!(place.runs().len(), 1);
}

#[test]
fn after_a_crash_only_what_was_left_is_done() {
    let place = Place::with(SUITE);
    let mut child = started(&place, 2);
    assert_eq!(signal(&mut child, Signal::SIGKILL), None);
    // The last line may have been cut off.
    let file = place.runs().pop().expect("a run").join("cases.jsonl");
    let mut text = std::fs::read_to_string(&file).expect("a ledger");
    text.push_str("{\"seconds\":1.0,\"case\":{\"ca");
    std::fs::write(&file, text).expect("it can be written");
    let whole = ledger(&place).len() - 1;
    let output = place.run(&["--resume"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains(&format!("{whole} of them done before")));
    assert_eq!(ledger(&place).len(), 8);
}

#[test]
fn after_ctrl_c_only_what_was_left_is_done() {
    let place = Place::with(SUITE);
    let mut child = started(&place, 1);
    assert_eq!(signal(&mut child, Signal::SIGINT), Some(2));
    assert_eq!(place.result().cut_short.as_deref(), Some("it was interrupted"));
    resumed(&place);
    let again = place.run(&["--resume"]);
    assert_eq!(again.status.code(), Some(64));
    assert!(stderr(&again).contains("nothing to resume"), "{}", stderr(&again));
}

#[test]
fn a_suite_that_has_changed_is_not_resumed() {
    let place = Place::with(SUITE);
    let mut child = started(&place, 1);
    signal(&mut child, Signal::SIGKILL);
    let changed = SUITE.replace("[1, 2, 3, 4]", "[1, 2, 3, 5]");
    std::fs::write(place.path().join("mine.toml"), changed).expect("it can be written");
    let output = place.run(&["--resume"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("have changed since"), "{}", stderr(&output));
}

#[test]
fn two_processes_do_not_run_the_same_run() {
    let place = Place::with(SUITE);
    let mut child = started(&place, 1);
    let output = place.run(&["--resume"]);
    signal(&mut child, Signal::SIGKILL);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("by another process"), "{}", stderr(&output));
}

#[test]
fn shards_are_runs_of_their_own_and_together_the_whole() {
    let place = Place::with(SUITE);
    let mut names = Vec::new();
    for shard in ["1/3", "2/3", "3/3"] {
        let output = place.run(&["--shard", shard]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        let result = place.result();
        assert_eq!(result.shard.as_deref(), Some(shard));
        names.extend(result.cases.iter().map(|case| case.case.to_string()));
    }
    let distinct: BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (8, 8));
}
