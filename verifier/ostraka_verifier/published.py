"""A poll as the chain published it, without a board: what receipts and openings are held against.

Source: contracts/interfaces/IPollRegistry.sol; docs/protocol.md §3, §4, §13 (P1 to P4).
"""

from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.encoding import (
    ADDRESS_BYTES,
    SIGNATURE_BYTES,
    WORD_BYTES,
    Reader,
    keccak256,
    word,
)
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule, outcome_rule_digest
from ostraka_verifier.parameters import Committee, Description, Member, PollIdentity, PollParameters
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.question import Question
from ostraka_verifier.rpc import (
    JsonRpc,
    Unanswered,
    answered_bytes,
    answers_of_the_endpoint,
    dynamic,
    length,
)
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import box_bytes
from ostraka_verifier.typed_data import Domain

_PARAMETER_WORDS = 24
_CREATED = keccak256(
    b"PollCreated(uint256,address,bytes32,(bytes32,bytes32,bytes32,bytes32,bytes32,uint32,uint128,"
    b"bool,uint64,uint64,uint32,uint32,uint32,uint32,uint32,uint32,"
    b"uint8,uint8,uint8,uint32,uint32,uint32,uint32,bytes32),bytes,bytes,bytes)"
)
_COMMITTEE = keccak256(b"CommitteeRegistered(bytes32,address[],string[],uint8,uint8,uint8)")


@dataclass(frozen=True)
class PublishedPoll:
    """All that is fixed about a poll when it is created, apart from census and poll keys.

    Attributes:
        context: `pollContext`, 32 bytes.
    """

    identity: PollIdentity
    context: bytes
    parameters: PollParameters
    rule: BallotRule
    outcome_rule: OutcomeRule
    description: Description
    committee: Committee

    @classmethod
    def of(
        cls,
        identity: PollIdentity,
        context: bytes,
        parameters: PollParameters,
        rule: bytes,
        outcome_rule: bytes,
        description: bytes,
        committee: Committee,
    ) -> "PublishedPoll":
        """A poll of its encoded parts, each held against the digest that the parameters name.

        Args:
            context: What its publisher says that `pollContext` is.

        Raises:
            Malformed: A part cannot be read.
            Rejected: A part is not the one that the parameters name (check P1), or the poll is of
                a kind that this program does not know.
        """
        parameters.check_known()
        poll = cls(
            identity,
            context,
            parameters,
            BallotRule.decode(rule),
            decode_outcome_rule(outcome_rule),
            Description.decode(description),
            committee,
        )
        for name, computed, claimed in (
            ("rule", poll.rule.digest, parameters.rule),
            ("outcome rule", outcome_rule_digest(outcome_rule), parameters.outcome_rule),
            ("description", poll.description.digest, parameters.description),
            ("committee", committee.digest, parameters.committee),
            ("context", identity.context(parameters, poll.rule), context),
        ):
            if computed != claimed:
                raise Rejected("P1", name, "the poll's digest is of something else")
        poll.rule.check_weight(parameters.total_weight)
        return poll

    def check_rules(self) -> None:
        """What nodes and clients require of a poll besides that its digests fit.

        Raises:
            Rejected: Its parameters, rules or questions do not fit together (checks P2, P5, P6).
        """
        self.parameters.check_bounds()
        self.outcome_rule.check_slots(self.slots)
        if len(self.description.options) != self.slots:
            raise Rejected("P2", "description.options", f"not one for each of {self.slots} slots")
        self.description.check_questions(self.rule)

    @property
    def poll_id(self) -> int:
        """Id in its registry."""
        return self.identity.poll_id

    @cached_property
    def domain(self) -> Domain:
        """Chain and registry to which signatures are bound."""
        return Domain(self.identity.chain_id, self.identity.registry)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is asked; where the description does not say, what the rule does.

        Raises:
            Rejected: Neither says (check P5).
        """
        return self.description.asked(self.rule)

    @cached_property
    def shape(self) -> ProofShape:
        """Dimensions of the poll's proofs."""
        return ProofShape(self.rule, self.committee.threshold)

    @cached_property
    def layout(self) -> BallotLayout:
        """Layout of the poll's ballots."""
        return BallotLayout(self.shape)

    @property
    def slots(self) -> int:
        """Number of slots."""
        return len(self.rule.slots)

    @property
    def nodes(self) -> int:
        """Number of nodes `n`."""
        return len(self.committee.members)

    @cached_property
    def box_bytes(self) -> int:
        """Length of each sealed box."""
        return box_bytes(self.slots)

    @cached_property
    def record_bytes(self) -> int:
        """Length of a cast ballot as one record: ballot, boxes, signature."""
        return self.layout.size + self.nodes * self.box_bytes + SIGNATURE_BYTES


def read_published(rpc: JsonRpc, registry: bytes, poll_id: int) -> PublishedPoll:
    """Read a poll at the latest block.

    Raises:
        Undecided: The endpoint cannot be reached, shows no such poll, or contradicts itself.
        Rejected: The poll is of a kind unknown to this program, or its rule is none.
    """
    block, chain_id = rpc.newest_block(), rpc.chain_id()
    if not rpc.code(registry, block):
        raise Unanswered(f"no contract at 0x{registry.hex()} on chain {chain_id}")
    with answers_of_the_endpoint():
        return _read(rpc, PollIdentity(chain_id, registry, poll_id), block)


def _read(rpc: JsonRpc, identity: PollIdentity, block: int) -> PublishedPoll:
    registry, poll_id = identity.registry, identity.poll_id
    data = _event(rpc, registry, _CREATED, word(poll_id), block)
    if data is None:
        raise Undecided(f"the registry shows no poll {poll_id} at block {block}")
    parameters = PollParameters.decode(data[: _PARAMETER_WORDS * WORD_BYTES])
    parameters.check_known()
    committee = _committee(rpc, registry, parameters.committee, block)
    # P1: the registry itself must say the same as the event.
    view = rpc.call(registry, "poll(uint256)", word(poll_id), block)
    rule, outcome_rule, description = (
        _bytes(data, _PARAMETER_WORDS + number, f"PollCreated.{name}")
        for number, name in enumerate(("rule", "outcomeRule", "description"))
    )
    context = view[WORD_BYTES : 2 * WORD_BYTES]
    try:
        return PublishedPoll.of(
            identity, context, parameters, rule, outcome_rule, description, committee
        )
    except Rejected as error:
        if error.check != "P1" or error.item.startswith("parameters."):
            raise
        reason = f"the RPC endpoint contradicts itself: another {error.item} than its digest"
        raise Unanswered(reason) from error


def _committee(rpc: JsonRpc, registry: bytes, digest: bytes, block: int) -> Committee:
    data = _event(rpc, registry, _COMMITTEE, digest, block)
    if data is None:
        raise Unanswered("the RPC endpoint shows no event CommitteeRegistered of the committee")
    nodes = dynamic(data, 0, "CommitteeRegistered.nodes")
    addresses = [nodes.take(WORD_BYTES, "node")[-ADDRESS_BYTES:] for _ in range(length(nodes))]
    reader = Reader(data, "CommitteeRegistered")
    reader.take(WORD_BYTES, "nodes")
    at = reader.unsigned(WORD_BYTES, "urls")
    threshold, faults = (reader.unsigned(WORD_BYTES, name) for name in "tf")
    listed = data[at:]
    if length(Reader(listed, "CommitteeRegistered.urls")) != len(addresses):
        raise Malformed("CommitteeRegistered", "not a URL for each node")
    members = []
    for position, address in enumerate(addresses):
        url = _bytes(listed[WORD_BYTES:], position, "CommitteeRegistered.url")
        try:
            members.append(Member(address, url.decode()))
        except UnicodeDecodeError:
            raise Malformed("CommitteeRegistered.url", "not UTF-8") from None
    return Committee(tuple(members), threshold, faults)


def _event(rpc: JsonRpc, registry: bytes, kind: bytes, name: bytes, block: int) -> bytes | None:
    logs = rpc.latest_logs(registry, (kind, name), block)
    return answered_bytes(logs[-1].get("data"), "eth_getLogs") if logs else None


def _bytes(data: bytes, position: int, subject: str) -> bytes:
    found = dynamic(data, position, subject)
    return found.take(length(found), "bytes")
