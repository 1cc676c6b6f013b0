"""A node's view of the chain: its newest block, and the poll's state there.

Source: docs/protocol.md §4.5, §10.3.
"""

from dataclasses import dataclass, replace

from ostraka.chain.contract import Head
from ostraka.chain.registry import PollView
from ostraka_verifier.parameters import PollParameters
from ostraka_verifier.settling_clock import SettlingClock


@dataclass(frozen=True)
class Observation:
    """The chain at one moment, as this node's first provider shows it.

    Attributes:
        head: Newest block.
        view: The poll at that block, or at the last block for which the provider showed it.
    """

    head: Head
    view: PollView

    def at(self, head: Head) -> "Observation":
        """Return the same view at a later head, for while a provider does not show the poll."""
        return replace(self, head=head)

    def clock(self, parameters: PollParameters) -> SettlingClock:
        """Return the clock of the settling rounds, which a rejected root restarts."""
        return parameters.settling(self.view.rejected_rounds, self.view.rejected_at)

    def round(self, parameters: PollParameters) -> int | None:
        """Return the current settling round; None before the first and after the last one."""
        return self.clock(parameters).round_at(self.head.timestamp)
