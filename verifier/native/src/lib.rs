//! BN254 G1 for Python: whole vectors at a time, on all cores, with the interpreter lock released.
//!
//! Arithmetic is not constant-time. Errors about bytes name the position of the bad point; nothing
//! that Python can pass makes this module panic.

mod encoding;
mod group;

use ark_bn254::G1Affine;
use ark_ff::BigInt;
use encoding::{decode_points, decode_scalars, encode_points, POINT_BYTES, SCALAR_BYTES};
use group::WindowTables;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;

/// An immutable vector of affine points.
#[pyclass(frozen)]
struct Points(Vec<G1Affine>);

#[pymethods]
impl Points {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// `count` points from `start` on, each `step` further.
    fn item(&self, start: isize, step: isize, count: usize) -> PyResult<Points> {
        (0..count as isize)
            .map(|number| start.checked_add(number.checked_mul(step)?))
            .map(|index| self.0.get(usize::try_from(index?).ok()?).copied())
            .collect::<Option<Vec<_>>>()
            .map(Points)
            .ok_or_else(|| PyValueError::new_err("index outside the vector"))
    }

    fn encode<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &encode_points(&self.0))
    }

    fn same(&self, other: &Points) -> bool {
        self.0 == other.0
    }
}

/// Window tables of some bases.
#[pyclass(frozen)]
struct FixedBases {
    tables: WindowTables,
    pool: Arc<ThreadPool>,
}

#[pymethods]
impl FixedBases {
    fn __len__(&self) -> usize {
        self.tables.len()
    }

    fn commit(&self, py: Python<'_>, scalars: &[u8]) -> PyResult<Points> {
        let row = self.tables.len() * SCALAR_BYTES;
        if row == 0 || !scalars.len().is_multiple_of(row) {
            return Err(PyValueError::new_err("rows need one scalar for each base"));
        }
        let scalars = reduced(scalars, scalars.len() / SCALAR_BYTES)?;
        Ok(Points(py.detach(|| self.pool.install(|| self.tables.commit(&scalars)))))
    }
}

/// Group operations on a thread pool of its own.
#[pyclass(frozen)]
struct Engine {
    pool: Arc<ThreadPool>,
}

#[pymethods]
impl Engine {
    #[new]
    fn new(threads: usize) -> PyResult<Self> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Self { pool: Arc::new(pool) })
    }

    fn decode(&self, py: Python<'_>, data: &[u8], identity: bool) -> PyResult<Points> {
        if !data.len().is_multiple_of(POINT_BYTES) {
            let message = format!("points: length {} is no multiple of {POINT_BYTES}", data.len());
            return Err(PyValueError::new_err(message));
        }
        py.detach(|| self.pool.install(|| decode_points(data, identity)))
            .map(Points)
            .map_err(|(index, reason)| PyValueError::new_err(format!("points[{index}]: {reason}")))
    }

    fn concat(&self, parts: Vec<PyRef<'_, Points>>) -> Points {
        Points(parts.iter().flat_map(|part| part.0.iter().copied()).collect())
    }

    fn add(&self, py: Python<'_>, left: &Points, right: &Points) -> PyResult<Points> {
        if left.0.len() != right.0.len() {
            return Err(PyValueError::new_err("vectors of different lengths"));
        }
        Ok(Points(py.detach(|| self.pool.install(|| group::add(&left.0, &right.0)))))
    }

    fn negate(&self, points: &Points) -> Points {
        Points(points.0.iter().map(|point| -*point).collect())
    }

    fn scale(&self, py: Python<'_>, points: &Points, scalars: &[u8]) -> PyResult<Points> {
        let scalars = reduced(scalars, points.0.len())?;
        Ok(Points(py.detach(|| self.pool.install(|| group::scale(&points.0, &scalars)))))
    }

    fn sum(&self, py: Python<'_>, points: &Points) -> Points {
        Points(vec![py.detach(|| self.pool.install(|| group::sum(&points.0)))])
    }

    fn msm(&self, py: Python<'_>, points: &Points, scalars: &[u8]) -> PyResult<Points> {
        let scalars = reduced(scalars, points.0.len())?;
        Ok(Points(vec![py.detach(|| self.pool.install(|| group::msm(&points.0, &scalars)))]))
    }

    fn fixed_bases(&self, py: Python<'_>, points: &Points) -> FixedBases {
        let tables = py.detach(|| self.pool.install(|| WindowTables::new(&points.0)));
        FixedBases { tables, pool: Arc::clone(&self.pool) }
    }
}

fn reduced(scalars: &[u8], expected: usize) -> PyResult<Vec<BigInt<4>>> {
    if scalars.len() != expected * SCALAR_BYTES {
        return Err(PyValueError::new_err("one scalar of 32 bytes for each point"));
    }
    decode_scalars(scalars).ok_or_else(|| PyValueError::new_err("scalar outside [0, R)"))
}

#[pymodule]
fn ostraka_verifier_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Points>()?;
    module.add_class::<FixedBases>()?;
    module.add_class::<Engine>()
}
