"""Rules of agreement on one set of ballots: what to propose, and what a node may sign.

Pure functions of a node's data. Source: docs/protocol.md §10.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ostraka.node.store import BallotVersion
from ostraka_verifier.encoding import ADDRESS_BYTES, HASH_BYTES, Reader, tagged_hash, unsigned
from ostraka_verifier.errors import Malformed
from ostraka_verifier.units import UnixSeconds

ENTRY_BYTES = ADDRESS_BYTES + HASH_BYTES


@dataclass(frozen=True)
class Entry:
    """A leaf of a draft or proposal."""

    voter: bytes
    digest: bytes


@dataclass(frozen=True)
class LeafList:
    """The draft or proposal of a round."""

    round: int
    entries: tuple[Entry, ...]

    def encode(self) -> bytes:
        """`u32 round ‖ u32 count ‖ (voter ‖ digest)…`."""
        parts = [unsigned(self.round, 4), unsigned(len(self.entries), 4)]
        for entry in self.entries:
            parts += [entry.voter, entry.digest]
        return b"".join(parts)

    @classmethod
    def decode(cls, data: bytes) -> "LeafList":
        """Read a list; Malformed if it is invalid."""
        reader = Reader(data, "leaves")
        number, count = reader.unsigned(4, "round"), reader.unsigned(4, "count")
        # Compared before any loop, so that a forged count cannot cause a large allocation.
        if len(data) != list_bytes(count):
            raise Malformed("leaves", f"{len(data)} bytes do not hold {count} entries")
        entries = tuple(
            [
                Entry(reader.take(ADDRESS_BYTES, "voter"), reader.take(HASH_BYTES, "digest"))
                for _ in range(count)
            ]
        )
        reader.end()
        return cls(number, entries)


def list_bytes(count: int) -> int:
    """Return the length of a list with this number of entries."""
    return 8 + count * ENTRY_BYTES


def draft(
    number: int,
    versions: Iterable[BallotVersion],
    receipts: Mapping[bytes, int] | None = None,
    candidate_receipts: int = 0,
) -> LeafList:
    """Return each voter's greatest ballot of which this node has a good share, by voter.

    Args:
        receipts: Known receipts of each ballot, by digest; if given, only ballots with at least
            `candidate_receipts` are included, of which every node can have or repair a share.
    """
    greatest: dict[bytes, BallotVersion] = {}
    for version in versions:
        if not version.has_share:
            continue
        if receipts is not None and receipts.get(version.digest, 0) < candidate_receipts:
            continue
        known = greatest.get(version.voter)
        if known is None or version.order_key > known.order_key:
            greatest[version.voter] = version
    entries = (Entry(voter, greatest[voter].digest) for voter in sorted(greatest))
    return LeafList(number, tuple(entries))


def missing(entries: Sequence[Entry], versions: Sequence[BallotVersion]) -> list[BallotVersion]:
    """Return receipted ballots that a list neither contains nor supersedes."""
    by_digest = {version.digest: version for version in versions}
    listed = {entry.voter: by_digest.get(entry.digest) for entry in entries}
    absent = []
    for version in versions:
        if not version.receipted:
            continue
        counted = listed.get(version.voter)
        if counted is None or counted.order_key < version.order_key:
            absent.append(version)
    return absent


def omitted(
    entries: Sequence[Entry],
    versions: Sequence[BallotVersion],
    receipts: Mapping[bytes, int],
    candidate_receipts: int,
) -> list[bytes]:
    """Return the digests of candidates that a list neither contains nor supersedes.

    Args:
        versions: All ballots of the node.
        receipts: Known receipts of each ballot, by digest.
        candidate_receipts: `q − f`.
    """
    # A ballot that fewer than q − f nodes accepted was never recorded, and may be left out.
    return [
        version.digest
        for version in missing(entries, versions)
        if receipts.get(version.digest, 0) >= candidate_receipts
    ]


def objection(
    proposal: LeafList,
    versions: Sequence[BallotVersion],
    receipts: Mapping[bytes, int],
    candidate_receipts: int,
    given_up: Collection[bytes] = (),
) -> str | None:
    """Return in words why a node must not sign a proposal; None if it may.

    Args:
        versions, receipts, candidate_receipts: As for `omitted`.
        given_up: Candidates that may be left out, as too many nodes cannot get a share of them.
    """
    by_digest = {version.digest: version for version in versions}
    previous = b""
    for entry in proposal.entries:
        if entry.voter <= previous:
            return "leaves are not strictly increasing by voter"
        previous = entry.voter
        held = by_digest.get(entry.digest)
        if held is None or held.voter != entry.voter:
            return f"this node does not have ballot 0x{entry.digest.hex()}"
        if not held.has_share:
            return f"this node has no good share of ballot 0x{entry.digest.hex()}"
    for digest in omitted(proposal.entries, versions, receipts, candidate_receipts):
        if digest not in given_up:
            return f"candidate 0x{digest.hex()} is neither included nor superseded"
    return None


def lacking_hash(digests: Sequence[bytes]) -> bytes:
    """Return the hash in a `Lacking` statement, of ballots of which a node has no good share."""
    return tagged_hash("lacking", *digests)


def inventory_hash(entries: Sequence[tuple[bytes, UnixSeconds, bytes]]) -> bytes:
    """Return the hash in an `Inventory` statement, of (voter, cast time, digest), sorted."""
    parts = [unsigned(len(entries), 4)]
    for voter, cast_at_unix_s, digest in entries:
        parts += [voter, unsigned(cast_at_unix_s, 8), digest]
    return tagged_hash("inventory", *parts)
