//! A suite as JUnit XML, for what reads test results in continuous integration.
//!
//! A test suite for each protocol, a test case for each of its cases. A broken promise, or a defect
//! that went unnoticed, is a failure; what could not be told is an error, as is a harness that
//! failed, since neither says anything about the protocol.

use super::{CaseOutcome, CaseResult, SuiteResult};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::time::Duration;

/// The XML could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write JUnit XML: {0}")]
pub struct Error(#[from] quick_junit::SerializeError);

/// The document.
pub fn junit(suite: &SuiteResult) -> Result<String, Error> {
    let mut report = Report::new(&suite.name);
    report.set_time(seconds(suite.seconds));
    let mut names: Vec<&str> = Vec::new();
    for case in &suite.cases {
        if !names.contains(&case.case.test.as_str()) {
            names.push(&case.case.test);
        }
    }
    for name in names {
        let mut part = TestSuite::new(name);
        let cases = || suite.cases.iter().filter(|case| case.case.test == name);
        part.set_time(seconds(cases().map(|case| case.seconds).sum()));
        part.add_test_cases(cases().map(test_case));
        report.add_test_suite(part);
    }
    Ok(without_root_skipped(&report.to_string()?))
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

/// The schema that most readers go by has a count of skipped cases on suites, but not on the root.
fn without_root_skipped(xml: &str) -> String {
    let root = xml
        .find("<testsuites")
        .map_or(0, |start| xml[start..].find('>').map_or(xml.len(), |length| start + length));
    let (head, rest) = xml.split_at(root);
    match head.find(" skipped=\"") {
        Some(at) => {
            let after = at + " skipped=\"".len();
            let end = head[after..].find('"').map_or(head.len(), |length| after + length + 1);
            format!("{}{}{rest}", &head[..at], &head[end..])
        }
        None => xml.to_owned(),
    }
}

fn test_case(case: &CaseResult) -> TestCase {
    let status = match &case.outcome {
        _ if case.passed() => TestCaseStatus::success(),
        CaseOutcome::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("the suite ended before it");
            status
        }
        outcome => {
            let kind = match outcome {
                CaseOutcome::Judged(_) if case.exit_code() == 1 => NonSuccessKind::Failure,
                _ => NonSuccessKind::Error,
            };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_type(case.verdict());
            status.set_message(format!("expected {}, got {}", case.expected(), case.verdict()));
            status.set_description(format!(
                "{}\nagain: {}\n",
                case.why().unwrap_or_default(),
                case.command
            ));
            status
        }
    };
    let name = &case.case;
    let mut test = TestCase::new(name.to_string(), status);
    test.set_classname(format!("schism.{}", name.subject().replace(' ', "")));
    test.set_time(seconds(case.seconds));
    if let Some(run) = &case.run {
        test.set_system_out(format!("run: {run}\n"));
    }
    test
}
