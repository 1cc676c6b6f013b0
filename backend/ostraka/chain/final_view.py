"""The state of a poll that can no longer change, also where old state is not kept.

Ordinary providers keep the state of the last 128 blocks or so, and a final block can be further
back. The state is then read at the newest block, while it is there, and counts once that very block
is final. Headers are kept for ever, so the block's hash shows whether the chain still has it.

Source: docs/decisions/0075-state-before-finality.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from web3.exceptions import Web3Exception

from ostraka.chain.contract import Head
from ostraka.chain.errors import ChainError
from ostraka.chain.registry import PollView, Registry

log = structlog.get_logger()


@dataclass(frozen=True)
class FinalView:
    """State of a poll at one provider.

    Attributes:
        head: The newest final block.
        view: A state that no reorganization can undo.
    """

    head: Head
    view: PollView


@dataclass(frozen=True)
class _Seen:
    """A state that counts once its block is final."""

    head: Head
    view: PollView


class FinalViews:
    """Reads final states of one poll."""

    def __init__(self, poll_id: int) -> None:
        self._poll_id = poll_id
        self._seen: dict[int, _Seen] = {}

    def read(self, registries: Sequence[Registry]) -> list[FinalView] | None:
        """Return the final state at each provider; None if one of them has none yet.

        Args:
            registries: The same registry seen through independent providers, always in this order.

        Raises:
            ChainError: A provider cannot be reached, or knows no final block.
        """
        # All of them are asked: each must see the state while its block is new.
        found = [self._view(*one) for one in enumerate(registries)]
        known = [one for one in found if one is not None]
        return known if len(known) == len(found) else None

    def _view(self, number: int, registry: Registry) -> FinalView | None:
        final = registry.head("finalized")
        try:
            return FinalView(final, registry.poll(self._poll_id, final.number))
        except ChainError as error:
            # Each client words it differently that it does not keep this state.
            if not isinstance(error.__cause__, Web3Exception):
                raise
        view = self._seen_before(number, registry, final)
        return None if view is None else FinalView(final, view)

    def _seen_before(self, number: int, registry: Registry, final: Head) -> PollView | None:
        """Return a state that was read at a block that is final now; None without one."""
        newest = registry.head()
        view = registry.poll(self._poll_id, newest.number)
        # State is read by number: of another branch, it must not count for this block.
        if _is_removed(newest, registry):
            return None
        seen = self._seen.get(number)
        # If something changed since, the older state might be contested by now.
        is_final = seen is not None and seen.head.number <= final.number
        if seen is None or seen.view != view or (is_final and _is_removed(seen.head, registry)):
            log.info(
                "state of the final block is not kept; waiting until a newer block is final",
                poll=self._poll_id,
                provider=number + 1,
                final=final.number,
                newer=newest.number,
            )
            self._seen[number] = seen = _Seen(newest, view)
        return view if seen.head.number <= final.number else None


def _is_removed(head: Head, registry: Registry) -> bool:
    """Return whether the chain has another block in a block's place."""
    return registry.head(head.number).hash != head.hash
