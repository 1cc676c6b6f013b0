//! The work that no check of leaves can avoid, timed by itself: a measure for benchmarks.

use crate::ballots::{Equations, ADDRESS_BYTES, TIME_BYTES};
use crate::census::Entries;
use crate::ecdsa::{root, Claims};
use crate::encoding::POINT_BYTES;
use crate::leaves::{Leaf, LeafRules, AT_ONCE};
use crate::parallel;
use crate::signatures::{address, Key, SIGNATURE_BYTES};
use crate::sum_tree::node_hash;
use crate::weights::SEED_BYTES;
use ark_ec::AffineRepr;
use ark_ff::Zero;
use std::hint::black_box;
use std::time::Instant;

/// Seconds of each kind of work for some records, on all threads of the pool.
pub struct Floor {
    pub decodings: f64,
    pub hashes: f64,
    pub roots: f64,
    pub sums: f64,
}

impl LeafRules {
    /// Decodes, hashes, takes square roots and adds up points as `check` does, and does nothing else.
    /// `None` unless the records hold.
    pub fn floor(
        &self,
        records: &[u8],
        entries: Entries,
        seed: &[u8; SEED_BYTES],
    ) -> Option<Floor> {
        let records: Vec<&[u8]> = records.chunks_exact(self.record_bytes()).collect();
        let decodings = self.time(&records, |record| self.poll.decode(record).is_some())?;
        let hashes = self.time(&records, |record| self.hash(record).is_some())?;
        let roots = self
            .time(&records, |record| root(&record[record.len() - SIGNATURE_BYTES..]).is_some())?;
        let starts = (0..records.len()).step_by(AT_ONCE);
        let blocks = parallel::map(starts, |start| {
            let end = records.len().min(start + AT_ONCE);
            self.read(&records, start..end, 0, Some(entries), seed).ok()
        });
        let (mut equations, mut claims) = (Equations::new(&self.poll), Claims::default());
        for block in blocks {
            let block = block?;
            equations = equations.join(block.equations);
            claims.append(block.claims);
        }
        let before = Instant::now();
        let (one, other) =
            parallel::join(|| equations.residual(&self.poll), || claims.residual(0..claims.len()));
        let sums = before.elapsed().as_secs_f64();
        (one.is_zero() && other.is_zero()).then_some(Floor { decodings, hashes, roots, sums })
    }

    fn time(&self, records: &[&[u8]], work: impl Fn(&[u8]) -> bool + Sync + Send) -> Option<f64> {
        let before = Instant::now();
        let done = parallel::map(records.chunks(AT_ONCE), |records| {
            records.iter().all(|record| black_box(work(black_box(record))))
        });
        done.into_iter().all(|done| done).then(|| before.elapsed().as_secs_f64())
    }

    fn hash(&self, record: &[u8]) -> Option<()> {
        let (ballot, rest) = record.split_at(self.poll.ballot_bytes());
        let (key, rest) = rest.split_first_chunk()?;
        let (boxes_hash, _) = rest.split_first_chunk()?;
        let key: &Key = key;
        let leaf = Leaf::new(ballot);
        let value = &ballot[ADDRESS_BYTES + TIME_BYTES..][..POINT_BYTES];
        black_box(self.poll.challenge_of(ballot));
        black_box(self.statement(&leaf, boxes_hash));
        black_box(address(key));
        let hash = leaf.hash(value);
        black_box(node_hash(&hash, value, &hash, value));
        Some(())
    }
}
