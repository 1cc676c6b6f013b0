//! Leaves of a board, checked in one pass over their bytes (docs/protocol.md §13, B1 to B6 and T1).
//!
//! A record is a canonical ballot, its signing key's two coordinates, the hash of its boxes, and a
//! signature (§16). A chunk of records is checked by itself. Equations and signatures of a chunk each
//! fold into one multi-scalar multiplication, and only where that fails into smaller ones.

use crate::ballots::{Equations, Opened, Poll, ADDRESS_BYTES, TIME_BYTES};
use crate::bisection::{failing, first_failing};
use crate::census::Entries;
use crate::ecdsa::{Claim, Claims};
use crate::encoding::{encode_points, POINT_BYTES};
use crate::group;
use crate::leaf_part::{Faults, Part, Sums, MOST_UNPROVEN};
use crate::parallel;
use crate::scalar::{Half, Halves};
use crate::signatures::{address, Address, Hash, Key, HASH_BYTES, SIGNATURE_BYTES};
use crate::sum_tree::Subtrees;
use crate::weights::{Weights, SEED_BYTES};
use ark_bn254::{G1Affine, G1Projective};
use ark_ff::Zero;
use sha3::{Digest, Keccak256};
use std::ops::Range;

const KEY_BYTES: usize = 64;
const WORD_BYTES: usize = 32;
/// Records that a thread takes at once.
pub const AT_ONCE: usize = 128;
const STATEMENT: &[u8] =
    b"Ballot(bytes32 pollContext,address voter,uint64 castAt,bytes32 ballotDigest,bytes32 boxesHash)";

/// What the leaves of a poll's board are checked against.
pub struct LeafRules {
    pub poll: Poll,
    /// EIP-712 domain separator.
    pub domain: Hash,
    /// Cast times that count; without them, all do.
    pub opens_to_closes: Option<Range<u64>>,
}

/// Findings on some neighbouring records, by their places in the chunk.
pub struct Block {
    faults: Faults,
    pub equations: Equations,
    /// Records in `equations`, with their weights.
    folded: Vec<(usize, [u128; 3])>,
    pub claims: Claims,
    /// Records in `claims`.
    claimed: Vec<usize>,
    leaves: Vec<Leaf>,
    /// `V` of each record.
    values: Vec<G1Affine>,
    /// `A_1 …` of each record.
    sharing: Vec<Vec<G1Affine>>,
}

pub struct Leaf {
    voter: Address,
    cast_at: [u8; TIME_BYTES],
    digest: Hash,
    weight: u128,
}

impl LeafRules {
    pub fn record_bytes(&self) -> usize {
        self.poll.ballot_bytes() + KEY_BYTES + HASH_BYTES + SIGNATURE_BYTES
    }

    /// The voters of whole records in ascending order, each once.
    pub fn voters(&self, records: &[u8]) -> Vec<Address> {
        let records = records.chunks_exact(self.record_bytes());
        let mut voters: Vec<Address> =
            records.filter_map(|record| record.first_chunk().copied()).collect();
        voters.sort_unstable();
        voters.dedup();
        voters
    }

    /// Checks whole records, the first of which has the place `first` on the board.
    ///
    /// `entries` are those of the census, at least those of the voters. Without them, nobody has a
    /// weight.
    pub fn check(
        &self,
        first: u64,
        records: &[u8],
        entries: Option<Entries>,
        seed: &[u8; SEED_BYTES],
    ) -> Part {
        let records: Vec<&[u8]> = records.chunks_exact(self.record_bytes()).collect();
        let count = records.len() as u64;
        let starts = (0..records.len()).step_by(AT_ONCE);
        let blocks = parallel::map(starts, |start| {
            let end = records.len().min(start + AT_ONCE);
            self.read(&records, start..end, first, entries, seed)
        });
        if let Some(place) = blocks.iter().filter_map(|block| block.as_ref().err()).min() {
            let malformed = Some(first + *place as u64);
            let faults = Faults { malformed, ..Faults::default() };
            return Part { first, count, voters: None, faults, sums: None };
        }
        let mut faults = Faults::default();
        let mut equations = Equations::new(&self.poll);
        let (mut folded, mut claims, mut claimed) = (Vec::new(), Claims::default(), Vec::new());
        let (mut leaves, mut values) = (Vec::new(), Vec::new());
        let mut sharing = vec![Vec::new(); self.poll.threshold() - 1];
        for block in blocks.into_iter().flatten() {
            faults.disordered = faults.disordered.or(block.faults.disordered);
            faults.stranger = faults.stranger.or(block.faults.stranger);
            faults.unsigned = faults.unsigned.or(block.faults.unsigned);
            faults.untimely = faults.untimely.or(block.faults.untimely);
            faults.unproven.extend(block.faults.unproven);
            equations = equations.join(block.equations);
            folded.extend(block.folded);
            claims.append(block.claims);
            claimed.extend(block.claimed);
            leaves.extend(block.leaves);
            values.extend(block.values);
            for (all, more) in sharing.iter_mut().zip(block.sharing) {
                all.extend(more);
            }
        }
        let ((broken, forged), sums) = parallel::join(
            || {
                parallel::join(
                    || self.broken_equations(&records, &equations, &folded),
                    || {
                        first_failing(0..claims.len(), claims.residual(0..claims.len()), &|range| {
                            claims.residual(range)
                        })
                    },
                )
            },
            || {
                let weighed = entries.is_some() && faults.stranger.is_none();
                weighed.then(|| weighted_sums(first, &leaves, values, sharing))
            },
        );
        faults.unproven.extend(broken.into_iter().map(|place| place as u64));
        faults.unproven.sort_unstable();
        faults.unproven.truncate(MOST_UNPROVEN);
        let forged = forged.map(|place| claimed[place] as u64);
        faults.unsigned = faults.unsigned.into_iter().chain(forged).min();
        let voters = leaves.first().zip(leaves.last()).map(|(one, last)| (one.voter, last.voter));
        Part { first, count, voters, faults: faults.moved(first), sums }
    }

    /// Decodes records, and does all that needs no other record; the place of a malformed one if
    /// there is one.
    pub fn read(
        &self,
        records: &[&[u8]],
        range: Range<usize>,
        first: u64,
        entries: Option<Entries>,
        seed: &[u8; SEED_BYTES],
    ) -> Result<Block, usize> {
        let place_on_board = first + range.start as u64;
        let mut weights = Weights::new(seed, b"equations", place_on_board);
        let mut block = Block::new(self);
        let mut claims = Vec::with_capacity(range.len());
        let mut near = 0;
        for place in range.clone() {
            let (ballot, rest) = records[place].split_at(self.poll.ballot_bytes());
            let opened = self.poll.open(ballot).ok_or(place)?;
            let leaf = Leaf::new(ballot);
            if place > 0 && leaf.voter[..] <= records[place - 1][..ADDRESS_BYTES] {
                block.faults.disordered.get_or_insert(place as u64);
            }
            let cast_at = u64::from_be_bytes(leaf.cast_at);
            if self.opens_to_closes.as_ref().is_some_and(|range| !range.contains(&cast_at)) {
                block.faults.untimely.get_or_insert(place as u64);
            }
            self.weigh_equations(&mut block, &opened, place, &mut weights);
            block.add_sharing(self.poll.sharing(&opened));
            block.leaves.push(leaf);
            let Some(entries) = entries else { continue };
            let leaf = block.leaves.last_mut().expect("just added");
            let Some(index) = entries.find(&leaf.voter, near) else {
                block.faults.stranger.get_or_insert(place as u64);
                continue;
            };
            near = index;
            let entry = entries.entry(index);
            leaf.weight = entry.weight;
            match self.claim(leaf, rest, entry.signing_key) {
                Some(claim) => {
                    claims.push(claim);
                    block.claimed.push(place);
                }
                None => {
                    block.faults.unsigned.get_or_insert(place as u64);
                }
            }
        }
        let mut weights = Weights::new(seed, b"signatures", place_on_board);
        block.claims = Claims::new(&claims, || weights.next());
        Ok(block)
    }

    fn weigh_equations(
        &self,
        block: &mut Block,
        opened: &Opened,
        place: usize,
        weights: &mut Weights,
    ) {
        if !self.poll.rows_hold(opened) {
            block.faults.unproven.push(place as u64);
            return;
        }
        let weights = [weights.next(), weights.next(), weights.next()];
        self.poll.fold(&mut block.equations, opened, weights);
        block.folded.push((place, weights));
    }

    /// The claim of a record's signature; `None` where its key is not the census's, or recovery
    /// refuses the signature.
    fn claim(&self, leaf: &Leaf, rest: &[u8], signing_key: &Address) -> Option<Claim> {
        let (key, rest) = rest.split_first_chunk::<KEY_BYTES>()?;
        let (boxes_hash, rest) = rest.split_first_chunk::<HASH_BYTES>()?;
        let key: &Key = key;
        // The address comes first: the claims below are about keys that the census names.
        if address(key) != *signing_key {
            return None;
        }
        Claim::new(&self.statement(leaf, boxes_hash), key, rest.try_into().ok()?)
    }

    /// What the signing key of a ballot signs (§15).
    pub fn statement(&self, leaf: &Leaf, boxes_hash: &Hash) -> Hash {
        let mut words = [0; 6 * WORD_BYTES];
        words[..WORD_BYTES].copy_from_slice(&Keccak256::digest(STATEMENT));
        let mut end = WORD_BYTES;
        let parts: [&[u8]; 5] =
            [self.poll.context(), &leaf.voter, &leaf.cast_at, &leaf.digest, boxes_hash];
        for part in parts {
            end += WORD_BYTES;
            words[end - part.len()..end].copy_from_slice(part);
        }
        let hasher = Keccak256::new_with_prefix(b"\x19\x01").chain_update(self.domain);
        hasher.chain_update(Keccak256::digest(words)).finalize().into()
    }

    /// Places of the first records whose equations fail.
    fn broken_equations(
        &self,
        records: &[&[u8]],
        equations: &Equations,
        folded: &[(usize, [u128; 3])],
    ) -> Vec<usize> {
        let residual = |range: Range<usize>| {
            let parts = parallel::map(folded[range].chunks(AT_ONCE), |chosen| {
                let mut equations = Equations::new(&self.poll);
                for (place, weights) in chosen {
                    let ballot = &records[*place][..self.poll.ballot_bytes()];
                    let opened = self.poll.open(ballot).expect("it was opened before");
                    self.poll.fold(&mut equations, &opened, *weights);
                }
                equations
            });
            let all = parts.into_iter().reduce(Equations::join);
            all.map_or(G1Projective::zero(), |all| all.residual(&self.poll).into())
        };
        let total = G1Projective::from(equations.residual(&self.poll));
        let found = failing(0..folded.len(), MOST_UNPROVEN, total, &residual);
        found.into_iter().map(|number| folded[number].0).collect()
    }
}

impl Block {
    fn new(rules: &LeafRules) -> Self {
        Self {
            faults: Faults::default(),
            equations: Equations::new(&rules.poll),
            folded: Vec::new(),
            claims: Claims::default(),
            claimed: Vec::new(),
            leaves: Vec::new(),
            values: Vec::new(),
            sharing: vec![Vec::new(); rules.poll.threshold() - 1],
        }
    }

    fn add_sharing(&mut self, sharing: &[G1Affine]) {
        self.values.push(sharing[0]);
        for (all, point) in self.sharing.iter_mut().zip(&sharing[1..]) {
            all.push(*point);
        }
    }
}

impl Leaf {
    /// Of a canonical ballot; without a weight yet.
    pub fn new(ballot: &[u8]) -> Self {
        let (mut voter, mut cast_at) = ([0; ADDRESS_BYTES], [0; TIME_BYTES]);
        voter.copy_from_slice(&ballot[..ADDRESS_BYTES]);
        cast_at.copy_from_slice(&ballot[ADDRESS_BYTES..][..TIME_BYTES]);
        let digest =
            Keccak256::new_with_prefix("ostraka/v2/ballot").chain_update(ballot).finalize();
        Self { voter, cast_at, digest: digest.into(), weight: 0 }
    }

    pub fn hash(&self, sum: &[u8]) -> Hash {
        let hasher = Keccak256::new_with_prefix("ostraka/v2/leaf").chain_update(self.voter);
        let hasher = hasher.chain_update(self.weight.to_be_bytes()).chain_update(self.cast_at);
        hasher.chain_update(self.digest).chain_update(sum).finalize().into()
    }
}

/// The subtrees over some leaves, and their weighted sums.
fn weighted_sums(
    first: u64,
    leaves: &[Leaf],
    values: Vec<G1Affine>,
    sharing: Vec<Vec<G1Affine>>,
) -> Sums {
    let equal = leaves.iter().all(|leaf| leaf.weight == 1);
    let weights: Vec<Halves> =
        leaves.iter().map(|leaf| [Half::from(leaf.weight), Half::ZERO]).collect();
    let sharing = parallel::map(sharing, |points| {
        if points.is_empty() {
            G1Affine::identity()
        } else if equal {
            group::sum(&points)
        } else {
            group::msm(&points, &weights)
        }
    });
    let sums = if equal { values } else { group::scale(&values, &weights) };
    let encoded = encode_points(&sums);
    let pairs = leaves.chunks(AT_ONCE).zip(encoded.chunks(AT_ONCE * POINT_BYTES));
    let hashes = parallel::map(pairs, |(leaves, sums)| {
        let pairs = leaves.iter().zip(sums.chunks_exact(POINT_BYTES));
        pairs.map(|(leaf, sum)| leaf.hash(sum)).collect::<Vec<_>>()
    });
    Sums { subtrees: Subtrees::of(first, hashes.concat(), sums), sharing }
}

impl Faults {
    /// From places in a chunk to places on the board.
    fn moved(self, first: u64) -> Self {
        let there = |place: Option<u64>| place.map(|place| first + place);
        Self {
            malformed: there(self.malformed),
            disordered: there(self.disordered),
            stranger: there(self.stranger),
            unsigned: there(self.unsigned),
            untimely: there(self.untimely),
            unproven: self.unproven.into_iter().map(|place| first + place).collect(),
        }
    }
}
