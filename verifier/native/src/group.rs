//! Sums and multiples of points. Running time depends on the scalars.

use crate::addition::{sum_segments, BATCH};
use crate::endomorphism::Endomorphism;
use crate::parallel;
use crate::scalar::{bits, Digits, Half, Halves};
use ark_ec::short_weierstrass::{Affine, Bucket, Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Zero};

/// Below this many points, buckets cost more than they save.
const FEW_POINTS: usize = 24;
/// Maximum number of points in one run of the bucket method, which bounds memory.
const MANY_POINTS: usize = 1 << 20;

pub fn add<C: Endomorphism>(left: &[Affine<C>], right: &[Affine<C>]) -> Vec<Affine<C>> {
    let batches = left.chunks(BATCH / 2).zip(right.chunks(BATCH / 2));
    parallel::map(batches, |(left, right)| {
        let pairs = left.iter().zip(right).flat_map(|(left, right)| [*left, *right]).collect();
        sum_segments(pairs, vec![2; left.len()])
    })
    .concat()
}

pub fn sum<C: Endomorphism>(points: &[Affine<C>]) -> Affine<C> {
    let sums = parallel::map(points.chunks(BATCH), |points| {
        sum_segments(points.to_vec(), vec![points.len()])
    });
    sums.iter().flatten().sum::<Projective<C>>().into_affine()
}

pub fn scale<C: Endomorphism>(points: &[Affine<C>], halves: &[Halves]) -> Vec<Affine<C>> {
    let batches = points.chunks(BATCH / 16).zip(halves.chunks(BATCH / 16));
    parallel::map(batches, |(points, halves)| {
        if halves.iter().all(|halves| *halves == [Half::ONE, Half::ZERO]) {
            return points.to_vec();
        }
        let multiples: Vec<_> =
            points.chunks(1).zip(halves.chunks(1)).map(|(p, h)| interleaved(p, h)).collect();
        Projective::<C>::normalize_batch(&multiples)
    })
    .concat()
}

pub fn msm<C: Endomorphism>(points: &[Affine<C>], halves: &[Halves]) -> Affine<C> {
    let total = if points.len() < FEW_POINTS {
        interleaved(points, halves)
    } else {
        points
            .chunks(MANY_POINTS)
            .zip(halves.chunks(MANY_POINTS))
            .map(|(points, halves)| bucketed(points, halves))
            .sum()
    };
    total.into_affine()
}

/// `Σ scalar·point` for few points, which share their doublings (Straus).
fn interleaved<C: Endomorphism>(points: &[Affine<C>], halves: &[Halves]) -> Projective<C> {
    let bits = bits(halves);
    let digits = Digits::new(if bits < 40 { 2 } else { 4 }, bits);
    let table = |point: Affine<C>| {
        let mut multiples = vec![point.into_group()];
        for _ in 1..1 << (digits.width - 1) {
            multiples.push(multiples[multiples.len() - 1] + point);
        }
        multiples
    };
    let terms: Vec<_> = points
        .iter()
        .zip(halves)
        .flat_map(|(point, [first, second])| [(*first, *point), (*second, C::image(point))])
        .filter(|(half, _)| !half.is_zero())
        .map(|(half, point)| (half, table(point)))
        .collect();
    let mut total = Projective::<C>::zero();
    for place in (0..digits.count).rev() {
        for _ in 0..digits.width {
            total.double_in_place();
        }
        for (half, multiples) in &terms {
            match digits.digit(*half, place) {
                0 => {}
                digit if digit > 0 => total += multiples[digit as usize - 1],
                digit => total -= multiples[digit.unsigned_abs() as usize - 1],
            }
        }
    }
    total
}

/// `Σ scalar·point` for many points: buckets for signed digits (Pippenger).
fn bucketed<C: Endomorphism>(points: &[Affine<C>], halves: &[Halves]) -> Projective<C> {
    let digits = cheapest_digits(points.len(), bits(halves));
    let images = parallel::map(points.chunks(BATCH), |points| {
        points.iter().map(C::image).collect::<Vec<_>>()
    })
    .concat();
    let places = parallel::map(0..digits.count, |place| {
        weigh(&fill_buckets(&digits, place, [points, &images], halves))
    });
    places.into_iter().rev().fold(Projective::<C>::zero(), |mut total, place| {
        for _ in 0..digits.width {
            total.double_in_place();
        }
        total + place
    })
}

/// The digit width that needs the fewest multiplications in the field.
fn cheapest_digits(points: usize, bits: u32) -> Digits {
    const ADDING_TO_BUCKET: usize = 6;
    const WEIGHING_BUCKET: usize = 26;
    (3..=17)
        .map(|width| Digits::new(width, bits))
        .min_by_key(|digits| {
            let buckets = 1 << (digits.width - 1);
            digits.count as usize * (2 * points * ADDING_TO_BUCKET + buckets * WEIGHING_BUCKET)
        })
        .expect("there are widths")
}

/// `bucket[d − 1] = Σ ±point` over the halves whose digit at `place` is ±d.
fn fill_buckets<C: Endomorphism>(
    digits: &Digits,
    place: u32,
    points: [&[Affine<C>]; 2],
    halves: &[Halves],
) -> Vec<Affine<C>> {
    // A counting sort groups the points of each bucket.
    let mut lengths = vec![0usize; 1 << (digits.width - 1)];
    for half in halves.iter().flatten() {
        let digit = digits.digit(*half, place);
        if digit != 0 {
            lengths[digit.unsigned_abs() as usize - 1] += 1;
        }
    }
    let mut next = Vec::with_capacity(lengths.len());
    let mut entries = 0;
    for length in &lengths {
        next.push(entries);
        entries += length;
    }
    // An entry packs index, half, sign; MANY_POINTS keeps the index well within 30 bits.
    let mut sorted = vec![0u32; entries];
    for (packed, half) in (0u32..).step_by(2).zip(halves.iter().flatten()) {
        let digit = digits.digit(*half, place);
        if digit != 0 {
            let slot = &mut next[digit.unsigned_abs() as usize - 1];
            sorted[*slot] = packed | u32::from(digit < 0);
            *slot += 1;
        }
    }
    let mut batches = Vec::new();
    let (mut rest, mut first, mut held) = (&sorted[..], 0, 0);
    for (bucket, length) in lengths.iter().enumerate() {
        held += length;
        if held >= BATCH || bucket + 1 == lengths.len() {
            let (batch, after) = rest.split_at(held);
            batches.push((batch, lengths[first..=bucket].to_vec()));
            (rest, first, held) = (after, bucket + 1, 0);
        }
    }
    parallel::map(batches, |(batch, lengths)| {
        let fetch = |packed: &u32| {
            let entry = (packed >> 1) as usize;
            let point = points[entry % 2][entry / 2];
            if packed & 1 == 1 {
                -point
            } else {
                point
            }
        };
        sum_segments(batch.iter().map(fetch).collect(), lengths)
    })
    .concat()
}

/// `Σ d·bucket[d − 1]` by running sums.
fn weigh<C: Endomorphism>(buckets: &[Affine<C>]) -> Projective<C> {
    let mut running = Bucket::<C>::ZERO;
    let mut total = Bucket::<C>::ZERO;
    for bucket in buckets.iter().rev() {
        running += bucket;
        total += &running;
    }
    total.into()
}
