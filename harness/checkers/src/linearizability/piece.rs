//! One part of a history: the ways to search it, and what to do about hints that lie.

use super::graphs::{Effort, Found};
use super::model::Call;
use super::options::{Deadline, Rules};
use super::replay::{Unexplained, replay_part};
use super::report::Why;
use super::search::{
    Answer, Lie, Limits, Looking, Numbered, Prepared, Searchable, Space, breadth_first,
    depth_first, frontiers, prepare,
};

/// Calls that are few, and configurations over states that come before a model's own search then.
const FEW: usize = 300;
const EASY: u64 = 10_000;

/// Configurations for each call that come before a look at what brings about what.
const EASY_EACH: u64 = 4;

/// Calls that are made ready in the time that a configuration takes.
const SET_UP: u64 = 2;

/// Which hints are still believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trust {
    pub pure: bool,
    pub overwrite: bool,
    pub total: bool,
    pub leaves: bool,
    pub hopeless: bool,
    pub needs: bool,
}

impl Trust {
    /// All of them.
    pub fn all() -> Trust {
        let (pure, overwrite, total, leaves, hopeless, needs) =
            (true, true, true, true, true, true);
        Trust { pure, overwrite, total, leaves, hopeless, needs }
    }

    /// None of them.
    pub fn none() -> Trust {
        Trust {
            pure: false,
            overwrite: false,
            total: false,
            leaves: false,
            hopeless: false,
            needs: false,
        }
    }

    fn without(mut self, lie: Lie) -> Trust {
        match lie {
            Lie::Pure { .. } => self.pure = false,
            Lie::Overwrite { .. } => self.overwrite = false,
            Lie::Total { .. } => self.total = false,
            Lie::Leaves { .. } => self.leaves = false,
            Lie::Hopeless { .. } => self.hopeless = false,
            Lie::Needs { .. } => self.needs = false,
        }
        self
    }
}

/// One part, ready to be searched.
pub(crate) struct Piece<'a, M: Searchable> {
    model: &'a M,
    calls: &'a [Call<M::Op>],
    members: &'a [u32],
    prepared: Option<Prepared>,
    space: Space<'a>,
    starts: Vec<M::State>,
    initial: u32,
    rules: Rules,
    trust: Trust,
    /// Hints that turned out false, in words.
    pub notes: Vec<String>,
    deadline: Deadline,
    /// Configurations visited.
    pub configurations: u64,
}

impl<'a, M: Searchable> Piece<'a, M> {
    /// The calls of a part, starting in these states.
    pub fn new(
        model: &'a M,
        calls: &'a [Call<M::Op>],
        members: &'a [u32],
        initial_states: &[M::State],
        rules: Rules,
        trust: Trust,
        deadline: &Deadline,
    ) -> Self {
        deadline.spend(members.len() as u64 / SET_UP);
        let classes = model.classes(calls, members);
        let numbered: Vec<Numbered> = members
            .iter()
            .zip(&classes.of)
            .map(|(i, class)| {
                let call = &calls[*i as usize];
                Numbered { class: *class, called: call.called, returned: call.returned }
            })
            .collect();
        let (source, mut hints) = model.source(&classes.representatives, initial_states, deadline);
        let initial = source.states() as u32;
        for hint in &mut hints {
            hint.pure &= trust.pure;
            hint.overwrite &= trust.overwrite;
            hint.total &= trust.total;
        }
        let ahead = rules.lookahead && trust.hopeless && model.looks_ahead();
        let needs = rules.needs && trust.needs && model.tells_needs();
        let mut prepared = prepare(&numbered, &hints, rules.return_order, ahead, deadline);
        let mut space = Space::new(source, hints, trust.leaves);
        if rules.return_order
            && let Some(prepared) = &mut prepared
        {
            prepared.help_first(&mut space);
        }
        Piece {
            model,
            calls,
            members,
            prepared,
            space,
            starts: initial_states.to_vec(),
            initial,
            rules: Rules { lookahead: ahead, needs, ..rules },
            trust,
            notes: Vec::new(),
            deadline: deadline.clone(),
            configurations: 0,
        }
    }

    /// Searches once. Where the model has a search of its own that comes before a long one over
    /// states, but after a short one if the calls are few: most questions are easy.
    pub fn search(&mut self, limits: Limits, breadth: bool) -> Answer {
        let open =
            |answer: &Answer| matches!(answer, Answer::Stopped(Why::Configurations | Why::Memory));
        if !breadth && self.rules.own_search && self.model.searches() {
            if self.members.len() <= FEW {
                let configurations = limits.configurations.min(EASY);
                let answer = self.search_states(Limits { configurations, ..limits }, false);
                if !open(&answer) {
                    return answer;
                }
            }
            if let Some(answer) = self.own_search(limits).filter(|answer| !open(answer)) {
                return answer;
            }
        }
        self.search_states(limits, breadth)
    }

    /// Searches over states: depth first without a look at what brings about what as long as that
    /// is easy.
    fn search_states(&mut self, limits: Limits, breadth: bool) -> Answer {
        let easy = match self.rules.supply {
            Some(0) => 0,
            Some(easy) => easy + EASY_EACH * self.members.len() as u64,
            None => u64::MAX,
        };
        if breadth || easy >= limits.configurations || !self.space.some_leave() {
            return self.search_with(false, limits, breadth);
        }
        if easy > 0 {
            let answer = self.search_with(false, Limits { configurations: easy, ..limits }, false);
            if !matches!(answer, Answer::Stopped(Why::Configurations)) {
                return answer;
            }
        }
        let configurations = limits.configurations - easy;
        self.search_with(true, Limits { configurations, ..limits }, false)
    }

    /// Searches over states. Whoever lies is not believed again.
    fn search_with(&mut self, supply: bool, limits: Limits, breadth: bool) -> Answer {
        loop {
            let Some(prepared) = &self.prepared else {
                let expired = self.deadline.expired();
                return Answer::Stopped(if expired { Why::Deadline } else { Why::Memory });
            };
            let held = prepared.bytes();
            let limits = Limits { memory: limits.memory.saturating_sub(held), ..limits };
            let (rules, initial) = (self.rules, self.initial);
            let outcome = if breadth {
                breadth_first(prepared, &mut self.space, initial, rules, limits, &self.deadline)
            } else {
                // Overwrites make most orders alike: looking at needs would cost more than it brings.
                let needs = rules.needs && (supply || !prepared.overwrites);
                let apart = rules.independence && !prepared.overwrites;
                let looking = Looking { lookahead: rules.lookahead, needs, apart, supply };
                let deadline = &self.deadline;
                depth_first(prepared, &mut self.space, initial, rules, looking, limits, deadline)
            };
            self.configurations += outcome.configurations;
            let Answer::Lied(lie) = outcome.answer else { return outcome.answer };
            self.distrust(lie);
        }
    }

    /// Searches the model's own way, which begins where the object does.
    fn own_search(&mut self, limits: Limits) -> Option<Answer> {
        if self.starts != self.model.init() {
            return None;
        }
        let calls: Vec<Call<M::Op>> =
            self.members.iter().map(|i| self.calls[*i as usize].clone()).collect();
        let Limits { configurations, memory } = limits;
        let (deadline, dominance) = (&self.deadline, self.rules.dominance);
        let effort = Effort { deadline, configurations, memory, dominance };
        let searched = self.model.search(&calls, &effort)?;
        self.configurations += searched.configurations;
        Some(match searched.answer {
            Found::Order(order) => Answer::Order(order),
            Found::Stopped(why) => Answer::Stopped(why),
            Found::Nothing(reached) => {
                let layers = self.prepared.as_ref().map_or(&[][..], |prepared| &prepared.layers);
                Answer::Stuck(layers.partition_point(|layer| layer.returned < reached) as u32)
            }
        })
    }

    /// For each of some layers, in ascending order, every way to have come so far. `None` if those
    /// are too many.
    pub fn frontiers(&mut self, layers: &[u32], limits: Limits) -> Option<Vec<Vec<Vec<u32>>>> {
        let prepared = self.prepared.as_ref()?;
        let (initial, deadline) = (self.initial, &self.deadline);
        let fronts = frontiers(prepared, &mut self.space, initial, layers, limits, deadline);
        fronts.filter(|_| self.space.lie.is_none())
    }

    fn distrust(&mut self, lie: Lie) {
        let mut notes = std::mem::take(&mut self.notes);
        notes.push(self.space.blame(lie));
        let configurations = self.configurations;
        let trust = self.trust.without(lie);
        let starts = std::mem::take(&mut self.starts);
        let (model, calls, members) = (self.model, self.calls, self.members);
        *self = Piece::new(model, calls, members, &starts, self.rules, trust, &self.deadline);
        self.notes = notes;
        self.configurations = configurations;
    }

    /// The same, and an order is replayed. One that fails means that the engine or a hint is
    /// wrong in a way nobody noticed; then the part is searched again without any trust.
    pub fn decide(&mut self, limits: Limits, breadth: bool) -> Answer {
        let answer = self.search(limits, breadth);
        let Answer::Order(order) = answer else { return answer };
        let (calls, members) = (self.calls, self.members);
        let call = |i: u32| &calls[members[i as usize] as usize];
        match replay_part(self.model, members.len(), call, &order, &self.deadline) {
            Ok(()) => Answer::Order(order.iter().map(|i| members[*i as usize]).collect()),
            Err(Unexplained::Expired) => Answer::Stopped(Why::Deadline),
            Err(error) if self.trust == Trust::none() => {
                self.notes.push(format!("an order was found but could not be replayed: {error}"));
                Answer::Stopped(Why::Step)
            }
            Err(error) => {
                let mut notes = std::mem::take(&mut self.notes);
                notes.push(format!(
                    "an order could not be replayed ({error}); searched again without hints"
                ));
                let (model, calls, members) = (self.model, self.calls, self.members);
                let (rules, trust, initial) = (Rules::unhinted(), Trust::none(), model.init());
                *self = Piece::new(model, calls, members, &initial, rules, trust, &self.deadline);
                self.notes = notes;
                self.decide(limits, breadth)
            }
        }
    }
}
