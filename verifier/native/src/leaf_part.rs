//! What the check of a range of leaves has found, joined with that of the next range.

use crate::encoding::{decode_points, encode_points, POINT_BYTES};
use crate::signatures::{Address, ADDRESS_BYTES};
use crate::sum_tree::{Hash, Node, Subtrees, HASH_BYTES};
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::CurveGroup;

/// Findings on `count` leaves from the place `first` on. Places count from the board's first leaf.
#[derive(Clone)]
pub struct Part {
    pub first: u64,
    pub count: u64,
    /// Voters of the first and the last leaf; `None` without leaves, or if one is malformed.
    pub voters: Option<(Address, Address)>,
    pub faults: Faults,
    /// `None` if a leaf is malformed, or has no weight in a census.
    pub sums: Option<Sums>,
}

/// Places of the first leaves that fail a check. Where a leaf is malformed, no others are looked for.
#[derive(Clone, Default)]
pub struct Faults {
    /// B1.
    pub malformed: Option<u64>,
    /// B2: its voter does not follow the one before.
    pub disordered: Option<u64>,
    /// B3: its voter is not in the census.
    pub stranger: Option<u64>,
    /// B4, of voters in the census.
    pub unsigned: Option<u64>,
    /// B5.
    pub untimely: Option<u64>,
    /// B6: the first of them, `MOST_UNPROVEN` at most.
    pub unproven: Vec<u64>,
}

#[derive(Clone)]
pub struct Sums {
    /// With `w·V` as sums.
    pub subtrees: Subtrees,
    /// `Σ w·A_d` for `d = 1 … t − 1`.
    pub sharing: Vec<G1Affine>,
}

/// One more than a report names, so that it can say whether there are others.
pub const MOST_UNPROVEN: usize = 21;

const NOWHERE: u64 = u64::MAX;
const NODE_BYTES: usize = 4 + 8 + HASH_BYTES + POINT_BYTES;

impl Part {
    /// `None` unless `next` begins where this part ends, with the same number of sums.
    pub fn join(self, next: Self) -> Option<Self> {
        if self.first.checked_add(self.count) != Some(next.first) {
            return None;
        }
        let mut faults = Faults {
            malformed: self.faults.malformed.or(next.faults.malformed),
            disordered: self.faults.disordered.or(next.faults.disordered),
            stranger: self.faults.stranger.or(next.faults.stranger),
            unsigned: self.faults.unsigned.or(next.faults.unsigned),
            untimely: self.faults.untimely.or(next.faults.untimely),
            unproven: self.faults.unproven,
        };
        faults.unproven.extend(next.faults.unproven);
        faults.unproven.truncate(MOST_UNPROVEN);
        let voters = match (self.voters, next.voters) {
            (Some((first, last)), Some((after, end))) => {
                if after <= last && self.faults.disordered.is_none() {
                    faults.disordered = Some(next.first);
                }
                Some((first, end))
            }
            (voters, None) if next.count == 0 => voters,
            (None, voters) if self.count == 0 => voters,
            _ => None,
        };
        let sums = match (self.sums, next.sums) {
            (Some(sums), Some(more)) => Some(sums.join(more)?),
            _ => None,
        };
        let count = self.count.checked_add(next.count)?;
        Some(Self { first: self.first, count, voters, faults, sums })
    }

    /// Bytes for another process. A part from there is only as trustworthy as that process.
    pub fn encode(&self) -> Vec<u8> {
        let faults = &self.faults;
        let mut bytes = Vec::new();
        let mut number = |value: u64| bytes.extend(value.to_be_bytes());
        number(self.first);
        number(self.count);
        for place in faults.firsts() {
            number(place.unwrap_or(NOWHERE));
        }
        number(faults.unproven.len() as u64);
        faults.unproven.iter().for_each(|place| number(*place));
        bytes.push(u8::from(self.voters.is_some()));
        if let Some((first, last)) = &self.voters {
            bytes.extend(first);
            bytes.extend(last);
        }
        bytes.push(u8::from(self.sums.is_some()));
        if let Some(sums) = &self.sums {
            bytes.extend((sums.sharing.len() as u64).to_be_bytes());
            bytes.extend(encode_points(&sums.sharing));
            for node in &sums.subtrees.0 {
                bytes.extend(node.height.to_be_bytes());
                bytes.extend(node.index.to_be_bytes());
                bytes.extend(node.hash);
                bytes.extend(encode_points(&[node.sum]));
            }
        }
        bytes
    }

    /// Reverses `encode`; `None` for other bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader(bytes);
        let (first, count) = (reader.number()?, reader.number()?);
        let mut place = || reader.number().map(|place| (place != NOWHERE).then_some(place));
        let mut faults = Faults {
            malformed: place()?,
            disordered: place()?,
            stranger: place()?,
            unsigned: place()?,
            untimely: place()?,
            unproven: Vec::new(),
        };
        let unproven = reader.number()?;
        if unproven > MOST_UNPROVEN as u64 {
            return None;
        }
        for _ in 0..unproven {
            faults.unproven.push(reader.number()?);
        }
        let inside = |place: &u64| *place >= first && *place - first < count;
        let voters = match reader.take()? {
            [0] => None,
            [1] => Some((reader.take::<ADDRESS_BYTES>()?, reader.take::<ADDRESS_BYTES>()?)),
            _ => return None,
        };
        let sums = match reader.take()? {
            [0] => None,
            [1] => {
                let points = usize::try_from(reader.number()?).ok()?;
                let sharing = decode_points(reader.slice(points.checked_mul(POINT_BYTES)?)?, true);
                Some(Sums { subtrees: reader.subtrees(first, count)?, sharing: sharing.ok()? })
            }
            _ => return None,
        };
        // Without them, nobody would compare the voters at the joints.
        let has_voters = count > 0 && faults.malformed.is_none();
        let sound = voters.is_some() == has_voters
            && faults.firsts().iter().flatten().all(inside)
            && faults.unproven.iter().all(inside)
            && faults.unproven.is_sorted_by(|one, next| one < next)
            && reader.0.is_empty();
        sound.then_some(Self { first, count, voters, faults, sums })
    }
}

impl Faults {
    fn firsts(&self) -> [Option<u64>; 5] {
        [self.malformed, self.disordered, self.stranger, self.unsigned, self.untimely]
    }
}

impl Sums {
    /// `None` where the two have other numbers of sums.
    fn join(self, next: Self) -> Option<Self> {
        if self.sharing.len() != next.sharing.len() {
            return None;
        }
        let pairs = self.sharing.iter().zip(&next.sharing);
        let sharing: Vec<G1Projective> = pairs.map(|(left, right)| *left + right).collect();
        Some(Self {
            subtrees: self.subtrees.join(next.subtrees),
            sharing: G1Projective::normalize_batch(&sharing),
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn slice(&mut self, size: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(taken)
    }

    fn take<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        self.slice(SIZE)?.try_into().ok()
    }

    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// The rest: subtrees that cover exactly these leaves.
    fn subtrees(&mut self, first: u64, count: u64) -> Option<Subtrees> {
        let mut nodes = Vec::with_capacity(self.0.len() / NODE_BYTES);
        let mut covered = first;
        while !self.0.is_empty() {
            let height = u32::from_be_bytes(self.take()?);
            let index = self.number()?;
            let hash: Hash = self.take()?;
            let sum = *decode_points(self.slice(POINT_BYTES)?, true).ok()?.first()?;
            let size = 1u64.checked_shl(height)?;
            if index.checked_mul(size)? != covered {
                return None;
            }
            covered = covered.checked_add(size)?;
            nodes.push(Node { height, index, hash, sum });
        }
        (covered == first.checked_add(count)?).then_some(Subtrees(nodes))
    }
}
