//! Sums of many points at once, in affine coordinates.
//!
//! An affine addition needs one inversion and three multiplications. Montgomery's trick shares the
//! inversion among all pairs of a round for three more multiplications per pair. That is cheaper
//! than the eleven of a mixed Jacobian addition.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field, Zero};

/// Number of points in a batch, which fits into a core's cache.
pub const BATCH: usize = 4096;
/// Below this many pairs, sharing an inversion costs more than it saves.
const FEW_PAIRS: usize = 24;

/// Sums of consecutive segments of `points`; an empty segment gives the identity.
///
/// `lengths` add up to the number of points. Points may be equal, opposite or the identity. The
/// curve is `y² = x³ + b` and its order is odd.
pub fn sum_segments<C: SWCurveConfig>(
    mut points: Vec<Affine<C>>,
    mut lengths: Vec<usize>,
) -> Vec<Affine<C>> {
    debug_assert!(C::COEFF_A.is_zero());
    debug_assert_eq!(points.len(), lengths.iter().sum::<usize>());
    let mut prefixes = Vec::with_capacity(points.len() / 2);
    while lengths.iter().map(|length| length / 2).sum::<usize>() >= FEW_PAIRS {
        add_pairs(&mut points, &mut lengths, &mut prefixes);
    }
    finish(&points, &lengths)
}

/// One round: adds neighbours within each segment, halving it.
fn add_pairs<C: SWCurveConfig>(
    points: &mut Vec<Affine<C>>,
    lengths: &mut [usize],
    prefixes: &mut Vec<C::BaseField>,
) {
    // Back to front, so that writing the sums front to back never overwrites unread points.
    let mut product = C::BaseField::ONE;
    let mut end = points.len();
    for length in lengths.iter().rev() {
        let start = end - length;
        for pair in points[start..end].chunks_exact(2).rev() {
            prefixes.push(product);
            product *= denominator(&pair[0], &pair[1]);
        }
        end = start;
    }
    let mut inverse = product.inverse().expect("denominators are not zero");
    let (mut read, mut write) = (0, 0);
    for length in lengths.iter_mut() {
        for _ in 0..*length / 2 {
            let (left, right) = (points[read], points[read + 1]);
            let prefix = prefixes.pop().expect("one prefix a pair");
            points[write] = add_with_inverse(&left, &right, inverse * prefix);
            inverse *= denominator(&left, &right);
            read += 2;
            write += 1;
        }
        if *length % 2 == 1 {
            points[write] = points[read];
            read += 1;
            write += 1;
        }
        *length = length.div_ceil(2);
    }
    points.truncate(write);
}

/// Denominator of the slope between two points; 1 if the sum needs no slope. Never zero: the
/// group has odd order, so only the identity has `y = 0`.
#[inline]
fn denominator<C: SWCurveConfig>(left: &Affine<C>, right: &Affine<C>) -> C::BaseField {
    if left.y.is_zero() || right.y.is_zero() {
        return C::BaseField::ONE;
    }
    if left.x != right.x {
        return right.x - left.x;
    }
    if left.y == right.y {
        return left.y.double();
    }
    C::BaseField::ONE
}

#[inline]
fn add_with_inverse<C: SWCurveConfig>(
    left: &Affine<C>,
    right: &Affine<C>,
    inverse: C::BaseField,
) -> Affine<C> {
    if left.y.is_zero() {
        return *right;
    }
    if right.y.is_zero() {
        return *left;
    }
    let slope = if left.x != right.x {
        (right.y - left.y) * inverse
    } else if left.y == right.y {
        let square = left.x.square();
        (square.double() + square) * inverse
    } else {
        return Affine::identity();
    };
    let x = slope.square() - left.x - right.x;
    Affine::new_unchecked(x, slope * (left.x - x) - left.y)
}

/// Sums the points that the rounds left, all with one inversion.
fn finish<C: SWCurveConfig>(points: &[Affine<C>], lengths: &[usize]) -> Vec<Affine<C>> {
    let mut sums = Vec::with_capacity(lengths.len());
    let (mut places, mut long) = (Vec::new(), Vec::new());
    let mut rest = points;
    for length in lengths {
        let (segment, after) = rest.split_at(*length);
        rest = after;
        if *length > 1 {
            places.push(sums.len());
            long.push(segment.iter().fold(Projective::zero(), |total, point| total + point));
        }
        sums.push(segment.first().copied().unwrap_or_else(Affine::identity));
    }
    for (place, sum) in places.into_iter().zip(Projective::normalize_batch(&long)) {
        sums[place] = sum;
    }
    sums
}
