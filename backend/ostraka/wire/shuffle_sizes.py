"""Lengths of the messages of a shuffle, and how many ballots these allow.

Source: docs/protocol.md §19.5.
"""

from dataclasses import dataclass

from ostraka_verifier.encoding import HASH_BYTES, POINT_BYTES, SCALAR_BYTES, SIGNATURE_BYTES
from ostraka_verifier.parameters import Committee
from ostraka_verifier.poll_key import SEAL_BYTES
from ostraka_verifier.shuffle import BYTES_A_BALLOT, fewest_groups

LONGEST_BYTES = 2**29
"""Most bytes of one request between nodes."""
_DEAL_BYTES_A_BALLOT = 4 + SCALAR_BYTES
_MOST_STEPS = 255


@dataclass(frozen=True)
class Sizes:
    """Lengths of everything that grows with the ballots.

    Attributes:
        nodes: Number of nodes.
        threshold: Size of a group.
        ballots: `N`.
        slots: `k`.
    """

    nodes: int
    threshold: int
    ballots: int
    slots: int

    @property
    def proof(self) -> int:
        """A step's proof."""
        return BYTES_A_BALLOT * self.ballots

    @property
    def deal_box(self) -> int:
        """A sealed deal for one member."""
        return SEAL_BYTES + _DEAL_BYTES_A_BALLOT * self.ballots

    @property
    def commitments(self) -> int:
        """One member's commitments."""
        return POINT_BYTES * self.threshold * self.ballots

    @property
    def shares(self) -> int:
        """One node's shares of all positions."""
        return SCALAR_BYTES * (self.slots + 1) * self.ballots

    @property
    def share_box(self) -> int:
        """One member's sealed sub-shares for one node."""
        return SEAL_BYTES + self.shares

    @property
    def take(self) -> int:
        """The request to take a step."""
        head = HASH_BYTES + 5 + self.threshold
        return head + self.proof + self.threshold * (self.commitments + self.share_box)

    def certificate(self, steps: int) -> int:
        """Return the length of a certified run; runs to follow are shorter."""
        each = self.threshold + self.proof + HASH_BYTES
        return 5 + steps * each + 1 + self.nodes * (1 + SIGNATURE_BYTES)

    @property
    def longest_request(self) -> int:
        """More than any request has, in a run of as many steps as groups can make."""
        return max(self.take, self.certificate(self.steps))

    @property
    def longest_answer(self) -> int:
        """More than any answer has."""
        return self.proof + self.commitments + self.nodes * (self.share_box + self.deal_box)

    @property
    def steps(self) -> int:
        """Most steps of a run that nodes take part in: one for each group."""
        count = 1
        for chosen in range(self.threshold):
            count = count * (self.nodes - chosen) // (chosen + 1)
        return min(count, _MOST_STEPS)


def most_ballots(committee: Committee, slots: int) -> int:
    """Return how many ballots a committee can shuffle, by the lengths of its messages.

    A step must fit into one request, and so must a run of the fewest groups with `f` nodes away,
    and of `f` further groups that nodes make necessary by keeping shares from others.

    Args:
        committee: One that may shuffle (§19.1).
        slots: `k`, from 1.
    """
    nodes, threshold = len(committee.members), committee.threshold
    groups = fewest_groups(nodes, threshold, range(1, nodes - committee.faults + 1)) or ()
    none, one = (Sizes(nodes, threshold, count, slots) for count in (0, 1))
    steps = len(groups) + committee.faults
    lengths = (none.take, one.take), (none.certificate(steps), one.certificate(steps))
    return min((LONGEST_BYTES - empty) // (single - empty) for empty, single in lengths)


@dataclass(frozen=True)
class ToShuffle:
    """What a planned poll will open.

    Attributes:
        voters: Most ballots; 0 while the voters are unknown.
        slots: Of each ballot.
    """

    voters: int
    slots: int
