//! The check of leaves for Python: chunks give parts, and parts join.

use crate::census::{Entries, NOBODY};
use crate::encoding::encode_points;
use crate::leaf_part::Part;
use crate::leaves::LeafRules;
use crate::pool::Pool;
use crate::weights::SEED_BYTES;
use crate::{not_whole_entries, Points};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::Arc;

/// Approximate cost of a signature, in additions of points.
const ADDITIONS_A_SIGNATURE: usize = 100;

/// Checks the leaves of one poll's board, chunk by chunk, in any order and on any thread.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct LeafCheck {
    pub rules: LeafRules,
    pub seed: [u8; SEED_BYTES],
    pub pool: Arc<Pool>,
}

#[pymethods]
impl LeafCheck {
    /// Length of a leaf's record.
    #[getter]
    fn record_bytes(&self) -> usize {
        self.rules.record_bytes()
    }

    /// The voters of whole records in ascending order, each once, 20 bytes each.
    fn voters<'py>(&self, py: Python<'py>, records: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        self.count(records)?;
        let voters = py.detach(|| self.rules.voters(records));
        Ok(PyBytes::new(py, voters.as_flattened()))
    }

    /// Checks whole records, the first of which is the board's leaf number `first`, from 0.
    ///
    /// `entries` are those of the census, at least those of `voters`; None without a valid census.
    fn check(
        &self,
        py: Python<'_>,
        first: u64,
        records: &[u8],
        entries: Option<&[u8]>,
    ) -> PyResult<LeafPart> {
        let count = self.count(records)?;
        let entries = entries.map(sound).transpose()?;
        if first.checked_add(count as u64).is_none_or(|end| end > u64::from(u32::MAX)) {
            return Err(PyValueError::new_err("a board has fewer than 2^32 leaves"));
        }
        let cost = self.rules.poll.additions() + ADDITIONS_A_SIGNATURE;
        self.pool
            .run(py, count.saturating_mul(cost), || {
                self.rules.check(first, records, entries, &self.seed)
            })
            .map(LeafPart)
    }

    /// For benchmarks: seconds that `check` of valid records needs at least, for decodings, hashes,
    /// square roots and sums of points.
    fn floor(
        &self,
        py: Python<'_>,
        records: &[u8],
        entries: &[u8],
    ) -> PyResult<(f64, f64, f64, f64)> {
        let entries = sound(entries)?;
        let floor =
            self.pool.run(py, usize::MAX, || self.rules.floor(records, entries, &self.seed))?;
        floor
            .map(|floor| (floor.decodings, floor.hashes, floor.roots, floor.sums))
            .ok_or_else(|| PyValueError::new_err("the records do not hold"))
    }
}

impl LeafCheck {
    /// Number of whole records.
    fn count(&self, records: &[u8]) -> PyResult<usize> {
        let size = self.rules.record_bytes();
        if !records.len().is_multiple_of(size) {
            let message = format!("length {} is not a multiple of {size}", records.len());
            return Err(PyValueError::new_err(message));
        }
        Ok(records.len() / size)
    }
}

/// Entries of a census. They are found by the order of accounts.
fn sound(entries: &[u8]) -> PyResult<Entries<'_>> {
    let found = Entries::new(entries).ok_or_else(|| not_whole_entries(entries.len()))?;
    if let Some(place) = found.first_fault(&NOBODY) {
        let message = format!("census[{place}] is out of order or bounds");
        return Err(PyValueError::new_err(message));
    }
    Ok(found)
}

/// Findings on neighbouring leaves.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct LeafPart(Part);

#[pymethods]
impl LeafPart {
    #[getter]
    fn first(&self) -> u64 {
        self.0.first
    }

    #[getter]
    fn count(&self) -> u64 {
        self.0.count
    }

    #[getter]
    fn malformed(&self) -> Option<u64> {
        self.0.faults.malformed
    }

    #[getter]
    fn disordered(&self) -> Option<u64> {
        self.0.faults.disordered
    }

    #[getter]
    fn stranger(&self) -> Option<u64> {
        self.0.faults.stranger
    }

    #[getter]
    fn unsigned(&self) -> Option<u64> {
        self.0.faults.unsigned
    }

    #[getter]
    fn untimely(&self) -> Option<u64> {
        self.0.faults.untimely
    }

    #[getter]
    fn unproven(&self) -> Vec<u64> {
        self.0.faults.unproven.clone()
    }

    /// Voters of the first and the last leaf; None without leaves, or if one is malformed.
    #[getter]
    fn ends<'py>(&self, py: Python<'py>) -> Option<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (first, last) = self.0.voters.as_ref()?;
        Some((PyBytes::new(py, first), PyBytes::new(py, last)))
    }

    /// Findings on these leaves and those of `next`, which begins where these end.
    fn join(&self, py: Python<'_>, next: &LeafPart) -> PyResult<LeafPart> {
        py.detach(|| self.0.clone().join(next.0.clone()))
            .map(LeafPart)
            .ok_or_else(|| PyValueError::new_err("not the next leaves of the same board"))
    }

    /// Hash and sum at the root of the tree if these are all leaves; None where a leaf is malformed
    /// or has no weight.
    fn root<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Option<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)>> {
        let Some(sums) = &self.0.sums else { return Ok(None) };
        let (hash, sum) =
            (self.0.first == 0)
                .then(|| sums.subtrees.root(self.0.count))
                .flatten()
                .ok_or_else(|| PyValueError::new_err("these leaves do not begin with the first"))?;
        Ok(Some((PyBytes::new(py, &hash), PyBytes::new(py, &encode_points(&[sum])))))
    }

    /// `Σ w·V` and `Σ w·A_d`; None where a leaf is malformed or has no weight.
    fn sums(&self) -> Option<Points> {
        let sums = self.0.sums.as_ref()?;
        Some(Points([&[sums.subtrees.sum()], &sums.sharing[..]].concat()))
    }

    /// Bytes for another process.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.encode())
    }

    /// The part of bytes from another process, whose own contents nobody has checked.
    #[staticmethod]
    fn decode(data: &[u8]) -> PyResult<LeafPart> {
        Part::decode(data).map(LeafPart).ok_or_else(|| PyValueError::new_err("not a part"))
    }
}
