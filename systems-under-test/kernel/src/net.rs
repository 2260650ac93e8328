//! The leaf where the host's network begins.

use crate::{
    Abstraction, Component, Deliver, Env, FairLossLink, Input, Never, Outbox, PerfectLink, Send,
    StubbornLink, Wire,
};
use std::marker::PhantomData;

/// The host's network, offering the link abstraction `X`.
///
/// Which one it truly offers is the host's affair: over pipes without faults it is a perfect
/// link, under loss a fair-loss one. What a process sends to itself never reaches the network.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net<X>(PhantomData<fn() -> X>);

impl<X> Default for Net<X> {
    fn default() -> Self {
        Net(PhantomData)
    }
}

/// The abstractions that a network can offer.
pub trait Link:
    Abstraction<Request = Send<Self::Payload>, Indication = Deliver<Self::Payload>>
{
    /// What travels.
    type Payload: Wire;
}

impl<M: Wire> Link for FairLossLink<M> {
    type Payload = M;
}
impl<M: Wire> Link for StubbornLink<M> {
    type Payload = M;
}
impl<M: Wire> Link for PerfectLink<M> {
    type Payload = M;
}

impl<X: Link + crate::Data> Component for Net<X> {
    type Provides = X;
    type Message = X::Payload;
    type Timer = Never;
    type Stable = Never;

    fn step(&mut self, input: Input<Self>, env: &mut Env<'_>, out: &mut dyn Outbox<Self>) {
        match input {
            Input::Request(Send(to, message)) if to == env.me => {
                out.indicate(Deliver(to, message));
            }
            Input::Request(Send(to, message)) => out.send(to, message),
            Input::Message(from, message) => out.indicate(Deliver(from, message)),
            Input::Timeout(never) => match never {},
            Input::Init | Input::Recover(_) | Input::Learn(_) => {}
        }
    }
}
