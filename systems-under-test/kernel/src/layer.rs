//! An algorithm on top of the component it uses.

use crate::{
    Algorithm, Component, Cx, Env, Indication, Input, Note, Outbox, ProcessId, Request, Stable, Two,
};
use std::collections::VecDeque;
use std::time::Duration;

/// An algorithm running on top of the component it uses.
///
/// Events between the two are handled in the order in which they were triggered, each to
/// completion: what the algorithm triggers, the component below does at once; what the component
/// indicates waits until the handler that caused it has returned.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer<A, B> {
    /// The algorithm.
    pub above: A,
    /// What it uses.
    pub below: B,
}

/// Puts an algorithm on top of the component it uses.
///
/// A stack whose layers do not fit does not compile: what is below must provide the very
/// abstraction that the algorithm above uses.
///
/// ```
/// use schism_kernel::*;
///
/// #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// struct Relay;
/// impl Algorithm for Relay {
///     type Implements = PerfectLink<u8>;
///     type Uses = FairLossLink<u8>;
///     type Timer = Never;
///     type Stable = Never;
///     fn upon_request(&mut self, Send(q, m): Send<u8>, cx: &mut Cx<'_, Self>) {
///         cx.trigger(Send(q, m));
///     }
///     fn upon_indication(&mut self, Deliver(p, m): Deliver<u8>, cx: &mut Cx<'_, Self>) {
///         cx.indicate(Deliver(p, m));
///     }
/// }
///
/// let fits = layer(Relay, Net::<FairLossLink<u8>>::default());
/// ```
///
/// Put on a link of another kind, the same algorithm is refused:
///
/// ```compile_fail,E0271
/// # use schism_kernel::*;
/// # #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
/// # struct Relay;
/// # impl Algorithm for Relay {
/// #     type Implements = PerfectLink<u8>;
/// #     type Uses = FairLossLink<u8>;
/// #     type Timer = Never;
/// #     type Stable = Never;
/// #     fn upon_request(&mut self, Send(q, m): Send<u8>, cx: &mut Cx<'_, Self>) {
/// #         cx.trigger(Send(q, m));
/// #     }
/// #     fn upon_indication(&mut self, Deliver(p, m): Deliver<u8>, cx: &mut Cx<'_, Self>) {
/// #         cx.indicate(Deliver(p, m));
/// #     }
/// # }
/// let does_not = layer(Relay, Net::<PerfectLink<u8>>::default());
/// ```
pub fn layer<A: Algorithm, B: Component<Provides = A::Uses>>(above: A, below: B) -> Layer<A, B> {
    Layer { above, below }
}

/// What a handler's context reaches: everything outside the algorithm itself.
pub(crate) trait Below<A: Algorithm> {
    fn trigger(&mut self, event: Request<A::Uses>);
    fn indicate(&mut self, event: Indication<A::Implements>);
    fn set_timer(&mut self, timer: A::Timer, after: Duration);
    fn cancel_timer(&mut self, timer: A::Timer);
    fn store(&mut self, variable: A::Stable);
    fn erase(&mut self, key: <A::Stable as Stable>::Key);
    fn choose(&mut self, bound: u32) -> u32;
    fn note(&mut self, note: Note);
    fn mark(&mut self, situation: &'static str);
}

struct Surroundings<'a, 'e, A: Algorithm, B: Component<Provides = A::Uses>> {
    below: &'a mut B,
    env: &'a mut Env<'e>,
    out: &'a mut dyn Outbox<Layer<A, B>>,
    /// Indications of the component below that the algorithm has not handled yet.
    up: VecDeque<Indication<A::Uses>>,
}

impl<A: Algorithm, B: Component<Provides = A::Uses>> Surroundings<'_, '_, A, B> {
    fn step_below(&mut self, input: Input<B>) {
        let mut out = Upwards { out: self.out, up: &mut self.up };
        self.below.step(input, self.env, &mut out);
    }
}

impl<A: Algorithm, B: Component<Provides = A::Uses>> Below<A> for Surroundings<'_, '_, A, B> {
    fn trigger(&mut self, event: Request<A::Uses>) {
        self.step_below(Input::Request(event));
    }
    fn indicate(&mut self, event: Indication<A::Implements>) {
        self.out.indicate(event);
    }
    fn set_timer(&mut self, timer: A::Timer, after: Duration) {
        self.out.set_timer(Two::A(timer), after);
    }
    fn cancel_timer(&mut self, timer: A::Timer) {
        self.out.cancel_timer(Two::A(timer));
    }
    fn store(&mut self, variable: A::Stable) {
        self.out.store(Two::A(variable));
    }
    fn erase(&mut self, key: <A::Stable as Stable>::Key) {
        self.out.erase(Two::A(key));
    }
    fn choose(&mut self, bound: u32) -> u32 {
        self.env.choices.choose(bound)
    }
    fn note(&mut self, note: Note) {
        self.out.note(note);
    }
    fn mark(&mut self, situation: &'static str) {
        self.out.mark(situation);
    }
}

/// The outbox of the component below: its indications are queued for the algorithm, everything
/// else goes to the outbox of the whole.
struct Upwards<'a, A: Algorithm, B: Component<Provides = A::Uses>> {
    out: &'a mut dyn Outbox<Layer<A, B>>,
    up: &'a mut VecDeque<Indication<A::Uses>>,
}

impl<A: Algorithm, B: Component<Provides = A::Uses>> Outbox<B> for Upwards<'_, A, B> {
    fn send(&mut self, to: ProcessId, message: B::Message) {
        self.out.send(to, message);
    }
    fn indicate(&mut self, event: Indication<B::Provides>) {
        self.up.push_back(event);
    }
    fn set_timer(&mut self, timer: B::Timer, after: Duration) {
        self.out.set_timer(Two::B(timer), after);
    }
    fn cancel_timer(&mut self, timer: B::Timer) {
        self.out.cancel_timer(Two::B(timer));
    }
    fn store(&mut self, variable: B::Stable) {
        self.out.store(Two::B(variable));
    }
    fn erase(&mut self, key: <B::Stable as Stable>::Key) {
        self.out.erase(Two::B(key));
    }
    fn note(&mut self, note: Note) {
        self.out.note(note);
    }
    fn mark(&mut self, situation: &'static str) {
        self.out.mark(situation);
    }
}

impl<A: Algorithm, B: Component<Provides = A::Uses>> Component for Layer<A, B> {
    type Provides = A::Implements;
    type Message = B::Message;
    type Timer = Two<A::Timer, B::Timer>;
    type Stable = Two<A::Stable, B::Stable>;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        let Layer { above, below } = self;
        let (me, all, now, incarnation) = (env.me, env.all, env.now, env.incarnation);
        let mut outside = Surroundings { below, env, out, up: VecDeque::new() };
        macro_rules! cx {
            () => {
                &mut Cx { me, all, now, incarnation, below: &mut outside }
            };
        }
        match input {
            Input::Init => {
                outside.step_below(Input::Init);
                above.upon_init(cx!());
            }
            Input::Recover(stored) => {
                let (mut ours, mut theirs) = (Vec::new(), Vec::new());
                for variable in stored {
                    match variable {
                        Two::A(a) => ours.push(a),
                        Two::B(b) => theirs.push(b),
                    }
                }
                outside.step_below(Input::Recover(theirs));
                above.upon_recovery(ours, cx!());
            }
            Input::Request(event) => above.upon_request(event, cx!()),
            Input::Message(from, message) => outside.step_below(Input::Message(from, message)),
            Input::Timeout(Two::A(timer)) => above.upon_timeout(timer, cx!()),
            Input::Timeout(Two::B(timer)) => outside.step_below(Input::Timeout(timer)),
            Input::Learn(fact) => outside.step_below(Input::Learn(fact)),
        }
        loop {
            while let Some(event) = outside.up.pop_front() {
                above.upon_indication(event, cx!());
            }
            if !above.upon_condition(cx!()) && outside.up.is_empty() {
                break;
            }
        }
    }
}
