//! Window tables for bases that are used repeatedly.

use crate::addition::{sum_segments, BATCH};
use crate::endomorphism::Endomorphism;
use crate::parallel;
use crate::scalar::{Digits, Halves, HALF_BITS};
use ark_bn254::g1::Config;
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup};

/// Maximum number of entries in the tables of one set of bases: 8 MiB.
const MAX_ENTRIES: usize = 1 << 17;

/// `tables[base][place·half + d − 1] = d·2^(width·place)·base` for `1 <= d <= half = 2^(width−1)`.
pub struct WindowTables {
    digits: Digits,
    tables: Vec<Vec<G1Affine>>,
}

impl WindowTables {
    pub fn new(bases: &[G1Affine]) -> Self {
        let digits = (2..=12)
            .rev()
            .map(|width| Digits::new(width, HALF_BITS))
            .find(|digits| bases.len() * entries(digits) <= MAX_ENTRIES)
            .unwrap_or_else(|| Digits::new(2, HALF_BITS));
        Self { digits, tables: parallel::map(bases, |base| table(base, &digits)) }
    }

    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// One commitment for each row of `self.len()` scalars; whole rows only, and at least one base.
    pub fn commit(&self, halves: &[Halves]) -> Vec<G1Affine> {
        let additions = 2 * self.digits.count as usize * self.len();
        let rows = (BATCH / additions).max(1);
        parallel::map(halves.chunks(rows * self.len()), |halves| {
            let mut points = Vec::with_capacity(halves.len() * 2 * self.digits.count as usize);
            let mut lengths = Vec::with_capacity(rows);
            for row in halves.chunks(self.len()) {
                let before = points.len();
                self.gather(row, &mut points);
                lengths.push(points.len() - before);
            }
            sum_segments(points, lengths)
        })
        .concat()
    }

    /// Appends the table entries that add up to one row.
    fn gather(&self, row: &[Halves], points: &mut Vec<G1Affine>) {
        let half_width = 1 << (self.digits.width - 1);
        for (table, [first, second]) in self.tables.iter().zip(row) {
            for (half, image) in [(*first, false), (*second, true)] {
                if half.is_zero() {
                    continue;
                }
                for (place, multiples) in (0..).zip(table.chunks_exact(half_width)) {
                    let digit = self.digits.digit(half, place);
                    if digit == 0 {
                        continue;
                    }
                    let multiple = &multiples[digit.unsigned_abs() as usize - 1];
                    let point = if image { Config::image(multiple) } else { *multiple };
                    points.push(if digit < 0 { -point } else { point });
                }
            }
        }
    }
}

fn entries(digits: &Digits) -> usize {
    (digits.count as usize) << (digits.width - 1)
}

fn table(base: &G1Affine, digits: &Digits) -> Vec<G1Affine> {
    let mut multiples = Vec::with_capacity(entries(digits));
    let mut start = base.into_group();
    for _ in 0..digits.count {
        let mut multiple = start;
        for _ in 1..1 << (digits.width - 1) {
            multiples.push(multiple);
            multiple += start;
        }
        multiples.push(multiple);
        start = multiple + multiple;
    }
    G1Projective::normalize_batch(&multiples)
}
