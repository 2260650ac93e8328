//! Orders are not believed but replayed.

use super::model::{Call, Spec};
use super::options::Deadline;

/// Why an order explains nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// An operation stands in it twice.
    #[error("operation {0} stands in the order twice")]
    Twice(u32),
    /// An operation that returned is missing.
    #[error("operation {0} returned but is not in the order")]
    Missing(u32),
    /// An operation comes after one that was called only after it had returned.
    #[error("operation {0} had returned before one that stands before it was called")]
    Late(u32),
    /// The model does not accept it there.
    #[error("operation {0} cannot have returned what it did where it stands")]
    Rejected(u32),
    /// The deadline passed before that was known.
    #[error("the time allowed was over before the order was replayed")]
    Expired,
}

/// Whether an order of these calls, given by their indexes, explains them, by the model's steps
/// alone.
pub fn replay<M: Spec>(model: &M, calls: &[Call<M::Op>], order: &[u32]) -> Result<(), Unexplained> {
    replay_part(model, calls.len(), |i| &calls[i as usize], order, &Deadline::never())
}

/// The same for so many calls that are found by `call`.
pub(crate) fn replay_part<'c, M: Spec>(
    model: &M,
    count: usize,
    call: impl Fn(u32) -> &'c Call<M::Op>,
    order: &[u32],
    deadline: &Deadline,
) -> Result<(), Unexplained>
where
    M::Op: 'c,
{
    let mut taken = vec![false; count];
    let mut latest = 0;
    let mut late = None;
    // One pass over the calls, which may be many.
    let ops = order.iter().map_while(|&i| {
        let this = call(i);
        late = if std::mem::replace(&mut taken[i as usize], true) {
            Some(Unexplained::Twice(i))
        } else if this.returned < latest {
            Some(Unexplained::Late(i))
        } else {
            latest = latest.max(this.called);
            return Some(&this.op);
        };
        None
    });
    let rejected = model.first_rejected(ops, deadline);
    if deadline.is_set() && deadline.expired() {
        return Err(Unexplained::Expired);
    }
    if let Some(error) = late {
        return Err(error);
    }
    if let Some(at) = rejected {
        return Err(Unexplained::Rejected(order[at]));
    }
    let missing = |i: &u32| !taken[*i as usize] && !call(*i).optional();
    if order.len() < count
        && let Some(missing) = (0..count as u32).find(missing)
    {
        return Err(Unexplained::Missing(missing));
    }
    Ok(())
}
