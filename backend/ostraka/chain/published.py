"""A poll as the chain publishes it, read once and checked against its own digests.

Source: docs/protocol.md §4.
"""

from dataclasses import dataclass
from functools import cached_property

from ostraka.chain.registry import Registry
from ostraka_verifier.ballot import BallotLayout
from ostraka_verifier.encoding import SIGNATURE_BYTES
from ostraka_verifier.errors import Rejected
from ostraka_verifier.outcome import OutcomeRule, decode_outcome_rule, outcome_rule_digest
from ostraka_verifier.parameters import Committee, Description, PollIdentity, PollParameters
from ostraka_verifier.proof import ProofShape
from ostraka_verifier.rule import BallotRule
from ostraka_verifier.sharing import box_bytes
from ostraka_verifier.typed_data import Domain


@dataclass(frozen=True)
class PublishedPoll:
    """All that is fixed about a poll, apart from census and poll keys."""

    identity: PollIdentity
    domain: Domain
    context: bytes
    parameters: PollParameters
    rule: BallotRule
    outcome_rule: OutcomeRule
    description: Description
    committee: Committee

    @classmethod
    def read(cls, registry: Registry, poll_id: int) -> "PublishedPoll | None":
        """Read a poll's creation; None when the provider shows none, or not all of it yet.

        Raises:
            ChainError: The chain is out of reach.
            AuditError: What the chain says does not fit together (checks P1 to P3, P5).
        """
        created = registry.created(poll_id)
        if created is None:
            return None
        parameters = created.parameters
        parameters.check_known()
        parameters.check_bounds()
        rule = BallotRule.decode(created.rule)
        rule.check_weight(parameters.total_weight)
        outcome_rule = decode_outcome_rule(created.outcome_rule)
        outcome_rule.check_slots(len(rule.slots))
        description = Description.decode(created.description)
        if len(description.options) != len(rule.slots):
            raise Rejected(
                "P2", "description.options", f"not one for each of {len(rule.slots)} slots"
            )
        description.check_questions(rule)
        committee = registry.committee(parameters.committee)
        if committee is None:
            # The contract takes no poll of a committee that it does not know.
            return None
        identity = PollIdentity(registry.domain.chain_id, registry.address, poll_id)
        digests = (
            ("rule", rule.digest, parameters.rule),
            ("outcome rule", outcome_rule_digest(created.outcome_rule), parameters.outcome_rule),
            ("description", description.digest, parameters.description),
            ("committee", committee.digest, parameters.committee),
            ("context", identity.context(parameters, rule), created.poll_context),
        )
        for name, computed, claimed in digests:
            if computed != claimed:
                raise Rejected("P1", name, "the chain's digest is of something else")
        return cls(
            identity,
            registry.domain,
            created.poll_context,
            parameters,
            rule,
            outcome_rule,
            description,
            committee,
        )

    @property
    def poll_id(self) -> int:
        """Id in its registry."""
        return self.identity.poll_id

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
