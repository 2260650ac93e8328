//! Bad input: one error that says where and what would be right, before anything runs.

use super::{Place, schism, stderr};

fn refused(suite: &str, why: &str) {
    let place = Place::with(suite);
    let output = place.run(&[]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains(why), "{said}\ndoes not say: {why}");
    assert!(said.contains("mine.toml"), "{said}");
    assert!(!place.path().join("store").exists(), "something was run");
}

#[test]
fn a_suite_with_a_mistake_is_refused() {
    refused("", "missing field `cases`");
    refused("cases = []", "it has no cases");
    refused("[[cases]]\ntests = \"rafft\"", "did you mean raft?");
    refused("[[cases]]\ntests = \"raft\"\nseed = 3", "unknown field `seed`");
    refused("[[cases]]\ntests = \"raft\"\ntwins = \"x\"", "raft has no twin `x`; it has:");
    refused("[[cases]]\ntests = \"raft\"\nnemesis = \"hail\"", "hail");
    refused("[[cases]]\ntests = \"raft\"\nseeds = \"9..3\"\nsimulated = true", "9..3");
    refused("[[cases]]\ntests = \"raft\"\nexpect = \"green\"", "`green` is no verdict");
    refused("[[cases]]\ntests = \"raft\"\nwith = { nodes = 0 }", "0 is not in 1..=64");
    refused("[[cases]]\ntests = \"raft\"\ntries = 0", "from 1 to 100 seeds");
    refused("[[cases]]\ntests = \"raft\"\nsimulated = true\ntries = 2", "seeds = \"1..200\"");
    refused("[[cases]]\ntests = \"raft\"\nwith = { nodez = 5 }", "--nodez");
    refused("[[cases]]\ntests = \"raft\"\nwith = { seed = 5 }", "`seed` is not for a suite");
    refused("[[cases]]\ntests = \"raft\"\nwith = { property = \"x\" }", "no property `x`");
    refused("[[cases]]\ntests = [\"raft\", \"raft\"]", "is there twice");
    refused("time-budget = 5\n[[cases]]\ntests = \"raft\"", "1.5s");
    refused("[[cases]]\ntests = \"raft\"\nwith = { nodes = true }", "write a number");
}

#[test]
fn a_command_line_with_a_mistake_is_refused() {
    for (args, why) in [
        (&["suite", "smokey"][..], "one of the suites smoke, nightly, matrix"),
        (&["suite", "smoke", "--shard", "3/2"], "write it like 2/3"),
        (&["suite", "smoke", "--keep", "0"], "--keep"),
        (&["suite"], "required"),
        (&["test", "rafft"], "did you mean raft?"),
        (&["test", "raft", "--nodes", "0"], "--nodes"),
    ] {
        let output = schism().args(args).output().expect("schism starts");
        assert_eq!(output.status.code(), Some(64), "{args:?}");
        assert!(stderr(&output).contains(why), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn the_suites_of_the_program_are_sound() {
    let output = schism().args(["suite", "--list"]).output().expect("schism starts");
    assert_eq!(output.status.code(), Some(0));
    for name in ["smoke", "nightly", "matrix"] {
        let output = schism().args(["suite", name, "--list"]).output().expect("schism starts");
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
    }
}
