//! Stacks whose values may come again.
//!
//! A stack's operations are like brackets: between a push and its pop stands what leaves nothing
//! behind. So all that follows a push, up to its pop, depends on the set of operations that went
//! before and on the value on top, and on nothing below. That is a *level*: entered by a push,
//! it is left by a pop of its value, from whatever set of operations it has got to by then; and
//! the level below goes on from there, whichever level that is that the push came from. Levels are
//! explored once for all that lie below them, as parsers of ambiguous grammars do.
//!
//! **Dominance**: of two places on the same level with the same operations taken but for some that
//! may not have happened, the one with fewer of those can do whatever the other can.

use super::walk::{EMPTY, Move, Walk};
use super::{
    Effort, Found, NONE, Open, Searched, Spent, list_bytes, set_bytes, table_bytes, vague,
    worthwhile,
};
use crate::linearizability::model::Call;
use crate::linearizability::models::CollectionOp;
use crate::linearizability::report::Why;
use rustc_hash::{FxHashMap, FxHashSet};

/// The level of nothing at all.
const BOTTOM: u32 = 0;

/// Searches for an order of a stack that is empty at first. `None` if it cannot tell.
pub(crate) fn stack(calls: &[Call<CollectionOp>], effort: &Effort<'_>) -> Option<Searched> {
    if vague(calls) {
        return None;
    }
    let walk = Walk::new(calls, worthwhile(calls), true, effort.deadline)?;
    let mut search = Search {
        walk,
        levels: vec![Level::of(NONE)],
        numbers: FxHashMap::default(),
        places: Vec::new(),
        seen: FxHashMap::default(),
        dominance: effort.dominance,
        left: FxHashSet::default(),
        open: Open::default(),
        links: 0,
        reached: 0,
    };
    let mut spent = Spent::new(effort);
    let answer = search.run(&mut spent);
    Some(spent.searched(answer))
}

/// A value on top, from the set of operations after which it was pushed.
struct Level {
    value: u32,
    /// From which places it was entered, and by which push.
    entries: Vec<(u32, u32)>,
    exits: Vec<Exit>,
}

/// Where a level was left.
#[derive(Clone, Copy)]
struct Exit {
    /// The set of operations after that.
    after: u32,
    pop: u32,
    /// The last place on the level.
    last: u32,
    /// Whether the pop may not have happened.
    optional: bool,
}

impl Level {
    fn of(value: u32) -> Level {
        Level { value, entries: Vec::new(), exits: Vec::new() }
    }
}

/// A set of operations, on a level.
struct Place {
    level: u32,
    set: u32,
    way: Way,
    /// The place reached before on the same level at the same spot.
    like: u32,
}

/// What led to a place.
#[derive(Clone, Copy)]
enum Way {
    /// Nothing.
    Start,
    /// An operation that left everything as it was.
    Nothing { from: u32, operation: u32 },
    /// A push.
    Push { from: u32, push: u32 },
    /// A push, what came after it up to a place on the level above, and a pop.
    Through { from: u32, push: u32, last: u32, pop: u32 },
}

struct Search {
    walk: Walk<CollectionOp>,
    levels: Vec<Level>,
    /// Levels by the set of operations before them and their value.
    numbers: FxHashMap<(u32, u32), u32>,
    places: Vec<Place>,
    /// The places last reached on each level at each spot.
    seen: FxHashMap<(u32, u32), u32>,
    dominance: bool,
    /// Levels and the sets after leaving them.
    left: FxHashSet<(u32, u32)>,
    open: Open,
    /// Entries and exits of all levels.
    links: usize,
    reached: u32,
}

impl Search {
    fn run(&mut self, spent: &mut Spent<'_>) -> Result<Found, Why> {
        self.add(BOTTOM, EMPTY, Way::Start, false);
        while let Some(place) = self.open.next() {
            let Place { level, set, .. } = self.places[place as usize];
            let moves = self.walk.moves(set);
            spent.one(moves.len(), || self.bytes())?;
            if self.walk.complete(set) {
                return Ok(Found::Order(self.order(place)));
            }
            self.reached = self.reached.max(self.walk.due(set));
            // The last one added is looked at first.
            for at in moves.rev() {
                let step = self.walk.at(at);
                let top = self.levels[level as usize].value;
                match self.walk.ops[step.class as usize] {
                    CollectionOp::Put(value) => self.push(place, step, value, spent)?,
                    CollectionOp::Take(value) if value == top => self.pop(place, step, spent)?,
                    CollectionOp::TakeAny if level != BOTTOM => self.pop(place, step, spent)?,
                    CollectionOp::Empty if level == BOTTOM => {
                        let way = Way::Nothing { from: place, operation: step.operation };
                        self.add(level, step.to, way, step.optional);
                    }
                    // One that found nothing and may not have happened is as good as none.
                    CollectionOp::Take(_) | CollectionOp::TakeAny | CollectionOp::Empty => {}
                }
            }
        }
        Ok(Found::Nothing(self.reached))
    }

    fn add(&mut self, level: u32, set: u32, way: Way, later: bool) {
        let last = self.seen.entry((level, self.walk.spot(set))).or_insert(NONE);
        let mut at = *last;
        while at != NONE {
            let other = &self.places[at as usize];
            if other.set == set || self.dominance && self.walk.spent_within(other.set, set) {
                return;
            }
            at = other.like;
        }
        let number = self.places.len() as u32;
        let like = std::mem::replace(last, number);
        self.open.add(number, later);
        self.places.push(Place { level, set, way, like });
    }

    /// Enters a level.
    fn push(
        &mut self,
        from: u32,
        step: Move,
        value: u32,
        spent: &mut Spent<'_>,
    ) -> Result<(), Why> {
        let Move { operation: push, to: set, optional, .. } = step;
        let next = self.levels.len() as u32;
        let level = *self.numbers.entry((set, value)).or_insert(next);
        if level == next {
            self.levels.push(Level::of(value));
            self.add(level, set, Way::Push { from, push }, optional);
        }
        self.levels[level as usize].entries.push((from, push));
        self.links += 1;
        for at in 0..self.levels[level as usize].exits.len() {
            let exit = self.levels[level as usize].exits[at];
            spent.step(|| self.bytes())?;
            self.leave((from, push), exit);
        }
        Ok(())
    }

    /// Leaves a level.
    fn pop(&mut self, last: u32, step: Move, spent: &mut Spent<'_>) -> Result<(), Why> {
        let Move { operation: pop, to: after, optional, .. } = step;
        let level = self.places[last as usize].level;
        if !self.left.insert((level, after)) {
            return Ok(());
        }
        let exit = Exit { after, pop, last, optional };
        self.levels[level as usize].exits.push(exit);
        self.links += 1;
        for at in 0..self.levels[level as usize].entries.len() {
            let entry = self.levels[level as usize].entries[at];
            spent.step(|| self.bytes())?;
            self.leave(entry, exit);
        }
        Ok(())
    }

    /// Goes on below a level.
    fn leave(&mut self, (from, push): (u32, u32), exit: Exit) {
        let Exit { after, pop, last, optional } = exit;
        let below = self.places[from as usize].level;
        self.add(below, after, Way::Through { from, push, last, pop }, optional);
    }

    /// What led to a place, from the start.
    fn order(&self, place: u32) -> Vec<u32> {
        // From the end to the beginning: ways to places, all the way or only on their level, and
        // operations between them.
        enum Task {
            Way { to: u32, whole: bool },
            Operation(u32),
        }
        let mut order = Vec::new();
        let mut tasks = vec![Task::Way { to: place, whole: true }];
        while let Some(task) = tasks.pop() {
            let (to, whole) = match task {
                Task::Operation(operation) => {
                    order.push(operation);
                    continue;
                }
                Task::Way { to, whole } => (to, whole),
            };
            match self.places[to as usize].way {
                Way::Start => {}
                Way::Nothing { from, operation } => {
                    order.push(operation);
                    tasks.push(Task::Way { to: from, whole });
                }
                Way::Push { from, push } if whole => {
                    order.push(push);
                    tasks.push(Task::Way { to: from, whole });
                }
                Way::Push { .. } => {}
                Way::Through { from, push, last, pop } => {
                    order.push(pop);
                    tasks.push(Task::Way { to: from, whole });
                    tasks.push(Task::Operation(push));
                    tasks.push(Task::Way { to: last, whole: false });
                }
            }
        }
        order.reverse();
        order
    }

    fn bytes(&self) -> usize {
        self.walk.bytes()
            + list_bytes(&self.levels)
            + self.links * 24
            + table_bytes(&self.numbers)
            + list_bytes(&self.places)
            + table_bytes(&self.seen)
            + set_bytes(&self.left)
            + self.open.bytes()
    }
}
