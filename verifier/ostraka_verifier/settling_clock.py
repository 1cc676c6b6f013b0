"""Times of a poll's settling rounds.

Source: docs/protocol.md §10.3.
"""

from dataclasses import dataclass

from ostraka_verifier.units import Seconds, UnixSeconds, later


@dataclass(frozen=True)
class SettlingClock:
    """Times of the settling rounds; a rejected root restarts the clock (§10.3).

    Attributes:
        starts_at: Chain time at which round `first_round` starts.
        first_round: 0, or the round after the last one whose root was rejected.
        round_duration: Of each round.
        max_rounds: Rounds in all, rejected ones included.
    """

    starts_at: UnixSeconds
    first_round: int
    round_duration: Seconds
    max_rounds: int

    @property
    def deadline(self) -> UnixSeconds:
        """Chain time from which a poll without anchored root is void."""
        duration_s = (self.max_rounds - self.first_round) * self.round_duration
        return later(self.starts_at, duration_s)

    def round_at(self, unix_s: UnixSeconds) -> int | None:
        """Return the settling round at a chain time; None before the first and after the last."""
        if not self.starts_at <= unix_s < self.deadline:
            return None
        return self.first_round + (unix_s - self.starts_at) // self.round_duration
