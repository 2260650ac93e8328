//! Tells those who watch how a run of processes is getting on: `progress.json` in its directory.

use crate::Recipe;
use schism_history::Nanos;
use schism_reports::web::{LivePoint, LiveRun};
use schism_run::Run;
use std::fs;
use std::path::PathBuf;

/// How often.
const EVERY: Nanos = 500_000_000;
/// The most moments that are told; then every other one is forgotten.
const MOMENTS: usize = 600;

/// The file, for as long as the run goes on.
pub struct Broadcast {
    file: PathBuf,
    told: LiveRun,
    last: Option<Nanos>,
    /// How long a moment is, in nanoseconds.
    every: Nanos,
}

impl Broadcast {
    /// Tells of a run in this file.
    pub fn to(file: PathBuf, recipe: &Recipe) -> Broadcast {
        let limit = u64::try_from(recipe.time_limit.as_nanos()).unwrap_or(u64::MAX);
        let told = LiveRun { limit, ..LiveRun::default() };
        Broadcast { file, told, last: None, every: EVERY }
    }

    /// Tells how it stands, if it has been long enough.
    pub fn glance(&mut self, run: &Run, now: Nanos) {
        let since = now - self.last.unwrap_or(0);
        if self.last.is_some() && since < self.every {
            return;
        }
        let progress = run.progress();
        let ended = [progress.ok, progress.fail, progress.info];
        let seconds = since.max(1) as f64 / 1e9;
        let rate = |of: usize| ended[of].saturating_sub(self.told.ended[of]) as f64 / seconds;
        self.told.points.push(LivePoint {
            at: now as f64 / 1e9,
            rates: [rate(0), rate(1), rate(2)],
            faults: progress.faults.len(),
        });
        if self.told.points.len() > MOMENTS {
            self.every *= 2;
            let mut kept = false;
            self.told.points.retain(|_| {
                kept = !kept;
                kept
            });
        }
        self.last = Some(now);
        self.told.phase = run.phase().to_string();
        self.told.elapsed = now;
        self.told.ended = ended;
        self.told.faults = progress.faults.values().cloned().collect();
        self.write();
    }

    /// Nobody may be watching, and a run is not stopped because a word of it could not be written.
    fn write(&self) {
        let Ok(text) = serde_json::to_vec(&self.told) else { return };
        let partial = self.file.with_extension("partial");
        let _ = fs::write(&partial, text).and_then(|()| fs::rename(&partial, &self.file));
    }
}

impl Drop for Broadcast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}
