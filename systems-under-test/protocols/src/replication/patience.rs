//! How long servers put up with the silence of their leader.

use schism_kernel::{Algorithm, Cx};
use std::time::Duration;

/// How often a leader speaks when there is nothing to say.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(50);
/// How long a server hears nothing from a leader before it does something about it: at least this…
const LEAST: Duration = Duration::from_millis(150);
/// …and less than so many milliseconds more.
const SPREAD_MS: u32 = 150;

/// When a leader was last heard of, and how long its silence may last.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Patience {
    heard_at: Duration,
    length: Duration,
}

impl Patience {
    /// Begins to wait, for a while that is another one every time: two servers that lost patience
    /// together must not do so again.
    pub(super) fn renew<A: Algorithm>(&mut self, cx: &mut Cx<'_, A>) {
        self.heard_at = cx.now;
        self.length = LEAST + Duration::from_millis(cx.choose(SPREAD_MS).into());
    }

    /// A leader was heard of.
    pub(super) fn hear(&mut self, now: Duration) {
        self.heard_at = now;
    }

    /// Whether it is over. Who leads waits for nobody, and begins to wait when it no longer does.
    pub(super) fn is_over(&mut self, leads: bool, now: Duration) -> bool {
        if leads {
            self.hear(now);
        }
        self.left(now).is_zero()
    }

    /// How much is left.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.length.saturating_sub(now.saturating_sub(self.heard_at))
    }
}
