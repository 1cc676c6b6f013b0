"""Leaves are found in their section by their places and voters, with chunks as they are."""

import pytest

from ostraka_verifier.board_leaves import LeafRecords
from ostraka_verifier.content import Within
from ostraka_verifier.errors import Malformed
from tests.support.audits import BOARD, BOARD_SECTIONS

SECTION = BOARD_SECTIONS["leaves"]
VOTERS = [leaf.ballot[:20] for leaf in BOARD.leaves]


def records(section: bytes = SECTION) -> LeafRecords:
    return LeafRecords(Within.all_of(section), len(BOARD.leaves[0].ballot))


def test_each_leaf_has_its_place() -> None:
    found = records()
    assert [found.leaf(place) for place in range(len(found))] == list(BOARD.leaves)
    assert list(found.voters()) == VOTERS
    assert [found.find(voter) for voter in VOTERS] == list(range(len(VOTERS)))
    assert [found.find(bytes([one]) * 20) for one in (0, 255)] == [None, None]


def test_a_chunk_is_no_longer_than_its_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    size = (len(SECTION) - 4) // len(VOTERS)
    assert records().at_once == min(1 << 14, (1 << 24) // size)
    for limit, most in ((3 * size, 3), (3 * size - 1, 2), (1, 1)):
        monkeypatch.setattr("ostraka_verifier.board_leaves.CHUNK_BYTES", limit)
        assert records().at_once == most
    assert records().chunk(2, 3) == SECTION[4 + 2 * size : 4 + 5 * size]


def test_bytes_that_are_missing_are_counted() -> None:
    content = Within(Within.all_of(SECTION[:-5]), 0, len(SECTION))
    found = LeafRecords(content, len(BOARD.leaves[0].ballot))
    assert found.leaf(len(VOTERS) - 2) == BOARD.leaves[-2]
    with pytest.raises(Malformed, match="5 bytes missing"):
        found.leaf(len(VOTERS) - 1)
