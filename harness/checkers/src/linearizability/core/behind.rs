//! The last few operations before a return that fail from whatever was before.
//!
//! A search that looks at what is still to come gives up before anything has failed: by the return
//! it did not get beyond, there still is an order. What fails, fails a few returns later.

use super::super::search::Searchable;
use super::minimise::Minimiser;
use super::states::all_states;
use super::{FoundCore, Weakened, from, prefix, returns};

/// How many returns behind that one are looked at.
const BEHIND: [usize; 14] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 20, 24, 32];
/// How many of the last operations before them. If the most of a few do not fail, fewer do not.
const WINDOWS: [&[usize]; 4] = [&[2, 3, 4, 6, 8, 12, 16], &[24], &[32], &[MOST]];
const MOST: usize = 48;

/// The last return, of all in order, that is looked at.
pub(super) fn furthest(returns: &[u32], reached: usize) -> Option<u32> {
    returns.get(reached + BEHIND[BEHIND.len() - 1]).or(returns.last()).copied()
}

impl<M: Searchable> Minimiser<'_, M> {
    /// A core found that way, and the return by which it fails. The whole goes as far as is looked.
    pub(super) fn behind(&mut self, reached: usize) -> Option<(FoundCore<M>, u32)> {
        let all = from(all_states(self.model, self.whole, self.deadline)?);
        let returns = returns::<M>(&self.whole.calls, 0..self.whole.calls.len() as u32);
        let first = *returns.get((reached + 1).saturating_sub(MOST))?;
        let near = self.whole.filtered(|_, call| (call.returned >= first).then(|| call.clone()));
        for windows in WINDOWS {
            for end in BEHIND.map(|behind| reached + behind) {
                let Some(upto) = returns.get(end) else { break };
                let before = |length: usize| (end + 1).checked_sub(length).filter(|at| *at > 0);
                let windows = windows.iter().filter_map(|length| before(*length));
                self.starts.clone_from(&all);
                let most = windows.clone().next_back()?;
                if !self.fails(&self.between(&near, returns[most], *upto)) {
                    continue;
                }
                for window in windows {
                    let window = self.between(&near, returns[window], *upto);
                    if self.fails(&window) {
                        let found = self.minimised((window, true));
                        return found.good().then_some((found, *upto));
                    }
                }
            }
        }
        None
    }

    /// What is asked by the returns between these two.
    fn between(&self, near: &Weakened<M::Op>, first: u32, last: u32) -> Weakened<M::Op> {
        let members: Vec<u32> = (0..near.calls.len() as u32).collect();
        let mut before = prefix(self.model, &near.calls, &members, last);
        for origin in &mut before.origin {
            *origin = near.origin[*origin as usize];
        }
        self.cut(&before, first)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::erased::erase;
    use super::super::super::model::Call;
    use super::super::super::models::{Register, RegisterOp};
    use super::super::super::options::Deadline;
    use super::*;

    /// Two clients write and read values in turn; the read at this place is of one that was not
    /// there.
    fn calls(lie: u32) -> Vec<Call<RegisterOp>> {
        let call = |i: u32| {
            let value = 1 + i / 4 % 3;
            let op = match i % 4 {
                0 | 1 => RegisterOp::Write(value),
                _ if i == lie => RegisterOp::Read(1 + value % 3),
                _ => RegisterOp::Read(value),
            };
            // Each overlaps the one before and the one after.
            Call { op, called: 2 * i, returned: 2 * i + 3, object: 0 }
        };
        (0..200).map(call).collect()
    }

    #[test]
    fn what_fails_behind_the_return_that_was_reached_is_found() {
        let (model, deadline) = (Register::default(), Deadline::never());
        for lie in [102, 110] {
            let (model, calls) = erase(&model, &calls(lie));
            let members: Vec<u32> = (0..calls.len() as u32).collect();
            for behind in 0..=40 {
                let reached = lie as usize - behind;
                let returns: Vec<u32> = calls.iter().map(|call| call.returned).collect();
                let upto = furthest(&returns, reached).expect("a return");
                let whole = prefix(&model, &calls, &members, upto);
                let found = Minimiser::new(&model, &whole, &deadline).behind(reached);
                assert_eq!(found.is_some(), behind <= 32, "{lie} {behind}");
                let Some((found, fails_by)) = found else { continue };
                assert!(found.good() && found.core.demands() >= 1, "{lie} {behind}");
                assert!((returns[lie as usize]..=upto).contains(&fails_by), "{lie} {behind}");
            }
        }
    }
}
