"""Turns in which nodes lead runs of the shuffle, by chain time.

Source: docs/protocol.md §19.2.
"""

from dataclasses import dataclass
from typing import Self

from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.units import Seconds, UnixSeconds, later

_LEAST_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Turns:
    """The turns of one poll.

    Attributes:
        starts_at: Chain time from which nodes may release.
        period_s: How long nodes try to open the ballots.
        nodes: Number of nodes, which take turns.
        faults: Of these, how many may let a request wait until it is given up.
    """

    starts_at: UnixSeconds
    period_s: Seconds
    nodes: int
    faults: int

    @classmethod
    def of(cls, poll: PublishedPoll, releasable_at: UnixSeconds) -> Self:
        """Return the turns of a poll whose root can be released from a time on."""
        period_s = Seconds(poll.parameters.shuffle_period)
        return cls(releasable_at, period_s, poll.nodes, poll.committee.faults)

    @property
    def length_s(self) -> int:
        """Duration of one turn."""
        return max(1, self.period_s // self.nodes)

    @property
    def ends_at(self) -> UnixSeconds:
        """Chain time from which nodes release the sum without opened ballots."""
        return later(self.starts_at, self.period_s)

    def at(self, now_unix_s: UnixSeconds) -> int | None:
        """Return the number of the turn at a time; None before the first and after the last."""
        if not self.starts_at <= now_unix_s < self.ends_at:
            return None
        return (now_unix_s - self.starts_at) // self.length_s

    def leader(self, turn: int) -> int:
        """Return the index of the node that leads a turn's run."""
        return turn % self.nodes + 1

    @property
    def patience_s(self) -> float:
        """Longest wait for one answer: `f` nodes that never answer leave half of a turn."""
        return max(_LEAST_PATIENCE_S, self.length_s / (2 * (self.faults + 1)))
