//! Counts of equal keys in bounded memory, over several readings of what has them.

use std::collections::btree_map::{BTreeMap, Iter};

/// Counts the least keys above a bound. Each further reading counts the next ones.
pub struct LeastCounts<K> {
    most: usize,
    above: Option<K>,
    counts: BTreeMap<K, Counted>,
    /// Whether there are keys above those that are counted.
    more: bool,
}

pub struct Counted {
    pub number: usize,
    /// Where the key came first.
    pub first: usize,
}

impl<K: Ord + Copy> LeastCounts<K> {
    /// Counts at most `most` different keys at once, at least one.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), above: None, counts: BTreeMap::new(), more: false }
    }

    pub fn add(&mut self, key: K, place: usize) {
        if self.above.is_some_and(|above| key <= above) {
            return;
        }
        // What was given up stays above the last one, as only lesser keys come in.
        let last = self.counts.last_key_value().filter(|_| self.counts.len() == self.most);
        if last.is_some_and(|(last, _)| key > *last) {
            self.more = true;
            return;
        }
        self.counts.entry(key).or_insert(Counted { number: 0, first: place }).number += 1;
        if self.counts.len() > self.most {
            self.counts.pop_last();
            self.more = true;
        }
    }

    /// Keys that are counted, ascending.
    pub fn iter(&self) -> Iter<'_, K, Counted> {
        self.counts.iter()
    }

    /// Begins to count the keys above those that were counted; false if there are none.
    pub fn advance(&mut self) -> bool {
        self.above = self.counts.last_key_value().map(|(last, _)| *last);
        self.counts.clear();
        std::mem::take(&mut self.more)
    }
}
