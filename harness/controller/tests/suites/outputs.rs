//! What a suite leaves behind: JUnit, Markdown, the page, trends.

use super::{Place, stdout};
use roxmltree::{Document, Node};

const SUITE: &str = r#"
[[cases]]
tests = "echo"
seeds = [1, 2]
simulated = true
with = { time-limit = "2s" }

[[cases]]
tests = "majority-register"
seeds = "1..50"
simulated = true
with = { time-limit = "5s", property = "linearizable" }

[[cases]]
tests = "raft"
nemesis = ["none", "partition"]
seeds = 2
simulated = true
with = { time-limit = "1s" }
"#;

/// What the schema of JUnit reports that Jenkins publishes permits: of each element its attributes,
/// those it must have marked, and its children.
const SCHEMA: [(&str, &[&str], &[&str]); 7] = [
    ("testsuites", &["name", "time", "tests", "failures", "errors"], &["testsuite"]),
    (
        "testsuite",
        &["name!", "tests!", "failures!", "errors!", "time", "skipped", "timestamp", "hostname"],
        &["testcase", "properties", "system-out", "system-err"],
    ),
    (
        "testcase",
        &["name!", "time", "classname"],
        &["skipped", "error", "failure", "system-out", "system-err"],
    ),
    ("failure", &["type", "message"], &[]),
    ("error", &["type", "message"], &[]),
    ("skipped", &["type", "message"], &[]),
    ("system-out", &[], &[]),
];

fn conforms(node: Node<'_, '_>) {
    let name = node.tag_name().name();
    let rule = SCHEMA.iter().find(|(known, ..)| *known == name);
    let (_, attributes, children) = rule.unwrap_or_else(|| panic!("there is no <{name}>"));
    for attribute in node.attributes() {
        let known = attributes.iter().any(|a| a.trim_end_matches('!') == attribute.name());
        assert!(known, "<{name}> has no {}", attribute.name());
        if attribute.name() == "time" {
            assert!(attribute.value().parse::<f64>().is_ok_and(|time| time >= 0.0));
        }
    }
    for needed in attributes.iter().filter_map(|attribute| attribute.strip_suffix('!')) {
        assert!(node.has_attribute(needed), "<{name}> lacks {needed}");
    }
    for child in node.children().filter(Node::is_element) {
        assert!(children.contains(&child.tag_name().name()), "<{name}> holds {child:?}");
        conforms(child);
    }
}

#[test]
fn every_output_tells_the_same_story() {
    let place = Place::with(SUITE);
    let step_summary = place.path().join("step.md");
    let mut command = place.suite(&["--stop-on-failure", "--jobs", "1"]);
    command.env("GITHUB_STEP_SUMMARY", &step_summary);
    let output = command.output().expect("schism starts");
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let run = place.runs().pop().expect("a run");
    let read = |name: &str| std::fs::read_to_string(run.join(name)).expect("it is there");

    let xml = read("junit.xml");
    let document = Document::parse(&xml).expect("well-formed XML");
    conforms(document.root_element());
    let count = |name: &str| document.descendants().filter(|n| n.has_tag_name(name)).count();
    assert_eq!((count("testcase"), count("failure"), count("skipped")), (5, 1, 2));
    assert_eq!(document.root_element().attribute("failures"), Some("1"));
    let failure = document.descendants().find(|n| n.has_tag_name("failure")).expect("a failure");
    assert!(failure.text().is_some_and(|text| text.contains("again: schism test majority-")));

    let summary = read("summary.md");
    assert!(summary.starts_with("### ❌ suite mine: 2 of 5 cases as expected"), "{summary}");
    assert_eq!(std::fs::read_to_string(step_summary).expect("GitHub's"), summary);

    let page = read("index.html");
    assert!(page.contains("2 of 5 cases as expected, 1 not, 2 not run"));
    let result = place.result();
    for case in result.cases.iter().filter_map(|case| case.run.as_ref()) {
        let link = format!("../../../{case}/report/index.html");
        assert!(page.contains(&link), "{link}");
        assert!(run.join(&link).is_file(), "{link} leads nowhere");
    }
}

#[test]
fn the_second_run_shows_trends() {
    let suite: String = SUITE.split("[[cases]]").take(2).collect::<Vec<_>>().join("[[cases]]");
    let place = Place::with(&suite);
    let first = place.run(&[]);
    assert_eq!(first.status.code(), Some(0), "{}", stdout(&first));
    assert!(stdout(&first).contains("no earlier run to compare with"));
    let second = place.run(&[]);
    assert!(stdout(&second).contains("trends      1 earlier run: no verdict has changed"));
    let runs = place.runs();
    let read = |name: &str| std::fs::read_to_string(runs[1].join(name)).expect("it is there");
    let trends: schism_reports::suite::Trends =
        serde_json::from_str(&read("trends.json")).expect("trends");
    assert_eq!(trends.earlier, 1);
    // Of each case throughput, p99 and duration; what is simulated repeats exactly.
    assert_eq!(trends.figures.len(), 6);
    assert!(trends.figures.iter().any(|trend| trend.values[0] == trend.values[1]));
    assert!(read("index.html").contains("Against 1 earlier run on as many cores"));
}
