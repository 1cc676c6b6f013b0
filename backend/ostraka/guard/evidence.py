"""What is known about a poll's ballots: boards, and which ballots may be counted.

Boards come from nodes that may lie. A ballot counts as sound once anybody shows a signature that
makes it so; a leaf counts as false only if nobody does.

Source: docs/protocol.md §13 (checks B1, B3 to B6, C1, P1), §16.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from ostraka_verifier import typed_data
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.board import Board
from ostraka_verifier.census import Census
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.encoding import ADDRESS_BYTES, POINT_BYTES, tagged_hash
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.merkle_sum import Leaf, SumTree
from ostraka_verifier.proof import RejectedProofs, verify_proofs
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.signatures import recover
from ostraka_verifier.units import UnixSeconds

log = structlog.get_logger()

_CAST_AT = slice(ADDRESS_BYTES, ADDRESS_BYTES + 8)
_VALUE = slice(_CAST_AT.stop, _CAST_AT.stop + POINT_BYTES)
_BATCH = 2000
"""Ballots whose proofs are verified together."""


@dataclass(frozen=True)
class SignedLeaf:
    """A canonical ballot, the hash of its boxes, and its voter's signature of both."""

    ballot: bytes
    boxes_hash: bytes
    signature: bytes

    @property
    def voter(self) -> bytes:
        """The account that the ballot names, 20 bytes."""
        return self.ballot[:ADDRESS_BYTES]

    @property
    def cast_at_unix_s(self) -> UnixSeconds:
        """The cast time that the ballot names."""
        return UnixSeconds(int.from_bytes(self.ballot[_CAST_AT], "big"))

    @property
    def digest(self) -> bytes:
        """Digest of the ballot, 32 bytes."""
        return tagged_hash("ballot", self.ballot)

    @property
    def order_key(self) -> tuple[UnixSeconds, bytes]:
        """Order of one voter's ballots: the greatest counts (§8.7)."""
        return self.cast_at_unix_s, self.digest

    def leaf(self, weight: int) -> Leaf:
        """Return the leaf of this ballot with a weight."""
        return Leaf(self.voter, weight, self.cast_at_unix_s, self.digest)


class Evidence:
    """All ballots of one poll that anybody showed so far, and the census."""

    def __init__(self, curve: Curve, poll: PublishedPoll, before: "Evidence | None" = None) -> None:
        """Args:
        before: What was known when sources were asked last. Its checks are not repeated; what
            nobody shows again is forgotten, so that a liar cannot fill the memory.
        """
        self.curve = curve
        self._poll = poll
        self._key = CommitmentKey(curve, poll.rule.width)
        self._faults: dict[SignedLeaf, str | None] = {}
        self._sound: dict[bytes, SignedLeaf] = {}
        self._contents: dict[bytes, bytes] = {}
        self._trees: list[SumTree | None] = []
        self.sound_roots: set[bytes] = set()
        """Digests of roots of which every leaf was found to be right."""
        self.compared: dict[tuple[bytes, bytes], Any] = {} if before is None else before.compared
        """What was found by comparing a root with a board's tree, by their digests."""
        self.boards: list[tuple[SignedLeaf, ...]] = []
        """Different lists of leaves that sources showed as the board."""
        self._checked_before = {} if before is None else before._faults
        self.census: Census | None = None if before is None else before.census
        """The poll's census; None until a board has it."""

    def add_board(self, board: Board) -> None:
        """Take the leaves and the census of a board.

        Raises:
            AuditError: It is the board of another poll, or its census is not the poll's.
        """
        poll = self._poll
        if board.poll != poll.identity.encode() or board.parameters != poll.parameters.encode():
            raise Malformed("board", "of another poll")
        if self.census is None:
            census = Census.decode(board.census)
            if census.root != poll.parameters.census_root:
                raise Malformed("board.census", "it has a different root than the poll fixes")
            self.census = census
        leaves = tuple(
            SignedLeaf(one.ballot, one.boxes_hash, one.signature) for one in board.leaves
        )
        if leaves not in self.boards:
            self.boards.append(leaves)
        self.add(leaves)

    def add(self, leaves: Iterable[SignedLeaf]) -> None:
        """Check ballots that were not seen before. Without a census there is nothing to check."""
        census = self.census
        fresh = [one for one in dict.fromkeys(leaves) if one not in self._faults]
        if census is None or not fresh:
            return
        new = [one for one in fresh if one not in self._checked_before]
        found = dict(zip(new, self._checked(new, census), strict=True))
        for one in fresh:
            fault = found[one] if one in found else self._checked_before[one]
            self._faults[one] = fault
            self._contents[one.digest] = one.ballot
            if fault is None:
                self._sound.setdefault(one.digest, one)

    def add_contents(self, ballots: Iterable[bytes]) -> None:
        """Take ballots without their signatures, such as those of voters' files."""
        for ballot in ballots:
            self._contents[tagged_hash("ballot", ballot)] = ballot

    def sound(self, digest: bytes) -> SignedLeaf | None:
        """Return the ballot with a digest and what makes it right; None if nobody showed that."""
        return self._sound.get(digest)

    def fault(self, leaf: SignedLeaf) -> str | None:
        """Return why a ballot that was added must not count; None if it may."""
        if leaf.digest in self._sound:
            return None
        return self._faults.get(leaf, "not checked")

    def known(self) -> list[SignedLeaf]:
        """Return each voter's latest sound ballot, by voter: the leaves that a root should have."""
        latest: dict[bytes, SignedLeaf] = {}
        for one in self._sound.values():
            if one.voter not in latest or latest[one.voter].order_key < one.order_key:
                latest[one.voter] = one
        return [latest[voter] for voter in sorted(latest)]

    def invalid_content(self, digest: bytes) -> bytes | None:
        """Return a ballot that breaks encoding or rule whoever signed it, by its digest.

        None if its content is unknown, or holds.
        """
        ballot = self._contents.get(digest)
        if ballot is None:
            return None
        try:
            decoded = self._poll.layout.decode(self.curve, ballot)
            self._verify([decoded])
        except AuditError:
            return ballot
        return None

    def content(self, digest: bytes) -> bytes | None:
        """Return a ballot by its digest, if anybody showed it."""
        return self._contents.get(digest)

    def weight_of(self, voter: bytes) -> int:
        """Return a voter's weight; 1 for an account that the census does not list."""
        entry = self.census.by_account.get(voter) if self.census else None
        return 1 if entry is None else entry.weight

    def trees(self) -> Iterator[tuple[tuple[SignedLeaf, ...], SumTree]]:
        """Yield each board whose commitments are points, with its tree, computed once."""
        while len(self._trees) < len(self.boards):
            self._trees.append(self.tree(self.boards[len(self._trees)]))
        for leaves, tree in zip(self.boards, self._trees, strict=True):
            if tree is not None:
                yield leaves, tree

    def tree(self, leaves: Sequence[SignedLeaf]) -> SumTree | None:
        """Return the tree over ballots in their order; None if a commitment is no point."""
        if not leaves:
            return None
        weights = [self.weight_of(one.voter) for one in leaves]
        try:
            values = self.curve.decode(
                b"".join([one.ballot[_VALUE] for one in leaves]), identity=True
            )
        except Malformed:
            return None
        listed = [one.leaf(weight) for one, weight in zip(leaves, weights, strict=True)]
        return SumTree.of(self.curve, listed, self.curve.scale(values, weights))

    def _checked(self, leaves: Sequence[SignedLeaf], census: Census) -> list[str | None]:
        """Return for each ballot why it must not count (B1, B3 to B6); None if it may."""
        faults: list[str | None] = [None] * len(leaves)
        ballots = self._decoded(leaves, faults)
        for number, (leaf, ballot) in enumerate(zip(leaves, ballots, strict=True)):
            if ballot is not None:
                faults[number] = self._fault_of_voter(leaf, census)
        good = [(number, ballot) for number, ballot in enumerate(ballots) if ballot is not None]
        good = [(number, ballot) for number, ballot in good if faults[number] is None]
        for start in range(0, len(good), _BATCH):
            batch = good[start : start + _BATCH]
            try:
                self._verify([ballot for _, ballot in batch])
            except RejectedProofs as error:
                for place, reason in error.failures:
                    faults[batch[place][0]] = f"B6: {reason}"
        return faults

    def _decoded(
        self, leaves: Sequence[SignedLeaf], faults: list[str | None]
    ) -> Sequence[Ballot | None]:
        layout = self._poll.layout
        try:
            return layout.decode_many(self.curve, [one.ballot for one in leaves])
        except Malformed:
            # Together is fast; one by one tells which.
            pass
        ballots: list[Ballot | None] = []
        for number, one in enumerate(leaves):
            try:
                ballots.append(layout.decode(self.curve, one.ballot))
            except Malformed as error:
                ballots.append(None)
                faults[number] = f"B1: {error}"
        return ballots

    def _fault_of_voter(self, leaf: SignedLeaf, census: Census) -> str | None:
        parameters = self._poll.parameters
        entry = census.by_account.get(leaf.voter)
        if entry is None:
            return "B3: its voter is not in the census"
        statement = self._poll.domain.digest(
            typed_data.BALLOT,
            self._poll.context,
            leaf.voter,
            leaf.cast_at_unix_s,
            leaf.digest,
            leaf.boxes_hash,
        )
        try:
            signer = recover(statement, leaf.signature)
        except Malformed as error:
            return f"B4: {error}"
        if signer != entry.signing_key:
            return "B4: not signed by its voter's signing key"
        if not parameters.opens_at <= leaf.cast_at_unix_s < parameters.closes_at:
            return f"B5: cast at {leaf.cast_at_unix_s}"
        return None

    def _verify(self, ballots: Sequence[Ballot]) -> None:
        verify_proofs(
            self.curve,
            self._key.generators,
            self._poll.shape,
            self._poll.context,
            [ballot.proof for ballot in ballots],
            secrets.randbits,
        )
