//! Algorithm 4.4: From (1,1) Atomic to (1,N) Atomic Registers.
//!
//! Model: fail-silent. Implements: a (1,N) atomic register. Uses: (1,1) atomic registers, one
//! from the writer to each reader and one from each reader to each other.
//!
//! Two readers of different registers cannot know that one of them has seen a value already. So a
//! reader looks at what the others have returned, takes the latest of it and of what the writer
//! gave it, and writes that to all the others before it returns.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{ReadReturn, WriteReturn};
use schism_kernel::{Access, Algorithm, Cx, Many, Never, ProcessId, Register, Return, Wire};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A (1,1) register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cell {
    /// `ooar.q`: the writer's for reader `q`.
    OfWriter(ProcessId),
    /// `ooar.q.r`: reader `r`'s for reader `q`.
    OfReader(ProcessId, ProcessId),
}
use Cell::{OfReader, OfWriter};

/// `(ts, v)`, where ⊥ was read if nothing was written.
type Stamped<V> = (u64, Option<V>);

/// Algorithm 4.4.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadersTellReaders<V> {
    ts: u64,
    acks: usize,
    writing: bool,
    readval: Stamped<V>,
    readlist: BTreeMap<ProcessId, Stamped<V>>,
    /// Defect: a reader tells nobody what it returns.
    pub readers_do_not_write: bool,
}

impl<V> Default for ReadersTellReaders<V> {
    /// `upon event ⟨ onar, Init ⟩ do`
    fn default() -> Self {
        ReadersTellReaders {
            ts: 0,
            acks: 0,
            writing: false,
            readval: (0, None),
            readlist: BTreeMap::new(),
            readers_do_not_write: false,
        }
    }
}

impl<V: Wire> Algorithm for ReadersTellReaders<V> {
    type Implements = Register<V>;
    type Uses = Many<Cell, Register<Stamped<V>>>;
    type Timer = Never;
    type Stable = Never;

    fn upon_request(&mut self, event: Access<V>, cx: &mut Cx<'_, Self>) {
        self.acks = 0;
        match event {
            // upon event ⟨ onar, Write | v ⟩ do
            Write(v) => {
                self.ts += 1;
                self.writing = true;
                for &q in cx.all {
                    cx.trigger((OfWriter(q), Write((self.ts, Some(v.clone())))));
                }
            }
            // upon event ⟨ onar, Read ⟩ do
            Read => {
                self.writing = false;
                self.readlist.clear();
                for &r in cx.all {
                    cx.trigger((OfReader(cx.me, r), Read));
                }
            }
        }
    }

    fn upon_indication(&mut self, event: (Cell, Return<Stamped<V>>), cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ ooar.self.r, ReadReturn | (ts', v') ⟩ do
            (OfReader(_, r), ReadReturn(read)) => {
                self.readlist.insert(r, read.unwrap_or((0, None)));
                if self.readlist.len() == cx.n() {
                    cx.trigger((OfWriter(cx.me), Read));
                }
            }
            // upon event ⟨ ooar.self, ReadReturn | (ts', v') ⟩ do
            (OfWriter(_), ReadReturn(read)) => {
                let read = read.into_iter().chain(std::mem::take(&mut self.readlist).into_values());
                self.readval = read.max_by_key(|(ts, _)| *ts).unwrap_or((0, None));
                if self.readers_do_not_write {
                    return cx.indicate(ReadReturn(self.readval.1.clone()));
                }
                for &q in cx.all {
                    cx.trigger((OfReader(q, cx.me), Write(self.readval.clone())));
                }
            }
            // upon event ⟨ ooar.q, WriteReturn ⟩, ⟨ ooar.q.self, WriteReturn ⟩ do
            (_, WriteReturn) => {
                self.acks += 1;
                if self.acks == cx.n() {
                    cx.indicate(match self.writing {
                        true => WriteReturn,
                        false => ReadReturn(self.readval.1.clone()),
                    });
                }
            }
        }
    }
}
