"""Agree on one set of ballots: what to propose, and what a node may put its name under.

Pure functions over what a node holds. Source: docs/protocol.md §10.
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
    """One leaf of a draft or proposal."""

    voter: bytes
    digest: bytes


@dataclass(frozen=True)
class LeafList:
    """Draft or proposal of a round."""

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
        """Read a list; Malformed when it is none."""
        reader = Reader(data, "leaves")
        number, count = reader.unsigned(4, "round"), reader.unsigned(4, "count")
        # Compared before any loop: a forged count must not make us allocate.
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
    """Length of a list of so many entries."""
    return 8 + count * ENTRY_BYTES


def draft(
    number: int,
    versions: Iterable[BallotVersion],
    receipts: Mapping[bytes, int] | None = None,
    candidate_receipts: int = 0,
) -> LeafList:
    """Each voter's greatest ballot of which this node holds a good share, by voter.

    Args:
        receipts: Known receipts of each ballot, by digest; with them only ballots of at least
            `candidate_receipts` are taken, which every node can hold or repair.
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
    """Receipted ballots that a list neither holds nor supersedes."""
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
    """Digests of candidates that a list neither holds nor supersedes.

    Args:
        versions: All ballots that the node holds.
        receipts: Known receipts of each ballot, by digest.
        candidate_receipts: `q − f`.
    """
    # What fewer than q − f nodes accepted, was never recorded, and may be left out.
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
    """Why a node must not sign a proposal, in words; None when it may.

    Args:
        versions, receipts, candidate_receipts: As `omitted` takes them.
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
            return f"ballot 0x{entry.digest.hex()} is not here"
        if not held.has_share:
            return f"no good share of ballot 0x{entry.digest.hex()} is here"
    for digest in omitted(proposal.entries, versions, receipts, candidate_receipts):
        if digest not in given_up:
            return f"candidate 0x{digest.hex()} is neither in nor superseded"
    return None


def lacking_hash(digests: Sequence[bytes]) -> bytes:
    """What a `Lacking` statement signs: ballots of which a node can get no good share."""
    return tagged_hash("lacking", *digests)


def inventory_hash(entries: Sequence[tuple[bytes, UnixSeconds, bytes]]) -> bytes:
    """What an `Inventory` statement signs: (voter, cast time, digest), sorted as bytes."""
    parts = [unsigned(len(entries), 4)]
    for voter, cast_at_unix_s, digest in entries:
        parts += [voter, unsigned(cast_at_unix_s, 8), digest]
    return tagged_hash("inventory", *parts)
