//! Where an object can be once what came before has been explained.
//!
//! Some objects remember everything: whether a lock without an owner is free depends on how often
//! it was taken and given back since the beginning. No few operations fail by themselves then. But
//! few do if all before them is taken for granted: every way to explain that, breadth first, leaves
//! the object in one of a few states, with some of the operations still under way done.

use super::super::engine::{Piece, Trust};
use super::super::model::{Call, Spec, Step};
use super::super::options::{Deadline, Rules};
use super::super::search::{Limits, Searchable};
use super::{MEMORY, Start, Weakened, returns, spend};
use rustc_hash::FxHashSet;

/// Ways there beyond which they are too many.
const WAYS: usize = 400;

/// What is left of a part, and where it can start.
pub(super) type Rest<M> = (Weakened<<M as Spec>::Op>, Vec<Start<<M as Spec>::State>>);

/// The last operations of a part, as many as have these many returns, and where they can start, if
/// that takes no more configurations than allowed.
pub(super) fn last<M: Searchable>(
    model: &M,
    whole: &Weakened<M::Op>,
    lengths: &[usize],
    configurations: u64,
    deadline: &Deadline,
) -> Vec<Rest<M>> {
    let returns = returns::<M>(&whole.calls, 0..whole.calls.len() as u32);
    let mut layers: Vec<u32> =
        lengths.iter().filter_map(|n| returns.len().checked_sub(*n)).map(|n| n as u32).collect();
    layers.sort_unstable();
    layers.dedup();
    let members: Vec<u32> = (0..whole.calls.len() as u32).collect();
    let trust = Trust { pure: true, ..Trust::none() };
    let rules = Rules::default();
    let starts = model.init();
    let mut piece = Piece::new(model, &whole.calls, &members, &starts, rules, trust, deadline);
    let limits = Limits { configurations, memory: deadline.room(MEMORY) };
    let Some(fronts) = piece.frontiers(&layers, limits) else { return Vec::new() };
    let rest = |(layer, orders): (&u32, Vec<Vec<u32>>)| {
        let from = returns[*layer as usize];
        let starts =
            (orders.len() <= WAYS).then(|| after(model, whole, &orders, from, deadline))??;
        let rest = whole.filtered(|_, call| (call.returned >= from).then(|| call.clone()));
        Some((rest, starts))
    };
    layers.iter().zip(fronts).filter_map(rest).collect()
}

/// Where each of these orders leads to, if each leads to one state only: the state, and the
/// operations taken that had not returned yet.
fn after<M: Spec>(
    model: &M,
    whole: &Weakened<M::Op>,
    orders: &[Vec<u32>],
    from: u32,
    deadline: &Deadline,
) -> Option<Vec<Start<M::State>>> {
    let mut starts: Vec<Start<M::State>> = Vec::new();
    let mut seen: FxHashSet<(M::State, Vec<u32>)> = FxHashSet::default();
    let [initial] = &model.init()[..] else { return None };
    // Orders nearly all share their beginning: its states are computed once.
    let mut states: Vec<M::State> = vec![initial.clone()];
    let mut last: &[u32] = &[];
    for order in orders {
        let shared = order.iter().zip(last).take_while(|(a, b)| a == b).count();
        states.truncate(shared + 1);
        for i in &order[shared..] {
            if deadline.expired() {
                return None;
            }
            spend(model, states.last()?, deadline);
            let Step::To(next) = model.step(states.last()?, &whole.calls[*i as usize].op, deadline)
            else {
                return None;
            };
            states.push(next);
        }
        last = order;
        let call = |i: &u32| -> &Call<M::Op> { &whole.calls[*i as usize] };
        let mut taken: Vec<u32> = order
            .iter()
            .filter(|i| call(i).returned >= from)
            .map(|i| whole.origin[*i as usize])
            .collect();
        taken.sort_unstable();
        let state = states.last()?.clone();
        if seen.insert((state.clone(), taken.clone())) {
            starts.push(Start { state, taken });
        }
    }
    Some(starts)
}
