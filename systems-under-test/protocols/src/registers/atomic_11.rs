//! Algorithm 4.3: From (1,N) Regular to (1,1) Atomic Registers.
//!
//! Model: fail-silent. Implements: a (1,1) atomic register. Uses: a (1,N) regular register.
//!
//! The writer numbers its values; the reader never goes back to one that is older than what it
//! has returned. With a single reader that is all that regular lacks.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{ReadReturn, WriteReturn};
use schism_kernel::{Access, Algorithm, Cx, Never, Register, Return, Wire};

/// Algorithm 4.3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeverGoBack<V> {
    ts: u64,
    val: Option<V>,
    wts: u64,
}

impl<V> Default for NeverGoBack<V> {
    /// `upon event ⟨ ooar, Init ⟩ do`
    fn default() -> Self {
        NeverGoBack { ts: 0, val: None, wts: 0 }
    }
}

impl<V: Wire> Algorithm for NeverGoBack<V> {
    type Implements = Register<V>;
    type Uses = Register<(u64, V)>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: Access<V>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ ooar, Write | v ⟩ do
            Write(v) => {
                self.wts += 1;
                cx.trigger(Write((self.wts, v)));
            }
            // upon event ⟨ ooar, Read ⟩ do
            Read => cx.trigger(Read),
        }
    }

    fn upon_indication(&mut self, event: Return<(u64, V)>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ onrr, WriteReturn ⟩ do
            WriteReturn => cx.indicate(WriteReturn),
            // upon event ⟨ onrr, ReadReturn | (ts', v') ⟩ do
            ReadReturn(read) => {
                if let Some((ts, v)) = read
                    && ts > self.ts
                {
                    (self.ts, self.val) = (ts, Some(v));
                }
                cx.indicate(ReadReturn(self.val.clone()));
            }
        }
    }
}
