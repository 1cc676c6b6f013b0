"""States of the shuffle that a node holds in memory, with its secret shares of them.

Nothing here is on a disk: a node that restarts takes part again in the next turn.

Source: docs/protocol.md §19.4, §19.9.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ostraka.node.phases import Releasing
from ostraka.node.served_poll import ServedPoll
from ostraka.node.shuffle.dealing import MemberDeal
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.shuffle_sizes import Sizes
from ostraka_verifier.ballot import Ballot
from ostraka_verifier.curve import Points
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import Group, RunContext, ShuffleKey, ShuffleState, StepRecord

_KNOWN_OUTPUTS = 2


@dataclass(frozen=True)
class SharedState:
    """A state with what a node has of it.

    Attributes:
        state: The commitments, and how they came to be.
        steps: The steps that led to it, all of them checked.
        commitments: `V, A_1 …` of each position; None if this node did not see the step.
        shares: This node's share of each position; None without good ones. Secret until the state
            is certified.
    """

    state: ShuffleState
    steps: tuple[StepRecord, ...]
    commitments: Points | None = field(repr=False)
    shares: Sequence[Share] | None = field(repr=False)

    @property
    def groups(self) -> list[Group]:
        """The groups that made the steps."""
        return [step.group for step in self.steps]


@dataclass(frozen=True)
class Leaves:
    """The anchored ballots as every run starts from them.

    Attributes:
        values: `V` of each ballot in the order of leaves.
        higher: `A_1 …` of each.
        commitments: Both, ballot by ballot.
        shares: This node's share of each; None if one is missing, or its key is destroyed.
    """

    values: Points
    higher: Points
    commitments: Points
    shares: Sequence[Share] | None = field(repr=False)

    @classmethod
    def of(cls, served: ServedPoll, ballots: Sequence[Ballot]) -> "Leaves":
        """Return the leaves without shares."""
        curve, threshold = served.curve, served.poll.committee.threshold
        commitments = curve.concat([one.sharing for one in ballots])
        higher = curve.concat([one.sharing[1:threshold] for one in ballots])
        return cls(commitments[::threshold], higher, commitments, None)

    def state(self, run: RunContext) -> SharedState:
        """Return them as the first state of a run."""
        start = ShuffleState.start(run, self.values, self.higher)
        return SharedState(start, (), self.commitments, self.shares)


class RunStates:
    """What one node holds of the runs of one poll."""

    def __init__(self, served: ServedPoll) -> None:
        self._served = served
        self._leaves: Leaves | None = None
        self._key: ShuffleKey | None = None
        self._turn = -1
        self._states: dict[bytes, SharedState] = {}
        self._outputs: dict[tuple[bytes, Group, bytes], Points] = {}
        self.dealt: set[bytes] = set()
        """Digests of the proofs with which this node has dealt in this turn."""
        self.own_deals: dict[bytes, MemberDeal] = {}
        """What this node drew for itself as the first member of a group, by digest of the proof."""
        self.signed: SharedState | None = None
        """The last state that this node signed: its shares are kept for a certificate that comes
        late."""
        self.tip: SharedState | None = None
        """The latest state of this turn, for the progress that this node shows."""

    @property
    def turn(self) -> int:
        """The latest turn that this node took part in; -1 before."""
        return self._turn

    def sizes(self, ballots: int) -> Sizes:
        """Return lengths of the poll's requests."""
        poll = self._served.poll
        return Sizes(poll.nodes, poll.committee.threshold, ballots, poll.slots)

    def key(self, ballots: int) -> ShuffleKey:
        """Return the generators; the first call derives them."""
        if self._key is None:
            self._key = ShuffleKey(self._served.curve, ballots)
        return self._key

    def leaves(self, phase: Releasing) -> Leaves:
        """Return the anchored ballots, with this node's shares of them if it has all.

        Raises:
            Problem: Some ballots are missing.
        """
        known = self._leaves
        if known is None or known.shares is None:
            _, pairs = self._served.root(phase.leaves)
            known = Leaves.of(self._served, [ballot for ballot, _ in pairs])
            boxes = [stored.share_box for _, stored in pairs]
            if all(boxes):
                shares = phase.admission.shares(
                    [ballot for ballot, _ in pairs], [box or b"" for box in boxes]
                )
                known = Leaves(known.values, known.higher, known.commitments, shares)
            self._leaves = known
        return known

    def enter(self, turn: int, phase: Releasing) -> SharedState:
        """Begin a turn, unless it has begun; return the first state of its run.

        Everything of an earlier turn is forgotten, but the state that this node signed last.
        """
        if turn != self._turn:
            self._turn = turn
            self._clear()
        context = RunContext(self._served.poll.context, phase.anchoring.root.digest, turn)
        for held in self._states.values():
            if not held.steps and held.shares is not None:
                return held
        start = self.leaves(phase).state(context)
        self._states[start.state.hash] = start
        return start

    def known(self, state_hash: bytes) -> SharedState:
        """Return a state of this turn; Problem if this node does not have it."""
        held = self._states.get(state_hash)
        if held is None:
            raise Problem(ProblemType.STATE_UNKNOWN, "this node does not have that state")
        return held

    def hold(self, before: SharedState | None, after: SharedState) -> None:
        """Keep a new state, the one before it and the first, and forget all others."""
        known = self._states.get(after.state.hash)
        if known is not None and known.shares is not None:
            after = known
        kept = [one for one in self._states.values() if not one.steps]
        kept += [after] if before is None else [before, after]
        self._states = {one.state.hash: one for one in kept}
        self.tip = after

    def checked(self, before: SharedState, group: Group, proof: bytes) -> Points | None:
        """Return the outputs of a proof that this node checked lately; None if it did not."""
        return self._outputs.get((before.state.hash, group, proof))

    def note_checked(
        self, before: SharedState, group: Group, proof: bytes, outputs: Points
    ) -> None:
        """Remember that a proof holds."""
        while len(self._outputs) >= _KNOWN_OUTPUTS:
            self._outputs.pop(next(iter(self._outputs)))
        self._outputs[before.state.hash, group, proof] = outputs

    def forget(self) -> None:
        """Forget all shares: the ballots are open, or the poll is over."""
        self._clear()
        self._leaves = self.signed = None

    def _clear(self) -> None:
        self._states, self._outputs = {}, {}
        self.dealt, self.own_deals = set(), {}
        self.tip = None
