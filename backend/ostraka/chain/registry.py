"""PollRegistry on chain: read polls and their events, send transactions.

Reads only the addresses and digests that the caller asks for. Protocol decisions from chain data
are made elsewhere.

Source: contracts/interfaces/IPollRegistry.sol, docs/protocol.md §4, §11, §12.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

from web3.types import EventData

from ostraka.chain.contract import DeployedContract, Sender, Sent, camel, checksum, sent
from ostraka.chain.sending import Errand
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.census_tree import CensusRoot
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.parameters import Committee, Member, PollParameters
from ostraka_verifier.tally_proof import Tally
from ostraka_verifier.units import Seconds, UnixSeconds


class Status(IntEnum):
    """Status of a poll with the contract's numbers (§4.5)."""

    NONE = 0
    CREATED = 1
    OPEN = 2
    CLOSED = 3
    ANCHORED = 4
    RELEASABLE = 5
    TALLIED = 6
    VOID = 7


@dataclass(frozen=True)
class PollView:
    """`IPollRegistry.PollView`; unknown moments are 0.

    Attributes:
        rejected_rounds: Number of the last round whose root was rejected, plus 1.
        rejected_at: Chain time of that rejection.
        contested: Whether a dispute about the anchored root is open.
    """

    status: Status
    poll_context: bytes
    committee: bytes
    creator: bytes
    slots: int
    max_slot_value: int
    total_weight: int
    voters: int
    minimum_ballots: int
    opens_at: UnixSeconds
    closes_at: UnixSeconds
    freezes_at: UnixSeconds
    anchor_deadline: UnixSeconds
    anchored_at: UnixSeconds
    releasable_at: UnixSeconds
    tally_deadline: UnixSeconds
    outcome_rule: bytes
    poll_keys: bytes
    round: int
    root: SumRoot
    tally_digest: bytes
    rejected_rounds: int
    rejected_at: UnixSeconds
    contested: bool


class OutcomeState(IntEnum):
    """State of an outcome that nodes attest, with the contract's numbers (§18.11)."""

    NONE = 0
    AWAITED = 1
    OBJECTABLE = 2
    FINAL = 3
    VETOED = 4
    MISSED = 5


@dataclass(frozen=True)
class OutcomeView:
    """`IPollRegistry.OutcomeView`; what is not yet known is 0 or empty.

    Attributes:
        attest_by: From then on, nobody can attest.
        objection_ends_at: From then on, nobody can veto.
        veto_holder: 20 bytes; zeros: nobody may veto.
        awards: 1 or 0 for each slot.
    """

    state: OutcomeState
    attest_by: UnixSeconds
    attested_at: UnixSeconds
    objection_ends_at: UnixSeconds
    veto_holder: bytes
    ballots_hash: bytes
    awards: tuple[int, ...]


@dataclass(frozen=True)
class CreatedPoll:
    """The event `PollCreated`."""

    poll_id: int
    poll_context: bytes
    parameters: PollParameters
    rule: bytes
    outcome_rule: bytes
    description: bytes


@dataclass(frozen=True)
class OpenedPoll:
    """The event `PollOpened`: hashes of the poll keys, and all signatures, node 1 first."""

    node_keys: tuple[bytes, ...]
    signatures: tuple[bytes, ...]


class Registry(DeployedContract):
    """The PollRegistry at one address of one chain."""

    name = "PollRegistry"

    def poll_count(self, block: int | str = "latest") -> int:
        """Return the number of polls created up to a block."""
        return int(self.read("pollCount", block=block))

    def poll(self, poll_id: int, block: int | str = "latest") -> PollView:
        """Return the state of a poll at a block."""
        values = list(self.read("poll", poll_id, block=block))
        number, root_hash, x, y, count = values[18]
        values[0] = Status(values[0])
        values[3] = bytes.fromhex(values[3][2:])
        values[18:19] = [number, SumRoot(root_hash, _point(x, y), count)]
        return PollView(*values)

    def created(self, poll_id: int) -> CreatedPoll | None:
        """Return the creation of a poll; None if it does not exist."""
        event = self.latest_event("PollCreated", {"pollId": poll_id})
        if event is None:
            return None
        given = event["args"]
        parameters = given["parameters"]
        return CreatedPoll(
            poll_id,
            bytes(given["pollContext"]),
            PollParameters(*(parameters[camel(field.name)] for field in fields(PollParameters))),
            bytes(given["rule"]),
            bytes(given["outcomeRule"]),
            bytes(given["description"]),
        )

    def opened(self, poll_id: int) -> OpenedPoll | None:
        """Return the opening of a poll; None before it."""
        event = self.latest_event("PollOpened", {"pollId": poll_id})
        if event is None:
            return None
        given = event["args"]
        return OpenedPoll(tuple(given["nodeKeys"]), tuple(given["signatures"]))

    def anchored(self, poll_id: int) -> AnchoredRoot | None:
        """Return the anchored root of a poll with its signatures; None before anchoring."""
        event = self.latest_event("RootAnchored", {"pollId": poll_id})
        if event is None:
            return None
        root, attestations = event["args"]["root"], event["args"]["attestations"]
        return AnchoredRoot(
            root["round"],
            SumRoot(root["rootHash"], _point(root["sumX"], root["sumY"]), root["count"]),
            tuple(Attestation(one["node"], one["signature"]) for one in attestations),
        )

    def tally(self, poll_id: int) -> Tally | None:
        """Return the accepted tally of a poll; None before it."""
        event = self.latest_event("TallyAccepted", {"pollId": poll_id})
        if event is None:
            return None
        return Tally(tuple(event["args"]["tally"]), event["args"]["blinding"])

    def committee(self, digest: bytes) -> Committee | None:
        """Return a registered committee with its nodes' URLs; None if it does not exist."""
        event = self.latest_event("CommitteeRegistered", {"committee": digest})
        return None if event is None else _committee(event)

    def committees(self) -> list[Committee]:
        """Return all registered committees, in the order of the chain."""
        return [_committee(event) for event in self.all_events("CommitteeRegistered", {})]

    def voting_keys(self) -> bytes:
        """Return the address of the deployment's contract `VotingKeys`, 20 bytes."""
        return bytes.fromhex(self.read("votingKeys")[2:])

    def period_floor(self) -> Seconds:
        """Return the minimum of dispute window, tally period and claim period."""
        return Seconds(self.read("periodFloor"))

    def disputes(self) -> bytes:
        """Return the address of the contract that may reject roots, 20 bytes; zero: none."""
        return bytes.fromhex(self.read("disputes")[2:])

    def is_disputable(self) -> bool:
        """Return whether the registry has disputes: only then polls fix times for them."""
        return any(self.disputes())

    def awards(
        self, poll_id: int, tally: Sequence[int], outcome_rule: bytes, order: Sequence[int]
    ) -> list[int]:
        """Return the contract's awards for each slot under the poll's outcome rule."""
        return list(self.read("awards", poll_id, tally, outcome_rule, order))

    def outcome(self, poll_id: int, block: int | str = "latest") -> OutcomeView:
        """Return the outcome that nodes attest; state NONE where the tally decides."""
        values = list(self.read("outcome", poll_id, block=block))
        values[0] = OutcomeState(values[0])
        values[4] = bytes.fromhex(values[4][2:])
        values[6] = tuple(values[6])
        return OutcomeView(*values)

    def register_committee(
        self, sender: Sender, committee: Committee, signatures: Sequence[bytes]
    ) -> Sent:
        """Register a committee with its nodes' `Committee` signatures."""
        return self.send(
            sender,
            "registerCommittee",
            [checksum(member.address) for member in committee.members],
            [member.url for member in committee.members],
            committee.threshold,
            committee.faults,
            list(signatures),
        )

    def has_committee(self, digest: bytes) -> bool:
        """Return whether a committee of this digest is registered."""
        quorum: int = self.read("committee", digest)[3]
        return quorum != 0

    def create_poll(
        self,
        sender: Sender,
        parameters: PollParameters,
        census: CensusRoot,
        rule: bytes,
        outcome_rule: bytes,
        description: bytes,
    ) -> tuple[int, Sent]:
        """Create a poll; return its id and the transaction.

        Args:
            census: The census of the parameters' root.
        """
        values = tuple(getattr(parameters, field.name) for field in fields(parameters))
        receipt = self.transact(
            sender, "createPoll", values, census.hash, rule, outcome_rule, description
        )
        return int(self.event_of(receipt, "PollCreated")["pollId"]), sent(receipt)

    def poll_created_by(self, errand: Errand) -> tuple[int, Sent]:
        """Return the id of the poll that an errand created before, and the transaction."""
        receipt = self.follow(errand)
        return int(self.event_of(receipt, "PollCreated")["pollId"]), sent(receipt)

    def open_poll(
        self,
        sender: Sender,
        poll_id: int,
        node_keys: Sequence[bytes],
        signatures: Sequence[bytes],
    ) -> Sent:
        """Pin the hashes of the nodes' poll keys, with all nodes' `PollKeys` signatures."""
        return self.send(sender, "openPoll", poll_id, list(node_keys), list(signatures))

    def anchor_root(self, sender: Sender, poll_id: int, anchored: AnchoredRoot) -> Sent:
        """Anchor a root with its signatures."""
        root = anchored.root
        x, y = int.from_bytes(root.sum[:32], "big"), int.from_bytes(root.sum[32:], "big")
        return self.send(
            sender,
            "anchorRoot",
            poll_id,
            (anchored.round, root.hash, x, y, root.count),
            [(one.node, one.signature) for one in anchored.attestations],
        )

    def accept_tally(self, sender: Sender, poll_id: int, tally: Tally) -> Sent:
        """Submit a tally with its opening."""
        return self.send(sender, "acceptTally", poll_id, list(tally.values), tally.blinding)

    def attest_outcome(
        self,
        sender: Sender,
        poll_id: int,
        outcome_rule: bytes,
        ballots_hash: bytes,
        awards: Sequence[int],
        attestations: Sequence[Attestation],
    ) -> Sent:
        """Submit the outcome of opened ballots with the nodes' `Outcome` signatures.

        Args:
            attestations: At least `q`, by increasing number of the node.
        """
        return self.send(
            sender,
            "attestOutcome",
            poll_id,
            outcome_rule,
            ballots_hash,
            list(awards),
            [(one.node, one.signature) for one in attestations],
        )

    def veto_outcome(self, sender: Sender, poll_id: int) -> Sent:
        """Void the attested outcome, as its veto holder."""
        return self.send(sender, "vetoOutcome", poll_id)


def _committee(event: EventData) -> Committee:
    given = event["args"]
    members = tuple(
        Member(bytes.fromhex(node[2:]), url)
        for node, url in zip(given["nodes"], given["urls"], strict=True)
    )
    return Committee(members, given["t"], given["f"])


def _point(x: int, y: int) -> bytes:
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")
