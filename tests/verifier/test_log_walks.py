"""How the verifier reads events from an endpoint that limits ranges, or fails on the way."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from ostraka_verifier import rpc
from ostraka_verifier.rpc import JsonRpc, Unanswered
from tests.support.endpoint import Endpoint, Refusal, Reply, hexed, serving
from tests.support.polls import REGISTRY

TOPIC = bytes([7] * 32)
LIMIT, HEAD, EVENT = 400, 20_000, 9_000


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    monkeypatch.setattr(rpc, "_PAUSE_S", 0)
    with serving() as served:
        yield served


class Limited:
    """Gives events of at most 400 blocks at once; fails at certain requests."""

    def __init__(self, failures: dict[int, Any] | None = None) -> None:
        self.ranges: list[tuple[int, int]] = []
        self._failures = failures or {}

    def __call__(self, _: str, given: list[Any]) -> Any:
        first, last = (int(given[0][name], 16) for name in ("fromBlock", "toBlock"))
        self.ranges.append((first, last))
        if failure := self._failures.get(len(self.ranges)):
            return failure
        if last - first >= LIMIT:
            return Refusal(message="query exceeds max block range")
        if not first <= EVENT <= last:
            return []
        return [{"address": hexed(REGISTRY), "topics": [hexed(TOPIC)], "data": "0x"}]


def test_the_range_that_worked_is_remembered(endpoint: Endpoint) -> None:
    endpoint.answer = limited = Limited()
    reader = JsonRpc(endpoint.url)
    assert len(reader.logs(REGISTRY, [TOPIC], HEAD)) == 1
    refused = [one for one in limited.ranges if one[1] - one[0] >= LIMIT]
    assert 0 < len(refused) <= 8
    limited.ranges.clear()
    assert len(reader.logs(REGISTRY, [TOPIC], HEAD)) == 1
    assert all(last - first < LIMIT for first, last in limited.ranges)


def test_every_block_is_read_once(endpoint: Endpoint) -> None:
    endpoint.answer = limited = Limited()
    JsonRpc(endpoint.url).logs(REGISTRY, [TOPIC], HEAD)
    read = sorted(one for one in limited.ranges if one[1] - one[0] < LIMIT)
    assert read[0][0] == 0
    assert read[-1][1] == HEAD
    assert all(before[1] + 1 == after[0] for before, after in pairwise(read))


@pytest.mark.parametrize(
    "failure",
    [Reply(429, b"", retry_after="0"), Reply(503, b""), Refusal(message="header not found")],
    ids=range(3),
)
def test_a_failed_range_does_not_start_everything_over(endpoint: Endpoint, failure: Any) -> None:
    endpoint.answer = Limited(dict.fromkeys((20, 21, 40), failure))
    assert len(JsonRpc(endpoint.url).logs(REGISTRY, [TOPIC], HEAD)) == 1
    asked = endpoint.answer.ranges  # type: ignore[attr-defined]
    # Asked again are only those that failed.
    assert len(asked) - len(set(asked)) == 3


def test_too_many_requests_make_no_range_smaller(endpoint: Endpoint) -> None:
    endpoint.answer = limited = Limited(dict.fromkeys(range(1, 100), Reply(429, b"")))
    with pytest.raises(Unanswered, match="status 429"):
        JsonRpc(endpoint.url).logs(REGISTRY, [TOPIC], HEAD)
    assert set(limited.ranges) == {(0, HEAD)}


def test_a_lost_connection_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    with serving() as endpoint:
        url = endpoint.url
        reader = JsonRpc(url)
        assert reader.chain_id() == 31337
    monkeypatch.setattr("time.sleep", pauses.append)
    with pytest.raises(Unanswered, match="no connection"):
        reader.logs(REGISTRY, [TOPIC], HEAD)
    # As often as any other failure that passes, and with no smaller range.
    assert pauses == [0.5, 1, 2, 4]


def test_progress_counts_blocks(endpoint: Endpoint) -> None:
    endpoint.answer = Limited()
    seen: list[tuple[int, int]] = []
    reader = JsonRpc(endpoint.url, 0, lambda done, total: seen.append((done, total)))
    reader.logs(REGISTRY, [TOPIC], HEAD)
    assert seen == sorted(seen)
    assert seen[-1] == (HEAD + 1, HEAD + 1)
