//! What stands in the terminal, letter by letter.

use crate::support::{SECOND, failing_broadcast, failing_register, healthy_raft};
use schism_history::Phase;
use schism_reports::Counts;
use schism_reports::terminal::{self, Progress, progress};

fn widest(text: &str) -> usize {
    text.lines().map(|line| line.chars().count()).max().unwrap_or(0)
}

#[test]
fn a_healthy_run() {
    insta::assert_snapshot!(terminal::summary(&healthy_raft(2_000, true).summary(), false, 100));
}

#[test]
fn a_failing_register_as_the_checker_explains_it() {
    let text = terminal::summary(&failing_register().summary(), false, 100);
    assert!(text.starts_with("✗ VIOLATED  majority-register"), "{text}");
    let verdict = text.find("✗ linearizable      violated").expect("the finding");
    let witness = text.find("process 2 → n2  read returned 331").expect("the witness");
    let meanwhile = text.find("meanwhile: delay 40 ms around n2").expect("the fault");
    assert!(verdict < witness && witness < meanwhile, "{text}");
}

#[test]
fn a_failing_broadcast_in_a_narrow_terminal() {
    insta::assert_snapshot!(terminal::summary(&failing_broadcast().summary(), false, 60));
}

#[test]
fn colours_only_if_asked() {
    let summary = failing_broadcast().summary();
    let plain = terminal::summary(&summary, false, 80);
    let coloured = terminal::summary(&summary, true, 80);
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains('\u{1b}'));
}

#[test]
fn lines_keep_to_the_width() {
    for width in [48, 60, 80, 120] {
        for sample in [failing_register(), failing_broadcast()] {
            let text = terminal::summary(&sample.summary(), false, width);
            // Commands and paths stay whole, to be copied.
            let kept: Vec<&str> = text
                .lines()
                .filter(|l| !l.starts_with("  report") && !l.starts_with("  replay"))
                .collect();
            assert!(widest(&kept.join("\n")) <= width, "wider than {width}:\n{text}");
        }
    }
}

#[test]
fn progress_is_one_line_within_the_width() {
    let faults = ["partition halves n0 n1 | n2 n3 n4".to_owned(), "kill n2, disk kept".to_owned()];
    let now = Progress {
        phase: Phase::Chaos,
        elapsed: 12 * SECOND + SECOND / 4,
        limit: Some(60 * SECOND),
        per_second: 1203.4,
        counts: Counts { ok: 14_523, fail: 3, info: 1 },
        faults: &faults,
    };
    let line = progress(&now, false, 120).replace('\u{a0}', " ");
    let expected = "chaos  12.2 of 60 s  1 203 ops/s  ok 14 523  fail 3  info 1  \
                    partition halves n0 n1 | n2 n3 n4, kill n2, disk kept";
    assert_eq!(line, expected);
    for width in 0..120 {
        let line = progress(&now, false, width);
        assert!(line.chars().count() <= width, "{width}: {line:?}");
        assert!(!line.contains('\n'));
    }
    assert!(progress(&now, true, 120).contains('\u{1b}'));
}
