//! Threads of one engine.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};
use std::sync::{Arc, Mutex, PoisonError};

/// Number of additions below which waking the pool costs more than it saves.
const SMALL_WORK: usize = 512;

/// Thread pool that starts with the first task that is large enough for it.
pub struct Pool {
    size: usize,
    /// The threads, and the process to which they belong.
    threads: Mutex<Option<(u32, Arc<ThreadPool>)>>,
}

impl Pool {
    pub fn new(size: usize) -> Self {
        Self { size, threads: Mutex::new(None) }
    }

    /// Runs `work` with the interpreter lock released, on the pool if it is large enough.
    pub fn run<T: Send>(
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
