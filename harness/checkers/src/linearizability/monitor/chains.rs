//! A register or log that grows at its end, whose writes and appends are unique, followed by what
//! is known of each chain: a write, with what was appended to it and the reads that found that, in
//! their order (see `fast/appends.rs`).
//!
//! A read tells its chain and how far it had grown. What is known to be wrong: somebody read what
//! nobody wrote, or what differs from what another read found after the same write; something
//! returned before something earlier in its chain was called; or two chains had each begun before
//! the other was over. What nobody has read yet is a chain of its own. Nothing else can be wrong.
//!
//! All operations to come are called after the oldest one that is open. So of the chains of which
//! something returned before that, all but the newest are forgotten, as values are
//! [of a register](super::zones); and of a chain, whatever stands before something that returned
//! before that: a read to come finds more. Whoever reads what was forgotten is treated as if
//! nobody had written it, and whoever writes it again as if it were new.

use super::rule::{End, Followed, Rule};
use super::zones::Cluster;
use crate::linearizability::fast::{Growth, Sequence};
use crate::linearizability::model::{NEVER, Spec};
use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

/// What an operation does, if it does no more than write, append and read.
pub(super) type Growing<M, T> = for<'a> fn(&'a M, &'a <M as Spec>::Op) -> Option<Growth<&'a T>>;

/// A write or an append.
struct Mutator {
    number: u32,
    write: bool,
    /// By itself.
    zone: Cluster,
    /// The chain in which it was read.
    chain: Option<u32>,
}

/// How far a chain had grown at a read.
struct Link {
    /// What was there then, in length.
    end: usize,
    /// The first return of anything that found or added so much or more.
    done: u32,
}

/// What was read after a write.
struct Chain<O> {
    zone: Cluster,
    /// All that was read, from the write on.
    text: O,
    /// What a read to come may find: all of it, or all but something at the end.
    links: VecDeque<Link>,
}

/// The chain of what was there at first.
const INITIAL: u32 = u32::MAX;

pub(super) struct Chains<M: Spec, T: ToOwned + ?Sized> {
    growing: Growing<M, T>,
    mutators: BTreeMap<T::Owned, Mutator>,
    /// By the number of the write.
    chains: BTreeMap<u32, Chain<T::Owned>>,
    /// Operations that are open, by number: the call, and what they write or append.
    open: BTreeMap<u32, (u32, Option<T::Owned>)>,
    /// How much may be left to forget.
    patience: usize,
}

/// Text or a list, as a rule keeps it.
pub(super) trait Text: ToOwned<Owned: Default + Ord + Send + Clone> + Ord {}

impl<T: ToOwned<Owned: Default + Ord + Send + Clone> + Ord + ?Sized> Text for T {}

fn whole<T: Text + ?Sized>(text: &T::Owned) -> &T {
    text.borrow()
}

/// Of what was written or appended, what stands at the beginning of a text.
fn begins<'a, T: Text + ?Sized>(
    mutators: &'a BTreeMap<T::Owned, Mutator>,
    text: &T,
) -> Option<&'a T::Owned>
where
    for<'b> &'b T: Sequence,
{
    // As none begins another, it can only be the last one not after the text.
    let before = (Bound::Unbounded, Bound::Included(text));
    let (first, _) = mutators.range::<T, _>(before).next_back()?;
    text.begins_with(whole(first)).then_some(first)
}

impl<M: Spec, T: Text + ?Sized> Chains<M, T>
where
    for<'a> &'a T: Sequence,
{
    /// Something that is empty at first.
    pub fn new(growing: Growing<M, T>) -> Self {
        let zone = Cluster { first: 0, last: 0 };
        let links = VecDeque::from([Link { end: 0, done: 0 }]);
        let first = Chain { zone, text: T::Owned::default(), links };
        let (mutators, open) = (BTreeMap::new(), BTreeMap::new());
        Chains { growing, mutators, chains: BTreeMap::from([(INITIAL, first)]), open, patience: 0 }
    }

    /// Whether a text cannot be told from another that is known.
    fn ambiguous(&self, text: &T) -> bool {
        let after = (Bound::Included(text), Bound::Unbounded);
        let after = self.mutators.range::<T, _>(after).next();
        text.length() == 0
            || begins(&self.mutators, text).is_some()
            || after.is_some_and(|(other, _)| whole::<T>(other).begins_with(text))
    }

    /// What was written or appended at the beginning of a text.
    fn next(&mut self, text: &T) -> Option<(T::Owned, &mut Mutator)> {
        let first = begins(&self.mutators, text)?.clone();
        let mutator = self.mutators.get_mut(whole::<T>(&first))?;
        Some((first, mutator))
    }

    /// Adds a read to its chain. `Err` with what is wrong.
    fn read(&mut self, text: &T, called: u32, now: u32) -> Result<u32, &'static str> {
        const NOBODY: &str = "but nobody had written that, or it had been replaced for certain";
        const OTHER: &str = "but another read found something else in the same place";
        let at = match self.next(text) {
            Some((_, Mutator { write: true, chain: Some(chain), .. })) => *chain,
            Some((first, mutator)) if mutator.write => {
                let Mutator { number, zone, chain, .. } = mutator;
                *chain = Some(*number);
                let (end, done) = (whole::<T>(&first).length(), zone.first);
                let links = VecDeque::from([Link { end, done }]);
                let new = Chain { zone: *zone, text: first, links };
                let number = *number;
                self.chains.insert(number, new);
                number
            }
            _ => INITIAL,
        };
        let Some(mut chain) = self.chains.remove(&at) else { return Err(NOBODY) };
        let known = whole::<T>(&chain.text);
        let place = if known.begins_with(text) {
            match chain.links.binary_search_by_key(&text.length(), |link| link.end) {
                Ok(place) => place,
                Err(0) => return Err("but more had been appended before it began"),
                Err(_) => return Err(NOBODY),
            }
        } else if text.begins_with(known) {
            let mut end = known.length();
            while end < text.length() {
                let rest = text.from(end);
                let Some((added, mutator)) = self.next(rest) else { return Err(NOBODY) };
                if mutator.write || mutator.chain.is_some() {
                    return Err("but something in it had been written elsewhere");
                }
                mutator.chain = Some(at);
                if mutator.zone.first < chain.zone.last {
                    return Err("but what was appended last had returned before what stands there");
                }
                end += whole::<T>(&added).length();
                chain.zone.last = chain.zone.last.max(mutator.zone.last);
                chain.grow(end, mutator.zone.first);
            }
            chain.text = text.to_owned();
            chain.links.len() - 1
        } else {
            return Err(OTHER);
        };
        if chain.links.get(place + 1).is_some_and(|link| link.done < called) {
            return Err("but more had been appended before it began");
        }
        chain.done(place, now);
        chain.zone.first = chain.zone.first.min(now);
        chain.zone.last = chain.zone.last.max(called);
        self.chains.insert(at, chain);
        Ok(at)
    }

    /// Whether a chain that is read has no place among the others.
    fn clashes(&self, number: u32) -> bool {
        let Some(own) = self.chains.get(&number).map(|chain| chain.zone) else { return false };
        let alone = self.mutators.values().filter(|mutator| mutator.chain.is_none());
        let others = self.chains.iter().filter(|(other, _)| **other != number);
        let mut zones = others.map(|(_, chain)| chain.zone).chain(alone.map(|m| m.zone));
        zones.any(|zone| own.clashes(zone))
    }

    fn forget(&mut self, position: u32) {
        if self.mutators.len() + self.chains.len() <= self.patience {
            return;
        }
        let oldest = self.open.values().next().map_or(position, |(called, _)| *called);
        let alone = self.mutators.values().filter(|m| m.write && m.chain.is_none());
        let chains = self.chains.iter().map(|(number, chain)| (chain.zone, *number));
        let begun = chains.chain(alone.map(|m| (m.zone, m.number)));
        let newest =
            begun.filter(|(zone, _)| zone.first < oldest).max_by_key(|(z, n)| (z.last, *n));
        if let Some((Cluster { last, .. }, newest)) = newest {
            let newer = |zone: Cluster, number: u32| number == newest || zone.first >= last;
            self.chains.retain(|number, chain| newer(chain.zone, *number));
            self.mutators.retain(|_, mutator| match mutator.chain {
                Some(chain) => self.chains.contains_key(&chain),
                None => newer(mutator.zone, mutator.number),
            });
        }
        let mut found = Vec::new();
        for (number, chain) in &mut self.chains {
            while chain.links.get(1).is_some_and(|link| link.done < oldest) {
                let from = chain.links.pop_front().map_or(0, |link| link.end);
                // The first of all tells that a text belongs to the first chain.
                if from > 0 || *number != INITIAL {
                    found.push((*number, from));
                }
            }
        }
        for (number, from) in found {
            let text = self.chains.get(&number).map(|chain| whole::<T>(&chain.text).from(from));
            if let Some(key) = text.and_then(|text| begins(&self.mutators, text)).cloned() {
                self.mutators.remove(whole::<T>(&key));
            }
        }
        self.patience = 2 * (self.mutators.len() + self.chains.len()) + 16;
    }
}

impl<O> Chain<O> {
    /// Something found or added so much, as the last so far, and returned then.
    fn grow(&mut self, end: usize, returned: u32) {
        self.links.push_back(Link { end, done: NEVER });
        self.done(self.links.len() - 1, returned);
    }

    /// Something found so much and returned then.
    fn done(&mut self, place: usize, returned: u32) {
        // They rise, as each counts what comes behind it.
        let later = self.links.iter_mut().take(place + 1).rev();
        for link in later.take_while(|link| link.done > returned) {
            link.done = returned;
        }
    }
}

impl<M: Spec + 'static, T: Text + ?Sized + 'static> Rule<M, M::Op> for Chains<M, T>
where
    for<'a> &'a T: Sequence,
{
    fn called(&mut self, model: &M, end: &End<'_, M::Op>) -> Followed {
        let called = end.position + 1;
        let (text, write) = match end.op.map(|op| (self.growing)(model, op)) {
            // What will be read is not known yet.
            None => {
                self.open.insert(end.number, (called, None));
                return Followed::Well;
            }
            Some(Some(Growth::Write(text))) => (text, true),
            Some(Some(Growth::Append(text))) => (text, false),
            Some(_) => return Followed::Lost,
        };
        if self.ambiguous(text) {
            return Followed::Lost;
        }
        let zone = Cluster { first: NEVER, last: called };
        let mutator = Mutator { number: end.number, write, zone, chain: None };
        self.mutators.insert(text.to_owned(), mutator);
        self.open.insert(end.number, (called, Some(text.to_owned())));
        Followed::Well
    }

    fn returned(&mut self, model: &M, end: &End<'_, M::Op>) -> Followed {
        let Some((called, text)) = self.open.remove(&end.number) else { return Followed::Lost };
        let now = end.position + 1;
        if let Some(text) = text {
            // Only what was read is forgotten before it returns.
            let own = self.mutators.get_mut(whole::<T>(&text));
            let unread = own.filter(|own| own.number == end.number && own.chain.is_none());
            match (end.op, unread) {
                (None, None) => return Followed::Wrong("a write that failed was read".into()),
                (None, Some(_)) => {
                    self.mutators.remove(whole::<T>(&text));
                }
                (Some(_), Some(unread)) => unread.zone.first = now,
                (Some(_), None) => {}
            }
            self.forget(now);
            return Followed::Well;
        }
        let text = match end.op.map(|op| (self.growing)(model, op)) {
            None => return Followed::Well,
            Some(Some(Growth::Read(text))) => text,
            Some(_) => return Followed::Lost,
        };
        let describe = |op: &M::Op| model.describe(op);
        match self.read(text, called, now) {
            Err(but) => return end.says(describe, but),
            Ok(chain) if self.clashes(chain) => {
                let but = "but something else had been there in between, which nothing explains";
                return end.says(describe, but);
            }
            Ok(_) => {}
        }
        self.forget(now);
        Followed::Well
    }

    fn lost(&mut self, _: &M, end: &End<'_, M::Op>) -> Followed {
        self.open.remove(&end.number);
        Followed::Well
    }
}
