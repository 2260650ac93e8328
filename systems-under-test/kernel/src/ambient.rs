//! One detector per process serves every layer.
//!
//! [`Ambient`] runs a detector beside a stack and lets every layer of the stack that has an
//! ambient leaf hear what it indicates. Without an [`Ambient`] the same leaves are fed by the
//! host: that is how an untimed explorer offers a perfect detector.

use crate::{
    Abstraction, Component, Crash, Env, EpochChange, EventualLeaderDetector,
    EventuallyPerfectFailureDetector, Indication, Input, Knowledge, LeaderElection, Never, Note,
    Outbox, PerfectFailureDetector, ProcessId, Stable, StartEpoch, Suspicion, Trust, Two,
};
use std::collections::VecDeque;
use std::time::Duration;

/// Detectors whose indications are knowledge about others.
pub trait Informs: Abstraction<Request = Never> {
    /// What an indication says.
    fn knowledge(indication: Self::Indication) -> Knowledge;
    /// The indication that says it, if this detector speaks of such things.
    fn indication(fact: Knowledge) -> Option<Self::Indication>;
}

impl Informs for PerfectFailureDetector {
    fn knowledge(Crash(p): Crash) -> Knowledge {
        Knowledge::Crash(p)
    }
    fn indication(fact: Knowledge) -> Option<Crash> {
        match fact {
            Knowledge::Crash(p) => Some(Crash(p)),
            _ => None,
        }
    }
}

impl Informs for EventuallyPerfectFailureDetector {
    fn knowledge(suspicion: Suspicion) -> Knowledge {
        match suspicion {
            Suspicion::Suspect(p) => Knowledge::Suspect(p),
            Suspicion::Restore(p) => Knowledge::Restore(p),
        }
    }
    fn indication(fact: Knowledge) -> Option<Suspicion> {
        match fact {
            Knowledge::Suspect(p) => Some(Suspicion::Suspect(p)),
            Knowledge::Restore(p) => Some(Suspicion::Restore(p)),
            _ => None,
        }
    }
}

/// Both leader detectors tell whom to trust; their promises differ.
macro_rules! trusting {
    ($($detector:ty),+) => { $(
        impl Informs for $detector {
            fn knowledge(Trust(p): Trust) -> Knowledge {
                Knowledge::Trust(p)
            }
            fn indication(fact: Knowledge) -> Option<Trust> {
                match fact {
                    Knowledge::Trust(p) => Some(Trust(p)),
                    _ => None,
                }
            }
        }
    )+ }
}
trusting!(LeaderElection, EventualLeaderDetector);

/// An epoch names its leader. No knowledge about others makes an epoch.
impl Informs for EpochChange {
    fn knowledge(StartEpoch(_, leader): StartEpoch) -> Knowledge {
        Knowledge::Trust(leader)
    }
    fn indication(_: Knowledge) -> Option<StartEpoch> {
        None
    }
}

/// Defines a leaf that offers a detector out of what the process learns.
macro_rules! leaf {
    ($(#[$doc:meta])* $name:ident: $detector:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name;

        impl Component for $name {
            type Provides = $detector;
            type Message = Never;
            type Timer = Never;
            type Stable = Never;

            fn step(&mut self, input: Input<Self>, _: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
                match input {
                    Input::Learn(fact) => {
                        if let Some(indication) = <$detector>::indication(fact) {
                            out.indicate(indication);
                        }
                    }
                    Input::Request(never) | Input::Message(_, never) | Input::Timeout(never) => {
                        match never {}
                    }
                    Input::Init | Input::Recover(_) => {}
                }
            }
        }
    };
}

leaf! {
    /// The process's perfect failure detector.
    AmbientDetector: PerfectFailureDetector
}
leaf! {
    /// The process's eventually perfect failure detector.
    AmbientSuspicions: EventuallyPerfectFailureDetector
}
leaf! {
    /// The process's leader detector.
    AmbientLeader: EventualLeaderDetector
}

/// A stack with a detector beside it whose indications every layer can hear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ambient<D, C> {
    /// The detector.
    pub detector: D,
    /// The stack.
    pub stack: C,
}

impl<D, C> Component for Ambient<D, C>
where
    D: Component<Provides: Informs>,
    C: Component,
{
    type Provides = C::Provides;
    type Message = Two<D::Message, C::Message>;
    type Timer = Two<D::Timer, C::Timer>;
    type Stable = Two<D::Stable, C::Stable>;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        let mut learnt = VecDeque::new();
        {
            let mut beside = OfDetector { out, learnt: &mut learnt };
            let detector = &mut self.detector;
            match input {
                Input::Init => {
                    self.stack.step(Input::Init, env, &mut OfStack(beside.out));
                    detector.step(Input::Init, env, &mut beside);
                }
                Input::Recover(stored) => {
                    let (mut first, mut second) = (Vec::new(), Vec::new());
                    for variable in stored {
                        match variable {
                            Two::A(a) => first.push(a),
                            Two::B(b) => second.push(b),
                        }
                    }
                    self.stack.step(Input::Recover(second), env, &mut OfStack(beside.out));
                    detector.step(Input::Recover(first), env, &mut beside);
                }
                Input::Request(event) => {
                    self.stack.step(Input::Request(event), env, &mut OfStack(beside.out));
                }
                Input::Message(from, Two::A(message)) => {
                    detector.step(Input::Message(from, message), env, &mut beside);
                }
                Input::Message(from, Two::B(message)) => {
                    let input = Input::Message(from, message);
                    self.stack.step(input, env, &mut OfStack(beside.out));
                }
                Input::Timeout(Two::A(timer)) => {
                    detector.step(Input::Timeout(timer), env, &mut beside);
                }
                Input::Timeout(Two::B(timer)) => {
                    self.stack.step(Input::Timeout(timer), env, &mut OfStack(beside.out));
                }
                Input::Learn(fact) => {
                    detector.step(Input::Learn(fact), env, &mut beside);
                    self.stack.step(Input::Learn(fact), env, &mut OfStack(beside.out));
                }
            }
        }
        for fact in learnt {
            self.stack.step(Input::Learn(fact), env, &mut OfStack(out));
        }
    }
}

struct OfDetector<'a, D: Component<Provides: Informs>, C: Component> {
    out: &'a mut dyn Outbox<Ambient<D, C>>,
    learnt: &'a mut VecDeque<Knowledge>,
}

struct OfStack<'a, D: Component<Provides: Informs>, C: Component>(
    &'a mut dyn Outbox<Ambient<D, C>>,
);

/// Everything but indications of one of the two goes out under its name.
macro_rules! forward {
    ($part:ident as $side:ident, $out:ident => $path:expr) => {
        fn send(&mut self, to: ProcessId, message: $part::Message) {
            let $out = self;
            $path.send(to, Two::$side(message));
        }
        fn set_timer(&mut self, timer: $part::Timer, after: Duration) {
            let $out = self;
            $path.set_timer(Two::$side(timer), after);
        }
        fn cancel_timer(&mut self, timer: $part::Timer) {
            let $out = self;
            $path.cancel_timer(Two::$side(timer));
        }
        fn store(&mut self, variable: $part::Stable) {
            let $out = self;
            $path.store(Two::$side(variable));
        }
        fn erase(&mut self, key: <$part::Stable as Stable>::Key) {
            let $out = self;
            $path.erase(Two::$side(key));
        }
        fn note(&mut self, note: Note) {
            let $out = self;
            $path.note(note);
        }
        fn mark(&mut self, situation: &'static str) {
            let $out = self;
            $path.mark(situation);
        }
    };
}

impl<D: Component<Provides: Informs>, C: Component> Outbox<D> for OfDetector<'_, D, C> {
    fn indicate(&mut self, event: Indication<D::Provides>) {
        self.learnt.push_back(D::Provides::knowledge(event));
    }
    forward!(D as A, this => this.out);
}

impl<D: Component<Provides: Informs>, C: Component> Outbox<C> for OfStack<'_, D, C> {
    fn indicate(&mut self, event: Indication<C::Provides>) {
        self.0.indicate(event);
    }
    forward!(C as B, this => this.0);
}
