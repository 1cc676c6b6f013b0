//! Parallel work on the caller's pool, and on no other.

use rayon::prelude::*;

/// Results in the order of `items`. Outside a pool, the work runs on the calling thread.
pub fn map<T: Send, U: Send>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> U + Send + Sync,
) -> Vec<U> {
    let items: Vec<T> = items.into_iter().collect();
    if items.len() < 2 || rayon::current_thread_index().is_none() {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().map(work).collect()
}

/// Both results. Outside a pool, the work runs on the calling thread.
pub fn join<A: Send, B: Send>(
    first: impl FnOnce() -> A + Send,
    second: impl FnOnce() -> B + Send,
) -> (A, B) {
    if rayon::current_thread_index().is_none() {
        return (first(), second());
    }
    rayon::join(first, second)
}
