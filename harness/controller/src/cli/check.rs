//! `schism check`: judge a recorded history.

use super::Outcome;
use super::args::{CheckArgs, Key};
use super::terminal::{colour, print, width};
use crate::{Error, Verdict, judge, loading};
use schism_checkers::linearizability::{
    CheckError, Linearizable, ModelKind, Options, Report, check_history, explanation,
};
use schism_checkers::{Budget, Status};
use schism_history::{History, Keyed, LoadOptions, locate};
use schism_reports::{RunFacts, Summary};

pub fn check(args: &CheckArgs) -> Outcome {
    let file = loading::history_file(&args.file);
    let keyed = match args.key {
        Key::Field => Keyed::Field,
        Key::Tuple => Keyed::Tuple,
        Key::None => Keyed::None,
    };
    let model = args.model.as_deref().map(ModelKind::parse).transpose().map_err(Error::usage)?;
    let load = LoadOptions { keyed };
    let loaded = loading::load(&file, &load)?;
    let history = loaded.history;
    let budget = Budget { time: args.timeout, memory: args.memory.saturating_mul(1 << 20) };
    let (verdict, report) = match model {
        Some(model) => {
            let told = !args.quiet || args.html.is_some();
            let report = search(&history, &model, &budget, told).map_err(|error| {
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
                schism_checkers::linearizability::Model::all()
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

/// Judges a history. What nobody is told need not be explained.
fn search(
    history: &History,
    model: &ModelKind,
    budget: &Budget,
    told: bool,
) -> Result<Report, CheckError> {
    // The history and this program are in memory already.
    let memory = budget.memory.saturating_sub(resident());
    let options = Options { time: Some(budget.time), memory, explain: told, ..Options::default() };
    check_history(history, model, &options)
}

/// Bytes this process has in memory, where the system tells.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0).saturating_mul(1024)
}
