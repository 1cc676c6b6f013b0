//! Sums and multiples of points. Running time depends on the scalars.

use ark_bn254::{G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{BigInt, BigInteger, Zero};
use rayon::prelude::*;

/// Below this many points a bucket method costs more than it saves.
const FEW_POINTS: usize = 32;
const CHUNK: usize = 512;

pub fn add(left: &[G1Affine], right: &[G1Affine]) -> Vec<G1Affine> {
    left.par_chunks(CHUNK)
        .zip(right.par_chunks(CHUNK))
        .flat_map_iter(|(left, right)| {
            let sums: Vec<_> = left.iter().zip(right).map(|(l, r)| *l + *r).collect();
            G1Projective::normalize_batch(&sums)
        })
        .collect()
}

pub fn scale(points: &[G1Affine], scalars: &[BigInt<4>]) -> Vec<G1Affine> {
    let one = BigInt::one();
    if scalars.iter().all(|scalar| *scalar == one) {
        return points.to_vec();
    }
    points
        .par_chunks(CHUNK)
        .zip(scalars.par_chunks(CHUNK))
        .flat_map_iter(|(points, scalars)| {
            let multiples: Vec<_> =
                points.iter().zip(scalars).map(|(point, scalar)| multiple(point, scalar)).collect();
            G1Projective::normalize_batch(&multiples)
        })
        .collect()
}

pub fn sum(points: &[G1Affine]) -> G1Affine {
    let partial: Vec<G1Projective> = points
        .par_chunks(CHUNK)
        .map(|points| points.iter().fold(G1Projective::zero(), |total, point| total + point))
        .collect();
    partial.into_iter().sum::<G1Projective>().into_affine()
}

pub fn msm(points: &[G1Affine], scalars: &[BigInt<4>]) -> G1Affine {
    let total = if points.len() < FEW_POINTS {
        points.iter().zip(scalars).map(|(point, scalar)| multiple(point, scalar)).sum()
    } else {
        G1Projective::msm_bigint(points, scalars)
    };
    total.into_affine()
}

fn multiple(point: &G1Affine, scalar: &BigInt<4>) -> G1Projective {
    if scalar.is_zero() {
        return G1Projective::zero();
    }
    point.mul_bigint(scalar)
}

/// Window tables: `tables[base][window][digit − 1] = digit · 2^(bits · window) · base`.
pub struct WindowTables {
    bits: usize,
    tables: Vec<Vec<G1Affine>>,
}

impl WindowTables {
    const SCALAR_BITS: usize = 254;

    pub fn new(bases: &[G1Affine]) -> Self {
        // Wider windows for few bases; the tables stay below some 20 MB.
        let bits = if bases.len() <= 32 { 8 } else { 4 };
        let tables = bases.par_iter().map(|base| Self::table(base, bits)).collect();
        Self { bits, tables }
    }

    fn table(base: &G1Affine, bits: usize) -> Vec<G1Affine> {
        let mut entries = Vec::new();
        let mut start = base.into_group();
        for _ in 0..Self::SCALAR_BITS.div_ceil(bits) {
            let mut entry = start;
            for _ in 1..1 << bits {
                entries.push(entry);
                entry += start;
            }
            start = entry;
        }
        G1Projective::normalize_batch(&entries)
    }

    pub fn len(&self) -> usize {
        self.tables.len()
    }

    /// One commitment a row of `self.len()` scalars.
    pub fn commit(&self, scalars: &[BigInt<4>]) -> Vec<G1Affine> {
        if self.tables.is_empty() {
            return Vec::new();
        }
        let rows: Vec<G1Projective> =
            scalars.par_chunks(self.tables.len()).map(|row| self.commit_row(row)).collect();
        G1Projective::normalize_batch(&rows)
    }

    fn commit_row(&self, row: &[BigInt<4>]) -> G1Projective {
        let mut total = G1Projective::zero();
        let entries_a_window = (1 << self.bits) - 1;
        for (table, scalar) in self.tables.iter().zip(row) {
            if scalar.is_zero() {
                continue;
            }
            for (window, entries) in table.chunks_exact(entries_a_window).enumerate() {
                let at = window * self.bits;
                // Windows of 4 or 8 bits never straddle two limbs.
                let digit = (scalar.0[at / 64] >> (at % 64)) as usize & entries_a_window;
                if digit != 0 {
                    total += entries[digit - 1];
                }
            }
        }
        total
    }
}
