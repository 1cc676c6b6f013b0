//! A census as packed entries, without an object for each (docs/protocol.md §6.1, §6.4, §13).
//!
//! A census is read block by block, so that nobody needs all of it in memory. This module says only
//! which entry is at fault, and counts. The readable verifier says why.

use crate::census_tree::{self, ENTRY_BYTES};
use crate::least_counts::LeastCounts;
use crate::signatures::{Address, ADDRESS_BYTES};
use crate::{all_cores, not_whole_entries};
use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::cmp::Ordering;

/// Whole entries in the census's order: account, signing key, weight as u128. `new` checks neither
/// order nor bounds: `first_fault` does.
#[derive(Clone, Copy)]
pub struct Entries<'a>(&'a [[u8; ENTRY_BYTES]]);

#[derive(Clone, Copy, PartialEq)]
pub struct Entry<'a> {
    pub account: &'a Address,
    pub signing_key: &'a Address,
    pub weight: u128,
}

impl<'a> Entries<'a> {
    /// `None` unless the bytes are whole entries.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let (entries, rest) = bytes.as_chunks();
        rest.is_empty().then_some(Self(entries))
    }

    fn iter(self) -> impl ExactSizeIterator<Item = Entry<'a>> {
        self.0.iter().map(Entry::read)
    }

    /// An entry by its place, which is below their number.
    pub fn entry(self, place: usize) -> Entry<'a> {
        Entry::read(&self.0[place])
    }

    /// Where an account is, looking first from the entry `near` on: voters mostly come in order.
    /// Only of entries without fault.
    pub fn find(self, account: &Address, near: usize) -> Option<usize> {
        let (mut low, mut high) = (0, self.0.len());
        if near < high && self.entry(near).account <= account {
            low = near;
            let mut step = 1;
            while low + step < high && self.entry(low + step).account <= account {
                low += step;
                step *= 2;
            }
            high = high.min(low + step);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry(middle).account.cmp(account) {
                Ordering::Less => low = middle + 1,
                Ordering::Equal => return Some(middle),
                Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The entries of some accounts in ascending order, end to end. Accounts without one are left
    /// out.
    fn of(self, accounts: &[Address]) -> Vec<u8> {
        let (mut found, mut near) = (Vec::new(), 0);
        for account in accounts {
            if let Some(place) = self.find(account, near) {
                found.extend(self.0[place]);
                near = place;
            }
        }
        found
    }

    /// Place of the first entry that does not follow in strict order on the account `previous`, or
    /// that has a zero address or weight.
    pub fn first_fault(self, previous: &Address) -> Option<usize> {
        let mut previous = previous;
        self.iter().position(|entry| {
            let follows = entry.account > previous;
            previous = entry.account;
            !follows || entry.signing_key == &NOBODY || entry.weight == 0
        })
    }

    /// Place of the first entry that `keep` does not accept, which gets the entry of the same
    /// account in `other`, if there is one. Neither has a fault.
    fn first_unless(
        self,
        other: Entries,
        keep: impl Fn(Entry, Option<Entry>) -> bool,
    ) -> Option<usize> {
        let mut near = 0;
        self.iter().position(|entry| {
            let same = other.find(entry.account, near);
            near = same.unwrap_or(near);
            !keep(entry, same.map(|place| other.entry(place)))
        })
    }
}

/// Before all accounts: the zero address, which no entry may have.
pub const NOBODY: Address = [0; ADDRESS_BYTES];

impl<'a> Entry<'a> {
    fn read(bytes: &'a [u8; ENTRY_BYTES]) -> Self {
        let (account, rest) = bytes.split_first_chunk().expect("of an entry");
        let (signing_key, weight) = rest.split_first_chunk().expect("of an entry");
        let weight = weight.iter().fold(0, |value, byte| value << 8 | u128::from(*byte));
        Self { account, signing_key, weight }
    }
}

/// A first reading of a census from its first block to its last: faults, sums, and the tree's root.
#[pyclass(module = "ostraka_verifier_native")]
pub struct CensusScan {
    voters: usize,
    block: usize,
    read: usize,
    previous: Address,
    total_weight: Option<u128>,
    other_keys: usize,
    /// Nodes above whole blocks; `None` once the weights add up to 2^128 or more.
    nodes: Option<Vec<census_tree::Node>>,
}

#[pymethods]
impl CensusScan {
    /// A census of `voters` entries, in blocks of `block` entries, a power of 2. The last block may
    /// have fewer.
    #[new]
    fn new(voters: usize, block: usize) -> PyResult<Self> {
        if !block.is_power_of_two() {
            return Err(PyValueError::new_err("census: blocks are powers of 2"));
        }
        Ok(Self {
            voters,
            block,
            read: 0,
            previous: NOBODY,
            total_weight: Some(0),
            other_keys: 0,
            nodes: Some(Vec::new()),
        })
    }

    /// Reads the next block. Returns the place in the census of the first entry at fault, behind
    /// which nothing is to be read.
    fn add(&mut self, py: Python<'_>, block: &[u8]) -> PyResult<Option<usize>> {
        let expected = self.block.min(self.voters - self.read);
        let entries = entries(block)?;
        if entries.0.len() != expected {
            let message = format!("census: {} entries, not {expected}", entries.0.len());
            return Err(PyValueError::new_err(message));
        }
        if let Some(place) = py.detach(|| entries.first_fault(&self.previous)) {
            return Ok(Some(self.read + place));
        }
        let height = census_tree::depth(self.voters.min(self.block));
        // A leaf and a node each take about as long as an addition.
        let node = all_cores().run(py, 2 * expected, || census_tree::subtree(block, height))?;
        self.nodes = self.nodes.take().zip(node).map(|(mut nodes, node)| {
            nodes.push(node);
            nodes
        });
        for entry in entries.iter() {
            self.total_weight = self.total_weight.and_then(|total| total.checked_add(entry.weight));
            self.other_keys += usize::from(entry.signing_key != entry.account);
            self.previous = *entry.account;
        }
        self.read += expected;
        Ok(None)
    }

    /// None if the weights add up to 2^128 or more.
    #[getter]
    fn total_weight(&self) -> Option<u128> {
        self.total_weight
    }

    /// Number of entries whose signing key is not their account.
    #[getter]
    fn other_keys(&self) -> usize {
        self.other_keys
    }

    /// Hash and sum at the root of the tree over all that was read; OverflowError as for
    /// `census_tree_root`.
    fn tree_root<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyBytes>, u128)> {
        let root = self.nodes.clone().and_then(census_tree::join).ok_or_else(too_heavy)?;
        Ok((PyBytes::new(py, &root.hash), root.sum))
    }
}

/// How many entries have each weight, of the least weights above a bound.
#[pyclass(module = "ostraka_verifier_native")]
pub struct WeightCounts(LeastCounts<u128>);

#[pymethods]
impl WeightCounts {
    /// Counts at most `most` different weights at once.
    #[new]
    fn new(most: usize) -> Self {
        Self(LeastCounts::new(most))
    }

    /// Counts the entries of a block; `first` is the place of the first of them in the census.
    fn add(&mut self, py: Python<'_>, first: usize, block: &[u8]) -> PyResult<()> {
        count(py, &mut self.0, first, block, |entry| entry.weight)
    }

    /// The least counted weight that fewer than `least` entries have, with their number.
    fn rare(&self, least: usize) -> Option<(u128, usize)> {
        let rare = self.0.iter().find(|(_, counted)| counted.number < least);
        rare.map(|(weight, counted)| (*weight, counted.number))
    }

    /// Begins to count the weights above those that were counted; False if there are none.
    fn advance(&mut self) -> bool {
        self.0.advance()
    }
}

/// How many entries have each signing key, of the least keys above a bound.
#[pyclass(module = "ostraka_verifier_native")]
pub struct KeyCounts(LeastCounts<Address>);

#[pymethods]
impl KeyCounts {
    /// Counts at most `most` different keys at once.
    #[new]
    fn new(most: usize) -> Self {
        Self(LeastCounts::new(most))
    }

    /// As `WeightCounts.add`.
    fn add(&mut self, py: Python<'_>, first: usize, block: &[u8]) -> PyResult<()> {
        count(py, &mut self.0, first, block, |entry| *entry.signing_key)
    }

    /// Number of counted keys of several entries; and of the first of them by its first entry: the
    /// place of that entry, the key, and the number of its entries.
    #[allow(clippy::type_complexity, reason = "a tuple of Python")]
    fn shared<'py>(&self, py: Python<'py>) -> (usize, Option<(usize, Bound<'py, PyBytes>, usize)>) {
        let shared = || self.0.iter().filter(|(_, counted)| counted.number > 1);
        let first = shared().min_by_key(|(_, counted)| counted.first);
        let first =
            first.map(|(key, counted)| (counted.first, PyBytes::new(py, key), counted.number));
        (shared().count(), first)
    }

    /// As `WeightCounts.advance`.
    fn advance(&mut self) -> bool {
        self.0.advance()
    }
}

/// The entries among `block` of some accounts in ascending order; both are packed.
#[pyfunction]
pub fn census_entries_of<'py>(
    py: Python<'py>,
    block: &[u8],
    accounts: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let (accounts, rest) = accounts.as_chunks();
    if !rest.is_empty() {
        return Err(PyValueError::new_err("accounts have 20 bytes each"));
    }
    let entries = entries(block)?;
    Ok(PyBytes::new(py, &py.detach(|| entries.of(accounts))))
}

/// Place of the first entry among `block` that `others` do not have exactly so.
#[pyfunction]
pub fn census_first_differing(
    py: Python<'_>,
    block: &[u8],
    others: &[u8],
) -> PyResult<Option<usize>> {
    let (entries, others) = (entries(block)?, entries(others)?);
    Ok(py.detach(|| entries.first_unless(others, |entry, same| same == Some(entry))))
}

/// Place of the first entry among `block` whose account `others` do not have.
#[pyfunction]
pub fn census_first_absent(py: Python<'_>, block: &[u8], others: &[u8]) -> PyResult<Option<usize>> {
    let (entries, others) = (entries(block)?, entries(others)?);
    Ok(py.detach(|| entries.first_unless(others, |_, same| same.is_some())))
}

/// Hash and sum at the root of the census's tree: 56 bytes per entry, in the census's order.
#[pyfunction]
pub fn census_tree_root<'py>(
    py: Python<'py>,
    entries: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, u128)> {
    let count = self::entries(entries)?.0.len();
    let root =
        all_cores().run(py, 2 * count, || census_tree::root(entries))?.ok_or_else(too_heavy)?;
    Ok((PyBytes::new(py, &root.hash), root.sum))
}

/// Counts what each entry of a block has, without the interpreter's lock.
fn count<K: Ord + Copy + Send>(
    py: Python<'_>,
    counts: &mut LeastCounts<K>,
    first: usize,
    block: &[u8],
    key: impl Fn(Entry<'_>) -> K + Sync + Send,
) -> PyResult<()> {
    let entries = entries(block)?;
    py.detach(|| {
        entries.iter().zip(first..).for_each(|(entry, place)| counts.add(key(entry), place));
    });
    Ok(())
}

fn entries(bytes: &[u8]) -> PyResult<Entries<'_>> {
    Entries::new(bytes).ok_or_else(|| not_whole_entries(bytes.len()))
}

fn too_heavy() -> PyErr {
    PyOverflowError::new_err("census: weights add up to 2^128 or more")
}
