"""What the gateway's index asks for, and how much of it is in memory at once."""

from pathlib import Path
from typing import Any, cast

import pytest

from ostraka.chain.contract import ChainError, DeployedContract, Head
from ostraka.gateway import indexer as indexing
from ostraka.gateway.indexer import Indexer
from ostraka.storage.database import Schema, open_database
from ostraka_verifier.units import UnixSeconds


class Contract:
    """A contract on a chain of the test, with so many events in each block."""

    def __init__(self, blocks: int, events: int) -> None:
        self.blocks, self.events = blocks, events
        self.ranges: list[tuple[int, int]] = []
        self.asked: list[str] = []
        self.branch = 0
        self.logs_of_branch: int | None = None
        """From another replica than the blocks, if it is not None."""
        self.silent: set[int] = set()
        """Blocks whose logs come late."""

    def _hash(self, number: int) -> bytes:
        return number.to_bytes(31, "big") + bytes([self.branch if number > 5 else 0])

    def head(self, block: str | int = "latest") -> Head:
        """A block."""
        self.asked.append("head")
        number = self.blocks if isinstance(block, str) else block
        return Head(number, self._hash(number), UnixSeconds(number), self._hash(number - 1))

    def block_hash(self, number: int) -> bytes | None:
        """None behind the newest block."""
        self.asked.append("block hash")
        return self._hash(number) if number <= self.blocks else None

    def logs(self, first: int, last: int) -> list[dict[str, Any]]:
        """The events of a range."""
        self.asked.append("logs")
        self.ranges.append((first, last))
        branch = self.branch
        if self.logs_of_branch is not None:
            self.branch = self.logs_of_branch
        found = [
            {
                "blockNumber": block,
                "blockHash": self._hash(block),
                "logIndex": index,
                "event": "PollCreated",
                "args": {"pollId": (1000 * self.branch if block > 5 else 0) + index},
                "transactionHash": bytes(32),
            }
            for block in range(first, last + 1)
            if block not in self.silent
            for index in range(self.events)
        ]
        self.branch = branch
        return found


def index_of(contract: Contract, folder: Path) -> Indexer:
    engine = open_database(f"sqlite:///{folder / 'gateway.db'}", Schema.GATEWAY)
    return Indexer(engine, {"registry": cast(DeployedContract, contract)}, 1)


def test_a_next_block_costs_two_requests(tmp_path: Path) -> None:
    contract = Contract(10, 1)
    index = index_of(contract, tmp_path)
    index.follow()
    contract.asked.clear()
    contract.blocks += 1
    index.follow()
    # Its parent shows that nothing was undone.
    assert contract.asked == ["head", "logs"]
    contract.asked.clear()
    index.follow()
    assert contract.asked == ["head"]
    assert len(index.events("registry", ["PollCreated"])) == 11


def test_a_block_with_another_parent_is_looked_into(tmp_path: Path) -> None:
    contract = Contract(10, 1)
    index = index_of(contract, tmp_path)
    index.follow()
    contract.blocks, contract.branch = 11, 1
    # Only the blocks of the other branch.
    assert index.follow() == 5
    assert "block hash" in contract.asked
    assert len(index.events("registry", ["PollCreated"])) == 11
    # One that the provider does not show is kept.
    contract.blocks = 9
    assert index.follow() == 0
    assert index.indexed_to == 11


def subjects(index: Indexer) -> set[str]:
    return {one.subject for one in index.events("registry", ["PollCreated"])}


@pytest.mark.parametrize("hidden", [set(), {8, 9}])
def test_rows_of_another_branch_below_the_last_block_are_undone(
    tmp_path: Path, hidden: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica on another branch gave the logs; the last block, without events, gives no sign."""
    monkeypatch.setattr(indexing, "_READ_AGAIN_S", 0)
    contract = Contract(10, 1)
    contract.silent = {6, 7, 10}
    contract.logs_of_branch = 1
    index = index_of(contract, tmp_path)
    index.follow()
    assert subjects(index) == {"0", "1000"}
    contract.logs_of_branch = None
    # The chain may have no events in these blocks.
    contract.silent |= hidden
    assert index.follow() == 3
    index.follow()
    rows = index.events("registry", ["PollCreated"])
    assert [one.block for one in rows if one.block > 5] == sorted({8, 9} - hidden)
    assert {one.subject for one in rows if one.block > 5} <= {"0"}


def test_logs_of_another_branch_are_not_taken_for_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_READ_AGAIN_S", 0)
    contract = Contract(10, 1)
    index = index_of(contract, tmp_path)
    index.follow()
    contract.logs_of_branch, contract.silent = 1, {10}
    with pytest.raises(ChainError, match="belong to different chains"):
        index.follow()
    assert len(index.events("registry", ["PollCreated"])) == 10
    assert index.indexed_to == 10


def test_late_logs_undo_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "_READ_AGAIN_S", 0)
    contract = Contract(10, 1)
    index = index_of(contract, tmp_path)
    index.follow()
    contract.silent = {3, 8, 10}
    assert index.follow() == 0
    assert len(index.events("registry", ["PollCreated"])) == 10


def test_many_events_shorten_the_next_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_FIRST_BLOCKS", 16)
    monkeypatch.setattr(indexing, "_MANY_EVENTS", 20)
    crowded = Contract(100, 3)
    index = index_of(crowded, tmp_path)
    index.follow()
    spans = [last - first + 1 for first, last in crowded.ranges]
    assert spans[:3] == [16, 8, 4]
    assert max(spans[2:]) <= 8
    assert len(index.events("registry", ["PollCreated"])) == 300


def test_few_events_lengthen_the_next_range(tmp_path: Path) -> None:
    empty = Contract(100_000, 0)
    index_of(empty, tmp_path).follow()
    assert len(empty.ranges) <= 20
    assert empty.ranges[-1][1] == 100_000
