//! Components side by side: `Uses: beb, P`.

use crate::{Abstraction, Component, Env, Indication, Input, Note, Outbox, ProcessId, Stable};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Defines a sum of several things, and the tuple of as many components that provides the tuple
/// of their abstractions.
macro_rules! side_by_side {
    ($(#[$doc:meta])* $sum:ident, $adapter:ident, $($variant:ident $index:tt),+) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $sum<$($variant),+> {
            $(
                /// Of the component in this position.
                $variant($variant)
            ),+
        }

        impl<$($variant: Stable),+> Stable for $sum<$($variant),+> {
            type Key = $sum<$($variant::Key),+>;
            fn key(&self) -> Self::Key {
                match self {
                    $($sum::$variant(variable) => $sum::$variant(variable.key())),+
                }
            }
        }

        impl<$($variant: Abstraction),+> Abstraction for ($($variant,)+) {
            type Request = $sum<$($variant::Request),+>;
            type Indication = $sum<$($variant::Indication),+>;
        }

        impl<$($variant: Component),+> Component for ($($variant,)+) {
            type Provides = ($($variant::Provides,)+);
            type Message = $sum<$($variant::Message),+>;
            type Timer = $sum<$($variant::Timer),+>;
            type Stable = $sum<$($variant::Stable),+>;

            fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
                match input {
                    Input::Init => {
                        $(self.$index.step(Input::Init, env, &mut $adapter::$variant(out));)+
                    }
                    Input::Recover(stored) => {
                        // One pass for each: what each finds is its own, in order.
                        $({
                            let own = stored.iter().filter_map(|variable| match variable {
                                $sum::$variant(own) => Some(own.clone()),
                                _ => None,
                            });
                            let input = Input::Recover(own.collect());
                            self.$index.step(input, env, &mut $adapter::$variant(out));
                        })+
                    }
                    $(Input::Request($sum::$variant(event)) => {
                        let input = Input::Request(event);
                        self.$index.step(input, env, &mut $adapter::$variant(out));
                    })+
                    $(Input::Message(from, $sum::$variant(message)) => {
                        let input = Input::Message(from, message);
                        self.$index.step(input, env, &mut $adapter::$variant(out));
                    })+
                    $(Input::Timeout($sum::$variant(timer)) => {
                        let input = Input::Timeout(timer);
                        self.$index.step(input, env, &mut $adapter::$variant(out));
                    })+
                    Input::Learn(fact) => {
                        $(self.$index.step(Input::Learn(fact), env, &mut $adapter::$variant(out));)+
                    }
                }
            }
        }

        mod $adapter {
            use super::*;
            $(
                /// The outbox of one of the components.
                pub(super) struct $variant<'a, Whole>(pub(super) &'a mut dyn Outbox<Whole>);
            )+
        }
        side_by_side!(@outboxes $sum, $adapter, [$($variant),+], $($variant $index),+);
    };
    (@outboxes $sum:ident, $adapter:ident, $all:tt, $($variant:ident $index:tt),+) => {
        $(side_by_side!(@outbox $sum, $adapter, $all, $variant);)+
    };
    (@outbox $sum:ident, $adapter:ident, [$($all:ident),+], $variant:ident) => {
        impl<$($all: Component),+> Outbox<$variant> for $adapter::$variant<'_, ($($all,)+)> {
            fn send(&mut self, to: ProcessId, message: $variant::Message) {
                self.0.send(to, $sum::$variant(message));
            }
            fn indicate(&mut self, event: Indication<$variant::Provides>) {
                self.0.indicate($sum::$variant(event));
            }
            fn set_timer(&mut self, timer: $variant::Timer, after: Duration) {
                self.0.set_timer($sum::$variant(timer), after);
            }
            fn cancel_timer(&mut self, timer: $variant::Timer) {
                self.0.cancel_timer($sum::$variant(timer));
            }
            fn store(&mut self, variable: $variant::Stable) {
                self.0.store($sum::$variant(variable));
            }
            fn erase(&mut self, key: <$variant::Stable as Stable>::Key) {
                self.0.erase($sum::$variant(key));
            }
            fn note(&mut self, note: Note) {
                self.0.note(note);
            }
            fn mark(&mut self, situation: &'static str) {
                self.0.mark(situation);
            }
        }
    };
}

side_by_side!(
    /// What belongs to one of two.
    Two, two, A 0, B 1
);
side_by_side!(
    /// What belongs to one of three.
    Three, three, A 0, B 1, C 2
);
