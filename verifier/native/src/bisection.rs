//! Finds out which items of a batch make its sum fail.
//!
//! The weighted errors of all items add up to the residual, with weights that nobody foresees. So a
//! part fails exactly if its residual is not the identity, and the residual of one half gives that of
//! the other.

use ark_ec::CurveGroup;
use std::ops::Range;

/// The first `most` items in `range` that fail, ascending. `total` is the residual of the whole
/// range.
pub fn failing<G: CurveGroup>(
    range: Range<usize>,
    most: usize,
    total: G,
    residual: &impl Fn(Range<usize>) -> G,
) -> Vec<usize> {
    if most == 0 || total.is_zero() {
        return Vec::new();
    }
    if range.len() == 1 {
        return vec![range.start];
    }
    let middle = range.start + range.len() / 2;
    let first = residual(range.start..middle);
    let mut found = failing(range.start..middle, most, first, residual);
    found.extend(failing(middle..range.end, most - found.len(), total - first, residual));
    found
}

/// The first item in `range` that fails.
pub fn first_failing<G: CurveGroup>(
    mut range: Range<usize>,
    total: G,
    residual: &impl Fn(Range<usize>) -> G,
) -> Option<usize> {
    if total.is_zero() {
        return None;
    }
    while range.len() > 1 {
        let middle = range.start + range.len() / 2;
        range = if residual(range.start..middle).is_zero() {
            middle..range.end
        } else {
            range.start..middle
        };
    }
    Some(range.start)
}
