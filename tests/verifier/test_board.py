"""Sections, records and notes of a board (§12): what is read back, and what is refused."""

from dataclasses import replace

import pytest

from ostraka_verifier.board import (
    MAGIC,
    MAX_NOTES_BYTES,
    NOTES_FROM,
    SECTIONS,
    AnchoredRoot,
    Board,
    OpenedBoard,
    decode_leaves,
    decode_poll_keys,
    decode_shares,
    join_sections,
    record_bytes,
    split_sections,
)
from ostraka_verifier.encoding import unsigned
from ostraka_verifier.errors import Malformed, Undecided
from tests.support.audits import BOARD, INVITED_BOARD, POLL

LAYOUT, SLOTS = POLL.factory.layout, len(POLL.rule.slots)
EMPTY = dict.fromkeys(range(1, 10), b"")


def framed(*sections: tuple[int, bytes], magic: bytes = MAGIC) -> bytes:
    parts = [unsigned(tag, 2) + unsigned(len(content), 8) + content for tag, content in sections]
    return magic + b"".join(parts)


def refused_item(data: bytes) -> str:
    with pytest.raises(Malformed) as refused:
        split_sections(data)
    return refused.value.item


def test_a_board_is_read_back() -> None:
    for board in (BOARD, INVITED_BOARD, replace(BOARD, root=None, shares=())):
        data = board.encode()
        assert Board.decode(data, LAYOUT.size, SLOTS) == board
        sections = split_sections(data)
        tags = {name: tag for tag, name in SECTIONS.items()}
        assert join_sections({tags[name]: part for name, part in sections.items()}) == data


def test_sections_follow_in_strict_order() -> None:
    assert split_sections(framed(*EMPTY.items())) == {SECTIONS[tag]: b"" for tag in EMPTY}
    first, second, *others = EMPTY.items()
    assert refused_item(framed(second, first, *others)) == "board"
    assert refused_item(framed(first, first, second, *others)) == "board"
    assert refused_item(framed((0, b""), first, second, *others)) == "board"
    assert refused_item(framed(*EMPTY.items(), (15, b""))) == "board"
    assert refused_item(framed(*EMPTY.items(), (NOTES_FROM - 1, b""))) == "board"
    for tag in EMPTY:
        left = [(one, content) for one, content in EMPTY.items() if one != tag]
        assert refused_item(framed(*left)) == f"board.{SECTIONS[tag]}"


def test_another_magic_or_version_is_refused() -> None:
    with pytest.raises(Malformed, match="ostraka/board/v3, expected ostraka/board/v2"):
        split_sections(framed(*EMPTY.items(), magic=MAGIC[:-1] + b"3"))
    with pytest.raises(Malformed, match="not an Ostraka board"):
        split_sections(framed(*EMPTY.items(), magic=b"x" + MAGIC[1:]))


def test_lengths_beyond_the_data_are_refused() -> None:
    whole = framed(*EMPTY.items())
    assert refused_item(whole + unsigned(10, 2) + unsigned((1 << 53) - 1, 8)) == "board.root"
    with pytest.raises(Malformed, match="not below 2"):
        split_sections(whole + unsigned(10, 2) + unsigned(1 << 53, 8))
    for cut in (whole[:-1], whole[:-9], whole + b"\0"):
        assert refused_item(cut).startswith("board")


def test_notes_are_counted_and_bounded() -> None:
    notes = ((NOTES_FROM, b"abc"), (0xFFFF, b""))
    board = framed(*EMPTY.items(), *notes)
    assert set(split_sections(board)) == {SECTIONS[tag] for tag in EMPTY}
    assert OpenedBoard.of(board).notes == {NOTES_FROM: 3, 0xFFFF: 0}
    assert MAX_NOTES_BYTES == 64 * 1024 * 1024
    most = bytes(MAX_NOTES_BYTES - 1)
    full = framed(*EMPTY.items(), (NOTES_FROM, most), (NOTES_FROM + 1, b"x"))
    assert sum(OpenedBoard.of(full).notes.values()) == MAX_NOTES_BYTES
    assert refused_item(framed(*EMPTY.items(), (NOTES_FROM, most), (NOTES_FROM + 1, b"xy"))) == (
        "board"
    )


class Endless:
    """A section's head and then zeros, as many as are asked for."""

    def __init__(self, tag: int, size: int) -> None:
        self._head = MAGIC + unsigned(tag, 2) + unsigned(size, 8)
        self.read_bytes = 0

    def reach(self, end: int) -> int:
        return end

    def read(self, start: int, size: int) -> bytes:
        self.read_bytes += size
        return self._head[start : start + size].ljust(size, b"\0")

    def restart(self) -> None: ...


@pytest.mark.parametrize(
    ("tag", "most"), [(2, 2**26), (5, 2**26), (8, 2**31), (11, 2**26), (12, 2**31), (14, 2**31)]
)
def test_no_section_fills_the_memory(tag: int, most: int) -> None:
    content = Endless(tag, most + 1)
    with pytest.raises(Undecided, match=f"{SECTIONS[tag]}: more than {most} bytes"):
        OpenedBoard(content).read_to_leaves()
    assert content.read_bytes < 100


def test_leaves_have_just_the_length_of_their_number() -> None:
    data = split_sections(BOARD.encode())["leaves"]
    assert decode_leaves(data, LAYOUT.size) == BOARD.leaves
    assert len(data) == 4 + len(BOARD.leaves) * record_bytes(LAYOUT.size)
    assert decode_leaves(unsigned(0, 4), LAYOUT.size) == ()
    for wrong in (data[:-1], data + b"\0", unsigned(8, 4) + data[4:], unsigned(6, 4) + data[4:]):
        with pytest.raises(Malformed) as refused:
            decode_leaves(wrong, LAYOUT.size)
        assert refused.value.item == "board.leaves"


def test_poll_keys_have_a_whole_number_of_records() -> None:
    data = split_sections(BOARD.encode())["poll_keys"]
    assert decode_poll_keys(data) == BOARD.poll_keys
    assert decode_poll_keys(b"") == ()
    for wrong in (data[:-1], data + b"\0"):
        with pytest.raises(Malformed) as refused:
            decode_poll_keys(wrong)
        assert refused.value.item == "board.poll_keys"


def test_shares_are_in_strict_order_of_nodes() -> None:
    data = split_sections(BOARD.encode())["shares"]
    assert decode_shares(data, SLOTS) == BOARD.shares
    first, second, third = BOARD.shares
    for shares in ((second, first), (first, first), (replace(first, node=0),)):
        sections = split_sections(replace(BOARD, shares=shares).encode())
        with pytest.raises(Malformed, match="strict order"):
            decode_shares(sections["shares"], SLOTS)
    assert third.node == 3
    for wrong in (b"\0", data[:-1], data + b"\0"):
        with pytest.raises(Malformed):
            decode_shares(wrong, SLOTS)


def test_attestations_are_in_strict_order_of_nodes() -> None:
    assert BOARD.root is not None
    assert AnchoredRoot.decode(BOARD.root.encode()) == BOARD.root
    first, second, _ = BOARD.root.attestations
    for attestations in ((second, first), (first, first), (replace(first, node=0),)):
        wrong = replace(BOARD.root, attestations=attestations)
        with pytest.raises(Malformed, match="strict order"):
            AnchoredRoot.decode(wrong.encode())
    for data in (BOARD.root.encode()[:-1], BOARD.root.encode() + b"\0"):
        with pytest.raises(Malformed):
            AnchoredRoot.decode(data)


def test_a_board_is_written_around_its_leaves() -> None:
    before, after = BOARD.around_leaves(len(BOARD.leaves), len(BOARD.leaves[0].ballot))
    records = split_sections(BOARD.encode())["leaves"][4:]
    assert before + records + after == BOARD.encode()
