//! A ballot rule from its canonical bytes, and masks that its rows do not see (docs/protocol.md §5.2,
//! §8.1).

use ark_bn254::Fr;
use ark_ff::{Field, One, Zero};

/// Bits or slots with their coefficients.
pub type Terms = Vec<(usize, Fr)>;

pub struct QuadraticRow {
    pub slots: Vec<usize>,
    pub terms: Terms,
}

pub struct Rule {
    pub bits: usize,
    pub slots: Vec<Terms>,
    pub quadratic_rows: Vec<QuadraticRow>,
    /// Bits that the others fix, each as a combination of free ones.
    dependent: Vec<(usize, Terms)>,
    free: Vec<usize>,
}

impl Rule {
    /// `None` if bytes are missing or left over.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let mut reader = Reader(data);
        let [bits, slots, rows, quadratic_rows] =
            [reader.count()?, reader.count()?, reader.count()?, reader.count()?];
        let slots = (0..slots)
            .map(|_| reader.count().and_then(|count| reader.terms(count)))
            .collect::<Option<Vec<_>>>()?;
        let rows = (0..rows)
            .map(|_| {
                let count = reader.count()?;
                reader.signed()?;
                reader.terms(count)
            })
            .collect::<Option<Vec<_>>>()?;
        let quadratic_rows = (0..quadratic_rows)
            .map(|_| {
                let (used, count) = (reader.count()?, reader.count()?);
                reader.signed()?;
                let slots = (0..used).map(|_| reader.count()).collect::<Option<_>>()?;
                Some(QuadraticRow { slots, terms: reader.terms(count)? })
            })
            .collect::<Option<Vec<_>>>()?;
        let (dependent, free) = kernel(bits, &rows);
        reader.0.is_empty().then_some(Self { bits, slots, quadratic_rows, dependent, free })
    }

    /// Number of generators besides `H`.
    pub fn width(&self) -> usize {
        self.bits + self.quadratic_rows.len()
    }

    pub fn slots_are_bits(&self) -> bool {
        self.slots.len() == self.bits
            && self.slots.iter().enumerate().all(|(bit, terms)| *terms == [(bit, Fr::one())])
    }

    pub fn slot_values(&self, bits: &[Fr]) -> Vec<Fr> {
        self.slots.iter().map(|terms| combination(terms, bits)).collect()
    }

    /// A mask in the kernel of all rows, from a source of uniform scalars.
    pub fn mask(&self, mut uniform: impl FnMut() -> Fr) -> Vec<Fr> {
        let mut mask = vec![Fr::zero(); self.bits];
        for bit in &self.free {
            mask[*bit] = uniform();
        }
        for (bit, terms) in &self.dependent {
            mask[*bit] = combination(terms, &mask);
        }
        mask
    }
}

pub fn combination(terms: &Terms, values: &[Fr]) -> Fr {
    terms.iter().map(|(place, coefficient)| *coefficient * values[*place]).sum()
}

/// Solves the homogeneous rows by Gauss: bits that depend on free ones, and the free ones.
fn kernel(bits: usize, rows: &[Terms]) -> (Vec<(usize, Terms)>, Vec<usize>) {
    let mut matrix: Vec<Vec<Fr>> = rows
        .iter()
        .map(|terms| {
            let mut row = vec![Fr::zero(); bits];
            for (bit, coefficient) in terms {
                row[*bit] = *coefficient;
            }
            row
        })
        .collect();
    let mut pivots: Vec<usize> = Vec::new();
    for bit in 0..bits {
        let rank = pivots.len();
        let Some(found) = (rank..matrix.len()).find(|row| !matrix[*row][bit].is_zero()) else {
            continue;
        };
        matrix.swap(rank, found);
        let inverse = matrix[rank][bit].inverse().expect("not zero");
        matrix[rank].iter_mut().for_each(|value| *value *= inverse);
        let pivot = matrix[rank].clone();
        for (_, other) in matrix.iter_mut().enumerate().filter(|(row, _)| *row != rank) {
            let factor = other[bit];
            other.iter_mut().zip(&pivot).for_each(|(value, by)| *value -= factor * by);
        }
        pivots.push(bit);
    }
    let free: Vec<usize> = (0..bits).filter(|bit| !pivots.contains(bit)).collect();
    let depends = |row: &Vec<Fr>| -> Terms {
        free.iter().filter(|bit| !row[**bit].is_zero()).map(|bit| (*bit, -row[*bit])).collect()
    };
    let dependent = pivots.iter().zip(&matrix).map(|(bit, row)| (*bit, depends(row))).collect();
    (dependent, free)
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
        self.take().map(|bytes| Fr::from(i128::from_be_bytes(bytes)))
    }

    fn terms(&mut self, count: usize) -> Option<Terms> {
        (0..count).map(|_| Some((self.count()?, self.signed()?))).collect()
    }
}
