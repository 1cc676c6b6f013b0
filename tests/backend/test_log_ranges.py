"""Ranges of logs shrink until the provider allows them, and grow again after a passing refusal."""

import pytest
from web3.exceptions import Web3RPCError

from ostraka.chain.errors import ChainError
from ostraka.chain.log_ranges import FEWEST_LOG_BLOCKS, LOG_BLOCKS, LogRanges


class Provider:
    """Allows so many blocks at once."""

    def __init__(self, most: int) -> None:
        self.most, self.asked = most, list[tuple[int, int]]()

    def fetch(self, first: int, last: int) -> list[int]:
        self.asked.append((first, last))
        if last - first >= self.most:
            raise ChainError("too many blocks") from Web3RPCError("query exceeds max block range")
        return list(range(first, last + 1))


def test_every_block_is_read_once_whatever_the_limit() -> None:
    for most in (16, 400, 777, LOG_BLOCKS, 10**9):
        provider, ranges = Provider(most), LogRanges()
        found = list(ranges.backwards(provider.fetch, 3, 25_000))
        assert [block for blocks in reversed(found) for block in blocks] == list(range(3, 25_001))


def test_the_range_that_worked_is_remembered() -> None:
    provider, ranges = Provider(400), LogRanges()
    list(ranges.backwards(provider.fetch, 0, 5_000))
    assert FEWEST_LOG_BLOCKS < ranges.blocks <= 400
    refused = len(provider.asked)
    list(ranges.backwards(provider.fetch, 0, 5_000))
    later = provider.asked[refused:]
    assert all(last - first < 400 for first, last in later)


def test_a_passing_refusal_is_forgotten() -> None:
    """One of a replica that lagged behind once left 32 blocks for the life of the process."""
    ranges, refused = LogRanges(), iter([True])

    def fetch(first: int, last: int) -> list[int]:
        if next(refused, False):
            raise ChainError("chain: header not found") from Web3RPCError("header not found")
        return []

    list(ranges.backwards(fetch, 0, 63))
    assert ranges.blocks == 32
    for _ in range(1000):
        list(ranges.backwards(fetch, 0, 63))
    assert ranges.blocks == LOG_BLOCKS


def test_a_limit_is_tried_again_only_rarely() -> None:
    provider, ranges = Provider(400), LogRanges()
    for _ in range(100):
        list(ranges.backwards(provider.fetch, 0, 5_000))
    refused = sum(last - first >= 400 for first, last in provider.asked)
    assert refused <= len(provider.asked) / 50
    assert ranges.blocks <= 800


def test_a_provider_that_refuses_everything_is_not_asked_without_end() -> None:
    provider, ranges = Provider(0), LogRanges()
    with pytest.raises(ChainError):
        list(ranges.backwards(provider.fetch, 0, 100_000))
    assert len(provider.asked) < 12
    assert ranges.blocks == LOG_BLOCKS


@pytest.mark.parametrize(
    "cause", [OSError(), Web3RPCError("rate limit reached"), Web3RPCError("Too Many Requests")]
)
def test_a_provider_that_is_away_or_busy_is_not_asked_for_less(cause: Exception) -> None:
    asked = []

    def fetch(first: int, last: int) -> list[int]:
        asked.append((first, last))
        raise ChainError("chain: no answer") from cause

    with pytest.raises(ChainError):
        list(LogRanges().backwards(fetch, 0, 100))
    assert len(asked) == 1


def test_an_empty_range_asks_nothing() -> None:
    assert list(LogRanges().backwards(Provider(0).fetch, 5, 4)) == []
