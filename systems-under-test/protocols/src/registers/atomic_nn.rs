//! Algorithms 4.10 and 4.11: Read-Impose Write-Consult-Majority.
//!
//! Model: fail-silent, N > 2f. Implements: an (N,N) atomic register. Uses: best-effort broadcast,
//! perfect links.
//!
//! Every value carries a stamp, ordered by timestamp and then by its writer's rank. A writer
//! first asks a majority for the highest stamp and takes a higher one; a reader asks a majority
//! for the value with the highest stamp and imposes it on a majority before it returns it. Any
//! two majorities meet, so a later operation sees what an earlier one wrote or returned. Reads
//! and writes both take two round trips and 4N messages.
//!
//! The same code runs two kindred algorithms. With one writer, nobody else raises the stamp, and
//! the writer need not ask: that is Read-Impose Write-Majority, Algorithms 4.6 and 4.7. With
//! stable storage, a process stores what is imposed on it before it says so, and the register
//! survives the crash and the recovery of everybody; stamps and read identifiers then
//! name the incarnation, so that a recovered process cannot confuse them with its former self's.
//! An answer is lost with a process that crashes before it has arrived, and the links have done
//! their duty; so whoever waits for a majority then asks again, as the book's stubborn links do.

use schism_kernel::Access::{Read, Write};
use schism_kernel::Return::{self, ReadReturn, WriteReturn};
use schism_kernel::Two::{A as Beb, B as Pl};
use schism_kernel::{
    Access, Algorithm, BestEffortBroadcast, Broadcast, Cx, Deliver, Indication, PerfectLink,
    ProcessId, Register, Send, Stable, Wire,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long a majority is waited for, where answers can be lost, before all are asked again.
const PATIENCE: Duration = Duration::from_millis(200);

/// Ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Again;

/// `(ts, wr)`, and the incarnation of the writer.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64, pub u16, pub u32);

/// What is broadcast.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question<V> {
    /// `[READ, rid]`
    Consult(u64),
    /// `[WRITE, rid, (ts, wr), v]`
    Impose(u64, Stamp, Option<V>),
}
use Question::{Consult, Impose};

/// What is sent back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reply<V> {
    /// `[VALUE, r, (ts, wr), val]`
    Value(u64, Stamp, Option<V>),
    /// `[ACK, r]`
    Ack(u64),
}
use Reply::{Ack, Value};

/// `(ts, wr, val)`, on stable storage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Imposed<V>(pub Stamp, pub Option<V>);

impl<V: Wire> Stable for Imposed<V> {
    type Key = ();
    fn key(&self) {}
}

/// Algorithms 4.10 and 4.11.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadImposeWriteConsultMajority<V> {
    stamp: Stamp,
    val: Option<V>,
    /// What it waits for a majority to answer.
    asked: Option<Question<V>>,
    acks: BTreeSet<ProcessId>,
    writeval: Option<V>,
    rid: u64,
    readlist: BTreeMap<ProcessId, (Stamp, Option<V>)>,
    readval: Option<V>,
    reading: bool,
    /// Whether what is imposed is stored before it is acknowledged.
    pub logged: bool,
    /// A writer takes the next stamp after its own instead of asking for the highest: right if
    /// there is one writer, a defect if there are several.
    pub writers_do_not_read_first: bool,
    /// Defect: writers of the same timestamp are not told apart.
    pub stamps_without_rank: bool,
    /// Defect: a reader returns what it read without imposing it.
    pub no_write_back: bool,
}

impl<V> Default for ReadImposeWriteConsultMajority<V> {
    /// `upon event ⟨ nnar, Init ⟩ do`
    fn default() -> Self {
        ReadImposeWriteConsultMajority {
            stamp: Stamp::default(),
            val: None,
            asked: None,
            acks: BTreeSet::new(),
            writeval: None,
            rid: 0,
            readlist: BTreeMap::new(),
            readval: None,
            reading: false,
            logged: false,
            writers_do_not_read_first: false,
            stamps_without_rank: false,
            no_write_back: false,
        }
    }
}

impl<V: Wire> Algorithm for ReadImposeWriteConsultMajority<V> {
    type Implements = Register<V>;
    type Uses = (BestEffortBroadcast<Question<V>>, PerfectLink<Reply<V>>);
    type Timer = Again;
    type Stable = Imposed<V>;

    fn upon_init(&mut self, cx: &mut Cx<'_, Self>) {
        self.rid = u64::from(cx.incarnation) << 32;
    }

    /// `upon event ⟨ nnar, Recovery ⟩ do`
    fn upon_recovery(&mut self, stored: Vec<Imposed<V>>, cx: &mut Cx<'_, Self>) {
        if let Some(Imposed(stamp, val)) = stored.into_iter().next() {
            (self.stamp, self.val) = (stamp, val);
        }
        self.upon_init(cx);
    }

    fn upon_request(&mut self, event: Access<V>, cx: &mut Cx<'_, Self>) {
        self.rid += 1;
        self.acks.clear();
        self.readlist.clear();
        match event {
            // upon event ⟨ nnar, Read ⟩ do
            Read => {
                self.reading = true;
                self.ask(Consult(self.rid), cx);
            }
            // upon event ⟨ nnar, Write | v ⟩ do
            Write(v) => {
                self.reading = false;
                self.writeval = Some(v);
                if self.writers_do_not_read_first {
                    return self.impose_writeval(self.stamp.0, cx);
                }
                self.ask(Consult(self.rid), cx);
            }
        }
    }

    fn upon_indication(&mut self, event: Indication<Self::Uses>, cx: &mut Cx<'_, Self>) {
        match event {
            // upon event ⟨ beb, Deliver | p, [READ, r] ⟩ do
            Beb(Deliver(p, Consult(r))) => {
                cx.trigger(Pl(Send(p, Value(r, self.stamp, self.val.clone()))));
            }
            // upon event ⟨ pl, Deliver | q, [VALUE, r, (ts', wr'), v'] ⟩ such that r = rid do
            Pl(Deliver(q, Value(r, stamp, v))) if r == self.rid => {
                // Who crashes after its answer is asked again when it is back, and answers twice. An
                // answer that is no news must not begin the second phase a second time.
                let news = self.readlist.insert(q, (stamp, v)).is_none();
                if news && self.readlist.len() == cx.majority() {
                    self.consulted_a_majority(cx);
                }
            }
            // upon event ⟨ beb, Deliver | p, [WRITE, r, (ts', wr'), v'] ⟩ do
            Beb(Deliver(p, Impose(r, stamp, v))) => {
                if stamp > self.stamp {
                    (self.stamp, self.val) = (stamp, v);
                    if self.logged {
                        cx.store(Imposed(self.stamp, self.val.clone()));
                    }
                }
                cx.trigger(Pl(Send(p, Ack(r))));
            }
            // upon event ⟨ pl, Deliver | q, [ACK, r] ⟩ such that r = rid do
            Pl(Deliver(q, Ack(r))) if r == self.rid => {
                if self.acks.insert(q) && self.acks.len() == cx.majority() {
                    let reading = self.reading;
                    let value = self.readval.take();
                    self.answer(if reading { ReadReturn(value) } else { WriteReturn }, cx);
                }
            }
            Pl(_) => {}
        }
    }

    fn upon_timeout(&mut self, Again: Again, cx: &mut Cx<'_, Self>) {
        if let Some(question) = self.asked.take() {
            self.ask(question, cx);
        }
    }
}

impl<V: Wire> ReadImposeWriteConsultMajority<V> {
    fn ask(&mut self, question: Question<V>, cx: &mut Cx<'_, Self>) {
        cx.trigger(Beb(Broadcast(question.clone())));
        if self.logged {
            self.asked = Some(question);
            cx.set_timer(Again, PATIENCE);
        }
    }

    fn answer(&mut self, answer: Return<V>, cx: &mut Cx<'_, Self>) {
        self.asked = None;
        cx.indicate(answer);
    }

    /// `if #(readlist) > N/2 then`
    fn consulted_a_majority(&mut self, cx: &mut Cx<'_, Self>) {
        let highest = self.readlist.values().max_by_key(|(stamp, _)| *stamp).cloned();
        let (maxstamp, readval) = highest.expect("a majority is somebody");
        if !self.reading {
            return self.impose_writeval(maxstamp.0, cx);
        }
        self.readval = readval.clone();
        if self.no_write_back {
            return self.answer(ReadReturn(readval), cx);
        }
        self.ask(Impose(self.rid, maxstamp, readval), cx);
    }

    fn impose_writeval(&mut self, maxts: u64, cx: &mut Cx<'_, Self>) {
        let rank = if self.stamps_without_rank { 0 } else { cx.me.0 };
        let stamp = Stamp(maxts + 1, rank, cx.incarnation);
        self.ask(Impose(self.rid, stamp, self.writeval.clone()), cx);
    }
}
