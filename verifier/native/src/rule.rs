//! Ballot rules from their canonical bytes (docs/protocol.md §5.2).
//!
//! The readable verifier has checked their conditions; here only what would panic is refused.

use crate::ballots::signed;
use ark_bn254::Fr;
use ark_ff::{Field, One, Zero};

/// Bits or slots with their coefficients.
type Terms = Vec<(usize, Fr)>;

pub struct Rule {
    pub bits: usize,
    /// Whether slot `j` is exactly bit `j`.
    pub slots_are_bits: bool,
    slots: Vec<Terms>,
    rows: Vec<(Terms, Fr)>,
    quadratic_rows: Vec<QuadraticRow>,
}

struct QuadraticRow {
    slots: Vec<usize>,
    terms: Terms,
    constant: Fr,
}

impl Rule {
    /// `None` if bytes are missing or left over, or a bit or slot does not exist.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let mut reader = Reader(data);
        let [bits, slots, rows, quadratic_rows] =
            [reader.count()?, reader.count()?, reader.count()?, reader.count()?];
        let slots = (0..slots)
            .map(|_| reader.count().and_then(|count| reader.terms(count, bits)))
            .collect::<Option<Vec<_>>>()?;
        let rows = (0..rows)
            .map(|_| {
                let (count, constant) = (reader.count()?, reader.signed()?);
                Some((reader.terms(count, bits)?, constant))
            })
            .collect::<Option<Vec<_>>>()?;
        let quadratic_rows = (0..quadratic_rows)
            .map(|_| {
                let (used, count) = (reader.count()?, reader.count()?);
                let constant = reader.signed()?;
                let chosen = (0..used)
                    .map(|_| reader.count().filter(|slot| *slot < slots.len()))
                    .collect::<Option<_>>()?;
                Some(QuadraticRow { slots: chosen, terms: reader.terms(count, bits)?, constant })
            })
            .collect::<Option<Vec<_>>>()?;
        let slots_are_bits = slots.len() == bits
            && slots.iter().enumerate().all(|(bit, terms)| *terms == [(bit, Fr::one())]);
        let rule = Self { bits, slots_are_bits, slots, rows, quadratic_rows };
        (reader.0.is_empty() && rule.slots.len() <= rule.width()).then_some(rule)
    }

    /// Number of generators that a ballot uses, besides `H`.
    pub fn width(&self) -> usize {
        self.bits + self.quadratic_rows.len()
    }

    pub fn slot_values(&self, f: &[Fr]) -> Vec<Fr> {
        self.slots.iter().map(|terms| combination(terms, f)).collect()
    }

    /// Whether `Σ e_l f_l = x·constant` in every row.
    pub fn rows_hold(&self, f: &[Fr], x: Fr) -> bool {
        self.rows.iter().all(|(terms, constant)| combination(terms, f) == *constant * x)
    }

    /// `x²·constant − Σ v_j² − x·Σ e_l f_l` of each quadratic row.
    pub fn remainders<'a>(
        &'a self,
        f: &'a [Fr],
        of_slots: &'a [Fr],
        x: Fr,
    ) -> impl Iterator<Item = Fr> + 'a {
        self.quadratic_rows.iter().map(move |row| {
            let squares: Fr = row.slots.iter().map(|slot| of_slots[*slot].square()).sum();
            row.constant * x * x - squares - x * combination(&row.terms, f)
        })
    }
}

fn combination(terms: &Terms, f: &[Fr]) -> Fr {
    terms.iter().fold(Fr::zero(), |sum, (bit, coefficient)| sum + *coefficient * f[*bit])
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        let (taken, rest) = self.0.split_first_chunk::<SIZE>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn count(&mut self) -> Option<usize> {
        self.take().map(|bytes| usize::from(u16::from_be_bytes(bytes)))
    }

    fn signed(&mut self) -> Option<Fr> {
        self.take().map(|bytes| signed(i128::from_be_bytes(bytes)))
    }

    fn terms(&mut self, count: usize, bits: usize) -> Option<Terms> {
        (0..count)
            .map(|_| {
                let bit = self.count().filter(|bit| *bit < bits)?;
                Some((bit, self.signed()?))
            })
            .collect()
    }
}
