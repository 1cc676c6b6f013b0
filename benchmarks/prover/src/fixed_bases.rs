//! Multiples of fixed bases, and sums of many of them that share their inversions.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{batch_inversion, AdditiveGroup, Field, PrimeField, Zero};
use rayon::prelude::*;

/// Most points in all tables of one set of bases.
const MOST_ENTRIES: usize = 3 << 20;
const WIDTHS: std::ops::RangeInclusive<u32> = 4..=13;
/// Additions of a sum that take as long as one entry of a table.
const ADDITIONS_AN_ENTRY: usize = 3;

/// `tables[base][window·half + d − 1] = d·2^(width·window)·base` for `1 <= d <= half = 2^(width−1)`.
pub struct Tables<P: SWCurveConfig> {
    width: u32,
    tables: Vec<Vec<Affine<P>>>,
}

impl<P: SWCurveConfig> Tables<P> {
    /// Tables as wide as pays off for about this number of multiplications.
    pub fn new(bases: &[Affine<P>], multiplications: usize) -> Self {
        let entries = |width: u32| (bases.len() * Self::windows(width)) << (width - 1);
        let width = WIDTHS
            .filter(|width| entries(*width) <= MOST_ENTRIES)
            .min_by_key(|width| {
                ADDITIONS_AN_ENTRY * entries(*width) + Self::windows(*width) * multiplications
            })
            .unwrap_or(*WIDTHS.start());
        let windows = Self::windows(width);
        let tables = bases
            .par_iter()
            .map(|base| {
                let mut starts = vec![base.into_group()];
                while starts.len() < windows {
                    starts.push((0..width).fold(starts[starts.len() - 1], |one, _| one.double()));
                }
                starts
                    .into_par_iter()
                    .flat_map(|start| multiples(start, 1 << (width - 1)))
                    .collect()
            })
            .collect();
        Self { width, tables }
    }

    /// Windows of a scalar, whose signed digits need one bit more.
    fn windows(width: u32) -> usize {
        (P::ScalarField::MODULUS_BIT_SIZE + 1).div_ceil(width) as usize
    }

    /// Appends points that add up to `scalar` times a base.
    pub fn gather(&self, base: usize, scalar: &P::ScalarField, points: &mut Vec<Affine<P>>) {
        let half = 1 << (self.width - 1);
        // A small negative number is short like a small positive one.
        let negative = scalar.into_bigint() > P::ScalarField::MODULUS_MINUS_ONE_DIV_TWO;
        let magnitude = if negative { -*scalar } else { *scalar }.into_bigint();
        let limbs = magnitude.as_ref();
        let mut carry = 0;
        for (window, multiples) in self.tables[base].chunks_exact(half).enumerate() {
            let digit = bits(limbs, window * self.width as usize, self.width) + carry;
            carry = usize::from(digit > half);
            let place = if digit > half { 2 * half - digit } else { digit };
            if place == 0 {
                continue;
            }
            let multiple = multiples[place - 1];
            points.push(if negative != (digit > half) { -multiple } else { multiple });
        }
    }
}

fn bits(limbs: &[u64], from: usize, width: u32) -> usize {
    let (limb, shift) = (from / 64, from % 64);
    let low = limbs.get(limb).map_or(0, |value| value >> shift);
    let high = match shift {
        0 => 0,
        _ => limbs.get(limb + 1).map_or(0, |value| value << (64 - shift)),
    };
    (low | high) as usize & ((1 << width) - 1)
}

fn multiples<P: SWCurveConfig>(start: Projective<P>, count: usize) -> Vec<Affine<P>> {
    let mut found = Vec::with_capacity(count);
    let step = start.into_affine();
    let mut multiple = start;
    for _ in 0..count {
        found.push(multiple);
        multiple += step;
    }
    Projective::normalize_batch(&found)
}

/// Sums of consecutive segments of `points`, whose lengths add up to their number.
pub fn sums<P: SWCurveConfig>(
    mut points: Vec<Affine<P>>,
    mut lengths: Vec<usize>,
) -> Vec<Affine<P>> {
    let empty = lengths.contains(&0);
    let mut inverses = Vec::with_capacity(points.len() / 2);
    while lengths.iter().any(|length| *length > 1) {
        inverses.clear();
        let mut rest = &points[..];
        for length in &lengths {
            let (segment, after) = rest.split_at(*length);
            inverses.extend(segment.chunks_exact(2).map(|pair| denominator(&pair[0], &pair[1])));
            rest = after;
        }
        batch_inversion(&mut inverses);
        let (mut read, mut write, mut next) = (0, 0, inverses.iter());
        for length in &mut lengths {
            for _ in 0..*length / 2 {
                let inverse = next.next().expect("one for each pair");
                points[write] = add(&points[read], &points[read + 1], inverse);
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
    if !empty {
        return points;
    }
    let mut left = points.into_iter();
    lengths
        .iter()
        .map(|length| if *length == 0 { Affine::zero() } else { left.next().expect("one") })
        .collect()
}

/// Zero where the sum has no slope, or another one.
fn denominator<P: SWCurveConfig>(left: &Affine<P>, right: &Affine<P>) -> P::BaseField {
    if left.is_zero() || right.is_zero() {
        return P::BaseField::ZERO;
    }
    right.x - left.x
}

fn add<P: SWCurveConfig>(left: &Affine<P>, right: &Affine<P>, inverse: &P::BaseField) -> Affine<P> {
    if inverse.is_zero() {
        return (left.into_group() + right).into_affine();
    }
    let slope = (right.y - left.y) * inverse;
    let x = slope.square() - left.x - right.x;
    Affine::new_unchecked(x, slope * (left.x - x) - left.y)
}
