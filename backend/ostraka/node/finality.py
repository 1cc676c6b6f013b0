"""Facts that can no longer change: read on a final block, from every provider.

A node releases its share and destroys its key only once, so it trusts no single provider for
either. Each finding has its own type, which the transitions of `phases` require.

Source: docs/protocol.md §12.1, §4.3.
"""

from dataclasses import dataclass

from ostraka.chain.registry import Status
from ostraka.node.served_poll import ServedPoll
from ostraka_verifier.merkle_sum import SumRoot


@dataclass(frozen=True)
class FinalizedRoot:
    """The anchored root, which every provider shows as releasable on a final block."""

    root: SumRoot


@dataclass(frozen=True)
class PollEnd:
    """Every provider shows the poll as ended on a final block: nothing needs its key."""

    status: Status
    """VOID or TALLIED."""


def finalized_root(served: ServedPoll) -> FinalizedRoot | None:
    """Return the anchored root, once it is final and not contested; None before."""
    found = served.final_views.read(served.registries)
    if found is None:
        return None
    roots = set()
    for view in (one.view for one in found):
        # A contested root may still be rejected, and a node states `Final` only once.
        if view.contested or view.status not in (Status.RELEASABLE, Status.TALLIED):
            return None
        roots.add(view.root)
    if len(roots) != 1:
        served.log.error("providers disagree about the anchored root")
        return None
    return FinalizedRoot(roots.pop())


def poll_end(served: ServedPoll) -> PollEnd | None:
    """Return the end of a poll, once its key is not needed any more; None before.

    After a tally this node releases its own share first, unless that takes longer than the chain's
    tally period.
    """
    found = served.final_views.read(served.registries)
    if found is None:
        return None
    statuses = {one.view.status for one in found}
    if statuses == {Status.VOID}:
        return PollEnd(Status.VOID)
    late = all(one.head.timestamp > one.view.tally_deadline for one in found)
    if statuses == {Status.TALLIED} and (late or served.has_released()):
        return PollEnd(Status.TALLIED)
    return None
