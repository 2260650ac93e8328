//! Runs cases side by side, as many as there are cores for.

use super::child::{Running, Surroundings};
use super::definition::{Case, Rules};
use crate::Error;
use crate::processes::Interrupts;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use schism_reports::suite::CaseResult;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::time::Instant;

/// What is told of a suite under way.
pub trait Watch {
    /// A case has ended.
    fn ended(&mut self, result: &CaseResult) -> Result<(), Error>;
    /// Time has passed.
    fn glance(&mut self, running: &[Running<'_>], waiting: usize);
    /// The suite will end early.
    fn ending(&mut self, why: &str);
}

/// How often is looked whether a case has ended.
const GLANCE: u8 = 40;
/// How many cores a run of processes takes: its nodes, and the harness between them.
const CORES_OF_PROCESSES: usize = 2;

/// How many cores a case takes of those there are.
fn cores(case: &Case, of: usize) -> usize {
    if case.name.simulated { 1 } else { CORES_OF_PROCESSES.min(of) }
}

/// Runs the cases in order. Says why it ended early, if it did.
pub fn execute(
    cases: &[&Case],
    jobs: usize,
    rules: &Rules,
    around: &Surroundings<'_>,
    watch: &mut dyn Watch,
) -> Result<Option<String>, Error> {
    let interrupts = Interrupts::catch().map_err(Error::harness)?;
    let began = Instant::now();
    let mut waiting: VecDeque<(usize, &Case)> = cases.iter().copied().enumerate().collect();
    let mut running: Vec<Running<'_>> = Vec::new();
    let mut ending: Option<String> = None;
    let mut interrupted = 0;
    loop {
        if ending.is_none() && rules.time_budget.is_some_and(|budget| began.elapsed() > budget) {
            let budget = schism_nemesis::time::words(rules.time_budget.unwrap_or_default());
            end(&mut ending, &waiting, watch, &format!("the time budget of {budget} is spent"));
        }
        while ending.is_none()
            && let Some(&(number, case)) = waiting.front()
        {
            let busy: usize = running.iter().map(|r| cores(r.case, jobs)).sum();
            if busy + cores(case, jobs) > jobs {
                break;
            }
            waiting.pop_front();
            running.push(Running::start(case, number, around)?);
        }
        if running.is_empty() {
            return Ok(ending);
        }
        watch.glance(&running, waiting.len());
        let mut wake = [PollFd::new(interrupts.as_fd(), PollFlags::POLLIN)];
        // An interrupted wait is a short one.
        let _ = poll(&mut wake, PollTimeout::from(GLANCE));
        let came = interrupts.count();
        if came > 0 {
            interrupted += came;
            let signal = if interrupted == 1 { Signal::SIGINT } else { Signal::SIGKILL };
            running.iter().for_each(|case| case.signal(signal));
            // Even with nothing waiting, what is under way does not count.
            ending = Some("it was interrupted".into());
            watch.ending("interrupted; the cases under way do not count (once more kills them)");
        }
        let mut at = 0;
        while at < running.len() {
            let Some(result) = running[at].poll(around)? else {
                at += 1;
                continue;
            };
            running.remove(at);
            if interrupted > 0 {
                // It was cut off, so what it came to means nothing.
                continue;
            }
            watch.ended(&result)?;
            if rules.stop_on_failure && !result.passed() {
                end(&mut ending, &waiting, watch, "a case has failed");
            }
        }
    }
}

/// No further case begins. With none left there is nothing to end early.
fn end(
    ending: &mut Option<String>,
    waiting: &VecDeque<(usize, &Case)>,
    watch: &mut dyn Watch,
    why: &str,
) {
    if ending.is_none() && !waiting.is_empty() {
        *ending = Some(why.to_owned());
        watch.ending(why);
    }
}
