"""A poll as the chain published it, without a board: the reference for receipts and openings.

Source: contracts/interfaces/IPollRegistry.sol; docs/protocol.md §3, §4, §13 (P1 to P4).
"""

from dataclasses import dataclass
from functools import cached_property

from ostraka_verifier.abi import Event
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.contract_view import ContractView
from ostraka_verifier.contracts import COMMITTEE_REGISTERED, POLL_CREATED, POLL_VIEW
from ostraka_verifier.description import Description
from ostraka_verifier.encoding import SIGNATURE_BYTES, word
from ostraka_verifier.errors import Malformed, Rejected, Undecided
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule, outcome_rule_digest
from ostraka_verifier.parameters import Committee, Member, PollIdentity, PollParameters
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.question import Question
from ostraka_verifier.rpc import (
    JsonRpc,
    Unanswered,
    address_in,
    answers_of_the_endpoint,
    event_data,
)
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import box_bytes
from ostraka_verifier.typed_data import Domain


@dataclass(frozen=True)
class PublishedPoll:
    """Everything fixed at a poll's creation, apart from census and poll keys.

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
        """Return a poll from its encoded parts, each checked against its digest.

        Args:
            context: `pollContext` according to its publisher.

        Raises:
            Malformed: A part cannot be read.
            Rejected: A part does not have its digest (check P1), or the poll is of a kind that this
                program does not know.
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
                raise Rejected("P1", name, "its digest is not the one in the poll's parameters")
        poll.rule.check_weight(parameters.total_weight)
        return poll

    def check_rules(self) -> None:
        """Check what nodes and clients require of a poll in addition to its digests.

        Raises:
            Rejected: Its parameters, rules or questions do not fit together (checks P2, P5, P6).
        """
        self.parameters.check_bounds()
        self.parameters.check_committee(self.committee)
        self.outcome_rule.check_slots(self.slots)
        self.outcome_rule.check_counting(self.parameters.is_shuffled)
        if len(self.description.options) != self.slots:
            raise Rejected("P2", "description.options", f"not one for each of {self.slots} slots")
        self.description.check_questions(self.rule)
        if self.parameters.is_shuffled:
            self.description.check_determined(self.rule)

    @property
    def poll_id(self) -> int:
        """Number in its registry."""
        return self.identity.poll_id

    @cached_property
    def domain(self) -> Domain:
        """Chain and registry to which signatures are bound."""
        return Domain(self.identity.chain_id, self.identity.registry)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions; without any in the description, the one that the rule implies.

        Raises:
            Rejected: Neither has a question (check P5).
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
        Rejected: The poll is of a kind unknown to this program, or its rule is invalid.
    """
    rpc.begins_later(registry)
    block, chain_id = rpc.newest_block(), rpc.chain_id()
    if not rpc.code(registry, block):
        raise Unanswered(f"no contract at 0x{registry.hex()} on chain {chain_id}")
    with answers_of_the_endpoint():
        return _read(rpc, PollIdentity(chain_id, registry, poll_id), block)


def _read(rpc: JsonRpc, identity: PollIdentity, block: int) -> PublishedPoll:
    poll_id = identity.poll_id
    registry = ContractView(rpc, identity.registry, block)
    data = _event(registry, POLL_CREATED, poll_id)
    if data is None:
        raise Undecided(f"the registry shows no poll {poll_id} at block {block}")
    created = POLL_CREATED.decode(data)
    parameters = PollParameters.decode(created.encoded("parameters"))
    parameters.check_known()
    committee = _committee(registry, parameters.committee)
    # P1: the registry must agree with the event.
    view = registry.call("poll(uint256)", word(poll_id))
    rule, outcome_rule, description = (
        created.byte_string(name) for name in ("rule", "outcomeRule", "description")
    )
    context = POLL_VIEW.decode(view, "poll()").word("pollContext")
    try:
        return PublishedPoll.of(
            identity, context, parameters, rule, outcome_rule, description, committee
        )
    except Rejected as error:
        if error.check != "P1" or error.item.startswith("parameters."):
            raise
        reason = f"the RPC endpoint contradicts itself: another {error.item} than its digest"
        raise Unanswered(reason) from error


def _committee(registry: ContractView, digest: bytes) -> Committee:
    data = _event(registry, COMMITTEE_REGISTERED, digest)
    if data is None:
        raise Unanswered("the RPC endpoint shows no event CommitteeRegistered of the committee")
    event = COMMITTEE_REGISTERED.decode(data)
    nodes, urls = event.words("nodes"), event.byte_strings("urls")
    if len(urls) != len(nodes):
        raise Malformed("CommitteeRegistered.urls", "not a URL for each node")
    members = []
    for node, url in zip(nodes, urls, strict=True):
        try:
            members.append(Member(address_in(node), url.decode()))
        except UnicodeDecodeError:
            raise Malformed("CommitteeRegistered.urls", "not UTF-8") from None
    return Committee(tuple(members), event.number("t"), event.number("f"))


def _event(registry: ContractView, kind: Event, identity: int | bytes) -> bytes | None:
    """Return the data of the newest event of a kind with this first indexed parameter, or None."""
    logs = registry.newest_events(kind.topics(identity))
    return event_data(logs[-1]) if logs else None
