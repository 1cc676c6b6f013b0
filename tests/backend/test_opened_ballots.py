"""The gateway shows opened ballots that enough nodes show alike, never a single node's word."""

import asyncio
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import httpx
import pytest

from ostraka.chain.registry import Status
from ostraka.formats.opened_ballots import opened_csv
from ostraka.gateway.answers.results import OpenedBallots
from ostraka.gateway.opened_ballots import OpenedBallotReader
from ostraka.wire.problem_types import ProblemType
from ostraka.wire.problems import Problem
from ostraka.wire.records import to_hex
from ostraka_verifier.sharing import Share
from ostraka_verifier.shuffle import ballots_hash
from tests.support.shuffled_polls import ShuffledPoll, shuffled_approval_poll

NODES = 4


@pytest.fixture(scope="module")
def shuffled() -> ShuffledPoll:
    made = ShuffledPoll.of(shuffled_approval_poll())
    assert (made.poll.nodes, made.poll.committee.faults) == (NODES, 1)
    return made


@dataclass
class Town:
    """A gateway's view of one poll, and what each of its nodes answers."""

    shuffled: ShuffledPoll
    status: Status = Status.TALLIED
    parameters: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[int, bytes | int] = field(default_factory=dict)
    """Section 14 or an HTTP status by node; the honest section where nothing is named."""
    asked: list[int] = field(default_factory=list)

    def read(self) -> OpenedBallots:
        """Ask twice at once, and once more."""
        return asyncio.run(self._read())

    async def _read(self) -> OpenedBallots:
        async with httpx.AsyncClient(transport=httpx.MockTransport(self._node)) as client:
            reader = OpenedBallotReader(self._context(), client)  # type: ignore[arg-type]
            first, second = await asyncio.gather(reader.answer(7), reader.answer(7))
            assert first == second == await reader.answer(7)
            return first

    def _context(self) -> SimpleNamespace:
        poll = self.shuffled.poll.published
        poll = replace(poll, parameters=replace(poll.parameters, **self.parameters))
        openings = self.shuffled.openings
        tally = [sum(column) for column in zip(*(one.values for one in openings), strict=True)]
        root = SimpleNamespace(count=len(openings))
        view = SimpleNamespace(status=self.status, root=root)
        return SimpleNamespace(
            served=lambda _: (poll, view),
            poll=lambda _: (poll, view),
            event=lambda *_: {"tally": [str(votes) for votes in tally]},
        )

    async def _node(self, request: httpx.Request) -> httpx.Response:
        urls = [member.url for member in self.shuffled.poll.committee.members]
        base, path = str(request.url).split("/api/v1/")
        assert path == "polls/1/opened"
        node = urls.index(base) + 1
        self.asked.append(node)
        answer = self.answers.get(node, self.shuffled.section())
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=answer)


def lie(shuffled: ShuffledPoll, openings: list[Share]) -> bytes:
    """A section with other ballots."""
    return shuffled.section(openings=openings)


def moved(shuffled: ShuffledPoll) -> list[Share]:
    """Other ballots with the same sum: two of them exchange a vote."""
    values = [list(one.values) for one in shuffled.openings]
    pairs = [(one, two) for one in values for two in values if one[0] > two[0] and one[1] < two[1]]
    one, two = pairs[0]
    one[0], two[0] = two[0], one[0]
    return [Share(tuple(row), 0) for row in values]


def test_equal_ballots_are_shown_together_without_voters(shuffled: ShuffledPoll) -> None:
    town = Town(shuffled)
    found = town.read()
    shown = [tuple(map(int, one.slots)) for one in found.ballots for _ in range(one.count)]
    assert shown == sorted(one.values for one in shuffled.openings)
    assert len({tuple(one.slots) for one in found.ballots}) == len(found.ballots)
    assert (found.counted, found.ballots_hash) == (
        len(shuffled.openings),
        to_hex(ballots_hash(shuffled.openings)),
    )
    assert town.asked == [1, 2], "no more nodes than it takes, and each once"


def test_a_csv_has_a_line_for_each_ballot(shuffled: ShuffledPoll) -> None:
    found = Town(shuffled).read()
    head, *lines = csv.reader(io.StringIO(opened_csv(found.model_dump())))
    assert head == found.options
    assert [tuple(map(int, line)) for line in lines] == sorted(
        one.values for one in shuffled.openings
    )


def test_liars_and_silent_nodes_are_passed_over(shuffled: ShuffledPoll) -> None:
    more = [Share((one.values[0] + 1, *one.values[1:]), 0) for one in shuffled.openings]
    truth = to_hex(ballots_hash(shuffled.openings))
    for answer in (lie(shuffled, moved(shuffled)), lie(shuffled, more), b"", b"\0" * 90, 404, 503):
        town = Town(shuffled, answers={1: answer})
        assert town.read().ballots_hash == truth
        assert sorted(town.asked) == [1, 2, 3]
    cut = shuffled.section()
    for length in (3, shuffled.shape.step_bytes, len(cut) - 1):
        assert Town(shuffled, answers={2: cut[:length]}).read().ballots_hash == truth
    assert Town(shuffled, answers={2: cut + b"\0"}).read().ballots_hash == truth
    assert Town(shuffled, answers={2: cut + bytes(2**16)}).read().ballots_hash == truth


@pytest.mark.parametrize(
    ("town", "problem", "detail"),
    [
        ({"parameters": {"counting": 0}}, ProblemType.NOT_OPENED, "no single ballot"),
        ({"parameters": {"open_minimum": 8}}, ProblemType.NOT_OPENED, "fewer than the minimum"),
        ({"status": Status.ANCHORED}, ProblemType.NOT_TALLIED, "anchored"),
        ({"answers": dict.fromkeys([1, 2, 3, 4], 404)}, ProblemType.NOT_OPENED, "in time"),
        ({"answers": {1: 404, 2: 503, 3: b""}}, ProblemType.NODES_UNREACHABLE, "too few nodes"),
    ],
)
def test_why_there_are_no_opened_ballots(
    shuffled: ShuffledPoll, town: dict[str, object], problem: ProblemType, detail: str
) -> None:
    with pytest.raises(Problem) as raised:
        Town(shuffled, **town).read()  # type: ignore[arg-type]
    assert raised.value.kind is problem
    assert detail in raised.value.detail
