//! Canonical bytes of points and scalars (docs/protocol.md §2.3, §2.4).

use crate::addition::BATCH;
use crate::parallel;
use ark_bn254::{Fq, Fr, G1Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, PrimeField};

pub const POINT_BYTES: usize = 64;
pub const SCALAR_BYTES: usize = 32;

/// Reason why a point cannot be decoded.
pub type Reason = &'static str;

fn big_endian(bytes: &[u8]) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(bytes.chunks_exact(8)) {
        *limb = chunk.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    BigInt::new(limbs)
}

fn decode_point(bytes: &[u8], identity: bool) -> Result<G1Affine, Reason> {
    if bytes.iter().all(|byte| *byte == 0) {
        return if identity { Ok(G1Affine::identity()) } else { Err("identity not allowed") };
    }
    let x = Fq::from_bigint(big_endian(&bytes[..32])).ok_or("x >= p")?;
    let y = Fq::from_bigint(big_endian(&bytes[32..])).ok_or("y >= p")?;
    let point = G1Affine::new_unchecked(x, y);
    // The cofactor is 1: every point of the curve is in the group.
    if point.is_on_curve() {
        Ok(point)
    } else {
        Err("off the curve")
    }
}

/// Decodes whole points; the error names the first bad one by position.
pub fn decode_points(data: &[u8], identity: bool) -> Result<Vec<G1Affine>, (usize, Reason)> {
    let batches = parallel::map(data.chunks(BATCH * POINT_BYTES).enumerate(), |(batch, data)| {
        let decode = |(index, bytes)| {
            decode_point(bytes, identity).map_err(|reason| (batch * BATCH + index, reason))
        };
        data.chunks_exact(POINT_BYTES).enumerate().map(decode).collect::<Result<Vec<_>, _>>()
    });
    Ok(batches.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}

pub fn encode_points(points: &[G1Affine]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(points.len() * POINT_BYTES);
    for point in points {
        let (x, y) = point.xy().unwrap_or_default();
        for coordinate in [x, y] {
            for limb in coordinate.into_bigint().0.into_iter().rev() {
                bytes.extend_from_slice(&limb.to_be_bytes());
            }
        }
    }
    bytes
}

/// One packed scalar; None if it is not below the group order.
pub fn decode_scalar(bytes: &[u8]) -> Option<BigInt<4>> {
    Some(big_endian(bytes)).filter(|value| *value < Fr::MODULUS)
}
