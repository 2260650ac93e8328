//! `schism hunt` and `schism shrink`, from the outside.

use std::path::Path;
use std::process::{Command, Output};

fn schism(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_schism"));
    command.current_dir(folder).args(line.split_whitespace());
    command.output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The numbers in the line that tells how small a run became.
fn size(told: &str) -> (u64, u64, u64) {
    let line = told.lines().find(|line| line.starts_with("shrunk to ")).expect(told);
    let number = |what: &str| {
        let part = line.split(", ").find(|part| part.contains(what)).expect(line);
        let part = part.trim_start_matches("shrunk to ");
        part.split(' ').next().and_then(|n| n.parse().ok()).expect(line)
    };
    (number("node"), number("operation"), number("fault"))
}

#[test]
fn a_shrunk_run_is_small_and_its_replay_fails_again_byte_for_byte() {
    for (protocol, twin, property) in [
        ("rowa-register", "waits-for-one-only", "regular"),
        ("lazy-reliable-broadcast", "ignores-crashes", "agreement"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let line = format!("hunt {protocol} --twin {twin} --seed 1 --runs 300 --no-report");
        schism(folder.path(), &format!("{line} --no-shrink"));
        let line = format!("shrink store/{protocol}/latest -o small.toml");
        let shrunk = schism(folder.path(), &line);
        let told = text(&shrunk.stdout);
        assert_eq!(shrunk.status.code(), Some(1), "{told}{}", text(&shrunk.stderr));
        let (nodes, operations, faults) = size(&told);
        assert!(nodes <= 3 && operations <= 6 && faults <= 3, "{told}");

        let histories = ["one", "two"].map(|store| {
            let line = format!("replay small.toml --no-report --store {store}");
            let replay = schism(folder.path(), &line);
            let told = text(&replay.stdout);
            assert_eq!(replay.status.code(), Some(1), "{told}");
            let broken = told.lines().find(|line| line.contains("✗") && line.contains(property));
            assert!(broken.is_some(), "{told}");
            let history = folder.path().join(store).join("latest/history");
            std::fs::read(history).expect("the run was kept")
        });
        assert!(histories[0] == histories[1], "two replays of one file differ");
    }
}

#[test]
fn what_cannot_be_shrunk_or_replayed_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = "test raft --sim --seed 1 -t 1s -n 3 --ops 5 --nemesis none --no-report";
    schism(folder.path(), base);
    let run = std::fs::read_to_string(folder.path().join("store/latest/run.toml"));
    let run = run.expect("the run was kept");
    let operation = "[[operation]]\nat = \"1s\"\nclient = 0\nnode = \"n7\"\nf = \"read\"\n";
    let message = "[[message]]\nfrom = \"n1\"\nto = \"n1\"\nnumber = 0\nfate = \"lost\"\n";
    let wrong = |name: &str, more: &str| {
        std::fs::write(folder.path().join(name), format!("{run}\n{more}")).expect("written");
    };
    wrong("operation.toml", operation);
    wrong("message.toml", message);
    wrong("text.toml", "[[operation]]\nclient = \"one\"\n");
    for (line, why) in [
        ("shrink raft --seed 1 -t 1s -n 3 --nemesis none", "breaks no promise"),
        ("shrink nowhere", "is no run"),
        ("shrink rafft --seed 1", "did you mean raft?"),
        ("shrink raft --twin brave --seed 1", "has no twin `brave`"),
        ("shrink store/latest", "breaks no promise"),
        ("replay operation.toml", "operation 0: `node`: there is no node n7"),
        ("replay message.toml", "message 0: a node's messages to itself"),
        ("replay text.toml", "client"),
        ("replay nothing.toml", "is no run"),
    ] {
        let refused = schism(folder.path(), line);
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(64), "{line}: {told}");
        assert!(told.contains(why), "{line}: {told}");
    }
}

#[test]
fn a_hunt_catches_a_twin_keeps_the_run_and_makes_it_small() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "hunt rowa-register --twin waits-for-one-only --seed 1 --runs 60 --no-report";
    let hunted = schism(folder.path(), &format!("{line} -j 2"));
    let told = text(&hunted.stdout);
    assert_eq!(hunted.status.code(), Some(1), "{told}{}", text(&hunted.stderr));
    assert!(told.contains("rowa-register with waits-for-one-only: regular violated"), "{told}");
    let (nodes, operations, faults) = size(&told);
    assert!(nodes <= 3 && operations <= 6 && faults <= 3, "{told}");
    let mut replays = 0;
    for replay in told.lines().filter_map(|line| line.split_once("schism replay ")) {
        let again = schism(folder.path(), &format!("replay {} --no-report", replay.1));
        assert_eq!(again.status.code(), Some(1), "{}", text(&again.stdout));
        replays += 1;
    }
    assert_eq!(replays, 2, "the run and its small version: {told}");

    // Neither time nor threads decide what a seed finds.
    let runs = |told: &str| {
        let line = told.lines().find(|line| line.contains(" seeds in ")).expect("a count");
        line.split(' ').next().map(String::from)
    };
    let alone = schism(folder.path(), &format!("{line} -j 1 --no-shrink"));
    assert_eq!(runs(&text(&alone.stdout)), runs(&told));
}

#[test]
fn a_failing_run_of_processes_is_found_again_in_the_simulator() {
    let folder = tempfile::tempdir().expect("a folder");
    let line = "test perfect-links --twin no-delivered-set -n 3 -t 3s --seed 3 --no-report";
    let processes = schism(folder.path(), line);
    assert_eq!(processes.status.code(), Some(1), "{}", text(&processes.stdout));
    let line = "hunt --like store/latest --seed 1 --runs 60 --no-report --no-shrink";
    let hunted = schism(folder.path(), line);
    let told = text(&hunted.stdout);
    assert_eq!(hunted.status.code(), Some(1), "{told}{}", text(&hunted.stderr));
    assert!(told.contains("no-delivered-set: no duplication violated"), "{told}");
    let recipe = std::fs::read_to_string(folder.path().join("store/latest/run.toml"));
    assert!(recipe.expect("the run was kept").contains("simulated = true"));
    let again = schism(folder.path(), "replay store/latest --no-report");
    assert_eq!(again.status.code(), Some(1), "it fails every time: {}", text(&again.stdout));
}

#[test]
fn a_hunt_for_what_is_not_there_finds_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let hunted = schism(folder.path(), "hunt rowa-register --seed 1 --runs 40 -t 2s");
    let told = text(&hunted.stdout);
    assert_ne!(hunted.status.code(), Some(1), "{told}");
    assert!(told.contains("nothing found"), "{told}{}", text(&hunted.stderr));
}

#[test]
fn what_cannot_be_hunted_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    schism(folder.path(), "test echo --sim --seed 1 -t 1s -n 3 --ops 5 --nemesis none --no-report");
    for (line, why) in [
        ("hunt", "<NAME>"),
        ("hunt rafft", "did you mean raft?"),
        ("hunt raft --twin brave", "has no twin `brave`"),
        ("hunt raft --runs 0", "--runs"),
        ("hunt raft --budget soon", "is not a time"),
        ("hunt --like nowhere", "is no run"),
        ("hunt --like store/latest", "broke no promise"),
    ] {
        let refused = schism(folder.path(), line);
        let told = text(&refused.stderr);
        assert_eq!(refused.status.code(), Some(64), "{line}: {told}");
        assert!(told.contains(why), "{line}: {told}");
    }
}
