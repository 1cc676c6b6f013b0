//! A census as its packed entries, without an object for each (docs/protocol.md §6.1, §6.4, §13).
//!
//! Says only which entry is at fault, and counts. The readable verifier says why.

use crate::census_tree::ENTRY_BYTES;
use crate::signatures::Address;
use crate::{census_tree_root, not_whole_entries};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use std::cmp::Ordering;
use std::sync::Arc;

const ADDRESS_BYTES: usize = 20;

/// Whole entries in the census's order: account, signing key, weight as u128. `new` checks neither
/// order nor bounds: `first_fault` does.
pub struct CensusView {
    /// Bytes of Python, without a copy: there are hundreds of megabytes of some censuses.
    bytes: PyBackedBytes,
    start: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    pub account: &'a [u8],
    pub signing_key: &'a [u8],
    pub weight: u128,
}

impl CensusView {
    /// `None` unless the bytes from `start` on are whole entries.
    pub fn new(bytes: PyBackedBytes, start: usize) -> Option<Self> {
        let size = bytes.len().checked_sub(start)?;
        size.is_multiple_of(ENTRY_BYTES).then_some(Self { bytes, start })
    }

    pub fn packed(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> {
        self.packed().as_chunks().0.iter().map(Entry::read)
    }

    pub fn len(&self) -> usize {
        self.packed().len() / ENTRY_BYTES
    }

    /// An entry by its place, which is below `len`.
    pub fn entry(&self, place: usize) -> Entry<'_> {
        Entry::read(&self.packed().as_chunks().0[place])
    }

    /// Where an account is, looking first from the entry `near` on: voters mostly come in order.
    /// Only of a census without fault.
    pub fn find(&self, account: &Address, near: usize) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        if near < high && self.entry(near).account <= &account[..] {
            low = near;
            let mut step = 1;
            while low + step < high && self.entry(low + step).account <= &account[..] {
                low += step;
                step *= 2;
            }
            high = high.min(low + step);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle).account.cmp(&account[..]) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// Place of the first entry that does not follow in strict order, or that has a zero address or
    /// weight.
    pub fn first_fault(&self) -> Option<usize> {
        let zero = &[0; ADDRESS_BYTES][..];
        let mut previous = zero;
        self.entries().position(|entry| {
            let follows = entry.account > previous;
            previous = entry.account;
            !follows || entry.signing_key == zero || entry.weight == 0
        })
    }

    /// `None` if the weights add up to 2^128 or more.
    pub fn total_weight(&self) -> Option<u128> {
        self.entries().map(|entry| entry.weight).try_fold(0_u128, u128::checked_add)
    }

    /// The least weight that fewer than `least` entries have, with their number.
    pub fn rare_weight(&self, least: usize) -> Option<(u128, usize)> {
        let mut weights: Vec<u128> = self.entries().map(|entry| entry.weight).collect();
        weights.sort_unstable();
        weights.chunk_by(u128::eq).find(|same| same.len() < least).map(|same| (same[0], same.len()))
    }

    /// Number of signing keys of several entries; and the first of them by its first entry, with
    /// the number of its entries.
    pub fn shared_keys(&self) -> (usize, Option<(&[u8], usize)>) {
        let keys = self.entries().map(|entry| entry.signing_key);
        let mut keys: Vec<(&[u8], usize)> = keys.zip(0..).collect();
        keys.sort_unstable();
        let shared = || keys.chunk_by(|one, next| one.0 == next.0).filter(|same| same.len() > 1);
        let first = shared().min_by_key(|same| same[0].1).map(|same| (same[0].0, same.len()));
        (shared().count(), first)
    }

    /// Number of entries whose signing key is not their account.
    pub fn other_keys(&self) -> usize {
        self.entries().filter(|entry| entry.signing_key != entry.account).count()
    }

    /// Place of the first entry that `keep` does not accept, which gets the entry of the same
    /// account in `other`, if there is one. Neither census has a fault.
    fn first_unless(
        &self,
        other: &Self,
        keep: impl Fn(Entry, Option<Entry>) -> bool,
    ) -> Option<usize> {
        let mut others = other.entries().peekable();
        self.entries().position(|entry| {
            while others.next_if(|one| one.account < entry.account).is_some() {}
            let same = others.peek().filter(|one| one.account == entry.account);
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

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8; ENTRY_BYTES]) -> Self {
        let (account, rest) = bytes.split_at(ADDRESS_BYTES);
        let (signing_key, weight) = rest.split_at(ADDRESS_BYTES);
        let weight = weight.iter().fold(0, |value, byte| value << 8 | u128::from(*byte));
        Self { account, signing_key, weight }
    }
}

/// For Python: places and counts of `CensusView`, with the interpreter lock released.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct Census(pub Arc<CensusView>);

#[pymethods]
impl Census {
    #[new]
    #[pyo3(signature = (data, start = 0))]
    fn new(data: PyBackedBytes, start: usize) -> PyResult<Self> {
        let size = data.len().saturating_sub(start);
        CensusView::new(data, start)
            .map(|view| Self(Arc::new(view)))
            .ok_or_else(|| not_whole_entries(size))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// An entry, 56 bytes; None beyond the last one.
    fn entry<'py>(&self, py: Python<'py>, place: usize) -> Option<Bound<'py, PyBytes>> {
        let (entries, _) = self.0.packed().as_chunks::<ENTRY_BYTES>();
        entries.get(place).map(|entry| PyBytes::new(py, entry))
    }

    /// The entry of an account, 56 bytes; None if there is none.
    fn find<'py>(&self, py: Python<'py>, account: Address) -> Option<Bound<'py, PyBytes>> {
        self.0.find(&account, 0).and_then(|place| self.entry(py, place))
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
        (number, first.map(|(key, entries)| (PyBytes::new(py, key), entries)))
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
