//! A census as packed entries, in strict order of accounts (docs/protocol.md §6.1).

use crate::census_tree::ENTRY_BYTES;
use crate::signatures::Address;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::cmp::Ordering;
use std::sync::Arc;

const ADDRESS_BYTES: usize = 20;

/// Entries of 56 bytes: account, signing key, weight as u128.
pub struct CensusView {
    packed: Vec<u8>,
}

pub struct Entry<'a> {
    pub account: &'a [u8],
    pub signing_key: &'a [u8],
    pub weight: u128,
}

impl CensusView {
    /// `None` unless the entries are whole, and strictly increase by account.
    pub fn new(packed: Vec<u8>) -> Option<Self> {
        let (entries, rest) = packed.as_chunks::<ENTRY_BYTES>();
        let increasing =
            entries.windows(2).all(|pair| pair[0][..ADDRESS_BYTES] < pair[1][..ADDRESS_BYTES]);
        (rest.is_empty() && increasing).then_some(Self { packed })
    }

    pub fn len(&self) -> usize {
        self.packed.len() / ENTRY_BYTES
    }

    pub fn entry(&self, index: usize) -> Entry<'_> {
        let bytes = &self.packed[ENTRY_BYTES * index..][..ENTRY_BYTES];
        let (account, rest) = bytes.split_at(ADDRESS_BYTES);
        let (signing_key, weight) = rest.split_at(ADDRESS_BYTES);
        let weight = weight.iter().fold(0, |value, byte| value << 8 | u128::from(*byte));
        Entry { account, signing_key, weight }
    }

    /// Where `account` is, looking first from the entry `near` on: voters mostly come in order.
    pub fn find(&self, account: &Address, near: usize) -> Option<usize> {
        let count = self.len();
        let mut low = 0;
        let mut high = count;
        if near < count && self.entry(near).account <= &account[..] {
            low = near;
            let mut step = 1;
            while low + step < count && self.entry(low + step).account <= &account[..] {
                low += step;
                step *= 2;
            }
            high = count.min(low + step);
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
}

/// A census for the checks of this module.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct Census(pub Arc<CensusView>);

#[pymethods]
impl Census {
    /// `entries` are 56 bytes each, strictly increasing by account.
    #[new]
    fn new(entries: &[u8]) -> PyResult<Self> {
        CensusView::new(entries.to_vec())
            .map(|view| Self(Arc::new(view)))
            .ok_or_else(|| PyValueError::new_err("census: entries are not whole or not in order"))
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }
}
