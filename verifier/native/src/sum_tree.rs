//! Merkle sum trees over ranges of leaves (docs/protocol.md §10.4).
//!
//! A range of leaves is held as the largest complete subtrees that cover it: at most two of each
//! height. Neighbouring ranges join by joining equal neighbours, in any grouping.

use crate::encoding::encode_points;
use crate::group;
use crate::parallel;
use ark_bn254::{G1Affine, G1Projective};
use ark_ec::CurveGroup;
use sha3::{Digest, Keccak256};

pub const HASH_BYTES: usize = 32;
/// Nodes that a thread hashes at once.
const HASHED_AT_ONCE: usize = 256;

pub type Hash = [u8; HASH_BYTES];

/// The node of `height` levels above the leaves, with `index` nodes of that height before it.
#[derive(Clone)]
pub struct Node {
    pub height: u32,
    pub index: u64,
    pub hash: Hash,
    pub sum: G1Affine,
}

/// Complete subtrees from left to right.
#[derive(Clone, Default)]
pub struct Subtrees(pub Vec<Node>);

impl Subtrees {
    /// Of leaves from the place `first` on, by their hashes and sums.
    pub fn of(first: u64, mut hashes: Vec<Hash>, mut sums: Vec<G1Affine>) -> Self {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let (mut height, mut index) = (0, first);
        while !hashes.is_empty() {
            let node = |place: usize| Node {
                height,
                index: index + place as u64,
                hash: hashes[place],
                sum: sums[place],
            };
            // A left child before the range, or a right one behind it, is missing.
            let start = usize::from(index % 2 == 1);
            let end = hashes.len() - (hashes.len() - start) % 2;
            if start == 1 {
                before.push(node(0));
            }
            if end < hashes.len() {
                after.push(node(end));
            }
            if start >= end {
                break;
            }
            let inner = &hashes[start..end];
            let (left, right): (Vec<_>, Vec<_>) =
                sums[start..end].chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip();
            let encoded = encode_points(&sums[start..end]);
            let blocks = inner.chunks(HASHED_AT_ONCE).zip(encoded.chunks(64 * HASHED_AT_ONCE));
            let parents = parallel::map(blocks, |(hashes, sums)| {
                let pairs = hashes.chunks_exact(2).zip(sums.chunks_exact(128));
                pairs
                    .map(|(pair, sums)| {
                        let (left, right) = sums.split_at(64);
                        node_hash(&pair[0], left, &pair[1], right)
                    })
                    .collect::<Vec<_>>()
            });
            hashes = parents.concat();
            sums = group::add(&left, &right);
            index = index.div_ceil(2);
            height += 1;
        }
        after.reverse();
        before.extend(after);
        Self(before)
    }

    /// Of this range and the one that follows it.
    pub fn join(mut self, next: Self) -> Self {
        for node in next.0 {
            self.0.push(node);
            while let [.., left, right] = &self.0[..] {
                if left.height != right.height || left.index % 2 == 1 {
                    break;
                }
                let above = parent(left, right);
                self.0.truncate(self.0.len() - 2);
                self.0.push(above);
            }
        }
        self
    }

    pub fn sum(&self) -> G1Affine {
        self.0.iter().map(|node| node.sum).sum::<G1Projective>().into_affine()
    }

    /// Hash and sum at the root of a tree over all `count` leaves; `None` unless these are they.
    pub fn root(&self, count: u64) -> Option<(Hash, G1Affine)> {
        let mut nodes = self.0.clone();
        let Some(mut right) = nodes.pop() else {
            return (count == 0).then(|| ([0; HASH_BYTES], G1Affine::identity()));
        };
        if (right.index + 1) << right.height != count {
            return None;
        }
        let depth = count.next_power_of_two().trailing_zeros();
        while right.height < depth {
            right = if right.index % 2 == 1 {
                let left = nodes.pop().filter(|left| left.height == right.height)?;
                parent(&left, &right)
            } else {
                let padding = Node { hash: [0; HASH_BYTES], sum: G1Affine::identity(), ..right };
                parent(&right, &padding)
            };
        }
        nodes.is_empty().then_some((right.hash, right.sum))
    }
}

fn parent(left: &Node, right: &Node) -> Node {
    let encoded = encode_points(&[left.sum, right.sum]);
    let (left_sum, right_sum) = encoded.split_at(64);
    Node {
        height: left.height + 1,
        index: left.index / 2,
        hash: node_hash(&left.hash, left_sum, &right.hash, right_sum),
        sum: (left.sum + right.sum).into_affine(),
    }
}

pub fn node_hash(left: &Hash, left_sum: &[u8], right: &Hash, right_sum: &[u8]) -> Hash {
    let hasher = Keccak256::new_with_prefix("ostraka/v2/node");
    let hasher = hasher.chain_update(left).chain_update(left_sum);
    hasher.chain_update(right).chain_update(right_sum).finalize().into()
}
