//! Knowledge reaches every layer that listens, also those that come late.

use crate::support::{ALL, step};
use proptest::prelude::*;
use schism_kernel::{
    Abstraction, Algorithm, Ambient, AmbientDetector, AmbientLeader, AmbientSuspicions, Component,
    Crash, Cx, Each, Env, EventualLeaderDetector, EventuallyPerfectFailureDetector, Indication,
    Input, Instances, Knowledge, Layer, Many, Never, Outbox, PerfectFailureDetector, ProcessId,
    Suspicion, Three, Trust, layer,
};
use std::collections::{BTreeMap, BTreeSet};

/// What one who listens has come to believe.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Listener {
    crashed: BTreeSet<ProcessId>,
    suspected: BTreeSet<ProcessId>,
    leader: Option<ProcessId>,
    /// How many indications it took.
    heard: usize,
}

/// Asks a listener to say what it believes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Believing;
impl Abstraction for Believing {
    type Request = ();
    type Indication = Listener;
}

type Detectors = (PerfectFailureDetector, EventuallyPerfectFailureDetector, EventualLeaderDetector);

impl Algorithm for Listener {
    type Implements = Believing;
    type Uses = Detectors;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, (): (), cx: &mut Cx<'_, Self>) {
        cx.indicate(self.clone());
    }

    fn upon_indication(&mut self, event: Indication<Detectors>, _: &mut Cx<'_, Self>) {
        self.heard += 1;
        match event {
            Three::A(Crash(p)) => {
                self.crashed.insert(p);
            }
            Three::B(Suspicion::Suspect(p)) => {
                self.suspected.insert(p);
            }
            Three::B(Suspicion::Restore(p)) => {
                self.suspected.remove(&p);
            }
            Three::C(Trust(p)) => self.leader = Some(p),
        }
    }
}

type Leaves = (AmbientDetector, AmbientSuspicions, AmbientLeader);

fn listener() -> Layer<Listener, Leaves> {
    layer(Listener::default(), (AmbientDetector, AmbientSuspicions, AmbientLeader))
}

fn fact() -> impl Strategy<Value = Knowledge> {
    let process = || (0u16..3).prop_map(ProcessId);
    prop_oneof![
        process().prop_map(Knowledge::Crash),
        process().prop_map(Knowledge::Suspect),
        process().prop_map(Knowledge::Restore),
        process().prop_map(Knowledge::Trust),
    ]
}

/// What an instance believes, without how it came to it.
fn belief<C>(instances: &mut C, key: u64) -> Listener
where
    C: Component<Provides = Many<u64, Believing>>,
{
    use crate::support::Effect::Indicate;
    match step(instances, Input::Request((key, ()))).pop() {
        Some(Indicate((_, belief))) => Listener { heard: 0, ..belief },
        other => panic!("{other:?}"),
    }
}

/// Some instances are there from the start, some come in between, and some in the end.
fn all_believe_the_same<C>(
    mut instances: C,
    history: &[(Knowledge, Option<u64>)],
) -> Result<(), TestCaseError>
where
    C: Component<Provides = Many<u64, Believing>>,
{
    belief(&mut instances, 9);
    for &(fact, create) in history {
        step(&mut instances, Input::Learn(fact));
        if let Some(key) = create {
            belief(&mut instances, key);
        }
    }
    let first = belief(&mut instances, 9);
    for key in 0..5 {
        prop_assert_eq!(belief(&mut instances, key), first.clone());
    }
    Ok(())
}

proptest! {
    #[test]
    fn an_instance_that_comes_late_believes_what_the_others_do(
        history in prop::collection::vec((fact(), prop::option::of(0u64..4)), 0..20),
    ) {
        all_believe_the_same(Instances::of(listener()), &history)?;
        let leaves = (AmbientDetector, AmbientSuspicions, AmbientLeader);
        all_believe_the_same(layer(Each::of(Listener::default()), leaves), &history)?;
    }

    #[test]
    fn a_detector_beside_a_stack_is_heard_by_every_layer_once(
        told in prop::collection::vec((0u16..3, any::<bool>()), 0..20),
    ) {
        let mut instances = Instances::of(listener());
        belief(&mut instances, 0);
        let mut ambient = Ambient { detector: Told, stack: instances };
        let mut suspected = BTreeMap::new();
        for &(p, is_suspected) in &told {
            step(&mut ambient, Input::Message(ALL[1], schism_kernel::Two::A((p, is_suspected))));
            suspected.insert(p, is_suspected);
        }
        let belief = belief(&mut ambient.stack, 0);
        let expected = suspected.into_iter().filter(|(_, is)| *is).map(|(p, _)| ProcessId(p));
        prop_assert_eq!(belief.suspected, expected.collect::<BTreeSet<_>>());
        let heard = match step(&mut ambient.stack, Input::Request((0, ()))).pop() {
            Some(crate::support::Effect::Indicate((_, belief))) => belief.heard,
            other => panic!("{other:?}"),
        };
        prop_assert_eq!(heard, told.len());
    }
}

/// A detector that says what messages tell it to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Told;
impl Component for Told {
    type Provides = EventuallyPerfectFailureDetector;
    type Message = (u16, bool);
    type Timer = Never;
    type Stable = Never;
    fn step(&mut self, input: Input<Self>, _: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        if let Input::Message(_, (p, is_suspected)) = input {
            let p = ProcessId(p);
            out.indicate(if is_suspected { Suspicion::Suspect(p) } else { Suspicion::Restore(p) });
        }
    }
}
