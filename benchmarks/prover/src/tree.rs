//! The sum tree over the ballots, by subtrees (docs/protocol.md §10.4).

use crate::encoding::{keccak, point, Hash};
use crate::fixed_bases::sums;
use ark_bn254::G1Affine;
use ark_ec::AffineRepr;

/// Hash, and sum below it.
pub type Node = (Hash, G1Affine);

/// The node `height` levels above `nodes`, of which there are at most `2^height`.
pub fn ascend(mut nodes: Vec<Node>, height: u32) -> Node {
    let padding = ([0; 32], G1Affine::zero());
    for _ in 0..height {
        if nodes.len() % 2 == 1 {
            nodes.push(padding);
        }
        let points: Vec<G1Affine> = nodes.iter().map(|(_, sum)| *sum).collect();
        let lengths = vec![2; nodes.len() / 2];
        let hashes = nodes.chunks_exact(2).map(|pair| {
            let [left, right] = [point(&pair[0].1), point(&pair[1].1)];
            keccak(&[b"ostraka/v2/node", &pair[0].0, &left, &pair[1].0, &right])
        });
        nodes = hashes.zip(sums(points, lengths)).collect();
    }
    nodes.first().copied().unwrap_or(padding)
}

/// `⌈log2 count⌉`, for at least one.
pub fn depth(count: usize) -> u32 {
    count.next_power_of_two().trailing_zeros()
}
