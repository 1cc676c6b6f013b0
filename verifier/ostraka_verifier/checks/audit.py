"""Evidence of one audit, the parts read from it, and the findings of its checks.

Pure: evidence, engine and randomness are arguments.

Source: docs/protocol.md §13.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeVar, cast

from ostraka_verifier.ballot import Ballot, BallotLayout
from ostraka_verifier.board import (
    AnchoredRoot,
    BoardLeaf,
    SignedShare,
    decode_leaves,
    decode_shares,
    split_notes,
)
from ostraka_verifier.census import CensusEntry, CensusView
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import Curve
from ostraka_verifier.description import Description
from ostraka_verifier.errors import AuditError, Malformed, Rejected, Undecided
from ostraka_verifier.evidence import ChainEvidence, DeploymentEvidence, RoundEvidence
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule
from ostraka_verifier.packed_census import read_census
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


class Verdict(Enum):
    """Result of a check or of a whole audit."""

    HOLDS = "holds"
    FAILS = "fails"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """Outcome of one check.

    Attributes:
        check: Its number.
        claim: The statement that it checks.
        verdict: Whether the claim holds.
        item: What failed, "" otherwise.
        detail: Why it failed, what is missing, or what was counted.
        assumes: What it only assumes, "" for nothing. Completes "holds, assuming".
    """

    check: str
    claim: str
    verdict: Verdict
    item: str = ""
    detail: str = ""
    assumes: str = ""

    def to_json(self) -> dict[str, str]:
        """Return stable members."""
        return {
            "check": self.check,
            "claim": self.claim,
            "verdict": self.verdict.value,
            "item": self.item,
            "detail": self.detail,
            "assumes": self.assumes,
        }


@dataclass(frozen=True)
class Held:
    """Details of a check that holds: what was counted, and what is only assumed."""

    detail: str
    assumes: str = ""


@dataclass(frozen=True)
class Claimed:
    """The poll that the auditor asked about."""

    registry: bytes
    poll_id: int


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
        board: bytes,
        randomness: Randomness,
        progress: Progress = no_progress,
        releases: Releases | None = None,
    ) -> None:
        """Args:
        board: Bytes of the board.
        randomness: Source of batch weights, as `secrets.randbits`.
        releases: Releases whose code the contracts may have; by default the known ones.

        Raises:
            Malformed: The board has no valid sections.
        """
        self.curve = curve
        self.claimed = claimed
        self.chain = chain
        self.sections, self.notes = split_notes(board)
        self.randomness = randomness
        self.progress = progress
        self.releases = known_releases() if releases is None else releases
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

    @property
    def parameters(self) -> PollParameters:
        """Section 2 (P1)."""
        return self._once(
            "P1", "parameters", lambda: PollParameters.decode(self.sections["parameters"])
        )

    @property
    def domain(self) -> Domain:
        """EIP-712 domain of the poll that was asked about."""
        return Domain(self.chain.chain_id, self.claimed.registry)

    @property
    def rule(self) -> BallotRule:
        """Section 3 (P2)."""
        return self._once("P2", "rule", lambda: BallotRule.decode(self.sections["rule"]))

    @property
    def outcome_rule(self) -> OutcomeRule:
        """Section 4 (P2)."""
        return self._once(
            "P2", "outcome", lambda: decode_outcome_rule(self.sections["outcome_rule"])
        )

    @property
    def description(self) -> Description:
        """Section 5 (P2)."""
        return self._once(
            "P2", "description", lambda: Description.decode(self.sections["description"])
        )

    @property
    def committee(self) -> Committee:
        """Section 6 (P3)."""
        return self._once("P3", "committee", lambda: Committee.decode(self.sections["committee"]))

    @property
    def census(self) -> CensusView:
        """Section 8 (C1)."""
        return self._once(
            "C1", "census", lambda: read_census(self.sections["census"], self.curve.name)
        )

    @property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""
        return BallotLayout(ProofShape(self.rule, self.committee.threshold))

    @property
    def leaves(self) -> tuple[BoardLeaf, ...]:
        """Section 9 (B1)."""
        return self._once(
            "B1", "leaves", lambda: decode_leaves(self.sections["leaves"], self.layout.size)
        )

    @property
    def ballots(self) -> list[Ballot]:
        """Decoded ballots (B1)."""
        return self._once("B1", "ballots", self._decode_ballots)

    @property
    def weights(self) -> list[int]:
        """The census's weight of each ballot (B3)."""
        return self._once(
            "B3", "weights", lambda: [self.entry_of(ballot).weight for ballot in self.ballots]
        )

    @property
    def anchored(self) -> AnchoredRoot:
        """Section 10 (T2)."""
        if self.chain.anchored is None:
            if self.chain.anchored_at:
                raise self._missing_event("RootAnchored")
            raise Undecided("no root is anchored yet")
        return self._once("T2", "root", lambda: AnchoredRoot.decode(self._section("root")))

    @property
    def sums(self) -> AggregateCommitments:
        """Sums that aggregate shares open (B3)."""
        if not self.ballots:
            raise Undecided("no ballot was counted")
        threshold = self.committee.threshold
        return self._once(
            "B3",
            "sums",
            lambda: AggregateCommitments.of(self.curve, self.ballots, self.weights, threshold),
        )

    @property
    def shares(self) -> tuple[SignedShare, ...]:
        """Section 11 (S1); empty if the board has none."""
        if "shares" not in self.sections:
            return ()
        return self._once(
            "S1", "shares", lambda: decode_shares(self.sections["shares"], len(self.rule.slots))
        )

    @property
    def redemptions(self) -> Redemptions:
        """Section 12 (C4)."""
        return self._once(
            "C4",
            "redemptions",
            lambda: Redemptions.decode(self._section("redemptions"), len(self.census)),
        )

    @property
    def key(self) -> CommitmentKey:
        """Generators of the poll's commitments."""
        return self._once("P2", "key", lambda: CommitmentKey(self.curve, self.rule.width))

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

    def _decode_ballots(self) -> list[Ballot]:
        return self.layout.decode_many(self.curve, [leaf.ballot for leaf in self.leaves])

    def _once(self, check: str, name: str, read: Callable[[], _T]) -> _T:
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


def ballot_name(ballot: Ballot) -> str:
    """Return a ballot's name in reports."""
    return f"ballot 0x{ballot.digest.hex()[:16]}… of voter 0x{ballot.voter.hex()}"
