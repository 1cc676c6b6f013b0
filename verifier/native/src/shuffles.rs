//! Proofs of shuffle for Python.

use crate::fixed_bases::WindowTables;
use crate::pool::Pool;
use crate::shuffle_prover::{prove, Witness};
use crate::weights::SEED_BYTES;
use crate::{generators, shuffle, Points};
use ark_bn254::G1Affine;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyBytes;
use std::sync::{Arc, OnceLock};

/// Approximate cost of a ballot in one step, in additions of points.
const ADDITIONS_A_BALLOT: usize = 128;
/// Approximate cost of a generator, in additions of points.
const ADDITIONS_A_GENERATOR: usize = 100;

/// Checks and makes proofs over one number of ballots.
#[pyclass(frozen, module = "ostraka_verifier_native")]
pub struct Shuffle {
    /// `K_0 … K_N`.
    generators: Vec<G1Affine>,
    /// `H`.
    blinding: G1Affine,
    /// Tables of `K_0` and `K_1`, made for the first proof.
    tables: OnceLock<WindowTables>,
    pool: Arc<Pool>,
}

impl Shuffle {
    pub fn new(py: Python<'_>, ballots: u32, pool: &Arc<Pool>) -> PyResult<Self> {
        if !(1..1 << 31).contains(&ballots) {
            return Err(PyValueError::new_err(format!("{ballots} ballots: from 1 to 2^31 - 1")));
        }
        let count = ballots as usize + 1;
        let additions = count.saturating_mul(ADDITIONS_A_GENERATOR);
        let generators = pool.run(py, additions, || generators::of_shuffles(count))?;
        let blinding = generators::derive(0);
        Ok(Self { generators, blinding, tables: OnceLock::new(), pool: Arc::clone(pool) })
    }

    fn ballots(&self) -> usize {
        self.generators.len() - 1
    }

    fn additions(&self, steps: usize) -> usize {
        self.ballots().saturating_mul(ADDITIONS_A_BALLOT).saturating_mul(steps)
    }

    /// Tables of `K_0` and `K_1`. Two threads may make them at once: a thread that waits for others
    /// while it fills a `OnceLock` could take up work that waits for the same lock.
    fn tables(&self) -> &WindowTables {
        if self.tables.get().is_none() {
            let _ = self.tables.set(WindowTables::new(&self.generators[..2]));
        }
        self.tables.get().expect("they are set")
    }

    fn require_ballots(&self, column: &Points) -> PyResult<()> {
        if column.0.len() != self.ballots() {
            let message = format!("{} points for {} ballots", column.0.len(), self.ballots());
            return Err(PyValueError::new_err(message));
        }
        Ok(())
    }
}

#[pymethods]
impl Shuffle {
    /// `K_0 … K_N`.
    fn points(&self) -> Points {
        Points(self.generators.clone())
    }

    /// `V'_1 … V'_N` of a proof over these inputs; None if they are not canonical.
    fn outputs(
        &self,
        py: Python<'_>,
        inputs: &Points,
        proof: PyBackedBytes,
    ) -> PyResult<Option<Points>> {
        self.require_ballots(inputs)?;
        let found = self.pool.run(py, self.ballots(), || shuffle::outputs(&inputs.0, &proof))?;
        Ok(found.map(Points))
    }

    /// Whether proofs of steps that follow one another are canonical and hold.
    ///
    /// `columns` are the values before and after each step, `statements` the transcripts up to the
    /// outputs, and `seed` is fresh and unpredictable.
    fn check(
        &self,
        py: Python<'_>,
        columns: Vec<PyRef<'_, Points>>,
        statements: Vec<PyBackedBytes>,
        proofs: Vec<PyBackedBytes>,
        seed: [u8; SEED_BYTES],
    ) -> PyResult<bool> {
        if columns.len() != proofs.len() + 1 || statements.len() != proofs.len() {
            let message = "a statement for each proof, and a column more";
            return Err(PyValueError::new_err(message));
        }
        for column in &columns {
            self.require_ballots(column)?;
        }
        let columns: Vec<&[G1Affine]> = columns.iter().map(|column| &column.0[..]).collect();
        let steps: Vec<_> = statements
            .iter()
            .zip(&proofs)
            .map(|(statement, proof)| shuffle::Step { statement, proof })
            .collect();
        self.pool.run(py, self.additions(steps.len()), || {
            shuffle::hold(&self.generators, self.blinding, &columns, &steps, &seed)
        })
    }

    /// A proof; None if a challenge is zero.
    ///
    /// `places` are the inputs at each output's place, `u32` from 0; `blindings` are `ε`; `masks`
    /// are `5 N + 1` scalars: `r`, `r̂`, `ω̂`, `ω'`, `ω̃`, `ω_e`, and summands that split masks.
    fn prove<'py>(
        &self,
        py: Python<'py>,
        statement: PyBackedBytes,
        outputs: &Points,
        places: PyBackedBytes,
        blindings: PyBackedBytes,
        masks: PyBackedBytes,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.require_ballots(outputs)?;
        let witness = Witness::decode(self.ballots(), &places, &blindings, &masks)
            .ok_or_else(|| PyValueError::new_err("no permutation, or scalars that do not fit"))?;
        let proof = self.pool.run(py, self.additions(2), || {
            prove(&self.generators, self.tables(), self.blinding, &statement, &outputs.0, &witness)
        })?;
        Ok(proof.map(|proof| PyBytes::new(py, &proof)))
    }
}
