//! A register or log that grows at its end, where whatever is written or appended is unique, in
//! time linear in what was read.
//!
//! A read then tells its past: what was written last, its *base*, and what was appended since, in
//! which order. Reads with the same base must agree, the shorter being a beginning of the longer.
//! So all that concerns a base is a chain: the write, the reads of it alone, the first append, the
//! reads up to that one, and so on. Nothing else has a place inside a chain, and what nobody read
//! is a chain of its own. The history can be explained iff no operation of a chain returned before
//! an earlier one was called, and the chains' [zones](super::zones) have an order.
//!
//! A violation needs few operations, but its reads may be long. Erasing from everything all but
//! some of what was appended takes demands away, as an order of the whole is an order of what is
//! left. So the witness is about what matters only.

use super::sequence::Sequence;
use super::zones::{Zone, line_up};
use super::{NONE, Shortcut, Witness};
use crate::linearizability::model::{Call, NEVER};

/// What a call did.
pub(crate) enum Growth<R> {
    /// Put this in the place of everything.
    Write(R),
    /// Put this behind everything.
    Append(R),
    /// Found this.
    Read(R),
}

/// What a read found, as far as a violation is about it.
pub(crate) enum Found<R> {
    /// These, in this order, of what the violation is about.
    Of(Vec<R>),
    /// This, which nobody wrote, maybe with more behind it.
    Stray(R),
}

/// Checks something that is empty at first. `glimpse` makes the read that found this.
pub(crate) fn appends<'a, Op, R: Sequence>(
    calls: &'a [Call<Op>],
    growth: impl Fn(&'a Op) -> Option<Growth<R>>,
    glimpse: impl Fn(Found<R>) -> Op,
    order: bool,
) -> Option<Shortcut<Op>> {
    let mut mutators: Vec<Mutator<R>> = Vec::new();
    let mut reads: Vec<(u32, R)> = Vec::new();
    for (i, call) in calls.iter().enumerate() {
        let (text, write) = match growth(&call.op)? {
            Growth::Write(text) => (text, true),
            Growth::Append(text) => (text, false),
            Growth::Read(_) if call.optional() => return None,
            Growth::Read(text) => {
                reads.push((i as u32, text));
                continue;
            }
        };
        mutators.push(Mutator { text, call: i as u32, write, chain: NONE });
    }
    mutators.sort_unstable_by_key(|mutator| mutator.text);
    // None begins another, so that there is one way to cut a read into what was written.
    let ambiguous = mutators.windows(2).any(|pair| pair[1].text.begins_with(pair[0].text));
    if ambiguous || mutators.first().is_some_and(|mutator| mutator.text.length() == 0) {
        return None;
    }
    let texts = reads.clone();
    let mut chains = Chains { mutators, chains: vec![Chain::new(NONE)] };
    let found = reads.iter().try_for_each(|(call, text)| chains.read(*call, *text));
    Some(match found.and_then(|()| chains.line_up(calls, order)) {
        Ok(order) => Shortcut::Linearizable(order),
        Err(conflict) => Shortcut::Violation(chains.witness(calls, &texts, conflict, glimpse)),
    })
}

/// A write or an append.
struct Mutator<R> {
    text: R,
    call: u32,
    write: bool,
    /// The chain in which it was read.
    chain: u32,
}

/// All that concerns one base.
struct Chain<R> {
    /// The write, unless it is what was there at first.
    base: u32,
    /// The longest read, and what it found.
    longest: Option<(u32, R)>,
    /// The appends, and where each ends in the longest read.
    appends: Vec<u32>,
    ends: Vec<usize>,
    /// For each read, how many of the appends it found.
    reads: Vec<(u32, u32)>,
}

impl<R> Chain<R> {
    fn new(base: u32) -> Self {
        let (appends, ends, reads) = (Vec::new(), Vec::new(), Vec::new());
        Chain { base, longest: None, appends, ends, reads }
    }
}

/// Operations that cannot all be explained: some calls of reads, and the mutators it is about.
struct Conflict {
    reads: Vec<u32>,
    about: Vec<u32>,
}

/// An operation of a chain. As a read, it found `appended` appends; else it is the last of them.
#[derive(Clone, Copy)]
struct Link {
    call: u32,
    appended: usize,
    read: bool,
}

struct Chains<R> {
    /// Sorted by what they wrote.
    mutators: Vec<Mutator<R>>,
    chains: Vec<Chain<R>>,
}

impl<R: Sequence> Chains<R> {
    /// The mutator whose text comes next.
    fn next(&self, text: R) -> Option<u32> {
        // As none begins another, it can only be the last one not after the text.
        let at = self.mutators.partition_point(|mutator| mutator.text <= text).checked_sub(1)?;
        text.begins_with(self.mutators[at].text).then_some(at as u32)
    }

    /// The mutators whose texts make up this one, or what is left of it where none does.
    fn cut(&self, mut text: R) -> Result<Vec<u32>, R> {
        let mut cut = Vec::new();
        while text.length() > 0 {
            let next = self.next(text).ok_or(text)?;
            text = text.from(self.mutators[next as usize].text.length());
            cut.push(next);
        }
        Ok(cut)
    }

    /// Adds a read to its chain.
    fn read(&mut self, call: u32, text: R) -> Result<(), Conflict> {
        let nobody_wrote = || Conflict { reads: vec![call], about: Vec::new() };
        let (mut at, mut begin) = (0, 0);
        if text.length() > 0 {
            let first = self.next(text).ok_or_else(nobody_wrote)?;
            let mutator = &mut self.mutators[first as usize];
            if mutator.write {
                if mutator.chain == NONE {
                    mutator.chain = self.chains.len() as u32;
                    self.chains.push(Chain::new(first));
                }
                (at, begin) = (mutator.chain as usize, mutator.text.length());
            }
        }
        let appended = match self.chains[at].longest {
            Some((_, known)) if known.begins_with(text) => {
                if text.length() == begin {
                    0
                } else {
                    let ends = &self.chains[at].ends;
                    ends.binary_search(&text.length()).map_err(|_| nobody_wrote())? + 1
                }
            }
            Some((_, known)) if !text.begins_with(known) => {
                return Err(self.divergence(at, call, text));
            }
            known => {
                let mut end = known.map_or(begin, |(_, known)| known.length());
                while end < text.length() {
                    let next = self.next(text.from(end)).ok_or_else(nobody_wrote)?;
                    self.extend(at, call, next)?;
                    end += self.mutators[next as usize].text.length();
                    self.chains[at].ends.push(end);
                }
                self.chains[at].longest = Some((call, text));
                self.chains[at].ends.len()
            }
        };
        self.chains[at].reads.push((call, appended as u32));
        Ok(())
    }

    /// Adds an append, found by a read, to a chain.
    fn extend(&mut self, at: usize, read: u32, next: u32) -> Result<(), Conflict> {
        let mutator = &mut self.mutators[next as usize];
        if mutator.write || mutator.chain == at as u32 {
            // Something stands before what must stand first, or twice.
            let chain = &self.chains[at];
            let about = [chain.base].into_iter().chain(chain.appends.last().copied());
            return Err(Conflict { reads: vec![read], about: about.chain([next]).collect() });
        }
        if mutator.chain != NONE {
            let other = &self.chains[mutator.chain as usize];
            let mut reads = vec![read];
            reads.extend(other.longest.map(|(call, _)| call));
            return Err(Conflict { reads, about: vec![self.chains[at].base, other.base, next] });
        }
        mutator.chain = at as u32;
        self.chains[at].appends.push(next);
        Ok(())
    }

    /// Of two reads with the same base, neither is a beginning of the other.
    fn divergence(&self, at: usize, call: u32, text: R) -> Conflict {
        let chain = &self.chains[at];
        let mut begin = match chain.base {
            NONE => 0,
            base => self.mutators[base as usize].text.length(),
        };
        for (append, end) in chain.appends.iter().zip(&chain.ends) {
            match self.next(text.from(begin)) {
                Some(next) if next == *append => begin = *end,
                None if text.length() > begin => break, // it is stray
                other => {
                    let mut reads = vec![call];
                    reads.extend(chain.longest.map(|(call, _)| call));
                    let about = [chain.base, *append].into_iter().chain(other);
                    return Conflict { reads, about: about.collect() };
                }
            }
        }
        Conflict { reads: vec![call], about: Vec::new() }
    }

    /// Everything in the order of the chains, if they have one.
    fn line_up<Op>(
        &mut self,
        calls: &[Call<Op>],
        order: bool,
    ) -> Result<Option<Vec<u32>>, Conflict> {
        let mut zones: Vec<(Zone, [Link; 2])> = Vec::with_capacity(self.chains.len());
        for at in 0..self.chains.len() {
            self.chains[at].reads.sort_by_key(|(_, appended)| *appended);
            zones.push(self.zone(calls, at)?);
        }
        // What nobody read, by its mutator.
        let mut alone: Vec<u32> = Vec::new();
        for (at, mutator) in self.mutators.iter().enumerate() {
            let Call { called, returned, .. } = calls[mutator.call as usize];
            if mutator.chain == NONE && returned != NEVER {
                let zone = Zone { first_return: returned + 1, last_call: called + 1 };
                let link = Link { call: mutator.call, appended: 0, read: false };
                zones.push((zone, [link; 2]));
                alone.push(at as u32);
            }
        }
        let end = zones.iter().map(|(zone, _)| zone.begin() + 1).max().unwrap_or(0);
        let mut starting = vec![0; end];
        for (at, (zone, _)) in zones.iter().enumerate() {
            starting[zone.begin()] = at as u32 + 1;
        }
        match line_up(starting, |at| zones[at as usize].0) {
            Ok(sequence) => Ok(order.then(|| self.in_sequence(&sequence, &alone))),
            Err(both) => {
                let mut conflict = Conflict { reads: Vec::new(), about: Vec::new() };
                for at in [both.0 as usize, both.1 as usize] {
                    match at.checked_sub(self.chains.len()) {
                        Some(lonely) => conflict.about.push(alone[lonely]),
                        None => self.involve(at, &zones[at].1, &mut conflict),
                    }
                }
                Err(conflict)
            }
        }
    }

    /// The operations of a chain in their order.
    fn links(&self, at: usize) -> impl Iterator<Item = Link> {
        let chain = &self.chains[at];
        let mutator = |mutator: u32, appended| Link {
            call: self.mutators[mutator as usize].call,
            appended,
            read: false,
        };
        let base = (chain.base != NONE).then(|| mutator(chain.base, 0));
        let mut reads = chain.reads.iter().peekable();
        let mut appended = 0;
        base.into_iter().chain(std::iter::from_fn(move || {
            if let Some((call, _)) = reads.next_if(|(_, found)| *found as usize == appended) {
                return Some(Link { call: *call, appended, read: true });
            }
            let next = *chain.appends.get(appended)?;
            appended += 1;
            Some(mutator(next, appended))
        }))
    }

    /// The zone of a chain, and the links that bound it.
    fn zone<Op>(&self, calls: &[Call<Op>], at: usize) -> Result<(Zone, [Link; 2]), Conflict> {
        let nothing = Link { call: NONE, appended: 0, read: false };
        let initial = self.chains[at].base == NONE;
        let first_return = if initial { 0 } else { NEVER };
        let mut zone = Zone { first_return, last_call: 0 };
        let mut bounds = [nothing; 2];
        // Reads that found the same come in any order.
        let (mut latest, mut group) = (nothing, nothing);
        let called = |link: Link| calls.get(link.call as usize).map_or(0, |call| call.called + 1);
        for link in self.links(at) {
            if !(link.read && group.read && link.appended == group.appended)
                && called(group) > called(latest)
            {
                latest = group;
            }
            let returned = calls[link.call as usize].returned.saturating_add(1);
            if returned < called(latest) {
                let mut conflict = Conflict { reads: Vec::new(), about: Vec::new() };
                self.involve(at, &[latest, link], &mut conflict);
                return Err(conflict);
            }
            let same = link.read && group.read && link.appended == group.appended;
            if !same || called(link) > called(group) {
                group = link;
            }
            if returned < zone.first_return {
                (zone.first_return, bounds[0]) = (returned, link);
            }
            if called(link) > zone.last_call {
                (zone.last_call, bounds[1]) = (called(link), link);
            }
        }
        Ok((zone, bounds))
    }

    /// Adds links of a chain to a conflict, with what shows where in the chain they stand.
    fn involve(&self, at: usize, links: &[Link], conflict: &mut Conflict) {
        let chain = &self.chains[at];
        conflict.about.push(chain.base);
        conflict.reads.extend(chain.longest.map(|(call, _)| call));
        for link in links.iter().filter(|link| link.call != NONE) {
            let last = link.appended.checked_sub(1).and_then(|at| chain.appends.get(at));
            conflict.about.extend(last);
            if link.read {
                conflict.reads.push(link.call);
                conflict.about.extend(chain.appends.get(link.appended));
            }
        }
    }

    fn in_sequence(&self, sequence: &[u32], alone: &[u32]) -> Vec<u32> {
        let mut order = Vec::new();
        for &at in sequence {
            match (at as usize).checked_sub(self.chains.len()) {
                Some(lonely) => order.push(self.mutators[alone[lonely] as usize].call),
                None => order.extend(self.links(at as usize).map(|link| link.call)),
            }
        }
        order
    }

    /// The operations of a conflict, with all that it is not about erased from its reads.
    fn witness<Op>(
        &self,
        calls: &[Call<Op>],
        texts: &[(u32, R)],
        mut conflict: Conflict,
        glimpse: impl Fn(Found<R>) -> Op,
    ) -> Witness<Op> {
        conflict.about.retain(|mutator| *mutator != NONE);
        conflict.about.sort_unstable();
        conflict.about.dedup();
        conflict.reads.sort_unstable();
        conflict.reads.dedup();
        let mut witness = Witness::of(conflict.reads.clone());
        for &read in &conflict.reads {
            let Ok(at) = texts.binary_search_by_key(&read, |(call, _)| *call) else { continue };
            let mut cut = match self.cut(texts[at].1) {
                Ok(cut) => cut,
                Err(rest) => {
                    witness.weakened.push((read, glimpse(Found::Stray(rest))));
                    continue;
                }
            };
            let all = cut.len();
            cut.retain(|mutator| conflict.about.contains(mutator));
            if cut.len() < all {
                let text = |mutator: &u32| self.mutators[*mutator as usize].text;
                let found = cut.iter().map(text).collect();
                witness.weakened.push((read, glimpse(Found::Of(found))));
            }
        }
        for mutator in conflict.about {
            let call = self.mutators[mutator as usize].call;
            if calls[call as usize].optional() {
                witness.optional.push(call);
            } else {
                witness.mandatory.push(call);
            }
        }
        witness
    }
}
