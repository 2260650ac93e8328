//! A good and a bad history written by hand for each model, and what is said about them.

use schism_checkers::linearizability::{
    FailedCas, Model, ModelKind, Options, Report, Rules, Verdict, check_history, explanation,
};
use schism_history::{LoadOptions, load};
use std::path::{Path, PathBuf};

fn fixtures() -> Vec<(PathBuf, ModelKind, bool)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/linearizability");
    let mut fixtures: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_string();
            let mut parts = name.split('.');
            let kind = parts.next().unwrap().replace('=', ":");
            let kind = ModelKind::parse(&kind).unwrap();
            (path, kind, parts.next_back() == Some("good"))
        })
        .collect();
    fixtures.sort_by(|a, b| a.0.cmp(&b.0));
    fixtures
}

fn judge(path: &Path, kind: &ModelKind, options: &Options) -> Report {
    let history = load(path, &LoadOptions::default()).unwrap().history;
    check_history(&history, kind, options).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_model_tells_good_from_bad() {
    for model in Model::all() {
        for good in [true, false] {
            assert!(
                fixtures().iter().any(|(_, kind, is)| kind.model == model && *is == good),
                "no fixture for {}, good: {good}",
                model.name()
            );
        }
    }
    for (path, kind, good) in fixtures() {
        let searched = Options {
            rules: Rules { fast_paths: false, ..Rules::default() },
            ..Options::default()
        };
        for options in [Options::default(), searched] {
            let report = judge(&path, &kind, &options);
            let assumes = path.to_string_lossy().contains(".found.good.");
            assert_eq!(report.notes.is_empty(), !assumes, "{}: {:?}", path.display(), report.notes);
            match &report.verdict {
                Verdict::Linearizable { .. } => assert!(good, "{}", path.display()),
                Verdict::Violation(violation) => {
                    assert!(!good, "{}: {violation:#?}", path.display());
                    assert!(violation.core.confirmed, "{}", path.display());
                    assert!(violation.core.mandatory.len() <= 7, "{}", path.display());
                }
                Verdict::Unknown { why, .. } => panic!("{}: {why}", path.display()),
            }
        }
    }
}

#[test]
fn explanations_are_short_whole_and_harmless() {
    for (path, kind, good) in fixtures() {
        let mut report = judge(&path, &kind, &Options::default());
        let text = explanation::text(&report);
        assert!(text.lines().count() <= 40, "{text}");
        if !good {
            assert!(text.contains("cannot all be explained"), "{text}");
        }
        report.model = "<script>alert('x')</script>&".into();
        if let Verdict::Violation(violation) = &mut report.verdict {
            violation.sentence = "<img src=x onerror=\"y\">".into();
            violation.operations[0].text = "</svg><script>".into();
        }
        let page = explanation::html(&report);
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
        for forbidden in ["<script", "<img", "http://", "https://", "src="] {
            let escaped = page.replace("&lt;img src=x", "");
            assert!(!escaped.contains(forbidden), "{forbidden} in {}", path.display());
        }
    }
}

#[test]
fn a_stale_read_is_told_in_one_sentence() {
    let (path, kind, _) =
        fixtures().into_iter().find(|(path, ..)| path.ends_with("max-register.bad.edn")).unwrap();
    let report = judge(&path, &kind, &Options::default());
    let Verdict::Violation(violation) = &report.verdict else { panic!("{report:?}") };
    assert_eq!(
        violation.sentence,
        "process 0's read returned 3, but before it was invoked, process 0's write of 5 completed, \
         so that at every moment between its invocation and its return the greatest value was 5"
    );
}

#[test]
fn a_failed_comparison_may_be_believed_or_not() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/linearizability");
    let text = std::fs::read_to_string(directory.join("cas-register.good.edn")).unwrap();
    // A comparison with what was certainly there fails.
    let judged = |error: &str, failed_cas| {
        let text = format!(
            "{text}{{:type :invoke, :process 9, :f :cas, :value [4 5]}}\n\
             {{:type :fail, :process 9, :f :cas, :value [4 5]{error}}}\n"
        );
        let options = LoadOptions::default();
        let history = schism_history::parse("text", text.as_bytes(), &options).unwrap().history;
        let options = Options { failed_cas, ..Options::default() };
        check_history(&history, &ModelKind::from(Model::CasRegister), &options).unwrap()
    };
    let violated = |error: &str, failed_cas| {
        matches!(judged(error, failed_cas).verdict, Verdict::Violation(_))
    };
    for error in ["", ", :error :timeout", ", :error :precondition-failed"] {
        assert_eq!(violated(error, FailedCas::ByError), error.contains("precondition"));
        assert!(violated(error, FailedCas::Mismatch));
        assert!(!violated(error, FailedCas::DidNotHappen));
    }
    let notes = judged("", FailedCas::ByError).notes;
    assert!(notes.iter().any(|note| note.contains("failed without a reason")), "{notes:?}");
}
