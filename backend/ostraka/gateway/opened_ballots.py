"""Opened ballots of shuffled polls, from their nodes, without any voter (docs/protocol.md §19).

No page and no file shows what one node alone says. Ballots count as opened when more nodes than may
lie show the same ones, and when their sum is the tally on chain. An audit checks more: that these
are the ballots that were cast.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast

import httpx

from ostraka.chain.registry import PollView
from ostraka.gateway.answers import results as answers
from ostraka.gateway.context import REGISTRY, GatewayContext
from ostraka.gateway.read_models.results import require_tally
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.board_opened import OpenedBallots as Section
from ostraka_verifier.board_opened import OpenedShape
from ostraka_verifier.content import Within
from ostraka_verifier.errors import AuditError, Malformed
from ostraka_verifier.published import PublishedPoll
from ostraka_verifier.shuffle import ballots_hash
from ostraka_verifier.wording import counted

_PATIENCE_S = 60
"""For a node's whole answer: it has all steps of the shuffle, too."""
_KEPT = 16
"""Polls whose ballots stay in memory."""
_HEAD_BYTES = 5
_SIGNATURES_BYTES = 255 * 66


@dataclass(frozen=True)
class OpenedBallots:
    """Opened ballots of one poll.

    Attributes:
        ballots: The slots of each, sorted as §19.11 sorts them.
        hash: `ballotsHash`, 32 bytes.
    """

    ballots: tuple[tuple[int, ...], ...]
    hash: bytes


class OpenedBallotReader:
    """Reads the opened ballots of one gateway's polls."""

    def __init__(self, context: GatewayContext, client: httpx.AsyncClient) -> None:
        self._context = context
        self._client = client
        self._known: OrderedDict[bytes, OpenedBallots] = OrderedDict()
        self._reading: dict[bytes, asyncio.Task[OpenedBallots]] = {}

    async def of(self, poll_id: int) -> OpenedBallots:
        """Return the opened ballots of a poll whose tally is on chain.

        Raises:
            Problem: The poll has no tally yet, or its ballots were not opened; names the reason.
        """
        poll, view = await asyncio.to_thread(self._context.served, poll_id)
        require_tally(view)
        _require_opened(poll, view)
        known = self._known.get(poll.context)
        if known is not None:
            self._known.move_to_end(poll.context)
            return known
        # Everybody who asks at once waits for one download.
        reading = self._reading.get(poll.context)
        if reading is None:
            reading = asyncio.create_task(self._read(poll, view))
            self._reading[poll.context] = reading
            reading.add_done_callback(lambda _: self._reading.pop(poll.context))
        return await asyncio.shield(reading)

    async def answer(self, poll_id: int) -> answers.OpenedBallots:
        """Return them in the form of the API, equal ballots together; Problem as for `of`."""
        found = await self.of(poll_id)
        poll, _ = await asyncio.to_thread(self._context.poll, poll_id)
        # In a thread, since there may be many ballots.
        return await asyncio.to_thread(_answer, poll, found)

    async def _read(self, poll: PublishedPoll, view: PollView) -> OpenedBallots:
        accepted = await asyncio.to_thread(
            self._context.event, REGISTRY, "TallyAccepted", poll.poll_id
        )
        tally = [int(votes) for votes in cast(list[str], accepted["tally"])]
        shape = OpenedShape.of(poll.rule, poll.committee.threshold, view.root.count)
        found = await self._agreed(poll, shape, tally)
        self._known[poll.context] = found
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    async def _agreed(
        self, poll: PublishedPoll, shape: OpenedShape, tally: Sequence[int]
    ) -> OpenedBallots:
        """Return the ballots that `f + 1` nodes show alike; ask no more nodes than it takes."""
        needed = poll.committee.faults + 1
        waiting = [member.url for member in poll.committee.members]
        asked: set[asyncio.Task[OpenedBallots | None]] = set()
        alike: dict[bytes, int] = {}
        without = 0
        try:
            while True:
                missing = needed - max(alike.values(), default=0)
                while waiting and len(asked) < missing:
                    url = waiting.pop(0)
                    asked.add(asyncio.create_task(self._ask(poll, url, shape, tally)))
                if not asked:
                    raise _not_found(without, needed)
                done, asked = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    try:
                        found = task.result()
                    except (TimeoutError, httpx.HTTPError, AuditError):
                        continue
                    if found is None:
                        without += 1
                        continue
                    alike[found.hash] = alike.get(found.hash, 0) + 1
                    if alike[found.hash] == needed:
                        return found
        finally:
            for task in asked:
                task.cancel()

    async def _ask(
        self, poll: PublishedPoll, url: str, shape: OpenedShape, tally: Sequence[int]
    ) -> OpenedBallots | None:
        """Return what a node shows; None if it has not opened the ballots.

        Raises:
            Malformed: It shows something else, or ballots with another sum than the tally.
        """
        path = f"{url.rstrip('/')}/api/v1/polls/{poll.poll_id}/opened"
        async with asyncio.timeout(_PATIENCE_S), self._client.stream("GET", path) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                return None
            if response.status_code != httpx.codes.OK:
                raise Malformed("opened", "a refusal")
            section = await _without_steps(response.aiter_bytes(), shape)
        weight = poll.parameters.total_weight // poll.parameters.voters
        return await asyncio.to_thread(_decoded, section, shape, [one // weight for one in tally])


def _answer(poll: PublishedPoll, found: OpenedBallots) -> answers.OpenedBallots:
    # Sorted already, and a dict keeps the order.
    groups = Counter(found.ballots)
    return answers.OpenedBallots(
        poll=str(poll.poll_id),
        title=poll.description.title,
        options=list(poll.description.options),
        counted=len(found.ballots),
        ballots_hash=to_hex(found.hash),
        ballots=[
            answers.EqualBallots(count=count, slots=[str(value) for value in slots])
            for slots, count in groups.items()
        ],
    )


def _require_opened(poll: PublishedPoll, view: PollView) -> None:
    """Raise Problem unless a poll's nodes were to open its ballots."""
    if not poll.parameters.is_shuffled:
        detail = "this poll opens the sum of all ballots, and no single ballot"
        raise Problem(ProblemType.NOT_OPENED, detail, "poll")
    count, least = view.root.count, poll.parameters.open_minimum
    if count < least:
        ballots = counted(count, "ballot", "ballots")
        detail = f"only the sum was opened: {ballots}, fewer than the minimum of {least}"
        raise Problem(ProblemType.NOT_OPENED, detail, "poll")


def _not_found(without: int, needed: int) -> Problem:
    if without >= needed:
        detail = "only the sum was opened: the nodes did not finish the shuffle in time"
        return Problem(ProblemType.NOT_OPENED, detail, "poll")
    detail = "too few nodes show the same opened ballots now"
    return Problem(ProblemType.NODES_UNREACHABLE, detail, "poll", 5)


async def _without_steps(pieces: AsyncIterator[bytes], shape: OpenedShape) -> bytes:
    """Return section 14 as if its run had no steps: their proofs are nearly all of its bytes."""
    kept = bytearray()
    skip: int | None = None
    limit = shape.size(0, 0) + _SIGNATURES_BYTES
    async for piece in pieces:
        rest = memoryview(piece)
        while rest:
            if skip is None:
                wanted = _HEAD_BYTES - len(kept)
                kept += rest[:wanted]
                rest = rest[wanted:]
                if len(kept) == _HEAD_BYTES:
                    skip, kept[-1] = kept[-1] * shape.step_bytes, 0
                continue
            left, rest = rest[:skip], rest[skip:]
            skip -= len(left)
            kept += rest
            rest = rest[:0]
        if len(kept) > limit:
            raise Malformed("opened", f"more than {limit} bytes behind the steps")
    if skip:
        raise Malformed("opened", f"{skip} bytes of its steps missing")
    return bytes(kept)


def _decoded(section: bytes, shape: OpenedShape, sums: Sequence[int]) -> OpenedBallots:
    """Return the ballots of a section without steps; Malformed for another sum."""
    openings = Section(Within.all_of(section), shape).openings(0, shape.ballots)
    if [sum(column) for column in zip(*(one.values for one in openings), strict=True)] != sums:
        raise Malformed("opened", "ballots with another sum than the tally")
    return OpenedBallots(tuple(sorted(one.values for one in openings)), ballots_hash(openings))
