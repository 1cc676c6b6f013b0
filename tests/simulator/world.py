"""What all simulations share: one small poll, its keys and its ballots, made once.

Proofs take most of the time of a poll, so ballots are prepared beforehand and used in every
simulation. The nodes' poll keys are therefore the same each time: a node draws its secret through
the one door for randomness, and the simulator gives it the known one.
"""

from dataclasses import dataclass, replace
from functools import cache, cached_property

from ostraka.voter.prepare import SignedBallot
from ostraka_verifier.curve import Points
from ostraka_verifier.curve.native import Native, NativeFixedBases
from ostraka_verifier.outcome import NoOutcome
from ostraka_verifier.question import approval
from tests.simulator.virtual_time import EPOCH_UNIX_S
from tests.support.polls import SyntheticPoll, selection_bits

VOTERS = 4
CLOSES_S = 40
"""End of voting, in seconds after the start."""
TIMES = {
    "opens_at": EPOCH_UNIX_S,
    "closes_at": EPOCH_UNIX_S + CLOSES_S,
    "freeze_delay": 6,
    "round_duration": 12,
    "max_rounds": 60,
    "dispute_window": 14,
    "tally_period": 900,
}
_RULE = approval(2, 0, 2)


@dataclass(frozen=True)
class Vote:
    """A prepared ballot and what it contains."""

    chosen: tuple[int, ...]
    prepared: SignedBallot

    @property
    def digest(self) -> bytes:
        return self.prepared.ballot.digest

    @property
    def order_key(self) -> tuple[int, bytes]:
        """Orders the ballots of one voter (§10.2)."""
        return self.prepared.ballot.cast_at_unix_s, self.digest


class RememberingCurve(Native):
    """The native engine; tables of the same generators are made once for all programs."""

    def __init__(self) -> None:
        super().__init__(threads=1)
        self._tables: dict[bytes, NativeFixedBases] = {}

    def fixed_bases(self, points: Points) -> NativeFixedBases:
        """Return window tables for these bases."""
        encoded = points.encode()
        if encoded not in self._tables:
            self._tables[encoded] = super().fixed_bases(points)
        return self._tables[encoded]


class World:
    """The poll of every simulation with one committee, and its ballots."""

    def __init__(self, nodes: int, threshold: int, faults: int) -> None:
        self.poll = SyntheticPoll(
            votes=[selection_bits(_RULE, [voter % 2]) for voter in range(VOTERS)],
            rule=_RULE,
            outcome=NoOutcome(),
            nodes=nodes,
            threshold=threshold,
            faults=faults,
            secret=False,
            seed=f"simulator {nodes} {threshold} {faults}",
            times=TIMES,
            curve=RememberingCurve(),
        )
        self.first = [self._vote(voter, [voter % 2], 1) for voter in range(VOTERS)]
        """Each voter's ballot."""
        self.second = [self._vote(voter, [0, 1], 20) for voter in range(VOTERS)]
        """With which they change their votes."""
        self.twin = [self._vote(voter, [], 1) for voter in range(VOTERS)]
        """Cast in the same second as the first: sent to other nodes by a voter who lies."""
        self.starving = [self._starved(voter, 1 + voter % nodes) for voter in range(VOTERS)]
        """As the first, but one node's share is bad."""

    def _vote(self, voter: int, chosen: list[int], at_s: int) -> Vote:
        poll, key = self.poll, self.poll.voter_keys[voter]
        bits = selection_bits(_RULE, chosen)
        ballot = poll.factory.prepare(key, key.address, bits, EPOCH_UNIX_S + at_s)
        return Vote(tuple(chosen), ballot)

    def _starved(self, voter: int, node: int) -> Vote:
        poll, key, chosen = self.poll, self.poll.voter_keys[voter], [voter % 2]
        bits = selection_bits(_RULE, chosen)
        sealed = poll.factory.seal(poll.factory.share(key.address, bits, EPOCH_UNIX_S + 2))
        boxes = list(sealed.boxes)
        boxes[node - 1] = bytes(len(boxes[0]))
        return Vote(tuple(chosen), poll.factory.sign(replace(sealed, boxes=tuple(boxes)), key))

    @cached_property
    def votes(self) -> dict[bytes, Vote]:
        """All prepared ballots by digest."""
        every = [*self.first, *self.second, *self.twin, *self.starving]
        return {one.digest: one for one in every}


@cache
def _world(nodes: int, threshold: int, faults: int) -> World:
    return World(nodes, threshold, faults)


USUAL, LARGE = (4, 2, 1), (7, 3, 2)
"""Committees: `n`, `t` and `f`."""
FIRST_LARGE = 300
"""From this seed on, every tenth has the large committee, which takes several times as long."""


def world(seed: int = 0) -> World:
    """Return the poll of a seed; each is made only once."""
    large = seed >= FIRST_LARGE and seed % 10 == 0
    return _world(*(LARGE if large else USUAL))
