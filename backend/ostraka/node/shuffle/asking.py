"""Ask peers until enough of them have answered well, without waiting long for a silent one."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from ostraka.node.peers import Peer

T = TypeVar("T")

LATE_S = 5
"""After this time without an answer, another peer is asked beside."""


async def enough_of(
    peers: Sequence[Peer], ask: Callable[[Peer], Coroutine[Any, Any, T | None]], enough: int
) -> dict[int, T]:
    """Return good answers by node: `enough` of them, or all that there are.

    Args:
        peers: In the order in which they are asked.
        ask: Returns None for an answer that is not good.
        enough: At least 1.
    """
    found: dict[int, T] = {}
    rest = list(peers)
    nodes: dict[asyncio.Task[T | None], int] = {}
    waiting: set[asyncio.Task[T | None]] = set()
    late = False
    while len(found) < enough and (rest or waiting):
        more = max(enough - len(found) - len(waiting), int(late))
        for peer in rest[:more]:
            task = asyncio.create_task(ask(peer))
            nodes[task] = peer.number
            waiting.add(task)
        rest = rest[more:]
        done, waiting = await asyncio.wait(
            waiting, timeout=LATE_S if rest else None, return_when=asyncio.FIRST_COMPLETED
        )
        late = not done
        for task in done:
            answer = task.result()
            if answer is not None:
                found[nodes[task]] = answer
    for task in waiting:
        task.cancel()
    return found
