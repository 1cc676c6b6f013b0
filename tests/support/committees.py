"""A committee of keys without nodes: enough for contracts, which check signatures alone.

The tally that it signs is the test's, not that of ballots.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ostraka.chain.contract import Sent
from ostraka.demo.local_stack import LocalStack
from ostraka.keys import SigningKey
from ostraka.randomness import system
from ostraka.sealing import PollKey
from ostraka_verifier import typed_data
from ostraka_verifier.board import AnchoredRoot, Attestation
from ostraka_verifier.commitment import CommitmentKey
from ostraka_verifier.curve import load
from ostraka_verifier.encoding import keccak256
from ostraka_verifier.merkle_sum import SumRoot
from ostraka_verifier.outcome import OutcomeRule, awards_hash
from ostraka_verifier.parameters import Committee, Member
from ostraka_verifier.poll_key import node_key, poll_keys_hash
from ostraka_verifier.tally_proof import Tally


@dataclass(frozen=True)
class KeyCommittee:
    """Keys of a registered committee's nodes, node 1 first; the stack's organizer pays."""

    stack: LocalStack
    keys: tuple[SigningKey, ...]
    committee: Committee

    @classmethod
    def register(
        cls, stack: LocalStack, nodes: int, threshold: int, faults: int, name: str = "node"
    ) -> "KeyCommittee":
        """Register a committee of fresh keys.

        Args:
            name: Tells its nodes' URLs from those of others.
        """
        keys = tuple(SigningKey() for _ in range(nodes))
        members = tuple(
            Member(key.address, f"https://{name}-{number}.example")
            for number, key in enumerate(keys, start=1)
        )
        committee = Committee(members, threshold, faults)
        digest = stack.registry.domain.digest(typed_data.COMMITTEE, committee.digest)
        signatures = [key.sign(digest) for key in keys]
        stack.registry.register_committee(stack.organizer, committee, signatures)
        return cls(stack, keys, committee)

    def open(self, poll_id: int) -> Sent:
        """Open a poll with fresh poll keys."""
        registry = self.stack.registry
        public = [PollKey().public_key for _ in self.keys]
        context = registry.poll(poll_id).poll_context
        digest = registry.domain.digest(typed_data.POLL_KEYS, context, poll_keys_hash(public))
        return registry.open_poll(
            self.stack.organizer,
            poll_id,
            [node_key(one) for one in public],
            [key.sign(digest) for key in self.keys],
        )

    def anchor(self, poll_id: int, ballots: int, votes: Sequence[int]) -> tuple[Tally, Sent]:
        """Let time pass until nodes freeze, and anchor a root that commits to these votes."""
        registry = self.stack.registry
        tally = Tally(tuple(votes), system.scalar())
        commitment = CommitmentKey(load(), len(votes)).commit([(tally.values, tally.blinding)])
        root = SumRoot(keccak256(b"root"), commitment.encode(), ballots)
        view = registry.poll(poll_id)
        digest = registry.domain.digest(*root.statement(view.poll_context, 0))
        signed = tuple(
            Attestation(node, key.sign(digest))
            for node, key in enumerate(self.keys[: self.committee.quorum], start=1)
        )
        self.stack.move_time(view.freezes_at)
        return tally, registry.anchor_root(
            self.stack.organizer, poll_id, AnchoredRoot(0, root, signed)
        )

    def accept(self, poll_id: int, tally: Tally) -> Sent:
        """Let the dispute window pass, and submit the tally."""
        registry = self.stack.registry
        self.stack.move_time(registry.poll(poll_id).releasable_at)
        return registry.accept_tally(self.stack.organizer, poll_id, tally)

    def attest(self, poll_id: int, rule: OutcomeRule, awards: Sequence[int]) -> Sent:
        """Submit an outcome of opened ballots, which are the test's, too."""
        registry, ballots_hash = self.stack.registry, keccak256(b"ballots")
        digest = registry.domain.digest(
            typed_data.OUTCOME,
            registry.poll(poll_id).poll_context,
            ballots_hash,
            awards_hash(awards),
        )
        signed = [
            Attestation(node, key.sign(digest))
            for node, key in enumerate(self.keys[: self.committee.quorum], start=1)
        ]
        return registry.attest_outcome(
            self.stack.organizer, poll_id, rule.encode(), ballots_hash, awards, signed
        )
