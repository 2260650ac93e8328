//! Old runs go, what failed stays longer, and nothing that is not the suite's is touched.

use super::Place;
use std::path::PathBuf;

const SUITE: &str = r#"
report = false
keep = 1
[[cases]]
tests = "echo"
seeds = 1
simulated = true
with = { time-limit = "2s" }

# Nothing speaks of it, so that it never holds.
[[cases]]
tests = "raft"
nemesis = "none"
seeds = 2
simulated = true
with = { time-limit = "1s" }
"#;

fn kept(place: &Place, test: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(place.path().join("store").join(test)).expect("runs");
    entries.flatten().map(|entry| entry.path()).filter(|path| !path.is_symlink()).collect()
}

#[test]
fn what_failed_is_kept_four_times_as_long() {
    let place = Place::with(SUITE);
    // A run that somebody else made.
    let own = place.path().join("store/echo/mine");
    std::fs::create_dir_all(&own).expect("a directory");
    std::fs::write(own.join("run.toml"), "").expect("a file");
    for (round, failing) in [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 4)] {
        assert_eq!(place.run(&[]).status.code(), Some(2));
        assert_eq!(kept(&place, "echo").len(), 2, "round {round}: the newest, and the other");
        assert_eq!(kept(&place, "raft").len(), failing, "round {round}");
        assert_eq!(place.runs().len(), failing, "round {round}");
    }
    assert!(own.is_dir());
}
