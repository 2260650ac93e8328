//! Single messages instead of faults of links.

use super::Shrinking;
use crate::search::messages;
use crate::{Error, Recipe, simulated};
use schism_nemesis::PinnedFate;
use std::time::Duration;

/// So many lost or late messages can be told in a story.
const MESSAGES_MAX: usize = 6;
/// So many of them are as easily understood as a fault of links.
const MESSAGES_PER_FAULT: usize = 3;

impl Shrinking<'_> {
    /// The few messages that faults of the links really had to lose or delay, instead of the
    /// faults.
    pub(super) fn single_messages(&mut self) -> Result<(), Error> {
        let linked = |recipe: &Recipe| {
            let mut faults = recipe.plan.faults.iter();
            faults.any(|fault| fault.what.rule().is_some())
        };
        if self.late() || !(linked(&self.best) || self.best.link_delay.is_none()) {
            return Ok(());
        }
        let before = (self.best.clone(), self.finding.clone(), self.history.clone(), self.steps);
        let recorded = Recipe { messages: "all".into(), ..self.best.clone() };
        let run = simulated::run(&recorded)?;
        let candidate = messages::pinned(&self.best, &run.history);
        if self.accept(candidate, 1) {
            self.fewer_messages();
            self.plainer_messages();
            // More of them than this are harder to understand than the faults were.
            let instead = before.0.plan.faults.len() - self.best.plan.faults.len();
            if self.best.pinned.len() > MESSAGES_MAX.max(MESSAGES_PER_FAULT * instead) {
                (self.best, self.finding, self.history, self.steps) = before;
            }
        }
        Ok(())
    }

    pub(super) fn fewer_messages(&mut self) {
        self.leave_out(
            |recipe| recipe.pinned.len(),
            |recipe, range| drop(recipe.pinned.drain(range)),
        );
    }

    /// What is late is lost, where the model has losses, or late by a round time.
    fn plainer_messages(&mut self) {
        for i in 0..self.best.pinned.len() {
            let PinnedFate::After(late) = self.best.pinned[i].fate else { continue };
            let round = |unit: u64| {
                let unit = Duration::from_millis(unit);
                PinnedFate::After(unit * late.div_duration_f64(unit).ceil() as u32)
            };
            for fate in [PinnedFate::Lost, round(100), round(10), round(1)] {
                let mut candidate = self.best.clone();
                candidate.pinned[i].fate = fate;
                if self.accept(candidate, 1) {
                    break;
                }
            }
        }
    }
}
