//! BN254 G1, proofs of ballots, census roots, hashes and signatures for Python. Functions process
//! whole vectors and release the interpreter lock.
//!
//! Arithmetic on BN254 is not constant-time. Errors about bytes name the position of the bad point; no
//! argument from Python makes this module panic.

mod addition;
mod ballots;
mod bisection;
mod census;
mod census_tree;
mod ecdsa;
mod encoding;
mod endomorphism;
mod fixed_bases;
mod floor;
mod generators;
mod group;
mod leaf_check;
mod leaf_part;
mod least_counts;
mod leaves;
mod parallel;
mod pool;
mod rule;
mod scalar;
mod shuffle;
mod shuffle_prover;
mod shuffles;
mod signatures;
mod sum_tree;
mod weights;

use ark_bn254::g1::Config;
use ark_bn254::G1Affine;
use census::{
    census_entries_of, census_first_absent, census_first_differing, census_tree_root, CensusScan,
    KeyCounts, WeightCounts,
};
use census_tree::ENTRY_BYTES;
use encoding::{decode_points, decode_scalar, encode_points, POINT_BYTES, SCALAR_BYTES};
use endomorphism::Endomorphism;
use fixed_bases::WindowTables;
use leaf_check::{LeafCheck, LeafPart};
use leaves::LeafRules;
use pool::Pool;
use pyo3::exceptions::{PyIndexError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PySlice};
use rule::Rule;
use scalar::SecretHalves;
use shuffles::Shuffle;
use signatures::{Secret, HASH_BYTES, SIGNATURE_BYTES};
use std::sync::{Arc, OnceLock};
use std::thread::available_parallelism;
use zeroize::Zeroize;

/// Approximate cost of a multiplication by one scalar, in additions.
const ADDITIONS_A_SCALAR: usize = 64;
/// Least cost of the tables of one base, in additions.
const ADDITIONS_A_BASE: usize = 256;
const MAX_THREADS: usize = 1024;
/// Cost of the recovery of a signer, in additions.
const ADDITIONS_A_SIGNER: usize = 100;
/// Hashing fewer bytes takes less time than giving the interpreter lock to another thread.
const SHORT_BYTES: usize = 2048;

/// An immutable vector of affine points.
#[pyclass(frozen, eq, module = "ostraka_verifier_native")]
#[derive(PartialEq)]
struct Points(Vec<G1Affine>);

#[derive(FromPyObject)]
enum Index<'py> {
    One(isize),
    Many(Bound<'py, PySlice>),
}

#[pymethods]
impl Points {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// A vector, of length 1 for an integer index.
    fn __getitem__(&self, index: Index<'_>) -> PyResult<Points> {
        let length = self.0.len();
        match index {
            Index::One(index) => usize::try_from(index)
                .ok()
                .or_else(|| length.checked_sub(index.unsigned_abs()))
                .and_then(|index| self.0.get(index))
                .map(|point| Points(vec![*point]))
                .ok_or_else(|| PyIndexError::new_err("index outside the vector")),
            Index::Many(slice) => {
                let chosen = slice.indices(length as isize)?;
                let indices = (0..chosen.slicelength).map(|number| {
                    chosen.start.wrapping_add(chosen.step.wrapping_mul(number as isize))
                });
                Ok(Points(indices.map(|index| self.0[index as usize]).collect()))
            }
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.encode(py).hash()
    }

    /// 64 bytes per point, the identity as zeros.
    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| encode_points(&self.0));
        PyBytes::new(py, &bytes)
    }
}

/// Window tables of some bases.
#[pyclass(frozen, module = "ostraka_verifier_native")]
struct FixedBases {
    tables: WindowTables,
    pool: Arc<Pool>,
}

#[pymethods]
impl FixedBases {
    fn __len__(&self) -> usize {
        self.tables.len()
    }

    /// One point for each row of `len(self)` packed scalars.
    fn commit(&self, py: Python<'_>, scalars: &[u8]) -> PyResult<Points> {
        if !scalars.len().is_multiple_of(self.tables.len() * SCALAR_BYTES) {
            return Err(PyValueError::new_err("rows need one scalar for each base"));
        }
        let count = scalars.len() / SCALAR_BYTES;
        let halves = reduced(py, scalars, count)?;
        let additions = count.saturating_mul(ADDITIONS_A_SCALAR / 2);
        self.pool.run(py, additions, || self.tables.commit(&halves.0)).map(Points)
    }
}

/// Group operations on their own thread pool.
#[pyclass(frozen, module = "ostraka_verifier_native")]
struct Engine {
    pool: Arc<Pool>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(threads: usize) -> PyResult<Self> {
        if !(1..=MAX_THREADS).contains(&threads) {
            let message = format!("{threads} threads: from 1 to {MAX_THREADS}");
            return Err(PyValueError::new_err(message));
        }
        Ok(Self { pool: Arc::new(Pool::new(threads)) })
    }

    fn decode(&self, py: Python<'_>, data: &[u8], identity: bool) -> PyResult<Points> {
        if !data.len().is_multiple_of(POINT_BYTES) {
            let reason = format!("length {} is not a multiple of {POINT_BYTES}", data.len());
            return Err(PyValueError::new_err(("points", reason)));
        }
        self.pool
            .run(py, data.len() / POINT_BYTES, || decode_points(data, identity))?
            .map(Points)
            .map_err(|(index, reason)| PyValueError::new_err((format!("points[{index}]"), reason)))
    }

    fn concat(&self, parts: Vec<PyRef<'_, Points>>) -> Points {
        Points(parts.iter().flat_map(|part| part.0.iter().copied()).collect())
    }

    fn add(&self, py: Python<'_>, left: &Points, right: &Points) -> PyResult<Points> {
        if left.0.len() != right.0.len() {
            return Err(PyValueError::new_err("vectors of different lengths"));
        }
        self.pool.run(py, left.0.len(), || group::add(&left.0, &right.0)).map(Points)
    }

    fn negate(&self, py: Python<'_>, points: &Points) -> Points {
        Points(py.detach(|| points.0.iter().map(|point| -*point).collect()))
    }

    fn scale(&self, py: Python<'_>, points: &Points, scalars: &[u8]) -> PyResult<Points> {
        let halves = reduced(py, scalars, points.0.len())?;
        let additions = points.0.len().saturating_mul(ADDITIONS_A_SCALAR);
        self.pool.run(py, additions, || group::scale(&points.0, &halves.0)).map(Points)
    }

    fn sum(&self, py: Python<'_>, points: &Points) -> PyResult<Points> {
        self.pool.run(py, points.0.len(), || vec![group::sum(&points.0)]).map(Points)
    }

    fn msm(&self, py: Python<'_>, points: &Points, scalars: &[u8]) -> PyResult<Points> {
        let halves = reduced(py, scalars, points.0.len())?;
        let additions = points.0.len().saturating_mul(ADDITIONS_A_SCALAR / 4);
        self.pool.run(py, additions, || vec![group::msm(&points.0, &halves.0)]).map(Points)
    }

    fn fixed_bases(&self, py: Python<'_>, points: &Points) -> PyResult<FixedBases> {
        if points.0.is_empty() {
            return Err(PyValueError::new_err("no bases"));
        }
        let additions = points.0.len().saturating_mul(ADDITIONS_A_BASE);
        let tables = self.pool.run(py, additions, || WindowTables::new(&points.0))?;
        Ok(FixedBases { tables, pool: Arc::clone(&self.pool) })
    }

    /// Checks for a poll with this canonical rule, threshold and context, and `H, G_1, …`.
    fn ballot_check(
        &self,
        rule: &[u8],
        threshold: usize,
        context: [u8; HASH_BYTES],
        generators: &Points,
    ) -> PyResult<BallotCheck> {
        Rule::decode(rule)
            .and_then(|rule| ballots::Poll::new(rule, threshold, context, &generators.0))
            .map(|poll| BallotCheck { poll, pool: Arc::clone(&self.pool) })
            .ok_or_else(|| PyValueError::new_err("no such rule, threshold or generators"))
    }

    /// Checks of a board's leaves, for the poll of `ballot_check`.
    ///
    /// `domain` is the EIP-712 domain separator, `opens_to_closes` the cast times that count, and
    /// `seed` fresh and unpredictable.
    #[pyo3(signature = (rule, threshold, context, generators, *, domain, opens_to_closes, seed))]
    #[allow(clippy::too_many_arguments, reason = "all by name from Python")]
    fn leaf_check(
        &self,
        rule: &[u8],
        threshold: usize,
        context: [u8; HASH_BYTES],
        generators: &Points,
        domain: [u8; HASH_BYTES],
        opens_to_closes: Option<(u64, u64)>,
        seed: [u8; weights::SEED_BYTES],
    ) -> PyResult<LeafCheck> {
        let poll = self.ballot_check(rule, threshold, context, generators)?.poll;
        let opens_to_closes = opens_to_closes.map(|(opens, closes)| opens..closes);
        let rules = LeafRules { poll, domain, opens_to_closes };
        Ok(LeafCheck { rules, seed, pool: Arc::clone(&self.pool) })
    }

    /// Proofs of shuffle over so many ballots, from 1 to 2^31 − 1.
    fn shuffle(&self, py: Python<'_>, ballots: u32) -> PyResult<Shuffle> {
        Shuffle::new(py, ballots, &self.pool)
    }
}

/// Checks of one poll's ballots.
#[pyclass(frozen, module = "ostraka_verifier_native")]
struct BallotCheck {
    poll: ballots::Poll,
    pool: Arc<Pool>,
}

#[pymethods]
impl BallotCheck {
    /// The points of all ballots in order, if every ballot is canonical and its proof holds; else
    /// None. `weights` are unpredictable, 48 bytes for each ballot.
    fn check(
        &self,
        py: Python<'_>,
        ballots: Vec<PyBackedBytes>,
        weights: &[u8],
    ) -> PyResult<Option<Points>> {
        if Some(weights.len()) != ballots.len().checked_mul(ballots::WEIGHTS) {
            let message = format!("{} bytes of weights for each ballot", ballots::WEIGHTS);
            return Err(PyValueError::new_err(message));
        }
        if ballots.iter().any(|ballot| ballot.len() != self.poll.ballot_bytes()) {
            return Ok(None);
        }
        let ballots: Vec<&[u8]> = ballots.iter().map(|ballot| &ballot[..]).collect();
        let additions = ballots.len().saturating_mul(self.poll.additions());
        Ok(self.pool.run(py, additions, || self.poll.check(&ballots, weights))?.map(Points))
    }
}

/// A key that signs by ECDSA on secp256k1.
#[pyclass(frozen, module = "ostraka_verifier_native")]
struct SigningKey(Secret);

#[pymethods]
impl SigningKey {
    #[new]
    fn new(secret: [u8; HASH_BYTES]) -> PyResult<Self> {
        Secret::new(secret)
            .map(Self)
            .ok_or_else(|| PyValueError::new_err("not from 1 to the order of secp256k1 minus 1"))
    }

    /// The two coordinates of the public key, 64 bytes.
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public_key())
    }

    /// The signature `r ‖ s ‖ v` of a digest, with low `s`, and the nonce of RFC 6979.
    fn sign<'py>(&self, py: Python<'py>, digest: [u8; HASH_BYTES]) -> Bound<'py, PyBytes> {
        let signature = py.detach(|| self.0.sign(&digest));
        PyBytes::new(py, &signature)
    }
}

/// Keccak-256 as Ethereum has it.
#[pyfunction]
fn keccak256<'py>(py: Python<'py>, data: &[u8]) -> Bound<'py, PyBytes> {
    let digest = if data.len() < SHORT_BYTES {
        signatures::keccak256(data)
    } else {
        py.detach(|| signatures::keccak256(data))
    };
    PyBytes::new(py, &digest)
}

/// Coordinates of the key that signed a digest; None if no key did.
#[pyfunction]
fn recover_key<'py>(
    py: Python<'py>,
    digest: [u8; HASH_BYTES],
    signature: [u8; SIGNATURE_BYTES],
) -> Option<Bound<'py, PyBytes>> {
    py.detach(|| signatures::recover(&digest, &signature)).map(|key| PyBytes::new(py, &key))
}

/// Addresses of the signers of many digests, 32 bytes each, by signatures of 65 bytes; None where
/// no key signed.
#[pyfunction]
fn recover_signers<'py>(
    py: Python<'py>,
    digests: &[u8],
    signatures: &[u8],
) -> PyResult<Vec<Option<Bound<'py, PyBytes>>>> {
    let count = digests.len() / HASH_BYTES;
    if digests.len() != count * HASH_BYTES || signatures.len() != count * SIGNATURE_BYTES {
        return Err(PyValueError::new_err("a signature of 65 bytes for each digest of 32"));
    }
    let additions = count.saturating_mul(ADDITIONS_A_SIGNER);
    let found = all_cores().run(py, additions, || signatures::signers(digests, signatures))?;
    Ok(found.iter().map(|one| one.as_ref().map(|address| PyBytes::new(py, address))).collect())
}

/// Unpacks `expected` scalars, splits them, and wipes its intermediate copies.
fn reduced(py: Python<'_>, scalars: &[u8], expected: usize) -> PyResult<SecretHalves> {
    if expected.checked_mul(SCALAR_BYTES) != Some(scalars.len()) {
        return Err(PyValueError::new_err("one scalar of 32 bytes for each point"));
    }
    py.detach(|| {
        let mut halves = SecretHalves(Vec::with_capacity(expected));
        for bytes in scalars.chunks_exact(SCALAR_BYTES) {
            let mut scalar = decode_scalar(bytes)?;
            halves.0.push(Config::split(&scalar));
            scalar.zeroize();
        }
        Some(halves)
    })
    .ok_or_else(|| PyValueError::new_err("scalar outside [0, R)"))
}

fn not_whole_entries(bytes: usize) -> PyErr {
    PyValueError::new_err(format!("census: length {bytes} is not a multiple of {ENTRY_BYTES}"))
}

/// Pool of the functions that belong to no engine.
fn all_cores() -> &'static Pool {
    static POOL: OnceLock<Pool> = OnceLock::new();
    POOL.get_or_init(|| {
        Pool::new(available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS)))
    })
}

#[pymodule]
fn ostraka_verifier_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Points>()?;
    module.add_class::<FixedBases>()?;
    module.add_class::<Engine>()?;
    module.add_class::<BallotCheck>()?;
    module.add_class::<CensusScan>()?;
    module.add_class::<WeightCounts>()?;
    module.add_class::<KeyCounts>()?;
    module.add_class::<LeafCheck>()?;
    module.add_class::<LeafPart>()?;
    module.add_class::<Shuffle>()?;
    module.add_class::<SigningKey>()?;
    module.add_function(wrap_pyfunction!(keccak256, module)?)?;
    module.add_function(wrap_pyfunction!(recover_key, module)?)?;
    module.add_function(wrap_pyfunction!(recover_signers, module)?)?;
    module.add_function(wrap_pyfunction!(census_entries_of, module)?)?;
    module.add_function(wrap_pyfunction!(census_first_differing, module)?)?;
    module.add_function(wrap_pyfunction!(census_first_absent, module)?)?;
    module.add_function(wrap_pyfunction!(census_tree_root, module)?)
}
