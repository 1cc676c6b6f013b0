"""Evidence of one audit, the parts read from it, and the findings of its checks.

Pure: evidence, engine and randomness are arguments.

Source: docs/protocol.md §13.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, TypeVar, cast

from ostraka_verifier.ballot import Ballot, BallotLayout
from ostraka_verifier.board import (
    AnchoredRoot,
    BoardLeaf,
    OpenedBoard,
    SignedShare,
    decode_shares,
)
from ostraka_verifier.board_leaves import LeafRecords
from ostraka_verifier.census import CensusEntry, CensusView
from ostraka_verifier.checks.finding import Finding, Held, Verdict, ballot_name
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve, LeafPart
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import ChainEvidence, DeploymentEvidence, RoundEvidence
from ostraka_verifier.leaf_poll import LeafPoll, LeafWorkers
from ostraka_verifier.merkle_sum import Leaf, SumRoot, sum_root
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule
from ostraka_verifier.packed_census import PackedCensus, read_census
from ostraka_verifier.parameters import Committee, PollParameters
from ostraka_verifier.proof import ProofShape, Randomness
from ostraka_verifier.redemption import Redemptions
from ostraka_verifier.releases import Releases, known_releases
from ostraka_verifier.rpc import Progress, Unanswered, no_progress
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.signatures import recover
from ostraka_verifier.tally_proof import AggregateCommitments, Tally
from ostraka_verifier.typed_data import Domain

_T = TypeVar("_T")


@dataclass(frozen=True)
class Claimed:
    """The poll that the auditor asked about."""

    registry: bytes
    poll_id: int


@dataclass(frozen=True)
class PlacedLeaf:
    """A leaf at a place on the board, from 0, with its decoded ballot."""

    place: int
    leaf: BoardLeaf
    ballot: Ballot


class Audit:
    """One audit: the evidence, and the parts read from it, each once.

    If a property cannot be read, the check with its number fails; all other checks that need the
    property are not checked.
    """

    def __init__(
        self,
        curve: Curve,
        claimed: Claimed,
        chain: ChainEvidence,
        board: bytes | OpenedBoard,
        randomness: Randomness,
        progress: Progress = no_progress,
        releases: Releases | None = None,
        workers: LeafWorkers | None = None,
        opening: Progress = no_progress,
    ) -> None:
        """Args:
        board: The board, or its bytes.
        randomness: Source of batch weights, as `secrets.randbits`.
        releases: Releases whose code the contracts may have; by default the known ones.
        workers: Check the leaves, of a whole board and if the engine has a pass over them.
        opening: Told how much of the run and of the opened ballots is checked.

        Raises:
            Malformed: The board has no valid sections.
        """
        self.curve = curve
        self.claimed = claimed
        self.chain = chain
        self.board = OpenedBoard.of(board) if isinstance(board, bytes) else board
        self.randomness = randomness
        self.progress = progress
        self.releases = known_releases() if releases is None else releases
        self.workers = workers
        self.opening = opening
        self.current = ""
        self._read: dict[str, object] = {}

    def run(self, checks: "Sequence[Check]") -> list[Finding]:
        """Perform checks in their order."""
        findings = []
        said: dict[str, str] = {}
        for number, claim, perform in checks:
            self.current = number
            try:
                held = perform(self)
            except Undecided as missing:
                detail = str(missing)
                if isinstance(missing, Unanswered) and said.setdefault(detail, number) != number:
                    # A missing answer of the endpoint is reported once.
                    detail = f"as {said[detail]}"
                findings.append(Finding(number, claim, Verdict.NOT_CHECKED, "", detail))
            except (Malformed, Rejected) as failure:
                findings.append(Finding(number, claim, Verdict.FAILS, failure.item, failure.reason))
            else:
                if isinstance(held, str):
                    held = Held(held)
                findings.append(
                    Finding(number, claim, Verdict.HOLDS, "", held.detail, held.assumes)
                )
        return findings

    def read_leaves(self) -> None:
        """Check the leaves natively, perhaps while they arrive. The checks report all errors."""
        with suppress(AuditError):
            _ = self.found

    @property
    def sections(self) -> Mapping[str, bytes]:
        """Sections of the board by name, without census and leaves."""
        return self.board.sections

    @property
    def notes(self) -> Mapping[int, int]:
        """Length of each note of the board by its tag."""
        return self.board.notes

    @property
    def parameters(self) -> PollParameters:
        """Section 2 (P1)."""
        return self.once(
            "P1", "parameters", lambda: PollParameters.decode(self.sections["parameters"])
        )

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of the poll that was asked about."""
        return Domain(self.chain.chain_id, self.claimed.registry)

    @property
    def rule(self) -> BallotRule:
        """Section 3 (P2)."""
        return self.once("P2", "rule", lambda: BallotRule.decode(self.sections["rule"]))

    @property
    def outcome_rule(self) -> OutcomeRule:
        """Section 4 (P2)."""
        return self.once(
            "P2", "outcome", lambda: decode_outcome_rule(self.sections["outcome_rule"])
        )

    @property
    def description(self) -> Description:
        """Section 5 (P2)."""
        return self.once(
            "P2", "description", lambda: Description.decode(self.sections["description"])
        )

    @property
    def committee(self) -> Committee:
        """Section 6 (P3)."""
        return self.once("P3", "committee", lambda: Committee.decode(self.sections["committee"]))

    @property
    def census(self) -> CensusView:
        """Section 8 (C1)."""
        return self.once("C1", "census", lambda: read_census(self.board.census, self.curve.name))

    @property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""
        return BallotLayout(ProofShape(self.rule, self.committee.threshold))

    @property
    def records(self) -> LeafRecords:
        """Section 9, leaf by leaf (B1)."""
        return self.once("B1", "records", lambda: LeafRecords(self.board.leaves, self.layout.size))

    @property
    def found(self) -> LeafPart | None:
        """What the native pass found on the leaves (B1); None if the engine has none.

        The readable checks have the words for what it found, and are the specification.
        """
        return self.once("B1", "found", self._pass_over_leaves)

    @property
    def ballot_count(self) -> int:
        """Number of ballots, all of which are canonical (B1)."""
        return self.once("B1", "ballot count", self._count_ballots)

    def leaves_at(self, places: Iterable[int]) -> Iterator[PlacedLeaf]:
        """Yield canonical leaves by their places (B1)."""
        for place in places:
            leaf = self.records.leaf(place)
            yield PlacedLeaf(place, leaf, self.layout.decode(self.curve, leaf.ballot))

    @property
    def ballots(self) -> Sequence[Ballot]:
        """All ballots, decoded (B1): where there is no native pass."""
        return self.once("B1", "ballots", self._decode_ballots)

    def examined(self, first_bad: int | None, before: int = 0) -> Iterator[PlacedLeaf]:
        """Yield the canonical leaves that a readable check looks at.

        Without a native pass these are all. Otherwise they are the one that the pass found bad, if
        there is one, and some before it: the check must refuse it.

        Args:
            first_bad: Place of the first leaf that the native pass refuses.
            before: How many before that one.

        Raises:
            RuntimeError: The check accepts what the pass refuses. That is a bug, and no verdict.
        """
        if self.found is None:
            for place, ballot in enumerate(self.ballots):
                yield PlacedLeaf(place, self.records.leaf(place), ballot)
        elif first_bad is not None:
            yield from self.leaves_at(range(first_bad - before, first_bad + 1))
            raise self.disagreement(first_bad)

    def disagreement(self, place: int) -> RuntimeError:
        """Return the error where two implementations of one check differ."""
        return RuntimeError(f"{self.current}: only the native engine refuses leaf {place}")

    def ballot_of(self, voter: bytes) -> Ballot | None:
        """Return the ballot of a voter, if the leaves increase by voter (B2)."""
        if not self.ballot_count:
            return None
        place = self.records.find(voter)
        if place is None:
            return None
        return self.layout.decode(self.curve, self.records.leaf(place).ballot)

    @property
    def weights(self) -> list[int]:
        """The census's weight of each ballot (B3): where there is no native pass."""
        return [self.entry_of(ballot).weight for ballot in self.ballots]

    def require_anchored(self) -> None:
        """Require that the chain has a root and shows its event; Undecided otherwise."""
        if self.chain.anchored is None:
            if self.chain.anchored_at:
                raise self._missing_event("RootAnchored")
            raise Undecided("no root is anchored yet")

    def require_voters(self) -> None:
        """Require that every ballot has an entry in the census (B3)."""
        self.once("B3", "voters", self._check_voters)

    @property
    def cast_weight(self) -> int:
        """Weight of all ballots together (B3)."""
        self.require_voters()
        entries = map(self.census.find, self.records.voters())
        return sum(entry.weight for entry in entries if entry is not None)

    @property
    def anchored(self) -> AnchoredRoot:
        """Section 10 (T2)."""
        self.require_anchored()
        return self.once("T2", "root", lambda: AnchoredRoot.decode(self._section("root")))

    @property
    def root(self) -> SumRoot:
        """Root of the tree over the ballots, which increase by voter (B2, B3)."""
        count, found = self.ballot_count, self.found
        self.require_voters()
        if found is None:
            return self._readable_root()
        if found.disordered is not None:
            raise Undecided("needs B2")
        node = found.root()
        if node is None:
            raise RuntimeError("the native pass gives no root of ballots whose weights it has")
        return SumRoot(*node, count)

    @property
    def sums(self) -> AggregateCommitments:
        """Sums that aggregate shares open (B3)."""
        if not self.ballot_count:
            raise Undecided("no ballot was counted")
        return self.once("B3", "sums", self._add_sharings)

    @property
    def shares(self) -> tuple[SignedShare, ...]:
        """Section 11 (S1); empty if the board has none."""
        if "shares" not in self.sections:
            return ()
        return self.once(
            "S1", "shares", lambda: decode_shares(self.sections["shares"], len(self.rule.slots))
        )

    @property
    def redemptions(self) -> Redemptions:
        """Section 12 (C4)."""
        return self.once(
            "C4",
            "redemptions",
            lambda: Redemptions.decode(self._section("redemptions"), len(self.census)),
        )

    @property
    def key(self) -> CommitmentKey:
        """Generators of the poll's commitments."""
        return self.once("P2", "key", lambda: CommitmentKey(self.curve, self.rule.width))

    @property
    def tally(self) -> Tally:
        """The tally on chain."""
        if self.chain.tally is None:
            if self.chain.status == "tallied":
                raise self._missing_event("TallyAccepted")
            raise Undecided(f"the chain has no tally: the poll is {self.chain.status}")
        return self.chain.tally

    @property
    def node_keys(self) -> tuple[bytes, ...]:
        """Words on chain that identify the poll keys."""
        if not self.chain.node_keys:
            if any(self.chain.poll_keys_digest):
                raise self._missing_event("PollOpened")
            raise Undecided("the poll is not open yet")
        return self.chain.node_keys

    @property
    def deployment(self) -> DeploymentEvidence:
        """The registry and its parts."""
        return readable(self.chain.deployment)

    @property
    def round(self) -> RoundEvidence:
        """The round that the description names."""
        if self.chain.round is None:
            raise Undecided("the round was not read")
        return readable(self.chain.round)

    def entry_of(self, ballot: Ballot) -> CensusEntry:
        """Return the census entry of a ballot's voter; Rejected (B3) if there is none."""
        entry = self.census.find(ballot.voter)
        if entry is None:
            raise Rejected("B3", ballot_name(ballot), "its voter is not in the census")
        return entry

    def require_signer(
        self, check: str, item: str, address: bytes, signature: bytes, digest: bytes
    ) -> None:
        """Raise Rejected under `check` unless `address` signed `digest`."""
        try:
            signer = recover(digest, signature)
        except Malformed as error:
            raise Rejected(check, item, str(error)) from None
        if signer != address:
            raise Rejected(check, item, f"signed by 0x{signer.hex()}, not by 0x{address.hex()}")

    def member(self, check: str, node: int) -> bytes:
        """Return the address of node `node`; Rejected under `check` if there is none."""
        members = self.committee.members
        if not 1 <= node <= len(members):
            raise Rejected(check, f"node {node}", "not in the committee")
        return members[node - 1].address

    def _section(self, name: str) -> bytes:
        """Return a section that must exist by now; Malformed if it is missing."""
        if name not in self.sections:
            raise Malformed(f"board.{name}", "missing")
        return self.sections[name]

    def _missing_event(self, name: str) -> Unanswered:
        return Unanswered(
            f"the poll is {self.chain.status}, but the RPC endpoint shows no event {name} of it:"
            " it lacks events"
        )

    def _pass_over_leaves(self) -> LeafPart | None:
        records, poll = self.records, self._leaf_poll()
        census = None
        with suppress(AuditError):
            # Check C1 reports errors.
            census = self.census.blocks if isinstance(self.census, PackedCensus) else None
        check = poll.check(self.curve, census, self.randomness)
        if check is None:
            return None
        # Without a census there are no sums that could show a worker's error.
        if self.workers is None or census is None:
            return records.check(check, self.progress)
        return self.workers.check(poll, census, records, check, self._fits, self.progress)

    def _leaf_poll(self) -> LeafPoll:
        period: tuple[int, int] | None = None
        with suppress(AuditError):
            # Check P1 reports errors.
            period = self.parameters.opens_at, self.parameters.closes_at
        shape, generators = self.layout.shape, self.key.generators.encode()
        rule, context = shape.rule.encode(), self.chain.poll_context
        return LeafPoll(rule, shape.threshold, context, generators, self.domain.separator, period)

    def _fits(self, part: LeafPart) -> bool:
        """Whether root and sums agree with the root on chain and with all published shares."""
        node, sums, anchored = part.root(), part.sums(), self.chain.anchored
        if node is None or sums is None or anchored is None:
            return True
        try:
            for one in self.shares:
                AggregateCommitments(sums).verify_share(self.curve, self.key, one.node, one.share)
        except AuditError:
            return False
        return SumRoot(*node, part.count) == anchored.root

    def _count_ballots(self) -> int:
        found = self.found
        if found is None:
            return len(self.ballots)
        if found.malformed is not None:
            leaf = self.records.leaf(found.malformed)
            self.layout.decode(self.curve, leaf.ballot, found.malformed)
            raise self.disagreement(found.malformed)
        return found.count

    def _decode_ballots(self) -> list[Ballot]:
        records = self.records
        leaves = [records.leaf(place) for place in range(len(records))]
        return self.layout.decode_many(self.curve, [leaf.ballot for leaf in leaves])

    def _check_voters(self) -> None:
        # Without a census nobody is a voter, even if there is no ballot.
        _ = self.ballot_count, self.census
        found = self.found
        for placed in self.examined(None if found is None else found.stranger):
            self.entry_of(placed.ballot)

    def _readable_root(self) -> SumRoot:
        leaves = [
            Leaf(ballot.voter, weight, ballot.cast_at_unix_s, ballot.digest)
            for ballot, weight in zip(self.ballots, self.weights, strict=True)
        ]
        values = self.curve.concat([ballot.sharing[0] for ballot in self.ballots])
        try:
            return sum_root(self.curve, leaves, values)
        except Rejected:
            raise Undecided("needs B2") from None

    def _add_sharings(self) -> AggregateCommitments:
        self.require_voters()
        found = self.found
        if found is None:
            threshold = self.committee.threshold
            return AggregateCommitments.of(self.curve, self.ballots, self.weights, threshold)
        sums = found.sums()
        if sums is None:
            raise RuntimeError("the native pass gives no sums of ballots whose weights it has")
        return AggregateCommitments(sums)

    def once(self, check: str, name: str, read: Callable[[], _T]) -> _T:
        """Return a part by its name, read once; a check that does not own it is not performed."""
        if name not in self._read:
            try:
                self._read[name] = read()
            except Undecided:
                raise
            except AuditError as error:
                self._read[name] = error
        found = self._read[name]
        if isinstance(found, AuditError):
            if check == self.current:
                raise found
            raise Undecided(f"needs {check}")
        return cast(_T, found)


class Check(NamedTuple):
    """A numbered check. `perform` raises AuditError unless the claim holds."""

    number: str
    claim: str
    perform: Callable[[Audit], str | Held]


def readable(evidence: _T | AuditError) -> _T:
    """Return a part of the evidence, or raise the error that stands in its place."""
    if isinstance(evidence, AuditError):
        raise evidence
    return evidence
