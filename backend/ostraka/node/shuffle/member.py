"""What a node answers to the leader of a run: it proves, deals, takes shares, and signs.

Every method computes for seconds if there are many ballots; the caller runs one at a time in a
thread. Nobody is judged: whatever does not fit is refused, and the leader passes over it.

Source: docs/protocol.md §19.5, §19.9, §19.10.
"""

import secrets

from ostraka.node.phases import Releasing
from ostraka.node.served_poll import ServedPoll
from ostraka.node.shuffle.dealing import MemberDeal, draw_deal, shuffled_values
from ostraka.node.shuffle.messages import (
    DealCall,
    Dealt,
    Proven,
    SignCall,
    StepHead,
    TakeCall,
    proof_digest,
)
from ostraka.node.shuffle.proving import prove_shuffle
from ostraka.node.shuffle.resharing import combine_commitments, receive, reshare
from ostraka.node.shuffle.states import RunStates, SharedState
from ostraka.randomness import system
from ostraka.sealing import Recipient
from ostraka.storage.node_tables import ShuffleSignature
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import Sizes
from ostraka_verifier import typed_data
from ostraka_verifier.curve import Points
from ostraka_verifier.errors import Malformed, Rejected
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import (
    RunRecord,
    StepRecord,
    decode_shares,
    encode_shares,
    is_group,
    sharing_hash,
    verify_groups,
    verify_steps,
)


class ShuffleMember:
    """One node in the runs of one poll."""

    def __init__(self, served: ServedPoll, states: RunStates) -> None:
        self._served = served
        self._states = states

    def begin(self, phase: Releasing, turn: int) -> bytes:
        """Get ready for a turn's run; return the hash of its first state.

        Raises:
            Problem: This node lacks ballots or shares.
        """
        start = self._states.enter(turn, phase)
        self._states.key(len(phase.leaves))
        self._shares(start)
        return start.state.hash

    def prove(self, phase: Releasing, head: StepHead) -> bytes:
        """As the group's first member: draw a permutation, and prove the step (`Proven`).

        Raises:
            Problem: This node does not have the state before, or its shares.
            Malformed: The step does not follow, or this node is not the first member.
        """
        before = self._before(phase, head)
        if head.group[0] != self._served.node:
            raise Malformed("prove.group", "this node is not its first member")
        self._shares(before)
        key = self._states.key(len(phase.leaves))
        deal = draw_deal(head.group, len(phase.leaves), system)
        order, blindings = deal.permutation, deal.blindings
        outputs = shuffled_values(key, before.state.values, order, blindings)
        proof = prove_shuffle(key, before.state, head.group, outputs, order, blindings, system)
        # Only the latest: a leader may ask as often as it likes.
        self._states.own_deals = {proof_digest(proof): deal.members[0]}
        self._states.note_checked(before, head.group, proof, outputs)
        boxes = [
            self._seal(member, dealt.encode(), head.deal_info(self._context, proof, member))
            for member, dealt in zip(head.group[1:], deal.members[1:], strict=True)
        ]
        return Proven(proof, tuple(boxes)).encode()

    def deal(self, phase: Releasing, call: DealCall) -> bytes:
        """As a member: share this node's part of the new state among all nodes (`Dealt`).

        Raises:
            Problem: This node does not have the state before or its shares, or has dealt with this
                proof.
            Malformed: The step does not follow, or the box does not open.
            Rejected: The proof does not hold (check A3).
        """
        head, node = call.head, self._served.node
        before = self._before(phase, head)
        if node not in head.group:
            raise Malformed("deal.group", "this node is not a member")
        shares = self._shares(before)
        self._checked(before, head, call.proof)
        digest = proof_digest(call.proof)
        if digest in self._states.dealt:
            raise Problem(ProblemType.WRONG_TURN, "this node has dealt with this proof", "proof")
        dealt = self._own_deal(phase, call, digest)
        self._states.dealt.add(digest)
        made = reshare(
            self._served.commitment_key,
            head.group,
            node,
            self._served.poll.nodes,
            shares,
            dealt,
            system,
        )
        boxes = [
            self._seal(
                target,
                encode_shares(sent),
                head.share_info(self._context, call.proof, node, target),
            )
            for target, sent in enumerate(made.sub_shares, start=1)
        ]
        return Dealt(made.commitments.encode(), tuple(boxes)).encode()

    def take(self, phase: Releasing, call: TakeCall) -> bytes:
        """Take a new state with this node's shares of it; return its hash.

        Raises:
            Problem: This node does not have the state before.
            Malformed: The step does not follow, or points or boxes cannot be read.
            Rejected: The proof does not hold (check A3), or commitments or shares do not fit
                (check A0). If only the shares do not, this node still follows the run.
        """
        head, curve = call.head, self._served.curve
        before = self._before(phase, head)
        outputs = self._checked(before, head, call.proof)
        members = {
            member: curve.decode(points, identity=True)
            for member, points in zip(head.group, call.commitments, strict=True)
        }
        sharing = combine_commitments(curve, outputs, len(head.group), members)
        record = StepRecord(head.group, call.proof, sharing_hash(sharing.sharing))
        state = before.state.after(head.group, outputs, record.sharing_hash)
        steps = (*before.steps, record)
        try:
            sent = [
                self._sub_shares(phase, call, member, box)
                for member, box in zip(head.group, call.boxes, strict=True)
            ]
            shares = receive(
                curve,
                self._served.commitment_key,
                self._served.node,
                sharing,
                sent,
                secrets.randbits,
            )
        except (Malformed, Rejected):
            self._states.hold(before, SharedState(state, steps, sharing.commitments, None))
            raise
        self._states.hold(before, SharedState(state, steps, sharing.commitments, shares))
        return state.hash

    def follow(self, phase: Releasing, record: RunRecord) -> bytes:
        """Follow a run from its record, without shares; return the hash of its last state.

        Raises:
            Malformed: A step is not canonical (check A1).
            Rejected: A proof does not hold (check A3).
        """
        start = self._states.enter(record.turn, phase)
        key = self._states.key(len(phase.leaves))
        state = verify_steps(key, start.state, record.steps, secrets.randbits)
        self._states.hold(None, SharedState(state, record.steps, None, None))
        return state.hash

    def sign_state(self, phase: Releasing, call: SignCall) -> bytes:
        """Sign the last state of a whole run that this node checked; return the signature.

        Raises:
            Problem: This node does not have the state or shares of it, or signed another one in
                this turn.
            Rejected: The groups do not cover (check A2).
        """
        held, served = self._states.known(call.state_hash), self._served
        if held.state.run.turn != call.turn:
            raise Problem(ProblemType.WRONG_TURN, "that state is of another turn", "turn")
        self._shares(held)
        verify_groups(served.poll.nodes, served.poll.committee.threshold, held.steps)
        statement = typed_data.SHUFFLED, self._context, phase.anchoring.root.digest, call.turn
        signature = served.sign(*statement, call.state_hash, len(phase.leaves))
        signed = served.store.shuffle.keep_signature(
            ShuffleSignature(
                poll_id=served.poll_id,
                turn=call.turn,
                state_hash=call.state_hash,
                signature=signature,
            )
        )
        if signed.state_hash != call.state_hash:
            raise Problem(ProblemType.WRONG_TURN, "another state was signed in this turn", "turn")
        self._states.signed = held
        return signed.signature

    @property
    def _context(self) -> bytes:
        return self._served.poll.context

    def _sizes(self, phase: Releasing) -> Sizes:
        return self._states.sizes(len(phase.leaves))

    def _before(self, phase: Releasing, head: StepHead) -> SharedState:
        """Return the state before a step that may follow."""
        self._states.enter(head.turn, phase)
        before, poll = self._states.known(head.before), self._served.poll
        if head.step != before.state.step + 1 or head.step > self._sizes(phase).steps:
            raise Malformed("step", f"{head.step} does not follow step {before.state.step}")
        if not is_group(poll.nodes, poll.committee.threshold, head.group):
            raise Malformed("group", f"{head.group} is not a group of this committee")
        return before

    @staticmethod
    def _shares(held: SharedState) -> list[Share]:
        if held.shares is None:
            raise Problem(ProblemType.NO_SHARE, "this node has no good shares of that state")
        return list(held.shares)

    def _checked(self, before: SharedState, head: StepHead, proof: bytes) -> Points:
        """Check a proof, and return its outputs."""
        outputs = self._states.checked(before, head.group, proof)
        if outputs is None:
            key = self._states.key(len(before.state.values))
            step = StepRecord(head.group, proof, b"")
            outputs = verify_steps(key, before.state, [step], secrets.randbits).values
            self._states.note_checked(before, head.group, proof, outputs)
        return outputs

    def _own_deal(self, phase: Releasing, call: DealCall, digest: bytes) -> MemberDeal:
        if call.head.group[0] == self._served.node:
            dealt = self._states.own_deals.pop(digest, None)
            if dealt is None:
                raise Problem(ProblemType.STATE_UNKNOWN, "this node did not make that proof")
            return dealt
        info = call.head.deal_info(self._context, call.proof, self._served.node)
        opened = phase.secret.poll_key.open(call.box, info)
        return MemberDeal.decode(opened, len(phase.leaves))

    def _sub_shares(self, phase: Releasing, call: TakeCall, member: int, box: bytes) -> list[Share]:
        info = call.head.share_info(self._context, call.proof, member, self._served.node)
        opened = phase.secret.poll_key.open(box, info)
        subject = f"node {member}"
        return decode_shares(opened, len(phase.leaves), self._served.poll.slots, subject)

    def _seal(self, node: int, plaintext: bytes, info: bytes) -> bytes:
        pinned = self._served.pinned
        if pinned is None:
            detail = "this node is still fetching the poll's keys from the other nodes"
            raise Problem(ProblemType.NODE_INCOMPLETE, detail, retry_after_s=2)
        return Recipient(pinned.public_keys[node - 1]).seal(plaintext, info)
