//! Root of the Merkle sum tree over a census (docs/protocol.md §6.2).

use crate::parallel;
use sha3::{Digest, Keccak256};

/// Account (20), signing key (20), weight as u128.
pub const ENTRY_BYTES: usize = 56;
const WEIGHT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Height of the subtrees that threads process one by one: large enough to outweigh the scheduling,
/// small enough for a core's cache.
const SUBTREE_HEIGHT: u32 = 10;

#[derive(Clone, Copy)]
pub struct Node {
    pub hash: [u8; HASH_BYTES],
    pub sum: u128,
}

/// Every node beyond the last entry, at any height.
const PADDING: Node = Node { hash: [0; HASH_BYTES], sum: 0 };

/// Root over whole entries; `None` if the weights add up to 2^128 or more.
pub fn root(entries: &[u8]) -> Option<Node> {
    subtree(entries, depth(entries.len() / ENTRY_BYTES))
}

/// The node `height` levels above whole entries, of which there are at most `2^height`; `None` as
/// for `root`.
pub fn subtree(entries: &[u8], height: u32) -> Option<Node> {
    let low = height.min(SUBTREE_HEIGHT);
    let nodes = parallel::map(entries.chunks(ENTRY_BYTES << low), |part| {
        ascend(part.chunks_exact(ENTRY_BYTES).map(leaf).collect(), low)
    });
    ascend(nodes.into_iter().collect::<Option<_>>()?, height - low)
}

/// Root over neighbouring subtrees of one height, the first of which begins with the first entry.
pub fn join(subtrees: Vec<Node>) -> Option<Node> {
    let height = depth(subtrees.len());
    ascend(subtrees, height)
}

/// `⌈log2 count⌉`; 0 if the count is 0.
pub fn depth(count: usize) -> u32 {
    count.next_power_of_two().trailing_zeros()
}

/// The node `height` levels above `nodes`, of which there are at most `2^height`.
fn ascend(mut nodes: Vec<Node>, height: u32) -> Option<Node> {
    for _ in 0..height {
        let parents = nodes.chunks(2).map(|pair| parent(&pair[0], pair.get(1).unwrap_or(&PADDING)));
        nodes = parents.collect::<Option<_>>()?;
    }
    Some(nodes.first().copied().unwrap_or(PADDING))
}

fn leaf(entry: &[u8]) -> Node {
    let mut weight = [0; WEIGHT_BYTES];
    weight.copy_from_slice(&entry[ENTRY_BYTES - WEIGHT_BYTES..]);
    let hash = Keccak256::new_with_prefix("ostraka/v2/census-leaf").chain_update(entry).finalize();
    Node { hash: hash.into(), sum: u128::from_be_bytes(weight) }
}

fn parent(left: &Node, right: &Node) -> Option<Node> {
    let sum = left.sum.checked_add(right.sum)?;
    let hash = Keccak256::new_with_prefix("ostraka/v2/census-node")
        .chain_update(left.hash)
        .chain_update(left.sum.to_be_bytes())
        .chain_update(right.hash)
        .chain_update(right.sum.to_be_bytes())
        .finalize();
    Some(Node { hash: hash.into(), sum })
}
