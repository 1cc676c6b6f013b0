//! BN254 G1 and census roots for Python. Functions process whole vectors and release the
//! interpreter lock.
//!
//! Arithmetic is not constant-time. Errors about bytes name the position of the bad point; no
//! argument from Python makes this module panic.

mod addition;
mod census_tree;
mod encoding;
mod fixed_bases;
mod group;
mod parallel;
mod scalar;

use ark_bn254::G1Affine;
use census_tree::ENTRY_BYTES;
use encoding::{decode_points, decode_scalar, encode_points, POINT_BYTES, SCALAR_BYTES};
use fixed_bases::WindowTables;
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PySlice};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use scalar::{split, SecretHalves};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use zeroize::Zeroize;

/// Number of additions below which waking the pool costs more than it saves.
const SMALL_WORK: usize = 512;
/// Approximate cost of a multiplication by one scalar, in additions.
const ADDITIONS_A_SCALAR: usize = 64;
/// Least cost of the tables of one base, in additions.
const ADDITIONS_A_BASE: usize = 256;
const MAX_THREADS: usize = 1024;

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

/// Thread pool that starts with the first task that is large enough for it.
struct Pool {
    size: usize,
    /// The threads, and the process to which they belong.
    threads: Mutex<Option<(u32, Arc<ThreadPool>)>>,
}

impl Pool {
    fn new(size: usize) -> Self {
        Self { size, threads: Mutex::new(None) }
    }

    /// Runs `work` with the interpreter lock released, on the pool if it is large enough.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        additions: usize,
        work: impl FnOnce() -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            if additions < SMALL_WORK {
                return Ok(work());
            }
            Ok(self.threads()?.install(work))
        })
        .map_err(|error: ThreadPoolBuildError| PyRuntimeError::new_err(error.to_string()))
    }

    fn threads(&self) -> Result<Arc<ThreadPool>, ThreadPoolBuildError> {
        let mut slot = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let process = std::process::id();
        if let Some((_, threads)) = slot.as_ref().filter(|(owner, _)| *owner == process) {
            return Ok(Arc::clone(threads));
        }
        let threads = Arc::new(ThreadPoolBuilder::new().num_threads(self.size).build()?);
        // Threads do not survive a fork; shutting down the parent's threads would block forever.
        std::mem::forget(slot.replace((process, Arc::clone(&threads))));
        Ok(threads)
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
            halves.0.push(split(&scalar));
            scalar.zeroize();
        }
        Some(halves)
    })
    .ok_or_else(|| PyValueError::new_err("scalar outside [0, R)"))
}

/// Hash and sum at the root of the census's tree: 56 bytes per entry, in the census's order.
#[pyfunction]
fn census_tree_root<'py>(py: Python<'py>, entries: &[u8]) -> PyResult<(Bound<'py, PyBytes>, u128)> {
    if !entries.len().is_multiple_of(ENTRY_BYTES) {
        let message =
            format!("census: length {} is not a multiple of {ENTRY_BYTES}", entries.len());
        return Err(PyValueError::new_err(message));
    }
    let cores = available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS));
    // A leaf and a node each take about as long as an addition.
    let additions = 2 * (entries.len() / ENTRY_BYTES);
    let root = Pool::new(cores)
        .run(py, additions, || census_tree::root(entries))?
        .ok_or_else(|| PyOverflowError::new_err("census: weights add up to 2^128 or more"))?;
    Ok((PyBytes::new(py, &root.hash), root.sum))
}

#[pymodule]
fn ostraka_verifier_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Points>()?;
    module.add_class::<FixedBases>()?;
    module.add_class::<Engine>()?;
    module.add_function(wrap_pyfunction!(census_tree_root, module)?)
}
