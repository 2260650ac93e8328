//! Algorithm 2.4: Authenticate and Filter.
//!
//! Model: fail-silent, on a network that also alters and makes up messages. Implements: fair-loss
//! links that deliver nothing else than what was sent. Uses: fair-loss links that may.
//!
//! Every message carries a code (HMAC-SHA256) over itself, its sender and its receiver, under a
//! key that only these two know. A message whose code does not fit is dropped. The book puts this
//! on stubborn links and filters repetitions as well; here it lies below perfect links, so that
//! their numbers and acknowledgements cannot be forged either: what is altered is as good as lost,
//! and they send it again.

use hmac::{Hmac, KeyInit, Mac};
use schism_kernel::{Algorithm, Cx, Deliver, FairLossLink, Never, ProcessId, Send, Wire};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::marker::PhantomData;

/// `[m, a]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sealed<M> {
    /// `a`: the code.
    pub a: [u8; 32],
    /// The message itself.
    pub m: M,
}

/// Algorithm 2.4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthenticateAndFilter<M> {
    messages: PhantomData<fn() -> M>,
    /// Defect: believes every message, whatever its code.
    pub does_not_verify: bool,
}

impl<M> Default for AuthenticateAndFilter<M> {
    fn default() -> Self {
        AuthenticateAndFilter { messages: PhantomData, does_not_verify: false }
    }
}

/// A code under the key of two processes, fed with what it is to be over. The keys were dealt
/// before anything began; the network does not know them.
fn code(from: ProcessId, to: ProcessId, m: &impl Serialize) -> Hmac<Sha256> {
    let (one, other) = (from.min(to), from.max(to));
    let key = Sha256::digest(format!("the key that {one} and {other} share"));
    let mut code = Hmac::<Sha256>::new_from_slice(&key).expect("a key may have any length");
    code.update(&from.0.to_be_bytes());
    code.update(&to.0.to_be_bytes());
    code.update(&serde_json::to_vec(m).expect("messages are plain data"));
    code
}

impl<M: Wire> Algorithm for AuthenticateAndFilter<M> {
    type Implements = FairLossLink<M>;
    type Uses = FairLossLink<Sealed<M>>;
    type Timer = Never;
    type Stable = Never;

    /// `upon event ⟨ al, Send | q, m ⟩ do`
    fn upon_request(&mut self, Send(q, m): Send<M>, cx: &mut Cx<'_, Self>) {
        // a := authenticate(self, q, m)
        let a = code(cx.me, q, &m).finalize().into_bytes().into();
        cx.trigger(Send(q, Sealed { a, m }));
    }

    /// `upon event ⟨ sl, Deliver | p, [m, a] ⟩ do`
    fn upon_indication(&mut self, event: Deliver<Sealed<M>>, cx: &mut Cx<'_, Self>) {
        let Deliver(p, Sealed { a, m }) = event;
        // if verifyauth(self, p, m, a) then
        if self.does_not_verify || code(p, cx.me, &m).verify_slice(&a).is_ok() {
            cx.indicate(Deliver(p, m));
        } else {
            cx.mark("a message was forged");
        }
    }
}
