//! A census as its packed entries, without an object for each (docs/protocol.md §6.1, §6.4, §13).
//!
//! Says only which entry is at fault, and counts. The readable verifier says why.

use crate::census_tree::ENTRY_BYTES;
use crate::{census_tree_root, not_whole_entries};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::cmp::Ordering;

pub const ADDRESS_BYTES: usize = 20;

pub type Address = [u8; ADDRESS_BYTES];
/// Account, signing key, weight as u128.
pub type Entry = [u8; ENTRY_BYTES];

/// Whole entries in the census's order. `new` checks neither order nor bounds: `first_fault` does.
pub struct CensusView {
    packed: Vec<u8>,
}

impl CensusView {
    /// `None` unless the bytes are whole entries.
    pub fn new(packed: Vec<u8>) -> Option<Self> {
        packed.len().is_multiple_of(ENTRY_BYTES).then_some(Self { packed })
    }

    pub fn packed(&self) -> &[u8] {
        &self.packed
    }

    fn entries(&self) -> &[Entry] {
        self.packed.as_chunks().0
    }

    pub fn len(&self) -> usize {
        self.entries().len()
    }

    pub fn entry(&self, index: usize) -> Option<&Entry> {
        self.entries().get(index)
    }

    /// Place of an account; of a census without fault only.
    pub fn find(&self, wanted: &Address) -> Option<usize> {
        self.entries().binary_search_by(|entry| account(entry).cmp(wanted)).ok()
    }

    /// Place of the first entry that does not follow in strict order, or that has a zero address or
    /// weight.
    pub fn first_fault(&self) -> Option<usize> {
        let mut previous = &[0; ADDRESS_BYTES];
        self.entries().iter().position(|entry| {
            let follows = account(entry) > previous;
            previous = account(entry);
            !follows || *signing_key(entry) == [0; ADDRESS_BYTES] || weight(entry) == 0
        })
    }

    /// `None` if the weights add up to 2^128 or more.
    pub fn total_weight(&self) -> Option<u128> {
        self.entries().iter().map(weight).try_fold(0_u128, u128::checked_add)
    }

    /// The least weight that fewer than `least` entries have, with their number.
    pub fn rare_weight(&self, least: usize) -> Option<(u128, usize)> {
        let mut weights: Vec<u128> = self.entries().iter().map(weight).collect();
        weights.sort_unstable();
        weights.chunk_by(u128::eq).find(|same| same.len() < least).map(|same| (same[0], same.len()))
    }

    /// Number of signing keys of several entries; and the first of them by its first entry, with
    /// the number of its entries.
    pub fn shared_keys(&self) -> (usize, Option<(Address, usize)>) {
        let mut keys: Vec<(Address, usize)> =
            (0..).zip(self.entries()).map(|(place, entry)| (*signing_key(entry), place)).collect();
        keys.sort_unstable();
        let shared = || keys.chunk_by(|one, next| one.0 == next.0).filter(|same| same.len() > 1);
        let first = shared().min_by_key(|same| same[0].1).map(|same| (same[0].0, same.len()));
        (shared().count(), first)
    }

    /// Number of entries whose signing key is not their account.
    pub fn other_keys(&self) -> usize {
        self.entries().iter().filter(|entry| signing_key(entry) != account(entry)).count()
    }

    /// Place of the first entry that `keep` does not accept, which gets the entry of the same
    /// account in `other`, if there is one. Neither census has a fault.
    fn first_unless(
        &self,
        other: &Self,
        keep: impl Fn(&Entry, Option<&Entry>) -> bool,
    ) -> Option<usize> {
        let mut others = other.entries().iter().peekable();
        self.entries().iter().position(|entry| {
            while others.next_if(|one| account(one) < account(entry)).is_some() {}
            let same =
                others.peek().filter(|one| account(one).cmp(account(entry)) == Ordering::Equal);
            !keep(entry, same.copied())
        })
    }

    /// Place of the first entry that `other` does not have exactly so.
    pub fn first_differing(&self, other: &Self) -> Option<usize> {
        self.first_unless(other, |entry, same| same == Some(entry))
    }

    /// Place of the first entry whose account `other` does not have.
    pub fn first_absent(&self, other: &Self) -> Option<usize> {
        self.first_unless(other, |_, same| same.is_some())
    }
}

pub fn account(entry: &Entry) -> &Address {
    entry.first_chunk().expect("an entry begins with 20 bytes")
}

pub fn signing_key(entry: &Entry) -> &Address {
    entry[ADDRESS_BYTES..].first_chunk().expect("20 bytes follow")
}

pub fn weight(entry: &Entry) -> u128 {
    u128::from_be_bytes(*entry.last_chunk().expect("an entry ends with 16 bytes"))
}

/// For Python: places and counts of `CensusView`, with the interpreter lock released.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct Census(CensusView);

impl Census {
    pub fn view(&self) -> &CensusView {
        &self.0
    }
}

#[pymethods]
impl Census {
    #[new]
    fn new(py: Python<'_>, packed: &[u8]) -> PyResult<Self> {
        py.detach(|| CensusView::new(packed.to_vec()))
            .map(Self)
            .ok_or_else(|| not_whole_entries(packed.len()))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// An entry, 56 bytes; None beyond the last one.
    fn entry<'py>(&self, py: Python<'py>, index: usize) -> Option<Bound<'py, PyBytes>> {
        self.0.entry(index).map(|entry| PyBytes::new(py, entry))
    }

    /// The entry of an account, 56 bytes; None if there is none.
    fn find<'py>(&self, py: Python<'py>, account: Address) -> Option<Bound<'py, PyBytes>> {
        self.0.find(&account).and_then(|place| self.entry(py, place))
    }

    /// Hash and sum at the root; OverflowError as for `census_tree_root`.
    fn tree_root<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, u128)> {
        census_tree_root(py, self.0.packed())
    }

    fn first_fault(&self, py: Python<'_>) -> Option<usize> {
        py.detach(|| self.0.first_fault())
    }

    fn total_weight(&self, py: Python<'_>) -> Option<u128> {
        py.detach(|| self.0.total_weight())
    }

    fn rare_weight(&self, py: Python<'_>, least: usize) -> Option<(u128, usize)> {
        py.detach(|| self.0.rare_weight(least))
    }

    fn shared_keys<'py>(&self, py: Python<'py>) -> (usize, Option<(Bound<'py, PyBytes>, usize)>) {
        let (number, first) = py.detach(|| self.0.shared_keys());
        (number, first.map(|(key, entries)| (PyBytes::new(py, &key), entries)))
    }

    fn other_keys(&self, py: Python<'_>) -> usize {
        py.detach(|| self.0.other_keys())
    }

    fn first_differing(&self, py: Python<'_>, other: &Self) -> Option<usize> {
        py.detach(|| self.0.first_differing(&other.0))
    }

    fn first_absent(&self, py: Python<'_>, other: &Self) -> Option<usize> {
        py.detach(|| self.0.first_absent(&other.0))
    }
}
