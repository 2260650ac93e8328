//! Compares texts whose figures differ.

use regex::Regex;
use std::sync::LazyLock;

/// A line with every number as `#`, its unit included, and every space as one.
fn shape(line: &str) -> String {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        let number = "[0-9]+(?:[\u{a0} .:][0-9]+)*";
        Regex::new(&format!(r"{number}(?:[\u{{a0}} ]?(?:(?:ns|µs|ms|s|B|kB|MB|GB)\b|%))?"))
            .expect("a pattern")
    });
    let words: Vec<&str> = line.split_whitespace().collect();
    NUMBER.replace_all(&words.join(" "), "#").into_owned()
}

/// If what was printed has the shape that was expected: what was printed, with as much left out as
/// there.
pub fn compare(expected: &str, printed: &str) -> Option<String> {
    let printed: Vec<&str> = printed.lines().collect();
    let shapes: Vec<String> = printed.iter().map(|line| shape(line)).collect();
    let expected: Vec<&str> = expected.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    for (i, part) in expected.split(|line| line.trim() == "…").enumerate() {
        let part: Vec<String> = part.iter().map(|line| shape(line)).collect();
        let fits = |from: usize| shapes.get(from..from + part.len()) == Some(&part[..]);
        let from =
            if i == 0 { fits(0).then_some(0) } else { (at..=shapes.len()).find(|&f| fits(f)) };
        let from = from?;
        if i > 0 {
            out += "…\n";
        }
        at = from + part.len();
        for line in &printed[from..at] {
            out += line;
            out.push('\n');
        }
    }
    let open = expected.last().is_some_and(|line| line.trim() == "…");
    (open || at == printed.len()).then_some(out)
}

/// The comparison itself is held to examples, whenever pages are checked.
pub fn examples() {
    assert_eq!(shape("p50  12 345.6 µs; 3 lost"), shape("p50 1.2 ms; 12 lost"));
    assert_eq!(shape("store/2026-11-26T06-50-21Z-1/x"), shape("store/2026-11-27T07-09-59Z-1/x"));
    assert_ne!(shape("✓ HOLDS raft"), shape("✗ VIOLATED raft"));
    assert_ne!(shape("3 lost"), shape("3 duplicated"));
    assert_eq!(compare("a 1\n…\nc\n", "a 2\nb\nc\n").as_deref(), Some("a 2\n…\nc\n"));
    assert_eq!(compare("a\n…\n", "a\nb\nc\n").as_deref(), Some("a\n…\n"));
    assert_eq!(compare("a\n", "a\nb\n"), None);
    assert_eq!(compare("a\n…\nd\n", "a\nb\n"), None);
}
