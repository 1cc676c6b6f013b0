"""A committee of whole nodes that opens the ballots of a poll."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from copy import copy
from pathlib import Path
from typing import Any

import httpx

from ostraka.chain.registry import Status
from ostraka.node.api import build_api
from ostraka.node.phases import Releasing
from ostraka.node.shuffle.shuffling import Shuffling
from ostraka.node.store import NodeStore
from ostraka_verifier.board import AnchoredRoot
from ostraka_verifier.board_opened import OpenedBallots, OpenedShape
from ostraka_verifier.content import Within
from tests.support.polls import SHUFFLED, SyntheticPoll, approval_poll
from tests.support.village import POLL, Village

SLOTS = 4


def shuffled_poll(
    nodes: int = 4, threshold: int = 2, faults: int = 1, **times: int
) -> SyntheticPoll:
    """Seven ballots over four options, which are to be opened."""
    return approval_poll(nodes=nodes, threshold=threshold, faults=faults, times=SHUFFLED | times)


class ShuffledVillage(Village):
    """Its nodes have sealed shares of all ballots, and the chain shows a root that is final."""

    def __init__(self, folder: Path, poll: SyntheticPoll | None = None, cast: int = 7) -> None:
        """Args:
        cast: How many of the poll's ballots are cast.
        """
        super().__init__(poll or shuffled_poll(), folder)
        self._cast = cast

    @asynccontextmanager
    async def releasable(self, *down: int) -> AsyncIterator[None]:
        """Bring nodes to the moment from which they may release.

        Args:
            down: Nodes that are not there.
        """
        poll, registry = self.poll, self.registry
        async with self.run(seeded=True):
            for number in down:
                self.kill(number)
            self.open_seeded()
            await self.tick(2)
            for prepared in poll.prepared[: self._cast]:
                for number in self.nodes:
                    url = self.url(number, "/ballots")
                    answer = await self.client.post(url, json=prepared.record.to_json())
                    assert answer.status_code == 200, answer.text
            registry.close()
            await self.tick_until(lambda: bool(self._certificates()))
            registry.anchoring = certified = self._certificates()[0]
            registry.show(
                status=Status.ANCHORED,
                anchored_at=registry.now,
                root=certified.root,
                round=certified.round,
            )
            await self.tick()
            registry.now += poll.parameters.dispute_window
            registry.show(
                status=Status.RELEASABLE,
                releasable_at=registry.now,
                tally_deadline=registry.now + poll.parameters.tally_period,
            )
            yield

    @asynccontextmanager
    async def resumed(self, folder: Path) -> AsyncIterator["ShuffledVillage"]:
        """Start other nodes, with what these have on their disks and see on the chain.

        Args:
            folder: Of the disks of the others; does not exist yet.
        """
        shutil.copytree(self._folder, folder)
        others = ShuffledVillage(folder, self.poll, self._cast)
        others.registry = copy(self.registry)
        async with others.run():
            await others.tick_until(lambda: all(node._polls for node in others.nodes.values()))
            yield others

    def _certificates(self) -> list[AnchoredRoot]:
        quorum = self.poll.committee.quorum
        return [
            one
            for number in self.nodes
            for one in self.store(number).attested_roots(POLL)
            if len(one.attestations) >= quorum
        ]

    def kill(self, number: int) -> None:
        """Let a node answer nothing more."""
        for worker in self.nodes.pop(number)._workers.values():
            worker.cancel()

        async def dead(*_: Any) -> None:
            raise httpx.ConnectError("down")

        self._apps[number] = dead

    def hang(self, number: int) -> None:
        """Let a node take every request and never answer it."""
        self.kill(number)

        async def hangs(*_: Any) -> None:
            await asyncio.Event().wait()

        self._apps[number] = hangs

    async def revive(self, *numbers: int) -> None:
        """Start nodes again, with what they have on their disks."""
        for number in numbers:
            self.nodes[number] = self.node(number, seeded=False)
            self._apps[number] = build_api(self.nodes[number])
        await self.tick_until(lambda: all(node._polls for node in self.nodes.values()))

    def pass_turn(self) -> None:
        """Let chain time go on to the next turn."""
        parameters = self.poll.parameters
        self.registry.now += parameters.shuffle_period // self.poll.nodes
        self.registry.block += 1

    def store(self, number: int) -> NodeStore:
        """What a node has on its disk."""
        return self.service(number).served.store

    def shuffling(self, number: int) -> Shuffling:
        """A node's part in the shuffle."""
        return self.service(number).shuffling

    def opened_at(self, *numbers: int) -> Callable[[], bool]:
        """Return whether nodes have opened the ballots, by default all."""
        return lambda: all(
            self.store(number).shuffle.is_open(POLL) for number in numbers or self.nodes
        )

    def agreed(self) -> set[int]:
        """The nodes that know that `q` nodes stated the root as final."""
        phases = {number: self.service(number).phase for number in self.nodes}
        return {
            number
            for number, phase in phases.items()
            if isinstance(phase, Releasing) and phase.is_agreed()
        }

    def released(self) -> set[int]:
        """The nodes that have released their aggregate shares."""
        return {one for one in self.nodes if self.service(one).served.has_released()}

    def tallies(self) -> set[int]:
        """The nodes that have enough aggregate shares, their own among them, to tell the sum."""
        threshold = self.poll.threshold
        return {one for one in self.released() if len(self.store(one).shares(POLL)) >= threshold}

    def opened(self, section: bytes) -> OpenedBallots:
        """Section 14, read."""
        shape = OpenedShape.of(self.poll.rule, self.poll.threshold, self._cast)
        return OpenedBallots(Within.all_of(section), shape)

    def opened_ballots(self, section: bytes) -> list[tuple[int, ...]]:
        """The ballots of section 14, sorted."""
        return sorted(one.values for one in self.opened(section).openings(0, self._cast))

    @property
    def cast_ballots(self) -> list[tuple[int, ...]]:
        """The ballots that were cast, sorted."""
        return sorted(tuple(vote[:SLOTS]) for vote in self.poll.votes[: self._cast])
