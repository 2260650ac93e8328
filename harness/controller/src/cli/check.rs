//! `schism check`: judge a recorded history.

use super::Outcome;
use super::args::{self, CheckArgs, Key};
use super::terminal::{colour, print, width};
use crate::{Error, Verdict, judge, loading};
use schism_checkers::linearizability::{
    self, CheckError, FailedCas, Linearizable, ModelKind, Options, Report, check_history,
    explanation,
};
use schism_checkers::{Budget, Finding, Status};
use schism_history::{Entry, History, Keyed, LoadOptions, Loaded, OpKind, Record, locate};
use schism_reports::{RunFacts, Summary};
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

pub fn check(args: &CheckArgs) -> Outcome {
    let file = loading::history_file(&args.file);
    let keyed = match args.key {
        Key::Field => Keyed::Field,
        Key::Tuple => Keyed::Tuple,
        Key::None => Keyed::None,
    };
    let model = args.model.as_deref().map(ModelKind::parse).transpose().map_err(Error::usage)?;
    let failed_cas = match args.failed_cas {
        args::FailedCas::Reason => FailedCas::ByError,
        args::FailedCas::Mismatch => FailedCas::Mismatch,
        args::FailedCas::Nothing => FailedCas::DidNotHappen,
    };
    let load = LoadOptions { keyed };
    let begun = Instant::now();
    let Some(loaded) = loaded(&file, &load, args.timeout)? else {
        return unread(args, model.as_ref());
    };
    // To give back what a long history holds takes long, and the command ends anyway.
    let history = ManuallyDrop::new(loaded.history);
    let time = args.timeout.saturating_sub(begun.elapsed());
    let budget = Budget { time, memory: args.memory.saturating_mul(1 << 20) };
    let (verdict, report) = match model {
        Some(model) => {
            // What nobody is told need not be explained.
            let told = !args.quiet || args.html.is_some();
            let options = Options { explain: told, failed_cas, ..Options::default() };
            let report = told_both_ways(&history, &model, &budget, options).map_err(|error| {
                let place = error.record().and_then(|record| locate(&file, &load, record));
                let place = place.map_or_else(|| file.display().to_string(), |p| p.to_string());
                Error::usage(format!("{place}: {error}"))
            })?;
            let mut finding = Linearizable::finding(&Ok(report.clone()));
            // The question was whether there is an order, not whether the run was hard enough to
            // mean something.
            if finding.status == Status::Unstressed {
                finding.status = Status::Holds;
            }
            let verdict = Verdict { overall: finding.status, findings: vec![finding] };
            (verdict, Some(report))
        }
        None if history.meta.workload.is_empty() => {
            return Err(Error::usage(format!(
                "{} does not say what it should be judged by: add --model, one of {}",
                file.display(),
                linearizability::Model::all()
                    .map(|model| model.name())
                    .collect::<Vec<_>>()
                    .join(", ")
            )));
        }
        None => (judge(&history, &budget)?, None),
    };
    if let Some(path) = &args.html {
        let page = match &report {
            Some(report) => explanation::html(report),
            None => {
                return Err(Error::usage("--html explains one model's verdict: add --model"));
            }
        };
        std::fs::write(path, page).map_err(|e| Error::writing(path, e))?;
    }
    if args.quiet {
    } else if args.json {
        print(&format!("{:#}\n", serde_json::json!(verdict)));
    } else if let Some(report) = &report {
        print(&explanation::text(report));
    } else {
        let summary = Summary::of(&history, &verdict.findings, &RunFacts::default());
        print(&schism_reports::terminal::summary(&summary, colour(), width()));
    }
    Ok(verdict.overall.exit_code() as u8)
}

/// Reads a history, unless that takes longer than there is time. Nobody waits for it then.
fn loaded(file: &Path, options: &LoadOptions, time: Duration) -> Result<Option<Loaded>, Error> {
    let (done, loaded) = mpsc::sync_channel(1);
    let (file, options) = (file.to_path_buf(), *options);
    let reading = std::thread::Builder::new().stack_size(STACK).spawn(move || {
        // Nobody listens if it took too long.
        let _ = done.send(loading::load(&file, &options));
    });
    let reading = reading.map_err(|e| Error::harness(format!("no thread to read with: {e}")))?;
    match loaded.recv_timeout(time) {
        Ok(loaded) => loaded.map(Some),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => match reading.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => Ok(None),
        },
    }
}

/// Room for values that are nested as deep as can be read.
const STACK: usize = 8 << 20;

/// The time was over while the history was read.
fn unread(args: &CheckArgs, model: Option<&ModelKind>) -> Outcome {
    let property = model.map_or("linearizable", |kind| kind.model.property());
    let text = "not decided: the time allowed was over while the history was read";
    let finding = Finding::bad(property, Status::Unknown, text, Vec::new());
    let verdict = Verdict { overall: finding.status, findings: vec![finding] };
    if args.quiet {
    } else if args.json {
        print(&format!("{:#}\n", serde_json::json!(verdict)));
    } else {
        print(&format!("{}: {text}\n", args.file.display()));
    }
    Ok(verdict.overall.exit_code() as u8)
}

/// Judges a history, and says so if it can only be explained because comparisons that failed
/// without a reason are taken not to have happened.
fn told_both_ways(
    history: &History,
    model: &ModelKind,
    budget: &Budget,
    options: Options,
) -> Result<Report, CheckError> {
    let begun = Instant::now();
    let mut report = search(history, model, budget, options.clone())?;
    let explained = matches!(report.verdict, linearizability::Verdict::Linearizable { .. });
    let failed = |record: &Record| match &record.entry {
        Entry::Op(op) => op.kind == OpKind::Fail && op.f == "cas" && op.error.is_none(),
        _ => false,
    };
    let taken = options.failed_cas == FailedCas::ByError && history.records.iter().any(failed);
    if explained && options.explain && taken {
        let time = budget.time.saturating_sub(begun.elapsed());
        let options = Options { failed_cas: FailedCas::Mismatch, explain: false, ..options };
        let other = search(history, model, &Budget { time, ..*budget }, options)?;
        if matches!(other.verdict, linearizability::Verdict::Violation(_)) {
            report.notes.push(
                "if they failed because the value did not match, it is not linearizable: see \
                 --failed-cas mismatch"
                    .into(),
            );
        }
    }
    Ok(report)
}

/// Judges a history within a budget.
fn search(
    history: &History,
    model: &ModelKind,
    budget: &Budget,
    options: Options,
) -> Result<Report, CheckError> {
    // The history and this program are in memory already.
    let memory = budget.memory.saturating_sub(resident());
    let options = Options { time: Some(budget.time), memory, ..options };
    check_history(history, model, &options)
}

/// Bytes this process has in memory, where the system tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1024)
}
